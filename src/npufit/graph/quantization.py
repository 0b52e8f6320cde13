"""How the integers of a tensor stand for real numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CustomQuantization:
    """Quantization details in a custom format, kept as bytes."""

    custom: bytes


@dataclass(frozen=True, slots=True)
class BlockwiseQuantization:
    """Quantization per block: the scales and zero points are in other tensors, given by index."""

    scales: int
    zero_points: int
    block_size: int
    block_shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MultiAxisQuantization:
    """Quantization along several axes: the scales and zero points are in other tensors, given by index."""

    scales: int
    zero_points: int
    block_size: int
    axes: tuple[int, ...]


QuantizationDetails = CustomQuantization | BlockwiseQuantization | MultiAxisQuantization


@dataclass(frozen=True, slots=True)
class Quantization:
    """Quantization parameters as the file gives them: real = scale * (integer - zero_point).

    `scales` and `zero_points` have one entry for the tensor, or one per index along `axis`.
    """

    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()
    axis: int = 0
    minimum: tuple[float, ...] = ()
    maximum: tuple[float, ...] = ()
    details: QuantizationDetails | None = None

    @property
    def scale(self) -> float:
        """Scale of the first (or only) channel; 0.0 if there is none."""
        return self.scales[0] if self.scales else 0.0

    @property
    def zero_point(self) -> int:
        """Zero point of the first (or only) channel; 0 if there is none."""
        return self.zero_points[0] if self.zero_points else 0

    def real(self, integer: float) -> float:
        """Return the real number that `integer` stands for in the first (or only) channel."""
        return (integer - self.zero_point) * self.scale

    @property
    def is_quantized(self) -> bool:
        """True if the file gives scales or other details; bare min/max ranges do not count."""
        return bool(self.scales) or self.details is not None

    @property
    def is_per_channel(self) -> bool:
        """True if the scales differ; channels that all share one scale count as per-tensor."""
        return any(scale != self.scales[0] for scale in self.scales)


NOT_QUANTIZED = Quantization()
"""The parameters of a tensor without quantization."""
