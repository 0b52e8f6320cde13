"""The full report of a check for people: the answer first, then every reason, source, time and partition."""

from __future__ import annotations

from collections.abc import Sequence

from npufit import formatting
from npufit.checking import CheckResult
from npufit.report import predicted_time
from npufit.report.check import time_section
from npufit.report.check.between_partitions import cutters
from npufit.report.check.headline import headline
from npufit.report.findings import group_by_rule, remedy_words
from npufit.report.hazards import effect_words, hazards_by_effect
from npufit.report.model_line import describe_model, macs_cell
from npufit.report.terminal_page import Page, columns
from npufit.rewrite import cures_of
from npufit.stacks import Effect, Hazard, OperatorPlacement, Partition, Remedy, RemedyKind, Rule, Status, Unit

_ROWS = 6
_PARTITIONS = 6


def check_text(result: CheckResult, page: Page, *, everything: bool = False) -> str:
    """Return the report on one target; `everything` lists each operator, tensor and partition."""
    lines = [*_headline(result, page)]
    lines.append(page.ink("dim", describe_model(result.model)))
    lines += _differences(result, page)
    lines += _hazards(result, page, everything)
    lines += time_section.time_lines(result, page, everything=everything)
    if result.placement.status is Status.PARTIAL:
        lines += _notes(result, page)
    for unit, title in ((Unit.CPU, "On the CPU"), (Unit.UNKNOWN, "Unknown")):
        lines += _off_npu(result, unit, title, page, everything)
    lines += _partitions(result, page, everything)
    lines += time_section.memory_lines(result, page)
    if everything:
        lines += _operators(result, page)
    lines += _settings(result, page)
    if result.placement.status is not Status.PARTIAL:
        lines += _notes(result, page)
    return "\n".join(lines)


def _headline(result: CheckResult, page: Page) -> list[str]:
    style = "red" if result.summary.hazards or predicted_time.reversal(result) else "bold"
    return [page.ink(style, line) for line in page.wrap(headline(result), hanging="  ")]


def _title(page: Page, text: str) -> list[str]:
    return ["", page.ink("bold", text)]


def _differences(result: CheckResult, page: Page) -> list[str]:
    placement = result.placement
    if placement.log is None and not placement.differences:
        return []
    said = f": {placement.log_totals}" if placement.log_totals else ""
    if not placement.differences:
        verdict = "" if placement.status is Status.PARTIAL else " It agrees with the rules."
        return ["", *page.wrap(f"Log read: {placement.log}{said}.{verdict}")]
    decided = f"the log ({placement.log})" if placement.log else "the compiled file"
    lines = _title(page, f"Differences: {decided} decides; the rules expected something else")
    rows = [["what", "rules", "observed"]]
    for difference in placement.differences:
        where = "" if difference.operator is None else f"operator {difference.operator.index}: "
        rows.append([where + difference.what, difference.predicted, difference.observed])
    lines += ["  " + line for line in columns(rows)]
    return [*lines, *page.wrap(f"Log read: {placement.log}{said}.", "  ")] if placement.log else lines


def _hazards(result: CheckResult, page: Page, everything: bool) -> list[str]:
    lines: list[str] = []
    for effect, hazards in hazards_by_effect(result.placement.hazards).items():
        title = page.ink("red" if effect is Effect.CRASH else "bold", _hazard_title(effect, hazards))
        lines += ["", title, *_hazards_of_effect(result, hazards, page, everything)]
    return lines


def _hazard_title(effect: Effect, hazards: Sequence[Hazard]) -> str:
    return f"Hazards: accepted, but {effect_words(effect, hazards)} ({len(hazards)})"


def _hazards_of_effect(result: CheckResult, hazards: Sequence[Hazard], page: Page, everything: bool) -> list[str]:
    lines: list[str] = []
    by_rule: dict[str, list[Hazard]] = {}
    for hazard in hazards:
        by_rule.setdefault(hazard.rule.id, []).append(hazard)
    for group in by_rule.values():
        rule = group[0].rule
        lines += ["", *page.wrap(f"{rule.id}  {rule.statement}", "  ", " " * (len(rule.id) + 4))]
        lines += _hazard_rows(result, group, page, everything)
        lines += page.labelled("safe", rule.limit)
        lines += _remedies(_common(group), page)
        lines += _attempts(result, rule, page)
        lines += page.labelled("known", f"{group[0].evidence}: {rule.source}")
    return lines


def _hazard_rows(result: CheckResult, group: Sequence[Hazard], page: Page, everything: bool) -> list[str]:
    """Return what happens where, with operators of the same kind on one row."""
    stories: dict[tuple[str, str, str], list[Hazard]] = {}
    for hazard in group:
        name = result.model.operator(hazard.culprit).name
        stories.setdefault((name, hazard.message, hazard.found), []).append(hazard)
    rows = list(stories.items())
    shown = rows if everything else rows[:_ROWS]
    lines: list[str] = []
    for position, ((name, message, found), members) in enumerate(shown):
        indices = [hazard.operators[0] for hazard in members]
        who = (
            f"operator {indices[0]} ({name})"
            if len(members) == 1
            else f"{len(members)} {name} ({formatting.ranges(indices)})"
        )
        text = _shorten_names(f"{who}: {message}; {found}")
        lines += page.labelled("here" if position == 0 else "", formatting.printable(text))
    if len(rows) > len(shown):
        hidden = sum(len(members) for _, members in rows[len(shown) :])
        lines += page.labelled("", f"… {hidden} more (--all)")
    return lines


def _shorten_names(text: str, width: int = 64) -> str:
    """Return `text` with quoted tensor names cut to `width`: converters' fused names have hundreds of letters."""
    parts = text.split("'")
    return "'".join(
        part if position % 2 == 0 else formatting.shorten(part, width) for position, part in enumerate(parts)
    )


def _common(hazards: Sequence[Hazard]) -> tuple[Remedy, ...]:
    """Return the remedies of all hazards of a rule, each once."""
    return tuple(dict.fromkeys(remedy for hazard in hazards for remedy in hazard.remedies))


def _remedies(remedies: Sequence[Remedy], page: Page) -> list[str]:
    if not remedies:
        return page.labelled("way out", "none known")
    lines: list[str] = []
    for position, remedy in enumerate(remedies):
        lines += page.labelled("way out" if position == 0 else "", remedy_words(remedy))
    return lines


def _attempts(result: CheckResult, rule: Rule, page: Page) -> list[str]:
    """Return the commands that try the passes that cure a rule."""
    lines: list[str] = []
    for cure in cures_of(rule.id):
        lines += page.labelled("" if lines else "try", f"npufit fit MODEL -t {result.target} {cure.fit_options}")
    return lines


def _off_npu(result: CheckResult, unit: Unit, title: str, page: Page, everything: bool) -> list[str]:
    placed = result.on(unit)
    if not placed:
        return []
    lines = _title(page, f"{title}: {formatting.plural(len(placed), 'operator')}")
    for rule, group in group_by_rule(placed):
        lines += ["", *_group(result, rule, group, page, everything)]
    return lines


def _group(
    result: CheckResult, rule: Rule | None, group: list[OperatorPlacement], page: Page, everything: bool
) -> list[str]:
    name = rule.id if rule else "no reason given"
    lines = [f"  {page.ink('cyan', name)}  {formatting.plural(len(group), 'operator')}"]
    if rule is None:
        lines += _found_rows(result, group, page, everything)
        return lines
    lines += page.wrap(rule.statement, "    ")
    limits = list(dict.fromkeys(placed.finding.limit for placed in group if placed.finding))
    for limit in limits[: None if everything else 3]:
        lines += page.labelled("limit", formatting.printable(limit))
    lines += _found_rows(result, group, page, everything)
    remedies = _common_remedies(group)
    lines += _remedies(remedies, page)
    lines += _attempts(result, rule, page)
    finding = group[0].finding
    if finding is not None:
        lines += page.labelled("known", f"{finding.evidence}: {finding.source}")
    return lines


def _common_remedies(group: Sequence[OperatorPlacement]) -> tuple[Remedy, ...]:
    """Return the remedies of a group; a version that helps only some of it says how many."""
    counts: dict[Remedy, int] = {}
    for placed in group:
        for remedy in placed.finding.remedies if placed.finding else ():
            counts[remedy] = counts.get(remedy, 0) + 1
    remedies: list[Remedy] = []
    for remedy, count in sorted(counts.items(), key=lambda item: item[0].kind is not RemedyKind.VERSION):
        partly = remedy.kind is RemedyKind.VERSION and count < len(group)
        text = f"{remedy.text} ({count} of {len(group)})" if partly else remedy.text
        remedies.append(Remedy(remedy.kind, text, remedy.target))
    return tuple(remedies)


def _found_rows(result: CheckResult, group: Sequence[OperatorPlacement], page: Page, everything: bool) -> list[str]:
    """Return the values found, with operators of the same value on one row."""
    by_value: dict[tuple[str, str], list[OperatorPlacement]] = {}
    for placed in group:
        found = placed.finding.found if placed.finding else placed.note
        by_value.setdefault((result.operator(placed).name, found), []).append(placed)
    lines: list[str] = []
    rows = list(by_value.items())
    shown = rows if everything else rows[:_ROWS]
    for position, ((kind, found), members) in enumerate(shown):
        label = "found" if position == 0 else ""
        value = "" if found == kind or found.endswith(kind) else f": {_shorten_names(found)}"
        if len(members) == 1:
            tensor = formatting.shorten(next(iter(result.output_names(members[0])), ""), 64)
            text = f"{members[0].id.index} {kind} '{tensor}'{value}"
        else:
            text = (
                f"{len(members)} {kind}{value}, operators {formatting.ranges([placed.id.index for placed in members])}"
            )
        lines += page.labelled(label, formatting.printable(text))
    if len(rows) > len(shown):
        hidden = sum(len(members) for _, members in rows[len(shown) :])
        lines += page.labelled("", f"… {formatting.plural(hidden, 'operator')} more (--all)")
    return lines


def _partitions(result: CheckResult, page: Page, everything: bool) -> list[str]:
    partitions = result.placement.partitions
    if not partitions:
        return []
    copied = formatting.size(result.summary.boundary_bytes)
    single = sum(len(partition.operators) == 1 for partition in partitions)
    lines = _title(page, f"Partitions: {len(partitions)}; {copied} cross their boundaries at every inference")
    if len(partitions) > 1:
        cuts = cutters(result)
        between = [f"{count} {name}" for name, count in cuts.most_common(5)]
        sentence = f"{single} of {len(partitions)} hold a single operator." if single else ""
        if between:
            sentence += f" Operators off the NPU between them: {', '.join(between)}."
        if sentence:
            lines += page.wrap(sentence.strip(), "  ")
    shown = sorted(partitions, key=lambda partition: -len(partition.operators))
    shown = sorted(shown if everything else shown[:_PARTITIONS], key=lambda partition: partition.index)
    times = time_section.partition_cells(result)
    rows = [["#", "operators", "NPU ms", "call, copies ms", "in", "out", "which"]]
    rows += [_partition_row(partition, times.get(partition.index, ("", ""))) for partition in shown]
    rows = rows if times else [row[:2] + row[4:] for row in rows]
    lines += ["  " + line for line in columns(rows, right=(0, 1, 2, 3) if times else (0, 1))]
    hidden = len(partitions) - len(shown)
    if hidden:
        lines.append(
            f"  … {hidden} more with {sum(len(p.operators) for p in partitions if p not in shown)} operators (--all)"
        )
    if everything:
        lines += _boundary_tensors(result, partitions, page)
    return lines


def _partition_row(partition: Partition, times: tuple[str, str]) -> list[str]:
    return [
        str(partition.index),
        str(len(partition.operators)),
        *times,
        f"{formatting.plural(len(partition.inputs), 'tensor')}, {formatting.size(partition.traffic.input_bytes)}",
        f"{formatting.plural(len(partition.outputs), 'tensor')}, {formatting.size(partition.traffic.output_bytes)}",
        formatting.ranges(partition.operators, 6),
    ]


def _boundary_tensors(result: CheckResult, partitions: Sequence[Partition], page: Page) -> list[str]:
    lines: list[str] = []
    for partition in partitions:
        tensors = result.model.subgraphs[partition.subgraph].tensors
        for way, indices in (("in", partition.inputs), ("out", partition.outputs)):
            for index in indices:
                tensor = tensors[index]
                name = formatting.shorten(tensor.name, 64)
                shape = "x".join(map(str, tensor.shape or ())) or "scalar"
                lines += page.labelled(f"{partition.index} {way}", f"'{name}' {shape} {tensor.element}")
    return lines


def _operators(result: CheckResult, page: Page) -> list[str]:
    lines = _title(page, "Operators")
    times = time_section.operator_cells(result)
    rows = [
        [
            *("index", "type", "unit", "partition", "MACs", "ms", "CPU ms", "bound by"),
            *("evidence", "output", "why not"),
        ]
    ]
    several = len(result.model.subgraphs) > 1
    for placed in result.placement.operators:
        macs = result.macs[placed.id]
        rows.append(
            [
                f"{placed.id.subgraph}:{placed.id.index}" if several else str(placed.id.index),
                formatting.shorten(result.operator(placed).name, 30),
                placed.unit.value,
                "" if placed.partition is None else str(placed.partition),
                macs_cell(macs),
                *times.get(placed.id, ("", "", "")),
                placed.evidence.value,
                formatting.shorten(next(iter(result.output_names(placed)), ""), 40),
                placed.finding.rule.id if placed.finding else formatting.printable(placed.note),
            ]
        )
    table = columns(rows, right=(0, 3, 4, 5, 6))
    return [*lines, "  " + page.ink("dim", table[0]), *("  " + line for line in table[1:])]


def _settings(result: CheckResult, page: Page) -> list[str]:
    settings = result.placement.settings + (result.estimate.settings if result.estimate is not None else ())
    if not settings:
        return []
    text = ", ".join(f"{setting.name} {setting.value} ({setting.origin})" for setting in settings)
    return ["", *(page.ink("dim", line) for line in page.wrap(f"Settings: {formatting.printable(text)}", hanging="  "))]


def _notes(result: CheckResult, page: Page) -> list[str]:
    if not result.placement.notes:
        return []
    lines = _title(page, "Worth knowing")
    for note in result.placement.notes:
        text = f"{formatting.printable(note.text)} [{note.evidence}: {formatting.printable(note.source)}]"
        lines += page.wrap(text, "  - ", "    ")
    return lines
