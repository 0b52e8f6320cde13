"""How the answer of a fit was proven, and the differences that approximate passes make."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.execution import GOLDEN, OutputDifference, describe
from npufit.fitting import FitResult, pass_text
from npufit.formatting import percent, plural, shorten
from npufit.report.fit.difference_words import amount_words, small_words
from npufit.report.fit.library_words import library_sentences
from npufit.report.terminal_page import Page, columns

_OUTPUTS = 8
_NAME_WIDTH = 44


def proof_lines(fit: FitResult, page: Page) -> list[str]:
    """Return how the answer was proven; no lines if it was not."""
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
    elif fit.result.placement.refusal:
        lines += page.wrap(f"Simulator of the NPU: not asked, because {fit.result.placement.refusal}.", "  ")
    return lines


def library_lines(fit: FitResult, page: Page) -> list[str]:
    """Return what a real library answers; no lines if none was given."""
    if fit.library is None:
        return []
    is_wrong = fit.library.result.is_wrong
    title = page.ink("red", "On the real library: WRONG") if is_wrong else page.ink("bold", "On the real library")
    return ["", title, *(line for text in library_sentences(fit) for line in page.wrap(text, "  ", "    "))]


def _difference_table(title: str, outputs: Sequence[OutputDifference], page: Page) -> list[str]:
    rows = [[title, "largest", "mean", "of up to", "cosine", "top 1"]]
    rows += [
        [
            shorten(entry.name, _NAME_WIDTH),
            amount_words(entry),
            small_words(entry.mean),
            small_words(entry.spread),
            f"{entry.cosine:.5f}",
            "-" if entry.top_1 is None else percent(entry.top_1),
        ]
        for entry in outputs[:_OUTPUTS]
    ]
    lines = ["  " + line for line in columns(rows, right=(1, 2, 3, 4, 5))]
    if len(outputs) > _OUTPUTS:
        lines.append(f"  … {len(outputs) - _OUTPUTS} more outputs (--json)")
    return [page.ink("dim", lines[0]), *lines[1:]]
