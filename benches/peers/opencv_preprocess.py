#!/usr/bin/env python3
"""OpenCV's way from an I420 frame to a model's input: the peer of benches/benches/kernel, which starts it.

Usage: opencv_preprocess.py        (commands on standard input, words divided by tabs; one answer line each)

  version                                  -> OpenCV's version
  load NAME WIDTH HEIGHT SIDE KIND FILE RING   a case: one I420 frame in FILE, copied RING times so that
                                           each run reads another copy; KIND is letterbox or stretch -> ok
  time NAME RUNS                           -> seconds of each run
  check NAME FILE                          -> mean and largest difference to the float32 tensor in FILE, in levels

The steps are those of common pipelines, each into memory made once where OpenCV's Python interface can do so:
  letterbox: cvtColor to BGR, resize, copy into a padded square, blobFromImage     (NCHW, 0..255)
  stretch:   cvtColor to RGB, resize, convert to float32                            (NHWC, 0..255)
"""

import sys
import time

import cv2
import numpy as np

PAD = 114


class Case:
    def __init__(self, width, height, side, kind, path, ring):
        frame = np.fromfile(path, np.uint8).reshape(height * 3 // 2, width)
        self.frames = [frame.copy() for _ in range(ring)]
        self.next = 0
        self.rgb = np.empty((height, width, 3), np.uint8)
        self.letterbox = kind == "letterbox"
        if self.letterbox:
            scale = min(side / width, side / height)
            self.size = int(width * scale), int(height * scale)
            self.padded = np.full((side, side, 3), PAD, np.uint8)
        else:
            self.size = side, side
            self.resized = np.empty((side, side, 3), np.uint8)
            self.tensor = np.empty((1, side, side, 3), np.float32)

    def run(self):
        frame = self.frames[self.next]
        self.next = (self.next + 1) % len(self.frames)
        if self.letterbox:
            cv2.cvtColor(frame, cv2.COLOR_YUV2BGR_I420, dst=self.rgb)
            columns, rows = self.size
            self.padded[:rows, :columns] = cv2.resize(self.rgb, self.size, interpolation=cv2.INTER_LINEAR)
            return cv2.dnn.blobFromImage(self.padded)
        cv2.cvtColor(frame, cv2.COLOR_YUV2RGB_I420, dst=self.rgb)
        cv2.resize(self.rgb, self.size, dst=self.resized, interpolation=cv2.INTER_LINEAR)
        np.copyto(self.tensor[0], self.resized)
        return self.tensor

    def time(self, runs):
        seconds = []
        for _ in range(runs):
            start = time.perf_counter()
            self.run()
            seconds.append(time.perf_counter() - start)
        return " ".join(f"{s:.9f}" for s in seconds)

    def check(self, path):
        difference = np.abs(np.fromfile(path, np.float32) - self.run().reshape(-1))
        return f"{difference.mean():.3f} {difference.max():.3f}"


def answer(words, cases):
    match words:
        case ["version"]:
            return cv2.__version__
        case ["load", name, width, height, side, kind, path, ring]:
            cases[name] = Case(int(width), int(height), int(side), kind, path, int(ring))
            return "ok"
        case ["time", name, runs]:
            return cases[name].time(int(runs))
        case ["check", name, path]:
            return cases[name].check(path)
    raise SystemExit(f"not a command: {words}")


def main():
    cv2.setNumThreads(1)
    cases = {}
    for line in sys.stdin:
        print(answer(line.rstrip("\n").split("\t"), cases), flush=True)


if __name__ == "__main__":
    main()
