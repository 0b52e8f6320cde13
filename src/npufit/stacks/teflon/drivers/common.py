"""What the drivers share: how their rules are written down, and the tests that several of them make."""

from __future__ import annotations

from npufit.graph import Tensor
from npufit.stacks.rule import NO_REMEDY, Evidence, Remedy, RemedyKind, Rule, RuleKind, Stage
from npufit.stacks.teflon.node import Node, is_per_channel
from npufit.stacks.teflon.release import Release


def driver_rule(
    rule_id: str,
    statement: str,
    limit: str,
    why: str,
    example: str,
    way_out: str,
    *,
    versions: str,
    source: str,
) -> Rule:
    """Return a rule by which a driver refuses operators, read in its source; `way_out` is a rewrite, or empty."""
    return Rule(
        id=rule_id,
        kind=RuleKind.REFUSAL,
        stage=Stage.DRIVER_CHECK,
        statement=statement,
        limit=limit,
        why=why,
        example=example,
        remedies=(Remedy(RemedyKind.REWRITE, way_out) if way_out else NO_REMEDY,),
        versions=versions,
        evidence=Evidence.SOURCE,
        source=source,
    )


def per_channel_rule(driver: str, versions: str, source: str) -> Rule:
    """Return the rule of a driver that has one scale for each tensor."""
    return driver_rule(
        f"{driver}.per-channel",
        "A convolution is refused if it is quantized per channel.",
        "one scale for each of input, weights, bias and output",
        "The source gives no reason.",
        "An int8 model of the TFLite converter with its default settings.",
        "quantize the weights per tensor (costs accuracy)",
        versions=versions,
        source=source,
    )


def dilation_rule(driver: str, versions: str, source: str) -> Rule:
    """Return the rule of a driver that does not dilate."""
    return driver_rule(
        f"{driver}.dilation",
        "A dilated convolution is refused.",
        "dilation 1x1",
        "The source gives no reason.",
        "The atrous convolutions of DeepLab.",
        "write the dilated kernel explicitly, with zeros between its taps",
        versions=versions,
        source=source,
    )


def constant_operand(node: Node, release: Release) -> str | None:
    """Return the constant operand of a two-operand operator, None if both are computed."""
    for position in (0, 1):
        tensor = node.input(position)
        if tensor is not None and tensor.is_constant:
            return f"operand {position} '{node.name_of(tensor)}' is a constant"
    return None


def dilation(node: Node, release: Release) -> str | None:
    """Return the dilation if it is not 1x1."""
    height, width = node.dilation
    return None if (height, width) == (1, 1) else f"{height}x{width}"


def per_channel(node: Node, release: Release) -> str | None:
    """Return the tensors of a convolution that are quantized per channel, None if there are none."""
    roles: list[tuple[str, Tensor | None]] = [
        ("input", node.input(0)),
        ("weights", node.input(1)),
        ("bias", node.input(2)),
        ("output", node.output),
    ]
    found = [(role, tensor) for role, tensor in roles if tensor is not None and is_per_channel(tensor, release)]
    if not found:
        return None
    names = " and ".join(role for role, _ in found)
    quantization = found[0][1].quantization
    if not quantization.is_per_channel:
        points = quantization.zero_points
        return f"{names} with {len(points)} zero points, {min(points)} to {max(points)}"
    scales = quantization.scales
    return f"{names} with {len(scales)} scales, {min(scales):.4g} to {max(scales):.4g}"


def axis_not_last(node: Node, release: Release) -> str | None:
    """Return the axis of a concatenation, as written in the file, if it is neither 3 nor -1."""
    axis = node.concatenation_axis
    return None if axis in (3, -1) else f"axis {axis}"
