"""What a fit did, for people: the answer, before and after, every pass, the proof, what remains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields

from npufit.checking import CheckResult
from npufit.cutting import SavedFit
from npufit.execution import GOLDEN, OutputDifference, describe
from npufit.fitting import FitResult, option_text, pass_text
from npufit.fitting.search import PassOutcome, PassVerdict
from npufit.formatting import milliseconds, percent, plural, printable, quantity, ranges, shorten, size
from npufit.report import predicted_time
from npufit.report.findings import group_by_rule, remedy_words
from npufit.report.hazards import hazard_cell
from npufit.report.model_line import describe_model
from npufit.report.terminal_page import Page, columns
from npufit.rewrite import Pass
from npufit.stacks import OperatorPlacement, Rule, Unit

_SITES = 3
_OUTPUTS = 8
_GROUPS = 6
_NAME_WIDTH = 44
_STYLES = {PassOutcome.TAKEN: "green", PassOutcome.OFFERED: "green", PassOutcome.FAILED: "red"}


def fit_text(fit: FitResult, saved: SavedFit, page: Page, *, everything: bool = False) -> str:
    """Return the report on a fit: the answer first, before and after, the passes, what remains off the NPU."""
    is_bad = bool(fit.failures) or (saved.cut is not None and saved.cut.has_failed)
    lines = [page.ink("red" if is_bad else "bold", line) for line in page.wrap(headline(fit), hanging="  ")]
    lines.append(page.ink("dim", describe_model(fit.original.model)))
    if fit.steps:
        lines += _before_and_after(fit, saved, page)
    lines += _passes(fit, page, everything)
    lines += _proof(fit, page)
    if not fit.is_survey:
        lines += _remaining(fit.result, page, everything)
    lines += _parts(saved, page)
    return "\n".join([*lines, *_files(saved, page)])


def headline(fit: FitResult) -> str:
    """Return the answer in one line: what runs where now and before, and whether the answer is the same."""
    before, after = fit.original, fit.result
    failed = f"; {', '.join(verdict.pass_.name for verdict in fit.failures)} FAILED" if fit.failures else ""
    if fit.is_survey:
        offered = sum(verdict.outcome is PassOutcome.OFFERED for verdict in fit.verdicts)
        return f"{after.name}: {offered} of {plural(len(fit.verdicts), 'pass')[:-1]}es apply; {_now(after)}{failed}"
    if not fit.steps:
        start = "already fits" if fit.is_complete else "no pass makes it fit better"
        return f"{after.name}: {start}: {_now(after)}{failed}"
    parts = [f"{_where(after)} (was {_where_short(before)})"]
    if before.summary.hazards or after.summary.hazards:
        parts.append(f"{_hazards(after)} ({_had(before)})")
    times = _time(before), _time(after)
    if all(times):
        parts.append(f"predicted {times[1]} ({_was(times)})")
    return f"{after.name}: {', '.join(parts)}, {answer_words(fit)}{failed}"


def answer_words(fit: FitResult) -> str:
    """Return whether the answer is the same, and how that is known."""
    proof = fit.proof
    if proof is None:
        return "the answer was not proven"
    count = plural(proof.inputs, "input")
    if proof.left_out:
        count = f"{count}, without {plural(len(proof.left_out), 'operator')} that cannot be executed"
    if not proof.total:
        return f"the answer is the same (proven on {count})"
    if all(entry.is_equal for entry in proof.total):
        return f"the answer is the same on {count}, although a pass is approximate"
    worst = min(proof.total, key=lambda entry: entry.cosine)
    usual = plural(proof.inputs - proof.extremes, "sample" if fit.from_samples else "random input")
    agrees = f", top 1 agrees on {percent(worst.top_1)}" if worst.top_1 is not None else ""
    return f"the answer differs by up to {_amount(worst)} (cosine {worst.cosine:.4f}{agrees}, {usual})"


def _was(times: tuple[str, str]) -> str:
    return "as before" if times[0] == times[1] else f"was {times[0]}"


def _now(result: CheckResult) -> str:
    times = _time(result)
    return f"{_where(result)}, {_hazards(result)}{f', predicted {times}' if times else ''}"


def _where(result: CheckResult) -> str:
    summary = result.summary
    unknown = f", {summary.unknown} unknown" if summary.unknown else ""
    within = f" in {plural(summary.partitions, 'partition')}" if summary.partitions else ""
    return f"{summary.npu} of {plural(summary.operators, 'operator')} on the NPU{within}{unknown}"


def _where_short(result: CheckResult) -> str:
    summary = result.summary
    unknown = f", {summary.unknown} unknown" if summary.unknown else ""
    return f"{summary.npu} of {summary.operators}{f' in {summary.partitions}' if summary.partitions else ''}{unknown}"


def _hazards(result: CheckResult) -> str:
    count, crashes = result.summary.hazards, _crashes(result)
    if not count:
        return "no hazard"
    return f"{plural(count, 'hazard')} ({crashes})" if crashes else plural(count, "hazard")


def _had(result: CheckResult) -> str:
    count, crashes = result.summary.hazards, _crashes(result)
    had = f"was {count}" if count == 1 else f"were {count or 'none'}"
    return f"{had}, {crashes}" if crashes else had


def _crashes(result: CheckResult) -> str:
    """Return which of the hazards are crashes, such as `1 of them a crash`; empty if there are none."""
    count, crashes = result.summary.hazards, result.summary.crashes
    if not crashes:
        return ""
    if crashes == count:
        return "a crash" if count == 1 else "all crashes"
    return f"{crashes} of them {'a crash' if crashes == 1 else 'crashes'}"


def _time(result: CheckResult) -> str:
    estimate = result.estimate
    if estimate is None:
        return ""
    if estimate.total_ms is not None:
        return milliseconds(estimate.total_ms)
    if estimate.low_ms is None or estimate.high_ms is None:
        return ""
    return f"{predicted_time.span(estimate.low_ms, estimate.high_ms)} ms"


def _before_and_after(fit: FitResult, saved: SavedFit, page: Page) -> list[str]:
    rows = [["", "before", "after"]]
    for label, before, after in _table(fit, saved.sizes):
        rows.append([label, before, after])
    lines = columns(rows, right=(1, 2))
    return ["", page.ink("bold", lines[0]), *lines[1:]]


def _table(fit: FitResult, sizes: tuple[int, int]) -> list[tuple[str, str, str]]:
    def row(label: str, both: tuple[str, str]) -> tuple[str, str, str]:
        return label, *both

    results = fit.original, fit.result
    old, new = (result.summary for result in results)
    rows = [
        row("operators on the NPU", (f"{old.npu} of {old.operators}", f"{new.npu} of {new.operators}")),
        row("MACs on the NPU", (_share(old.npu_macs_share), _share(new.npu_macs_share))),
        row("MACs", (quantity(old.macs).strip(), quantity(new.macs).strip())),
        row("partitions", (str(old.partitions), str(new.partitions))),
        row("copied per inference", (size(old.boundary_bytes), size(new.boundary_bytes))),
        row("hazards", (_hazard_cell(results[0]), _hazard_cell(results[1]))),
    ]
    if old.unknown or new.unknown:
        rows.insert(1, row("unknown", (str(old.unknown), str(new.unknown))))
    times = _time(results[0]), _time(results[1])
    if any(times):
        rows.append(row("predicted time", (times[0] or "-", times[1] or "-")))
    return [*rows, row("file", (size(sizes[0]), size(sizes[1])))]


def _share(share: float | None) -> str:
    return "-" if share is None else percent(share)


def _hazard_cell(result: CheckResult) -> str:
    return hazard_cell(result.placement.hazards)


def _passes(fit: FitResult, page: Page, everything: bool) -> list[str]:
    """Return a line per pass; passes that were left out for the same reason share one."""
    lines = ["", page.ink("bold", "Passes")]
    alike: dict[tuple[PassOutcome, str], list[PassVerdict]] = {}
    for verdict in fit.verdicts:
        if verdict.outcome in _STYLES:
            lines += _verdict(fit, verdict, page, everything)
        else:
            alike.setdefault((verdict.outcome, verdict.why), []).append(verdict)
    for (outcome, why), verdicts in alike.items():
        names = ", ".join(printable(pass_text(verdict.pass_)) for verdict in verdicts)
        lines += page.wrap(f"{names}: {outcome}: {printable(why)}", "  ", "    ")
    return lines


def _verdict(fit: FitResult, verdict: PassVerdict, page: Page, everything: bool) -> list[str]:
    name = printable(pass_text(verdict.pass_))
    where = f" ({plural(len(verdict.sites), 'place')})" if verdict.sites else ""
    kind = f", {verdict.pass_.exactness}" if fit.is_survey or verdict.pass_.exactness != "exact" else ""
    text = page.wrap(f"{name}{kind}: {verdict.outcome}: {printable(verdict.why)}{where}", "  ", "    ")
    lines = [page.ink(_STYLES[verdict.outcome], line) for line in text]
    shown = verdict.sites if everything else verdict.sites[: _SITES if fit.is_survey else 0]
    for site in shown:
        lines += page.wrap(f"{ranges(site.operators, 6)}: {shorten(site.what, 300)}", "      ", "        ")
    if fit.is_survey and len(shown) < len(verdict.sites):
        lines.append(page.ink("dim", f"      … {len(verdict.sites) - len(shown)} more (--all)"))
    notes = verdict.notes if everything else verdict.notes[:_SITES]
    for note in notes:
        lines += page.wrap(f"note: {shorten(note, 300)}", "      ", "        ")
    if len(notes) < len(verdict.notes):
        lines.append(page.ink("dim", f"      … {plural(len(verdict.notes) - len(notes), 'note')} more (--all)"))
    return lines


def _proof(fit: FitResult, page: Page) -> list[str]:
    proof = fit.proof
    if proof is None:
        return []
    usual = plural(proof.inputs - proof.extremes, "sample" if fit.from_samples else "random input")
    extremes = plural(proof.extremes, "extreme")
    refused = f"; the original refuses {proof.refused} more" if proof.refused else ""
    if not proof.total:
        said = "every output is the same, byte for byte"
    else:
        over = "samples" if fit.from_samples else "random inputs"
        kept = "exact passes keep every byte; " if any(step.is_exact for step in fit.steps) else ""
        said = f"{kept}changes by approximate passes, over all {over}"
    lines = ["", page.ink("bold", "Proof")]
    lines += page.wrap(f"{GOLDEN}, {usual} and {extremes}{refused}: {said}.", "  ")
    if proof.left_out:
        text = f"Not executed and not proven: {describe(proof.left_out)}. Their inputs are the same; later operators"
        lines += page.wrap(f"{text} ran on made-up values instead of their outputs.", "  ")
    for entry in proof.steps:
        lines += _difference_table(f"{pass_text(fit.steps[entry.step].pass_)} alone", entry.outputs, page)
    if len(proof.steps) > 1 or len(fit.steps) > len(proof.steps) > 0:
        lines += _difference_table("all together", proof.total, page)
    simulation = proof.simulation
    if simulation is not None:
        what = f"Simulator of the NPU, {simulation.input_name}"
        if not simulation.difference:
            result = f"{plural(simulation.tensors, 'tensor')} of the compiled result match {GOLDEN}."
        else:
            blame = "; the original also differs, so the passes are not at fault" if simulation.was_different else ""
            result = f"{simulation.difference}{blame}."
        lines += page.wrap(f"{what}: {result}", "  ")
    return lines


def _difference_table(title: str, outputs: Sequence[OutputDifference], page: Page) -> list[str]:
    rows = [[title, "largest", "mean", "of up to", "cosine", "top 1"]]
    rows += [
        [
            shorten(entry.name, _NAME_WIDTH),
            _amount(entry),
            _small(entry.mean),
            _small(entry.spread),
            f"{entry.cosine:.5f}",
            "-" if entry.top_1 is None else percent(entry.top_1),
        ]
        for entry in outputs[:_OUTPUTS]
    ]
    lines = ["  " + line for line in columns(rows, right=(1, 2, 3, 4, 5))]
    if len(outputs) > _OUTPUTS:
        lines.append(f"  … {len(outputs) - _OUTPUTS} more outputs (--json)")
    return [page.ink("dim", lines[0]), *lines[1:]]


def _amount(entry: OutputDifference) -> str:
    steps = f" ({plural(round(entry.largest_steps), 'step')})" if entry.largest_steps is not None else ""
    return f"{_small(entry.largest)}{steps}"


def _small(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "shape or type"


def _remaining(result: CheckResult, page: Page, everything: bool) -> list[str]:
    """Return what is off the NPU, and what may be wrong on it, each with its way out."""
    left = [placed for placed in result.placement.operators if placed.unit is not Unit.NPU]
    hazards: dict[str, list[str]] = {}
    for hazard in result.placement.hazards:
        name = result.model.operator(hazard.culprit).name
        hazards.setdefault(hazard.rule.id, []).append(f"{hazard.operators[0]} {shorten(name, 40)}")
    lines: list[str] = []
    if hazards:
        lines += ["", page.ink("bold", f"Remaining hazards: {result.summary.hazards}")]
        for rule, names in hazards.items():
            text = next(found.rule.statement for found in result.placement.hazards if found.rule.id == rule)
            lines += page.wrap(f"{rule}  {text} Here: {_few(names)}.", "  ", "    ")
    if not left:
        return lines
    groups = group_by_rule(left)
    lines += ["", page.ink("bold", f"Not on the NPU: {plural(len(left), 'operator')}")]
    for rule, group in groups if everything else groups[:_GROUPS]:
        lines += _group(result, rule, group, page, everything)
    hidden = groups[_GROUPS:]
    if hidden and not everything:
        count = plural(sum(len(group) for _, group in hidden), "operator")
        lines.append(page.ink("dim", f"  … {count} more for {plural(len(hidden), 'other reason')} (--all)"))
    return lines


def _group(
    result: CheckResult, rule: Rule | None, group: Sequence[OperatorPlacement], page: Page, everything: bool
) -> list[str]:
    stories: dict[tuple[str, str], list[int]] = {}
    for placed in group:
        found = placed.finding.found if placed.finding is not None else placed.note
        stories.setdefault((result.operator(placed).name, found), []).append(placed.id.index)
    title = rule.id if rule is not None else "no reason given"
    lines = page.wrap(f"{title}  {rule.statement if rule is not None else ''}", "  ", "    ")
    rows = list(stories.items())
    for (name, found), indices in rows if everything else rows[:_GROUPS]:
        which = f"{ranges(indices, 6)} {shorten(name, 40)}"
        lines += page.wrap(f"{which}{f': {shorten(found)}' if found and found != name else ''}", "      ", "        ")
    if len(rows) > _GROUPS and not everything:
        hidden = sum(len(indices) for _, indices in rows[_GROUPS:])
        lines.append(page.ink("dim", f"      … {plural(hidden, 'operator')} more (--all)"))
    remedies = dict.fromkeys(
        remedy for placed in group for remedy in (placed.finding.remedies if placed.finding else ())
    )
    for remedy in list(remedies)[: None if everything else 2]:
        lines += page.wrap(f"way out: {remedy_words(remedy)}", "      ", "        ")
    return lines


def _few(names: Sequence[str], most: int = 6) -> str:
    more = f", … {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _parts(saved: SavedFit, page: Page) -> list[str]:
    if saved.cut is None:
        return []
    graph = saved.cut.model.main
    rows = [["file", "unit", "operators", "in", "out"]]
    for part in saved.cut.parts:
        sides = (sum(graph.tensors[index].size_bytes for index in group) for group in (part.inputs, part.outputs))
        cells = [
            f"{plural(len(group), 'tensor')}, {size(count)}"
            for group, count in zip((part.inputs, part.outputs), sides, strict=True)
        ]
        rows.append([part.file, part.unit.upper(), str(len(part.operators)), *cells])
    head, *lines = columns(rows, right=(2,))
    proof = saved.cut.proof
    said = ["Not proven: --no-prove."]
    if proof is not None:
        compared = f"Run in sequence in {GOLDEN} on {plural(proof.inputs, 'input')}"
        same = "every output equals that of the whole model, byte for byte"
        said = [f"{compared}: {proof.difference or same}."]
    return [
        "",
        page.ink("bold", f"Cut into {len(saved.cut.parts)} files"),
        page.ink("dim", f"  {head}"),
        *(f"  {line}" for line in lines),
        *(line for sentence in said for line in page.wrap(sentence, "  ")),
    ]


def _files(saved: SavedFit, page: Page) -> list[str]:
    if saved.output is None:
        said = [f"Nothing was written: {saved.why_not}."]
    else:
        said = [f"Written: {printable(str(saved.output))}"]
    if saved.recipe is not None:
        said.append(f"Recipe: {printable(str(saved.recipe))}")
    return ["", *(line for sentence in said for line in page.wrap(sentence, hanging="  "))]


def passes_text(passes: Sequence[type[Pass]], page: Page) -> str:
    """Return every pass with its exactness and its options, from its class."""
    lines: list[str] = []
    for pass_ in passes:
        lines += [] if not lines else [""]
        lines += page.wrap(f"{pass_.name} ({pass_.exactness}): {pass_.summary}", "", "  ")
        for field in fields(pass_):
            name = field.name.replace("_", "-")
            said = field.metadata.get("help", "")
            lines += page.wrap(f"{name}={option_text(field.default)}  {said}", "    ", "        ")
    lines += ["", *page.wrap("Written NAME or NAME:OPTION=VALUE,OPTION=VALUE with --only. cut is an option, --cut.")]
    return "\n".join(lines)
