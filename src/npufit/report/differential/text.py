"""A differential for people: whether rules and library agree, then only what does not."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.differing import ComparedModel, DifferentialResult, Disagreement, Kind
from npufit.formatting import plural, printable
from npufit.report.terminal_page import Page, columns

_TITLES = {
    Kind.CRASH: "Crashes and failures that no rule predicts",
    Kind.ANSWER: "Wrong answers that no rule predicts",
    Kind.PLACEMENT: "Operators placed otherwise",
    Kind.PARTITIONS: "Other numbers of partitions",
    Kind.UNSEEN: "Certain crashes and failures that did not happen",
}
_MOST_MODELS = 3
_MOST_LISTED = 5


def differential_text(result: DifferentialResult, page: Page, *, everything: bool = False) -> str:
    """Return what a differential found; `everything` names every model of a disagreement."""
    style = "bold" if result.agrees else "red"
    lines = [page.ink(style, line) for line in page.wrap(_verdict(result), hanging="  ")]
    lines += [page.ink("dim", line) for line in page.wrap(_scope(result), hanging="  ")]
    lines += _answers(result, page)
    for kind, title in _TITLES.items():
        lines += _section(title, [found for found in result.disagreements if found.kind is kind], page, everything)
    lines += _models("LiteRT itself refuses", result.refused_by_litert, page, everything)
    lines += _models("Not compared", result.failed, page, everything)
    return "\n".join(lines)


def _verdict(result: DifferentialResult) -> str:
    outcomes = [outcome for _, outcome in result.compared]
    count = len(outcomes)
    agreeing = sum(outcome.agrees for outcome in outcomes)
    operators = sum(outcome.operators for outcome in outcomes)
    otherwise = sum(len(outcome.otherwise) for outcome in outcomes)
    ended = [outcome for outcome in outcomes if outcome.ended]
    unpredicted = sum(not outcome.end_was_predicted for outcome in ended)
    wrong = sum(outcome.differs_unpredicted for outcome in outcomes)
    agreement = f"agree on all {count}" if agreeing == count else f"agree on {agreeing} of {count}"
    ends = f"{len(ended)} crashed or failed, {unpredicted} of them unpredicted" if ended else "no crash"
    return (
        f"{result.target}: the rules and {result.library} {agreement} models: {otherwise} of {operators} operators "
        f"placed otherwise; {ends}; {plural(wrong, 'wrong answer')} without a hazard"
    )


def _scope(result: DifferentialResult) -> str:
    parts = [f"{plural(len(result.models), 'model')} in {result.folder}"]
    if result.refused_by_litert:
        parts.append(f"LiteRT refuses {len(result.refused_by_litert)}")
    if result.failed:
        parts.append(f"{len(result.failed)} not compared")
    refusals = sum(bool(outcome.kernel_refusals) for _, outcome in result.compared)
    if result.kernel is not None:
        parts.append(f"Linux {result.kernel} refuses streams of {plural(refusals, 'model')}")
    kept = sum(model.kept for model in result.models)
    parts.append(f"{result.seconds:.0f} s{f', {kept} kept from before' if kept else ''}")
    return "; ".join(parts)


def _answers(result: DifferentialResult, page: Page) -> list[str]:
    cells = {
        (hazard, differs): result.answers(hazard=hazard, differs=differs)
        for hazard in (False, True)
        for differs in (False, True)
    }
    without = [outcome for _, outcome in result.compared if outcome.outputs is None and not outcome.ended]
    if not any(cells.values()):
        why = without[0].not_run if without else ""
        return ["", *page.wrap(f"No answers{f': {printable(why)}' if why else ''}.")]
    rows = [
        ["answers against the reference kernels", "equal", "differ"],
        ["no hazard is predicted", str(cells[False, False]), str(cells[False, True])],
        ["a hazard is predicted", str(cells[True, False]), str(cells[True, True])],
    ]
    lines = ["", *columns(rows, right=(1, 2))]
    if without:
        lines += page.wrap(f"{len(without)} more had nothing to run.")
    return lines


def _section(title: str, found: Sequence[Disagreement], page: Page, everything: bool) -> list[str]:
    if not found:
        return []
    lines = ["", page.ink("bold", f"{title} ({sum(entry.count for entry in found)})")]
    shown = found if everything else found[:_MOST_LISTED]
    for entry in shown:
        lines += page.wrap(f"{entry.count} {printable(entry.what)}", "  ", "    ")
        lines += page.wrap(_names(entry.models, everything), "    ", "    ")
    if len(found) > len(shown):
        lines.append(f"  … {len(found) - len(shown)} more: --all")
    return lines


def _names(models: Sequence[str], everything: bool) -> str:
    shown = models if everything else models[:_MOST_MODELS]
    more = f" and {len(models) - len(shown)} more" if len(models) > len(shown) else ""
    return f"in {', '.join(shown)}{more}"


def _models(title: str, found: Sequence[ComparedModel], page: Page, everything: bool) -> list[str]:
    if not found:
        return []
    lines = ["", page.ink("bold", f"{title} ({len(found)})")]
    for model in found if everything else found[:_MOST_LISTED]:
        why = model.failure or (model.outcome.refused_by_litert if model.outcome is not None else "")
        lines += page.wrap(f"{model.path}: {printable(why)}", "  ", "    ")
    if not everything and len(found) > _MOST_LISTED:
        lines.append(f"  … {len(found) - _MOST_LISTED} more: --all")
    return lines
