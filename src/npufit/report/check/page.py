"""A check as an HTML page: the answer, the network as a graph, and every reason, time and byte as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from npufit import formatting
from npufit.checking import CheckResult, GateResult
from npufit.cost import OperatorEstimate
from npufit.graph import Model, OperatorId
from npufit.report import predicted_time
from npufit.report.check.deciding import decided_by
from npufit.report.check.headline import is_bad, verdict
from npufit.report.check.next_steps import next_steps
from npufit.report.check.other_stacks import LABEL, better_stack_lines
from npufit.report.check.own_measurements import own_tile, own_warnings
from npufit.report.check.time_bars import time_bars
from npufit.report.findings import group_by_rule, remedy_words
from npufit.report.hazards import effect_words, effects_cell, hazards_by_effect
from npufit.report.model_line import describe_model, macs_cell
from npufit.report.page import Bundle, Frame, Tone, render_page
from npufit.report.page.graph_view import check_view, graph_payload
from npufit.rewrite import cures_of
from npufit.stacks import Finding, Hazard, OperatorPlacement, Rule, Unit


def check_page(model: Model, results: Sequence[CheckResult], source: str, gates: Sequence[GateResult] = ()) -> str:
    """Return the results as one HTML file; `source` is the model in the user's spelling."""
    first = results[0]
    frame = Frame(
        verb="check",
        subject=model.name,
        headline=verdict(first),
        about=describe_model(model),
        tone=tone_of(first),
        headlines=tuple((verdict(result), tone_of(result)) for result in results),
        views=tuple(result.name for result in results),
        bundles=(Bundle.GRAPH,),
        payloads={"graph": graph_payload([model], [check_view(result) for result in results])},
    )
    return render_page(
        "check/check.html.j2",
        frame,
        results=results,
        gates=gates,
        source=source,
        **CHECK_NAMES,
    )


def tone_of(result: CheckResult) -> Tone:
    """Return how loud the answer for a target is."""
    return Tone.BAD if is_bad(result) else Tone.PLAIN


def _operator_link(result: CheckResult, place: OperatorId) -> str:
    """Return the anchor of an operator."""
    return f"op-{place.index}" if place.subgraph == 0 else f"op-{place.subgraph}-{place.index}"


def _label(result: CheckResult, place: OperatorId) -> str:
    """Return how an operator is named: its index, after that of its subgraph if there are several."""
    return f"{place.subgraph}:{place.index}" if len(result.model.subgraphs) > 1 else str(place.index)


def _types(result: CheckResult, places: Sequence[OperatorId]) -> str:
    counts = Counter(formatting.shorten(result.model.operator(place).name, 40) for place in places)
    return ", ".join(name if count == 1 else f"{count} {name}" for name, count in counts.most_common())


def _ways_out(found: Sequence[Finding | Hazard], rule: Rule) -> list[str]:
    """Return the ways out of a group of findings, each once: passes of fit first."""
    passes = [f"npufit fit {cure.fit_options}" for cure in cures_of(rule.id)]
    remedies = dict.fromkeys(remedy_words(remedy) for entry in found for remedy in entry.remedies)
    return [*passes, *(words for words in remedies if words != "none known")] or ["none known"]


def _time_notes(result: CheckResult) -> list[tuple[str, str]]:
    estimate = result.estimate
    warnings = [("warning", warning) for warning in own_warnings(result)]
    if estimate is None:
        return warnings
    notes = [
        ("assumed", estimate.assumption),
        ("ranges", predicted_time.band_words(result, estimate)),
        ("unsure", predicted_time.unsure_words(estimate)),
        ("basis", estimate.basis),
        ("better off", predicted_time.slower_words(result, estimate)),
        *((LABEL, line) for line in better_stack_lines(result)),
        *warnings,
        *(("warning", warning) for warning in estimate.warnings),
    ]
    return [(label, text) for label, text in notes if text]


def _off_npu(result: CheckResult) -> list[tuple[str, Unit, list[tuple[Rule | None, list[OperatorPlacement]]]]]:
    sections = (("On the CPU", Unit.CPU), ("Unknown", Unit.UNKNOWN))
    return [(title, unit, group_by_rule(result.on(unit))) for title, unit in sections if result.on(unit)]


def _hazard_groups(result: CheckResult) -> list[tuple[str, Rule, list[Hazard]]]:
    """Return the hazards of each rule with their consequence, the worst first."""
    groups: list[tuple[str, Rule, list[Hazard]]] = []
    for effect, hazards in hazards_by_effect(result.placement.hazards).items():
        rules: dict[str, list[Hazard]] = {}
        for hazard in hazards:
            rules.setdefault(hazard.rule.id, []).append(hazard)
        groups += [(effect_words(effect, group), group[0].rule, group) for group in rules.values()]
    return groups


def _stories(hazards: Sequence[Hazard]) -> list[tuple[str, list[OperatorId]]]:
    """Return what happens, with the operators where it does."""
    stories: dict[str, list[OperatorId]] = {}
    for hazard in hazards:
        stories.setdefault(f"{hazard.message}; {hazard.found}", []).append(hazard.culprit)
    return list(stories.items())


def _found(members: Sequence[OperatorPlacement]) -> list[tuple[str, list[OperatorId]]]:
    """Return the values found, with the operators that have them."""
    found: dict[str, list[OperatorId]] = {}
    for placed in members:
        found.setdefault(placed.finding.found if placed.finding else placed.note, []).append(placed.id)
    return list(found.items())


def _estimates(result: CheckResult) -> dict[OperatorId, OperatorEstimate]:
    return {} if result.estimate is None else {entry.placement.id: entry for entry in result.estimate.operators}


CHECK_NAMES = {
    "headline": verdict,
    "decided_by": decided_by,
    "link": _operator_link,
    "label": _label,
    "types": _types,
    "ways_out": _ways_out,
    "time_bars": time_bars,
    "time_notes": _time_notes,
    "off_npu": _off_npu,
    "hazard_groups": _hazard_groups,
    "stories": _stories,
    "found": _found,
    "estimates": _estimates,
    "effects_cell": effects_cell,
    "prediction_cell": predicted_time.prediction_cell,
    "macs_cell": macs_cell,
    "next_steps": next_steps,
    "own_tile": own_tile,
    "reversal": predicted_time.reversal,
    "speed_words": predicted_time.speed_words,
    "span": predicted_time.span,
    "cores": predicted_time.cores,
}
"""What the templates of a check call; pages that include its facts pass them too."""
