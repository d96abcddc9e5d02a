#!/usr/bin/env python3
"""Set the creation and modification times in an MP4 file to zero, in place, so that equal input gives equal bytes.

Usage: mp4_zero_times.py FILE

The times are in the header boxes of the film, its tracks and their media (ISO/IEC 14496-12, 8.2.2, 8.3.2 and
8.4.2): one byte of version, three of flags, then both times, as 32 bits (version 0) or 64 bits (version 1).
"""

import sys

CONTAINERS = {b"moov", b"trak", b"mdia"}
HEADERS = {b"mvhd", b"tkhd", b"mdhd"}
BOX_HEADER_BYTES = 8


def zero_times(data, start, end):
    """Visit the boxes in data[start:end]."""
    while start + BOX_HEADER_BYTES <= end:
        size, kind = int.from_bytes(data[start : start + 4], "big"), bytes(data[start + 4 : start + 8])
        if size < BOX_HEADER_BYTES or start + size > end:
            raise ValueError(f"box {kind!r} at byte {start} has size {size}")
        body = start + BOX_HEADER_BYTES
        if kind in CONTAINERS:
            zero_times(data, body, start + size)
        elif kind in HEADERS:
            length = 16 if data[body] == 1 else 8
            data[body + 4 : body + 4 + length] = bytes(length)
        start += size


def main():
    with open(sys.argv[1], "r+b") as file:
        data = bytearray(file.read())
        zero_times(data, 0, len(data))
        file.seek(0)
        file.write(data)


if __name__ == "__main__":
    main()
