"""shrink: the smallest model on which a converter still fails, ready for a bug report."""

from __future__ import annotations

import time
from dataclasses import replace

from npufit.errors import InputError
from npufit.formatting import plural
from npufit.graph import Model
from npufit.loading import ModelSource, load
from npufit.probing.asking import Answer, Converter, Desk, End, Subject, Unanswered, choose_converter
from npufit.probing.options import ProbeOptions
from npufit.probing.shrinking.hunt import Hunt, SpentError, is_loaded
from npufit.probing.shrinking.making_smaller import make_smaller
from npufit.probing.shrinking.result import ShrinkOptions, ShrinkResult, Step, count_values
from npufit.probing.shrinking.symptom import Find, Symptom, symptom_of
from npufit.probing.shrinking.wrong_outputs import WrongOutputs
from npufit.stacks import Unit

_HANG_S = 60.0
"""A part of a network on which a converter hangs is not waited for as long as for all of it."""
_NOT_RUN = "What it makes cannot be executed here, so whether its answers are wrong is unknown"


def shrink(model: ModelSource, subject: Subject, options: ShrinkOptions | None = None) -> ShrinkResult:
    """Return the smallest model found on which `subject` does what it does with `model`.

    It crashes, hangs, ends with an error, leaves an operator on the CPU, or its outputs are wrong. Fewer operators are
    tried first, then smaller sizes, then plainer details; every candidate is a valid model that LiteRT loads, if the
    original is. The same converter gives the same result. Raises InputError if it does nothing of that with `model`.
    """
    options = options or ShrinkOptions()
    original = load(model)
    converter, budget = choose_converter(subject, options.probe), options.probe
    with _desk(converter, budget) as desk:
        (answer,) = desk.ask_models([original])
    wrong = WrongOutputs(subject, options, original)
    symptom, message = _symptom(original, answer, options, wrong, converter.name)
    if symptom.find is Find.TIMEOUT:
        limit = min(budget.place.time_limit_s, _HANG_S)
        budget = replace(budget, place=replace(budget.place, time_limit_s=limit))
        converter = choose_converter(subject, budget)
    with _desk(converter, budget) as desk:
        hunt = Hunt(
            symptom,
            lambda candidate: desk.ask_models([candidate])[0],
            wrong.of,
            is_loaded(original),
            budget.questions,
            None if budget.minutes is None else time.monotonic() + 60 * budget.minutes,
            questions=1,
            message=message,
            progress=lambda questions: budget.progress(questions, budget.questions or 0, 0),
        )
        return _search(original, hunt, message, converter)


def _search(original: Model, hunt: Hunt, message: str, converter: Converter) -> ShrinkResult:
    """Return the smallest model that `hunt` gets to, also if its budget or the user ends it."""
    smallest, steps, ended_by = original, [Step("original", len(original.main.operators), count_values(original))], ""
    try:
        for words, candidate in make_smaller(original, hunt):
            smallest = candidate
            steps.append(Step(words, len(candidate.main.operators), count_values(candidate)))
    except SpentError as spent:
        ended_by = f"the budget of {spent}"
    except (Unanswered, KeyboardInterrupt):
        ended_by = "an interruption"
    return ShrinkResult(
        original,
        smallest,
        hunt.symptom,
        converter.name,
        converter.version,
        message,
        hunt.message,
        tuple(steps),
        hunt.questions,
        ended_by,
    )


def _desk(converter: Converter, options: ProbeOptions) -> Desk:
    return Desk(converter, replace(options, questions=None, minutes=None, progress=_unseen))


def _unseen(done: int, total: int, failed: int, /) -> None:
    """Show nothing: one question at a time is no progress."""


def _symptom(
    model: Model, answer: Answer, options: ShrinkOptions, wrong: WrongOutputs, name: str
) -> tuple[Symptom, str]:
    """Return what to look for in smaller models, and what was said of the original."""
    wanted = options.find
    found = None if wanted == Find.WRONG else symptom_of(model, answer, wanted)
    if found is not None:
        return found, answer.message
    may_be_wrong = answer.end is End.FINE and wanted in ("", Find.WRONG)
    if may_be_wrong and wrong.can_run():
        said = wrong.of(model)
        if said:
            return Symptom(Find.WRONG), said
    raise InputError(_nothing(model, answer, wanted, name, cannot_run=may_be_wrong and not wrong.can_run()))


def _nothing(model: Model, answer: Answer, wanted: str, name: str, *, cannot_run: bool) -> str:
    """Return why there is nothing to shrink, and what there is."""
    if answer.end is not End.FINE:
        return (
            f"{model.name}: {name} ends with {answer.end}, not {wanted}. Leave out --find, or use --find {answer.end}."
        )
    on_cpu = sum(unit is Unit.CPU for unit in answer.units)
    outputs = _NOT_RUN if cannot_run else "Its outputs equal those of the reference kernels"
    if not on_cpu:
        return f"{model.name}: {name} takes all of it: there is nothing to shrink. {outputs}."
    return (
        f"{model.name}: {name} takes it, with {plural(on_cpu, 'operator')} on the CPU. {outputs}. --find refused "
        "shrinks to the first of the operators on the CPU, --find refused:INDEX to another."
    )
