"""What the rules say about one operator: refused, or a question that only the converter can answer.

There is no third outcome. A rule may put an operator on the CPU, because an unsupported operator stays there whatever
surrounds it. No rule may put one on the NPU: the converter decides over groups, so even an operator seen on the NPU in
another network can be lost in this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from npufit.formatting import shorten
from npufit.graph import (
    CUSTOM,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    ElementType,
    Pool2DOptions,
)
from npufit.stacks.neutron import rules, sources
from npufit.stacks.neutron.neutron_operator import NeutronOperator, describe_tensor
from npufit.stacks.rule import Finding, Rule

_Found = Callable[[NeutronOperator], str]
"""What a rule finds at a site, in words; empty if it does not apply."""


def refuse(site: NeutronOperator) -> Finding | None:
    """Return why the operator runs on the CPU, or None if no rule says so."""
    return _first(_REFUSALS, site)


def ask(site: NeutronOperator) -> Finding:
    """Return what is unknown about the operator, with the experiment that would settle it."""
    return _first(_QUESTIONS, site) or rules.UNDECIDED.finding(site.describe())


def recall(site: NeutronOperator) -> str:
    """Return what was seen of this operator type in other networks with this release; empty if nothing was."""
    seen = (
        f"{sighting.text} ({sighting.source})"
        for sighting in _SIGHTINGS
        if site.operator.type in sighting.types and site.release.version in sighting.releases
    )
    return "; ".join(seen)


def _first(table: tuple[tuple[Rule, _Found], ...], site: NeutronOperator) -> Finding | None:
    for rule, find in table:
        found = find(site)
        if found:
            return rule.finding(found)
    return None


def _custom(site: NeutronOperator) -> str:
    return f"custom operator {shorten(site.operator.name)}" if site.operator.type == CUSTOM else ""


def _float(site: NeutronOperator) -> str:
    tensor = next((tensor for tensor in site.activations() if tensor.element.is_float), None)
    return "" if tensor is None else f"{describe_tensor(tensor)} activation '{shorten(tensor.name)}'"


def _wide_integer(site: NeutronOperator) -> str:
    # Shapes and indices are operands beside the data; only the first input and the outputs are computed on.
    first = site.subgraph.tensors[site.operator.inputs[0]] if site.operator.input(0) >= 0 else None
    computed = [*site.subgraph.output_tensors(site.operator)]
    if first is not None and not first.is_constant:
        computed.insert(0, first)
    tensor = next((tensor for tensor in computed if tensor.element in _WIDE), None)
    return "" if tensor is None else f"{describe_tensor(tensor)} activation '{shorten(tensor.name)}'"


def _depth_to_space(site: NeutronOperator) -> str:
    seen = site.operator.type == "DEPTH_TO_SPACE" and site.release.version == rules.DEPTH_TO_SPACE.versions
    return site.describe() if seen else ""


def _pad_before_stride(site: NeutronOperator) -> str:
    if site.operator.type != "PAD":
        return ""
    reader = next(
        (
            reader
            for reader in site.readers()
            if isinstance(reader.options, Conv2DOptions | DepthwiseConv2DOptions | Pool2DOptions)
            and max(reader.options.stride_h, reader.options.stride_w) > 1
        ),
        None,
    )
    return "" if reader is None else f"{site.describe()} before {reader.type} with stride 2 or more"


def _box_decoder(site: NeutronOperator) -> str:
    decodes = site.index in site.box_decoders or any(
        index in site.wiring.consumers[tensor]
        for tensor in site.operator.outputs
        if tensor >= 0 and site.operator.type == "TRANSPOSE"
        for index in site.box_decoders
    )
    return f"{site.describe()}, decodes boxes from 16 bins" if decodes else ""


def _group_norm(site: NeutronOperator) -> str:
    kinds = {reader.type for reader in site.readers()}
    at_fault = site.operator.type == "RESHAPE" and {"MEAN", "SQUARED_DIFFERENCE"} <= kinds
    return f"{site.describe()}, read by MEAN and SQUARED_DIFFERENCE" if at_fault else ""


def _of_type(kind: str) -> _Found:
    return lambda site: site.describe() if site.operator.type == kind else ""


_WIDE = frozenset(
    {
        ElementType.INT32,
        ElementType.UINT32,
        ElementType.INT64,
        ElementType.UINT64,
        ElementType.BOOL,
        ElementType.STRING,
    }
)

_REFUSALS: tuple[tuple[Rule, _Found], ...] = (
    (rules.CUSTOM_OPERATOR, _custom),
    (rules.FLOAT, _float),
    (rules.WIDE_INTEGER, _wide_integer),
    (rules.DEPTH_TO_SPACE, _depth_to_space),
)

_QUESTIONS: tuple[tuple[Rule, _Found], ...] = (
    (rules.PAD_BEFORE_STRIDE, _pad_before_stride),
    (rules.DETECTION_HEAD, _box_decoder),
    (rules.GROUP_NORM, _group_norm),
    (rules.SOFTMAX, _of_type("SOFTMAX")),
    (rules.MEAN, _of_type("MEAN")),
)


@dataclass(frozen=True, slots=True)
class _Sighting:
    """Sightings of operator types in other networks."""

    types: frozenset[str]
    releases: frozenset[str]
    text: str
    source: str


_SIGHTINGS: tuple[_Sighting, ...] = (
    _Sighting(
        frozenset({"TRANSPOSE_CONV", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"}),
        frozenset({"3.1"}),
        "this type was seen on the NPU in other networks",
        sources.BOARD_NOTES,
    ),
    _Sighting(
        frozenset({"MUL", "QUANTIZE", "SLICE", "PAD"}),
        frozenset({"3.1"}),
        "in a selfie segmenter some of this type stayed on the CPU",
        sources.SEGMENTER_NOTES,
    ),
    _Sighting(
        frozenset({"TRANSPOSE", "SOFTMAX"}),
        frozenset({"1.17"}),
        "in the head of YOLOv8s-seg this type was seen on the CPU",
        sources.EDGEFIRST_LOG,
    ),
    _Sighting(
        frozenset({"TRANSPOSE", "SOFTMAX"}),
        frozenset({"3.2"}),
        "in the head of YOLOv8n-pose this type was seen on the CPU",
        sources.POSE_BENCHMARK,
    ),
)
