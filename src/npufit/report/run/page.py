"""A run that was compared, as an HTML page: where it parts from the reference kernels, and by how much."""

from __future__ import annotations

from collections.abc import Mapping

from npufit.checking import CheckResult
from npufit.execution import Comparison, TensorComparison, describe
from npufit.formatting import percent
from npufit.graph import OperatorId
from npufit.report.model_line import describe_model
from npufit.report.page import Bundle, Frame, Tone, render_page
from npufit.report.page.graph_view import ViewColouring, ViewGroup, bare_view, check_view, graph_payload
from npufit.report.run.difference_map import difference_maps, worst_values
from npufit.report.run.text import amount, headline, origin_words
from npufit.running import RunResult

_EQUAL, _FIRST, _DIFFERS, _NOT_COMPARED, _NOT_EXECUTED = range(5)
_GROUPS = (
    ViewGroup("equal", "calm"),
    ViewGroup("first difference", "alarm"),
    ViewGroup("differs", "warm"),
    ViewGroup("not compared", "none"),
    ViewGroup("not executed", "none"),
)
_MOST_ROWS = 40


def run_page(result: RunResult, placed: CheckResult | None = None) -> str:
    """Return a run as one HTML file; `placed` says where the operators of the same model run, if that is known."""
    comparison = result.comparison
    colouring = _colouring(result)
    view = bare_view(result.model, result.place, colouring) if placed is None else check_view(placed, 0, "", colouring)
    differing = [] if comparison is None else [tensor for tensor in comparison.tensors if not tensor.is_equal]
    parting = None if comparison is None else comparison.parting
    is_bad = bool(differing or result.findings) or result.not_compared is not None or result.refusal is not None
    frame = Frame(
        verb="run",
        subject=result.model.name,
        headline=headline(result),
        about=describe_model(result.model),
        tone=Tone.BAD if is_bad else Tone.PLAIN,
        views=(result.place,),
        bundles=(Bundle.GRAPH,),
        payloads={"graph": graph_payload([result.model], [view])},
    )
    return render_page(
        "run/run.html.j2",
        frame,
        result=result,
        comparison=comparison,
        first=None if comparison is None else comparison.first_difference,
        differing=differing[:_MOST_ROWS],
        more=len(differing[_MOST_ROWS:]),
        maps=[] if parting is None else difference_maps(*parting),
        worst=[] if parting is None else worst_values(*parting),
        amount=amount,
        origin_words=origin_words,
        not_executed=describe(result.left_out),
    )


def _colouring(result: RunResult) -> ViewColouring:
    """Return how each operator compares; those of other subgraphs run inside those of the main one."""
    compared = {} if result.comparison is None else _by_operator(result.comparison)
    left_out = {entry.operator: entry.why for entry in result.left_out}
    first = None if result.comparison is None else result.comparison.first_difference
    members: list[int] = []
    remarks: list[str] = []
    for place, _ in result.model.operators():
        group, remark = _verdict(result, place, compared, left_out, first)
        members.append(group)
        remarks.append(remark)
    return ViewColouring(
        "Difference", "Whether the target computes what the reference kernels do", _GROUPS, tuple(members),
        tuple(remarks), is_first=True,
    )  # fmt: skip


def _by_operator(comparison: Comparison) -> dict[int, TensorComparison]:
    """Return for each operator its tensor that differs most."""
    worst: dict[int, TensorComparison] = {}
    for tensor in comparison.tensors:
        known = worst.get(tensor.operator)
        if known is None or (tensor.beyond, tensor.differing) > (known.beyond, known.differing):
            worst[tensor.operator] = tensor
    return worst


def _verdict(
    result: RunResult,
    place: OperatorId,
    compared: Mapping[int, TensorComparison],
    left_out: Mapping[int, str],
    first: TensorComparison | None,
) -> tuple[int, str]:
    if place.subgraph != 0:
        return _NOT_COMPARED, "inside an operator of the main subgraph"
    if place.index in left_out:
        return _NOT_EXECUTED, f"not executed: {left_out[place.index]}"
    tensor = compared.get(place.index)
    if tensor is None:
        return _NOT_COMPARED, "not compared: merged into another operator, or its values are not kept"
    if tensor.is_equal and not tensor.differing:
        return _EQUAL, f"equal: all {tensor.count} values"
    note = f"; {tensor.note}" if tensor.note else ""
    words = f"{percent(tensor.share)} of {tensor.count} values differ, by up to {amount(result, tensor)}{note}"
    if tensor.is_equal:
        return _EQUAL, f"within the tolerance: {words}"
    return (_FIRST if first is not None and tensor.operator == first.operator else _DIFFERS), words
