"""A fit as an HTML page: before and after, the passes, the proof, and both networks as graphs."""

from __future__ import annotations

from npufit.checking import CheckResult
from npufit.cutting import SavedFit
from npufit.execution import GOLDEN, describe
from npufit.fitting import FitResult, pass_text
from npufit.fitting.search import PassOutcome
from npufit.graph import Model, OperatorId
from npufit.report.check.headline import verdict
from npufit.report.check.page import CHECK_NAMES
from npufit.report.fit.before_and_after import before_and_after
from npufit.report.fit.difference_words import amount_words
from npufit.report.fit.headline import answer_words, fit_headline
from npufit.report.fit.library_words import library_sentences
from npufit.report.model_line import describe_model
from npufit.report.page import Bundle, Frame, Tone, render_page
from npufit.report.page.graph_view import ViewColouring, ViewGroup, check_view, graph_payload

_DONE = (PassOutcome.TAKEN, PassOutcome.FAILED, PassOutcome.OFFERED)


def fit_page(fit: FitResult, saved: SavedFit) -> str:
    """Return a fit as one HTML file: its answer, and the checks of the model before and after."""
    sides = _sides(fit)
    models = [result.model for _, result in sides]
    views = [
        check_view(result, number, title, _changes(result, sides[1 - number][1], number == 0) if fit.steps else None)
        for number, (title, result) in enumerate(sides)
    ]
    is_bad = fit.has_failed or (saved.cut is not None and saved.cut.has_failed)
    frame = Frame(
        verb="fit",
        subject=fit.original.model.name,
        headline=fit_headline(fit),
        about=describe_model(fit.original.model),
        tone=Tone.BAD if is_bad else Tone.PLAIN,
        views=tuple(title for title, _ in sides),
        views_label="Model",
        bundles=(Bundle.GRAPH,),
        payloads={"graph": graph_payload(models, views)},
    )
    return render_page(
        "fit/fit.html.j2",
        frame,
        fit=fit,
        saved=saved,
        sides=sides,
        rows=before_and_after(fit, saved.sizes) if fit.steps else [],
        done=[entry for entry in fit.verdicts if entry.outcome in _DONE],
        others=[entry for entry in fit.verdicts if entry.outcome not in _DONE],
        proof=fit.proof,
        golden=GOLDEN,
        answer=answer_words(fit),
        on_library=library_sentences(fit),
        pass_text=pass_text,
        amount_words=amount_words,
        not_executed=describe(fit.proof.left_out) if fit.proof is not None else "",
        verdict=verdict,
        **CHECK_NAMES,
    )


def _sides(fit: FitResult) -> list[tuple[str, CheckResult]]:
    """Return the check before and the check after; the same model stands once."""
    if not fit.steps:
        return [("Unchanged", fit.original)]
    return [("Before", fit.original), ("After", fit.result)]


_Identity = tuple[str, tuple[tuple[str, tuple[int, ...] | None], ...]]


def _changes(result: CheckResult, other: CheckResult, is_before: bool) -> ViewColouring:
    """Return which operators of `result` the other side has too: of the same type, with outputs of the same name."""
    others = {_identity(other.model, place) for place, _ in other.model.operators()}
    members = tuple(int(_identity(result.model, place) not in others) for place, _ in result.model.operators())
    changed = ViewGroup("removed or rewritten by a pass", "warm") if is_before else ViewGroup("made by a pass", "fresh")
    groups = (ViewGroup("the same before and after", "none"), changed)
    return ViewColouring("Change", "What the passes changed", groups, members, ("",) * len(members))


def _identity(model: Model, place: OperatorId) -> _Identity:
    subgraph, operator = model.subgraphs[place.subgraph], model.operator(place)
    return operator.name, tuple((tensor.name, tensor.shape) for tensor in subgraph.output_tensors(operator))
