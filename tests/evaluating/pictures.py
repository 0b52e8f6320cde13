"""Small pictures that code paints: shapes on gradients, the same on every machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw


def paint(folder: Path, count: int, size: tuple[int, int] = (120, 90)) -> Path:
    """Write `count` PNG files into `folder` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        generator = np.random.default_rng(number)
        left, right = generator.integers(0, 256, (2, 3))
        share = np.linspace(0.0, 1.0, size[0])[None, :, None]
        ramp = np.ones((size[1], 1, 1)) * (left + share * (right.astype(float) - left))
        image = Image.fromarray(ramp.astype(np.uint8))
        pen = ImageDraw.Draw(image)
        for _ in range(6):
            x, y = generator.integers(0, size[0] - 20), generator.integers(0, size[1] - 20)
            shape = pen.ellipse if generator.integers(2) else pen.rectangle
            colour = f"rgb{tuple(int(part) for part in generator.integers(0, 256, 3))}"
            shape((int(x), int(y), int(x) + int(generator.integers(8, 40)), int(y) + 20), fill=colour)
        image.save(folder / f"picture{number:02}.png")
    return folder
