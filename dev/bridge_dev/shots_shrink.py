"""Runs in a Python that has Pillow: cuts the pictures named on standard input, and makes small files of them."""

import json
import sys

from PIL import Image

COLOURS = 128  # a screen has few; the file is a third as large


def main():
    """Write each picture's part to its target."""
    for one in json.load(sys.stdin):
        with Image.open(one["source"]) as image:
            bottom = min(one["top"] + one["height"], image.height)
            part = image.convert("RGB").crop((0, one["top"], image.width, bottom))
        part.quantize(COLOURS, dither=Image.Dither.NONE).save(one["target"], optimize=True)


if __name__ == "__main__":
    main()
