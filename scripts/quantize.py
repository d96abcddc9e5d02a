#!/usr/bin/env python3
"""Quantise an ONNX model to 8 bits, with the ranges that recorded pictures give. Called by `viahe model quantize`.

Usage: quantize.py rank MODEL.onnx TENSORS OUT.json
       quantize.py make MODEL.onnx TENSORS OUT.onnx [KEEP.json]

In : a float model; TENSORS, a file of its inputs one after the other: float32, little-endian, C order.
Out: rank: names of its convolutions, products and fully connected nodes, the most sensitive first: where a model that is
     quantised in whole is furthest from the float one (Nagel et al. 2021, "A white paper on neural network quantization",
     arXiv:2106.08295, section 3.5 looks for them so).
     make: the model in QDQ form; weights of 8 bits with sign and a scale for each channel, activations of 8 bits without. The nodes
     that KEEP.json lists stay in float.

Weights use 7 of their 8 bits: without VNNI, AVX2 adds two products in 16 bits, and full ones overflow
(onnxruntime.ai/docs/performance/model-optimizations/quantization.html, "when to use reduce-range").
"""

import json
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.qdq_loss_debug import (
    collect_activations,
    compute_activation_error,
    create_activation_matching,
    modify_model_output_intermediate_tensors,
)

KINDS = ["Conv", "ConvTranspose", "MatMul", "Gemm"]
RANKED_WITH = 8  # pictures; activations of more do not fit into a box's memory


class Inputs(CalibrationDataReader):
    """The tensors of a file, one after the other."""

    def __init__(self, model: pathlib.Path, tensors: pathlib.Path, most: int | None = None):
        session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        entry = session.get_inputs()[0]
        self.name = entry.name
        head = json.loads(tensors.with_suffix(".json").read_text())
        all_of_them = np.fromfile(tensors, dtype="<f4").reshape(-1, *head["shape"])
        self.tensors = all_of_them[:most]
        self.rewind()

    def get_next(self):
        tensor = next(self.left, None)
        return None if tensor is None else {self.name: tensor[np.newaxis]}

    def rewind(self):
        self.left = iter(self.tensors)


def quantise(model, tensors, out, keep):
    quantize_static(
        str(model),
        str(out),
        Inputs(model, tensors),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=KINDS,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=keep,
        calibrate_method=CalibrationMethod.MinMax,
    )


def named(model: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """The model with a name for each node, as exclusion goes by names."""
    graph = onnx.load(str(model))
    for number, node in enumerate(graph.graph.node):
        node.name = node.name or f"{node.op_type}-{number}"
    out = folder / "named.onnx"
    onnx.save(graph, str(out))
    return out


def rank(model: pathlib.Path, tensors: pathlib.Path, folder: pathlib.Path) -> list[str]:
    whole = folder / "whole.onnx"
    quantise(model, tensors, whole, [])
    seen = []
    for of in (model, whole):
        watched = folder / f"watched-{of.name}"
        modify_model_output_intermediate_tensors(str(of), str(watched), op_types_for_saving=None)
        seen.append(collect_activations(str(watched), Inputs(model, tensors, RANKED_WITH)))
    errors = compute_activation_error(create_activation_matching(seen[1], seen[0]))
    nodes = [node for node in onnx.load(str(model)).graph.node if node.op_type in KINDS]

    def decibels(node):
        """How loud the model is above the noise of quantising it; less is worse."""
        known = [errors[output]["qdq_err"] for output in node.output if output in errors]
        return min((float(np.min(of)) for of in known), default=float("inf"))

    return [node.name for node in sorted(nodes, key=decibels)]


def main():
    what, model, tensors, out = sys.argv[1], *map(pathlib.Path, sys.argv[2:5])
    with tempfile.TemporaryDirectory() as folder:
        model = named(model, pathlib.Path(folder))
        if what == "rank":
            out.write_text(json.dumps(rank(model, tensors, pathlib.Path(folder))))
            return
        keep = json.loads(pathlib.Path(sys.argv[5]).read_text()) if len(sys.argv) > 5 else []
        quantise(model, tensors, out, keep)


main()
