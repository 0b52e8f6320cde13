"""Which operators can be written with others, and how, by the names of the option `kinds`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from npufit.rewrite.substitution import interpolation, kernels, pointwise
from npufit.rewrite.substitution.lone_operator import Builder


@dataclass(frozen=True, slots=True)
class SubstitutionKind:
    """One kind of substitution: the operator types that it replaces and the ways to do so, the best first."""

    types: frozenset[str]
    builders: tuple[Builder, ...]


def _kind(types: str, *builders: Builder) -> SubstitutionKind:
    return SubstitutionKind(frozenset(types.split()), builders)


KINDS: Mapping[str, SubstitutionKind] = {
    "dilation": _kind("CONV_2D DEPTHWISE_CONV_2D", kernels.write_out),
    "stride": _kind("CONV_2D", kernels.split_stride),
    "bilinear": _kind("RESIZE_BILINEAR", interpolation.bilinear),
    "nearest": _kind("RESIZE_NEAREST_NEIGHBOR", interpolation.nearest),
    "affine": _kind("MUL ADD SUB", pointwise.affine(per_channel=True), pointwise.affine(per_channel=False)),
    "subtract": _kind("SUB", pointwise.subtract_map, pointwise.subtract_any),
    "leaky": _kind("LEAKY_RELU PRELU", pointwise.leaky),
    "absolute": _kind("ABS", pointwise.absolute),
    "clamp": _kind("RELU RELU6", pointwise.clamp),
    "rescale": _kind("QUANTIZE", pointwise.requantize),
    "average": _kind("MEAN AVERAGE_POOL_2D", kernels.average),
    "matrix": _kind("FULLY_CONNECTED", kernels.matrix(per_channel=True), kernels.matrix(per_channel=False)),
}
"""Every kind by name."""
