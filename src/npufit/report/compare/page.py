"""A comparison as an HTML page: the answer, what moved and why, hazards, times side by side, and the network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from npufit.comparing import CompareResult, Comparison, Snapshot, SnapshotOperator, Verdict
from npufit.graph import Model, OperatorId
from npufit.report.compare.before_after import (
    comparison_rows,
    has_subgraphs,
    hazard_groups,
    hazard_lists,
    moved_groups,
    moved_lists,
    one_sided,
    operators_in_words,
    remarks,
    rule_words,
    side_words,
)
from npufit.report.compare.chart import operators_chart, times_chart
from npufit.report.compare.headline import comparison_headline, result_headline
from npufit.report.page import Bundle, Frame, Specification, Tone, charts_payload, render_page
from npufit.report.page.graph_view import (
    GraphPayload,
    Look,
    View,
    ViewColouring,
    ViewGroup,
    check_view,
    graph_payload,
)
from npufit.stacks import Unit


def compare_page(result: CompareResult) -> str:
    """Return a comparison as one HTML file; names from files are escaped.

    Of several targets, a switch shows one, and the network as it is after. Results that were saved show no network.
    """
    if result.measured is not None:
        from npufit.report.compare.measured_forms import measured_page

        return measured_page(result.measured, result.gates)
    first = result.comparisons[0]
    is_switched = len(result.comparisons) > 1
    charts = _charts(result)
    graph = _both_sides(first) if not is_switched else _after_sides(result)
    frame = Frame(
        verb="compare",
        subject=" → ".join(dict.fromkeys((first.before.model, first.after.model))),
        headline=result_headline(result),
        about="" if is_switched else f"{side_words(first.before)}; compared with {side_words(first.after)}",
        tone=_tone(first),
        headlines=tuple((comparison_headline(entry), _tone(entry)) for entry in result.comparisons if is_switched),
        views=tuple(entry.name for entry in result.comparisons) if is_switched else _sides(graph),
        views_label="Target" if is_switched else "The network",
        bundles=(*([Bundle.CHARTS] if charts else []), *([Bundle.GRAPH] if graph else [])),
        payloads={
            **({"charts": charts_payload(charts)} if charts else {}),
            **({"graph": graph} if graph else {}),
        },
    )
    return render_page(
        "compare/compare.html.j2",
        frame,
        result=result,
        is_switched=is_switched,
        charts=charts,
        has_graph=graph is not None,
        units=Unit,
        groups=moved_groups,
        hazard_groups=hazard_groups,
        hazard_lists=hazard_lists,
        in_words=operators_in_words,
        moved_lists=moved_lists,
        one_sided=one_sided,
        remarks=remarks,
        rows=comparison_rows,
        rule_words=rule_words,
        side_words=side_words,
        subgraphs=has_subgraphs,
    )


def _tone(comparison: Comparison) -> Tone:
    return Tone.BAD if comparison.verdict in (Verdict.WORSE, Verdict.MIXED) else Tone.PLAIN


def _sides(graph: GraphPayload | None) -> tuple[str, ...]:
    return () if graph is None else tuple(view.title for view in graph.views)


def _charts(result: CompareResult) -> dict[str, Specification]:
    made = (
        (f"{name}-{number}", chart(comparison))
        for number, comparison in enumerate(result.comparisons)
        for name, chart in (("times", times_chart), ("operators", operators_chart))
    )
    return {name: specification for name, specification in made if specification is not None}


def _both_sides(comparison: Comparison) -> GraphPayload | None:
    """Return both networks, the later first; None unless both were checked now."""
    return _graph(
        [
            (comparison.after, "after", dict(_changes_after(comparison))),
            (comparison.before, "before", dict(_changes_before(comparison))),
        ]
    )


def _after_sides(result: CompareResult) -> GraphPayload | None:
    """Return the network of each comparison as it is after; None unless all were checked now."""
    return _graph([(entry.after, "", dict(_changes_after(entry))) for entry in result.comparisons])


def _graph(sides: Sequence[tuple[Snapshot, str, Mapping[OperatorId, str]]]) -> GraphPayload | None:
    """Return a view of each side with its title and changes; sides of one model share its network."""
    models: dict[int, Model] = {}
    views: list[View] = []
    for snapshot, title, changes in sides:
        if snapshot.check is None:
            return None
        models.setdefault(id(snapshot.check.model), snapshot.check.model)
        network = list(models).index(id(snapshot.check.model))
        views.append(_changed(check_view(snapshot.check, network, title), changes, snapshot.operators))
    return graph_payload(list(models.values()), views)


def _changed(view: View, changes: Mapping[OperatorId, str], operators: tuple[SnapshotOperator, ...]) -> View:
    """Return a view coloured by what changed; it has the same operators in the same order."""
    if not changes:
        return view
    labels = ["as before", *dict.fromkeys(changes.values())]
    groups = tuple(ViewGroup(label, _look(label)) for label in labels)
    said = [changes.get(operator.id, "") for operator in operators]
    members = tuple(labels.index(words) if words else 0 for words in said)
    colouring = ViewColouring("Change", "What differs from the other side", groups, members, tuple(said), is_first=True)
    return replace(view, colouring=colouring)


def _look(label: str) -> Look:
    """Return the look of a change: what leaves the NPU is warm, what reaches it fresh."""
    if label == "as before":
        return "none"
    if label.startswith("only"):
        return "calm"
    return "fresh" if label.endswith(("NPU now", "NPU after")) else "warm"


def _changes_after(comparison: Comparison) -> Iterator[tuple[OperatorId, str]]:
    for pair in comparison.matching.pairs:
        if pair.before.unit is not pair.after.unit:
            yield pair.after.id, f"{_UNITS[pair.before.unit]} before, {_UNITS[pair.after.unit]} now"
    yield from ((operator.id, "only after") for operator in comparison.matching.added)


def _changes_before(comparison: Comparison) -> Iterator[tuple[OperatorId, str]]:
    for pair in comparison.matching.pairs:
        if pair.before.unit is not pair.after.unit:
            yield pair.before.id, f"{_UNITS[pair.before.unit]} here, {_UNITS[pair.after.unit]} after"
    yield from ((operator.id, "only before") for operator in comparison.matching.removed)


_UNITS = {Unit.NPU: "NPU", Unit.CPU: "CPU", Unit.UNKNOWN: "unknown"}
