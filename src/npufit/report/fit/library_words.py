"""What a real library answers before and after a fit, in words."""

from __future__ import annotations

from npufit.fitting import FitResult
from npufit.fitting.proof import LibraryAnswer
from npufit.formatting import plural, shorten
from npufit.graph import Model
from npufit.running import LibraryRun

_LONGEST_FAILURE = 400


def library_words(fit: FitResult) -> str:
    """Return what the real library answers before and after, for the first line; empty without one."""
    proof = fit.library
    if proof is None:
        return ""
    before = "no answer" if proof.before.failure else f"{_share(proof.before)} output values differ"
    if proof.after is None:
        return f"; on the real library: {before}"
    after = "NO ANSWER" if proof.after.failure else _share(proof.after)
    by_rounding = " (rounding)" if proof.after.only_rounds else ""
    return f"; on the real library: before {before}, after {after}{by_rounding}"


def library_sentences(fit: FitResult) -> list[str]:
    """Return which library answered, and a sentence for each model; nothing without one."""
    proof = fit.library
    if proof is None:
        return []
    library = proof.library
    found = [] if library is None else [f"{shorten(library.path.name)}{_version(library)} on a virtual {library.chip}."]
    if proof.after is None:
        return [*found, _answer_sentence(proof.before, fit.original.model)]
    before, after = _answer_sentence(proof.before, fit.original.model), _answer_sentence(proof.after, fit.model)
    return [*found, f"Before: {before}", f"After: {after}"]


def _version(library: LibraryRun) -> str:
    return f" (Mesa {library.version})" if library.version else ""


def _share(answer: LibraryAnswer) -> str:
    return f"{answer.differing} of {answer.values}"


def _answer_sentence(answer: LibraryAnswer, model: Model) -> str:
    if answer.failure:
        return shorten(answer.failure, _LONGEST_FAILURE)
    calls, inputs = plural(answer.partitions, "partition"), plural(answer.inputs, "input")
    if not answer.wrong:
        return f"right on {inputs}, {plural(answer.values, 'output value')} each; {calls}.{_caution(answer)}"
    worst = f"up to {_share(answer)} output values differ, by up to {answer.largest:.3g}"
    verdict = "differs by rounding" if answer.only_rounds else "wrong"
    return f"{verdict} on {answer.wrong} of {inputs}: {worst}{_parting(answer, model)}; {calls}.{_caution(answer)}"


def _caution(answer: LibraryAnswer) -> str:
    """Return a sentence about what the simulator's sanitizer found, empty if that was nothing."""
    if not answer.findings:
        return ""
    faults = plural(answer.findings, "fault")
    return f" The simulator found {faults} in the command streams, so a board may answer otherwise (npufit run)."


def _parting(answer: LibraryAnswer, model: Model) -> str:
    first = answer.parting
    if first is None:
        return ""
    tensor = model.main.tensors[first.tensor]
    by = f"{first.largest:.3g}" if tensor.element.is_float else plural(int(min(first.largest, 1e9)), "step")
    return f"; it parts at operator {first.operator} ({shorten(model.main.operators[first.operator].name, 40)}) by {by}"
