"""What the converters of TensorFlow.js graph models share: reading the package, building the ONNX graph, writing it.

A converter is `models/NAME/convert.py`: it walks one network and says what each part becomes. Unknown operations are
errors there; this is no general converter. The output depends on nothing but the input and the versions in
`scripts/requirements/convert.txt`: same bytes each time.
"""

import argparse
import base64
import json
import os
import posixpath
import tarfile
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 13
IR_VERSION = 8


# --- reading the package ---------------------------------------------------------------------------------


def read_package(path, description):
    """Return the graph nodes by name and the weights by name (TF.js "graph model" layout).

    `description` is the path of the model's JSON inside the npm tarball; its weights lie beside it.
    """
    with tarfile.open(path, "r:gz") as package:

        def content(name):
            return package.extractfile(posixpath.join(posixpath.dirname(description), name)).read()

        model = json.loads(content(posixpath.basename(description)))
        weights = {}
        for group in model["weightsManifest"]:
            weights.update(split_weights(group, b"".join(content(p) for p in group["paths"])))
    nodes = {node["name"]: node for node in model["modelTopology"]["node"]}
    return nodes, weights


def split_weights(group, data):
    """Cut one group's joined shards into arrays; every byte must be used."""
    arrays, offset = {}, 0
    for entry in group["weights"]:
        stored, wanted = kinds(entry)
        count = int(np.prod(entry["shape"]))
        array = np.frombuffer(data, stored, count, offset).reshape(entry["shape"])
        arrays[entry["name"]] = array.astype(wanted, copy=False)
        offset += count * stored.itemsize
    if offset != len(data):
        raise ValueError(f"weights describe {offset} bytes, the shards hold {len(data)}")
    return arrays


def kinds(entry):
    """How an array is stored, and what it is to become. Half precision is the only quantisation that is expected."""
    plain = {"float32": np.dtype("<f4"), "int32": np.dtype("<i4")}
    wanted = plain[entry["dtype"]]
    if "quantization" not in entry:
        return wanted, wanted
    if entry["quantization"]["dtype"] != "float16":
        raise ValueError(f"{entry['name']}: weights of 8 or 16 bit integers are not expected")
    return np.dtype("<f2"), wanted


def data_inputs(node):
    """Names of a node's inputs, without control edges and without the `:0` of a first output."""
    return [name.removesuffix(":0") for name in node.get("input", []) if not name.startswith("^")]


def text_attribute(node, key):
    """TF.js writes strings as lists of character codes, or as base64."""
    value = node["attr"][key]["s"]
    if isinstance(value, list):
        return bytes(value).decode()
    return base64.b64decode(value).decode()


def stride_of(node):
    """The spatial stride of an NHWC convolution or pooling; both directions must be equal."""
    _, down, across, _ = (int(v) for v in node["attr"]["strides"]["list"]["i"])
    if down != across:
        raise ValueError(f"{node['name']}: strides differ: {down} and {across}")
    return down


def kernel_to_onnx(kernel, depthwise=False):
    """TensorFlow's [h, w, in, out] (depthwise: [h, w, in, multiplier]) -> [out, in / group, h, w]."""
    if not depthwise:
        return kernel.transpose(3, 2, 0, 1)
    height, width, channels, multiplier = kernel.shape
    return kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)


# --- writing the graph -----------------------------------------------------------------------------------


@dataclass
class Graph:
    """The ONNX graph under construction. Names are counters, so they are the same each time."""

    operators: list = field(default_factory=list)
    constants: dict = field(default_factory=dict)

    def constant(self, name, value):
        self.constants[name] = np.ascontiguousarray(value)
        return name

    def apply(self, operator, inputs, output=None, **attributes):
        """Append one operator with one output and return the output's name."""
        return self.split(operator, inputs, 1, output, **attributes)[0]

    def split(self, operator, inputs, count, output=None, **attributes):
        """The same of one with several outputs."""
        first = output or f"{operator.lower()}_{len(self.operators)}"
        outputs = [first, *(f"{first}_{i}" for i in range(1, count))]
        self.operators.append(helper.make_node(operator, inputs, outputs, name=first, **attributes))
        return outputs

    def model(self, name, inputs, outputs):
        """The finished model, checked. Inputs and outputs: name -> shape, of 32-bit floats."""

        def outlets(shapes):
            return [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in shapes.items()]

        constants = [numpy_helper.from_array(value, key) for key, value in self.constants.items()]
        graph = helper.make_graph(self.operators, name, outlets(inputs), outlets(outputs), constants)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        model.producer_name = f"viahe models/{name}/convert.py"
        onnx.checker.check_model(model, full_check=True)
        return model


def run(documentation, description, build):
    """The command line of a converter: PACKAGE.tgz OUT.onnx. `build` makes a model of nodes and weights."""
    parser = argparse.ArgumentParser(description=documentation.splitlines()[0])
    parser.add_argument("package", help="the npm tarball")
    parser.add_argument("out", help="the ONNX file to write")
    arguments = parser.parse_args()

    model = build(*read_package(arguments.package, description))
    unfinished = f"{arguments.out}.part"
    with open(unfinished, "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    os.replace(unfinished, arguments.out)
