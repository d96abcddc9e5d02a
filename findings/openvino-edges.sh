#!/usr/bin/env bash
# Where a model sees something else when ONNX Runtime gives it to OpenVINO.
#
# Guessed: execution providers compute the same operators, so that values differ by rounding and counts not at all; and who asks for
# a provider that a build lacks gets an error.
# Seen with ONNX Runtime 1.24.1 of onnxruntime-openvino, on a processor of AMD, and with onnxruntime 1.31.1:
#   - NonMaxSuppression: of two boxes whose overlap is just `iou_threshold` the processor keeps both, as the standard says ("selected
#     boxes whose IoU is greater … are suppressed"), and OpenVINO one;
#   - Resize of 8-bit numbers, linear: the processor cuts off (2.75 becomes 2), OpenVINO rounds (3);
#   - cubic: the processor refuses 8-bit numbers when it runs, having loaded the model; OpenVINO computes;
#   - CUDA asked of a build without it: a warning, and the session runs on the processor.
# So what a graph suppresses by itself may differ by whole boxes, which no tolerance of values covers.
#
# Needs python3 of Debian 12 with python3-venv, and the package registries (110 MB). Leaves nothing behind.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

for build in onnxruntime-openvino==1.24.1 onnxruntime==1.31.1; do
    python3 -m venv "$build"
    "$build/bin/pip" install -q --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 "$build"
done

cat >edges.py <<'PY'
import json, sys, warnings
import numpy as np, onnxruntime as ort
from onnx import TensorProto as T, helper as h, numpy_helper as n

warnings.simplefilter("ignore")
constant = lambda name, values, kind: n.from_array(np.array(values, kind), name)

def run(graph, provider, feeds):
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=9)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(model.SerializeToString(), options, providers=[provider])
    try:
        return session.get_providers()[0], session.run(None, feeds)[0].ravel().tolist()
    except Exception as error:
        return session.get_providers()[0], "refused"

def suppressed(provider):
    graph = h.make_graph([h.make_node("NonMaxSuppression", ["boxes", "scores", "most", "iou"], ["kept"])], "g",
        [h.make_tensor_value_info("boxes", T.FLOAT, [1, 2, 4]), h.make_tensor_value_info("scores", T.FLOAT, [1, 1, 2])],
        [h.make_tensor_value_info("kept", T.INT64, [None, 3])], [constant("most", [9], np.int64), constant("iou", [0.5], np.float32)])
    boxes = np.array([[[0, 0, 1, 1], [0, 0, 1, 0.5]]], np.float32)
    used, kept = run(graph, provider, {"boxes": boxes, "scores": np.array([[[0.9, 0.8]]], np.float32)})
    return used, len(kept) // 3

def resized(provider, mode):
    graph = h.make_graph([h.make_node("Resize", ["x", "", "scales"], ["y"], mode=mode)], "g",
        [h.make_tensor_value_info("x", T.UINT8, [1, 1, 1, 6])], [h.make_tensor_value_info("y", T.UINT8, None)],
        [constant("scales", [1, 1, 1, 2], np.float32)])
    return run(graph, provider, {"x": np.array([0, 1, 2, 3, 10, 11], np.uint8).reshape(1, 1, 1, 6)})[1]

seen = {p: [suppressed(p), resized(p, "linear"), resized(p, "cubic")] for p in sys.argv[1:]}
print(json.dumps(seen))
PY

openvino=$(./onnxruntime-openvino==1.24.1/bin/python edges.py OpenVINOExecutionProvider CPUExecutionProvider)
plain=$(./onnxruntime==1.31.1/bin/python edges.py CPUExecutionProvider CUDAExecutionProvider)
printf '1.24.1 for OpenVINO: %s\n1.31.1: %s\n' "$openvino" "$plain"
cpu='["CPUExecutionProvider", 2], [0, 0, 0, 1, 1, 2, 2, 4, 8, 10, 10, 11], "refused"'
[[ $openvino == '{"OpenVINOExecutionProvider": [["OpenVINOExecutionProvider", 1], [0, 0, 1, 1, 2, 2, 3, 5, 8, 10, 11, 11], '*'], "CPUExecutionProvider": ['"$cpu"']}' ]]
[[ $plain == '{"CPUExecutionProvider": ['"$cpu"'], "CUDAExecutionProvider": ['"$cpu"']}' ]]
echo "as seen before"
