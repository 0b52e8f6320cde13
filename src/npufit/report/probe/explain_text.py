"""Why a converter leaves operators on the CPU, for people: what is left, what is ruled out, what to try next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from npufit.formatting import plural, printable
from npufit.report.probe.explain_document import (
    ExpectationEntry,
    ExperimentEntry,
    ExplainDocument,
    HypothesisEntry,
    ObservationEntry,
)
from npufit.report.terminal_page import Page, columns
from npufit.stacks.neutron.hypotheses import Standing

_MOST_EXPERIMENTS = 3
_NAME_WIDTH = 15
_SINGLE = frozenset({"tensor-bytes", "io-bytes", "line", "weights", "divisibility"})
"""The hypotheses on single operators."""


def explain_text(document: ExplainDocument, page: Page, *, everything: bool = False) -> str:
    """Return an explanation; `everything` adds support, objections, numbers, all experiments and commands."""
    parts = (
        [_ruled_out_in_full, _open_in_full, _experiments_in_full, _uncounted]
        if everything
        else [
            _ruled_out,
            _open,
            _experiments,
        ]
    )
    return "\n".join(
        [
            *(page.ink("bold", line) for line in page.wrap(explain_headline(document), hanging="  ")),
            *_observations(document, page),
            *_done(document, page),
            *(line for part in parts for line in part(document, page) if everything or not document.complete),
            *_how_to_go_on(document, page, everything=everything),
        ]
    )


def explain_headline(document: ExplainDocument) -> str:
    """Return the answer in a sentence or two."""
    subject = f"{document.target}, {printable(document.model)}"
    agreeing = [entry for entry in document.hypotheses if entry.standing is Standing.AGREES]
    if document.done and document.done[0].failure:
        return (
            f"{subject}: the converter has no answer for this model, so there is nothing to explain. `npufit probe "
            "--shrink MODEL` finds the smallest model that fails"
        )
    if not document.observations:
        return f"{subject}: nothing was seen of this release, so no hypothesis is ruled out{_next(document)}"
    if document.complete:
        return f"{subject}: converted as a whole: there is nothing to explain at this size"
    if not agreeing:
        return (
            f"{subject}: none of the hypotheses that predict a placement agrees with what was seen. The operators that "
            "stayed on the CPU may be refused as such: convert each alone"
        )
    if not document.operators:
        return (
            f"{subject}: no hypothesis says anything about this model: none of its operators is of a type and number "
            "format that the NPU is known to take. `npufit check` says why"
        )
    predictions = [entry.prediction for entry in agreeing if entry.prediction is not None]
    if predictions and all(entry.fewest == document.operators for entry in predictions):
        return f"{subject}: no hypothesis that is left expects operators to be lost{_next(document)}"
    ruled_out = "no limit on single operators explains the refusals; " if {*document.ruled_out} >= _SINGLE else ""
    other_release = next((entry for entry in agreeing if entry.name == "N7"), None)
    if other_release is not None:
        return f"{subject}: {other_release.reason}. Way out: {other_release.remedy and other_release.remedy.text}"
    if len(agreeing) == 1:
        (only,) = agreeing
        way_out = only.remedy and (only.remedy.command or only.remedy.text)
        return f"{subject}: {ruled_out}only {only.name} agrees, {only.title}. Way out: {way_out}"
    return f"{subject}: {ruled_out}{names(document.open)} are left{_next(document)}"


def _next(document: ExplainDocument) -> str:
    return f". Next: {document.next[0].action}" if document.next else ""


def names(hypotheses: Sequence[str]) -> str:
    """Return names of hypotheses, runs such as N1 to N5 as one."""
    numbers = [int(name[1:]) for name in hypotheses if name[0] == "N" and name[1:].isdigit()]
    words = [name for name in hypotheses if not (name[0] == "N" and name[1:].isdigit())]
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    for run in runs:
        words += [f"N{run[0]} to N{run[-1]}"] if len(run) > 2 else [f"N{number}" for number in run]
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def _observations(document: ExplainDocument, page: Page) -> list[str]:
    own = {seen for done in document.done for seen in done.seen}
    lines = [_observation(entry) for entry in document.observations if entry not in own]
    return [line for text in lines for line in page.wrap(f"Seen: {text}", hanging="  ")]


def _observation(entry: ObservationEntry) -> str:
    return f"{printable(entry.network)}, {entry.release}: {entry.what} [{entry.evidence}: {printable(entry.source)}]"


def _done(document: ExplainDocument, page: Page) -> list[str]:
    if not document.done:
        return []
    lines = ["", page.ink("bold", f"Done ({plural(len(document.done), 'experiment')})")]
    for done in document.done:
        seen = "; ".join(f"{printable(entry.network)}, {entry.release}: {entry.what}" for entry in done.seen)
        failed = f"no answer: {printable(done.failure)}" if done.failure else ""
        ruled_out = f" → rules out {names(done.ruled_out)}" if done.ruled_out else ""
        lines += page.wrap(f"{'; '.join(filter(None, (seen, failed)))}{ruled_out}", "  ", "    ")
    return lines


def _ruled_out(document: ExplainDocument, page: Page) -> list[str]:
    found = [entry for entry in document.hypotheses if entry.name in document.ruled_out]
    lines = ["", page.ink("bold", f"Ruled out ({len(found)})")] if found else []
    for entry in found:
        lines += page.wrap(f"{entry.title}: {_short_reason(entry)}", "  ", "    ")
    return lines


def _ruled_out_in_full(document: ExplainDocument, page: Page) -> list[str]:
    found = [entry for entry in document.hypotheses if entry.name in document.ruled_out]
    lines = ["", page.ink("bold", f"Ruled out ({len(found)})")] if found else []
    for entry in found:
        lines += _labelled(entry.name, entry.statement, page)
        lines += [line for text in _reasons(entry) for line in _labelled("", text, page)]
    return lines


def _short_reason(entry: HypothesisEntry) -> str:
    closest = entry.ruled_out_by
    if closest is None:
        return entry.reason
    largest = next(
        (f"; above the largest converted, {it.largest_converted:,}: {it.above}" for it in entry.figures if it.above), ""
    )
    return f"{closest.text}{largest}"


def _reasons(entry: HypothesisEntry) -> Iterable[str]:
    for figure in entry.figures:
        yield (
            f"{figure.quantity}: at most {figure.largest_converted:,} in {printable(figure.converted_in)}; above that "
            f"in {printable(figure.above_in)}: {plural(figure.above, 'operator')}"
        )
    if entry.ruled_out_by is not None:
        closest = entry.ruled_out_by
        yield f"closest is {closest.parameters}: in {printable(closest.observation)} {closest.text}"
    if entry.reason:
        yield entry.reason


def _open(document: ExplainDocument, page: Page) -> list[str]:
    found = [entry for entry in document.hypotheses if entry.name in document.open]
    rows = [
        ("", "", "converts here", "would help"),
        *((entry.name, entry.title, _prediction(entry, document.operators), _pass(entry)) for entry in found),
    ]
    heading, *lines = columns(rows)
    title = f"Open ({len(found)})"
    return ["", page.ink("bold", title) + f"  {heading}"[len(title) :], *(f"  {line}" for line in lines)]


def _pass(entry: HypothesisEntry) -> str:
    if entry.remedy is None or not entry.remedy.command:
        return ""
    return f"fit --{entry.remedy.command.partition(' --')[2].partition(':')[0]}"


def _open_in_full(document: ExplainDocument, page: Page) -> list[str]:
    found = [entry for entry in document.hypotheses if entry.name in document.open]
    lines = ["", page.ink("bold", f"Open ({len(found)}), with what each predicts for this model")]
    for entry in found:
        lines += _labelled(entry.name, f"{entry.statement} [{_prediction(entry, document.operators)}]", page)
        parts = [("for", entry.support), ("against", entry.objection)]
        if entry.examples:
            parts.append(("agrees if", " … ".join(entry.examples)))
        if entry.reason:
            parts.append((entry.standing, entry.reason))
        if entry.remedy is not None:
            parts.append(("would help", " ".join(filter(None, (f"{entry.remedy.text}.", entry.remedy.command)))))
        for label, text in parts:
            lines += _labelled("", f"{label}: {text}", page)
    return lines


def _prediction(entry: HypothesisEntry, operators: int) -> str:
    if entry.prediction is None or not operators:
        return str(entry.standing) if entry.prediction is None else "nothing"
    return _range(entry.prediction.fewest, entry.prediction.most, operators)


def _range(fewest: int, most: int, operators: int) -> str:
    if fewest == most:
        return f"all {operators}" if fewest == operators else f"{fewest} of {operators}"
    return f"{fewest} to {most} of {operators}"


def _experiments(document: ExplainDocument, page: Page) -> list[str]:
    lines = _numbered(document.next[:_MOST_EXPERIMENTS], page)
    rest = ", ".join(str(entry.kind) for entry in document.next[_MOST_EXPERIMENTS:])
    return [*lines, *page.wrap(f"then {rest}: -v", "  ", "     ")] if rest else lines


def _experiments_in_full(document: ExplainDocument, page: Page) -> list[str]:
    return _numbered(document.next, page)


def _numbered(experiments: Sequence[ExperimentEntry], page: Page) -> list[str]:
    lines = ["", page.ink("bold", "Experiments that tell them apart, in this order")] if experiments else []
    for number, entry in enumerate(experiments, 1):
        lines += page.wrap(f"{number}. {_capital(entry.action)}. {expected(entry)}", "  ", "     ")
    return lines


def expected(entry: ExperimentEntry) -> str:
    """Return what the hypotheses predict of an experiment, equal predictions together."""
    groups: dict[str, list[str]] = {}
    for expectation in entry.expectations:
        groups.setdefault(_expected_words(expectation, entry.operators), []).append(expectation.hypothesis)
    counts = "" if any(it.differs is not None for it in entry.expectations) else f" of {entry.operators}"
    return "; ".join(f"{names(hypotheses)}: {words}" for words, hypotheses in groups.items()) + f"{counts}."


def _expected_words(expectation: ExpectationEntry, operators: int) -> str:
    if expectation.differs is not None:
        return "more is converted" if expectation.differs else "no change"
    if expectation.fewest == expectation.most:
        return "all" if expectation.most == operators else str(expectation.most)
    return f"{expectation.fewest} to {expectation.most}"


def _uncounted(document: ExplainDocument, page: Page) -> list[str]:
    if not document.uncounted:
        return []
    lines = ["", page.ink("bold", "Public observations that do not count here")]
    for entry in document.uncounted:
        lines += page.wrap(f"{entry.network}: {entry.what} ({entry.reason})", "  ", "    ")
    return lines


def _how_to_go_on(document: ExplainDocument, page: Page, *, everything: bool) -> list[str]:
    ways: list[str] = []
    if not document.converter:
        ways.append("Give a converter (--converter) to have the experiments done, or logs (--observed MODEL=LOG).")
    if not everything:
        ways.append("-v: reasons, numbers, commands.")
    return ["", *page.wrap(" ".join(ways))] if ways else []


def _labelled(label: str, text: str, page: Page) -> list[str]:
    return page.labelled(label, printable(text), "  ", _NAME_WIDTH)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
