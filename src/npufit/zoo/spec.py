"""The name of a network of the zoo: `zoo:NAME[@SIZE][,QUANT][,OPTION=VALUE...]`, SIZE as `320` or `288x800`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PREFIX = "zoo:"


class Precision(StrEnum):
    """The number format of a network: how weights and activations are stored."""

    FLOAT32 = "float32"
    INT8 = "int8"
    INT8_PER_TENSOR = "int8-per-tensor"
    UINT8 = "uint8"

    @property
    def is_int8(self) -> bool:
        """True for both int8 formats, which post-training quantization writes."""
        return self in (Precision.INT8, Precision.INT8_PER_TENSOR)


class Boundary(StrEnum):
    """The element type of the network's inputs and outputs; if it differs inside, operators convert at the ends."""

    FLOAT = "float"
    INT8 = "int8"
    UINT8 = "uint8"


class PadStyle(StrEnum):
    """How the explicit padding of a Keras network is written.

    TF up to 2.16 writes PAD and a VALID window; 2.18 and later fold it into SAME if that is equivalent.
    """

    EXPLICIT = "explicit"
    FOLDED = "folded"


class Export(StrEnum):
    """The code that exported a network for which several exist.

    `usual` is Keras or, for uint8, TF-slim; `garden` is the TF2 Model Garden, with batch 1 and a convolution as its
    last layer.
    """

    USUAL = "usual"
    GARDEN = "garden"


BOUNDARIES = {
    Precision.FLOAT32: (Boundary.FLOAT,),
    Precision.INT8: (Boundary.FLOAT, Boundary.INT8, Boundary.UINT8),
    Precision.INT8_PER_TENSOR: (Boundary.FLOAT, Boundary.INT8, Boundary.UINT8),
    Precision.UINT8: (Boundary.UINT8,),
}
"""The boundaries that a precision allows, the default first."""


@dataclass(frozen=True, slots=True)
class ZooSpec:
    """One network of the zoo: its name, size and number format. `str()` gives its canonical name.

    `size` is the height of the image in pixels, and also its width if `width` is None, as for every square; it is 0 if
    the network's input has a fixed shape.
    """

    network: str
    size: int
    precision: Precision = Precision.INT8
    boundary: Boundary = Boundary.FLOAT
    pad: PadStyle = PadStyle.EXPLICIT
    alpha: float = 1.0
    export: Export = Export.USUAL
    width: int | None = None

    def __post_init__(self) -> None:
        """Give a square one spelling, so that equal networks have equal specs."""
        if self.width == self.size:
            object.__setattr__(self, "width", None)

    @property
    def image_size(self) -> tuple[int, int]:
        """The height and the width of the image in pixels."""
        return self.size, self.size if self.width is None else self.width

    def __str__(self) -> str:
        """Return the canonical name, with the options that differ from the default."""
        options = [str(self.precision)]
        if self.boundary is not BOUNDARIES[self.precision][0]:
            options.append(f"io={self.boundary}")
        if self.pad is not PadStyle.EXPLICIT:
            options.append(f"pad={self.pad}")
        if self.alpha != 1.0:
            options.append(f"alpha={self.alpha:g}")
        if self.export is not Export.USUAL:
            options.append(f"export={self.export}")
        size = f"@{size_text(self.size, self.width)}" if self.size else ""
        return f"{PREFIX}{self.network}{size},{','.join(options)}"


def size_text(size: int, width: int | None) -> str:
    """Return a size as text: `320` for a square, `288x800` (height first) for another image."""
    return str(size) if width is None else f"{size}x{width}"
