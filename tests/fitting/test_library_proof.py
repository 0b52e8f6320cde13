"""A fit whose result a library answers; the library knows the streams of one model, so another one stops it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from captured_teflon import build_library
from npufit.cutting import SavedFit
from npufit.errors import InputError
from npufit.execution import TensorComparison
from npufit.fitting import FitOptions, FitResult, fit
from npufit.fitting.proof import LibraryAnswer
from npufit.report.fit import fit_document, fit_text
from npufit.report.fit.library_words import library_sentences
from npufit.report.terminal_page import Page
from npufit.running import RunOptions, run
from npufit.stacks import PlaceOptions
from npufit.vdevice import Library
from real_files import find_model

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libteflon is a Linux library")

_25_3 = "imx93/teflon@25.3"


def _fit(model: str, library: Path, **options: object) -> FitResult:
    place = PlaceOptions(library=Library(library))
    return fit(find_model(f"micro/{model}.tflite"), _25_3, FitOptions(inputs=2, place=place, **options))  # pyright: ignore[reportArgumentType]


def test_a_result_that_the_library_refuses_fails_loudly(tmp_path: Path) -> None:
    fitted = _fit("pad_asym_conv", build_library("micro/pad_asym_conv", tmp_path), passes=("fold-pad",))
    assert fitted.proof is not None
    assert fitted.proof.failure is None
    assert fitted.library is not None
    before, after = fitted.library.before, fitted.library.after
    assert (before.inputs, before.wrong, before.partitions, before.is_wrong) == (2, 2, 1, True)
    assert before.parting is not None
    assert before.parting.operator == 2
    assert after is not None
    assert "libteflon.so fails in Prepare" in after.failure
    assert fitted.has_failed
    saved = SavedFit(sizes=(1, 1))
    text = " ".join(fit_text(fitted, saved, Page()).split())
    assert f"on the real library: before {before.differing} of 1152 output values differ, after NO ANSWER" in text
    assert "On the real library: WRONG" in text
    entry = fit_document(fitted, saved).library
    assert entry is not None
    assert entry.before.wrong == 2


def test_an_unchanged_model_is_answered_too(tmp_path: Path) -> None:
    library = build_library("micro/residual_chain", tmp_path)
    fitted = _fit("residual_chain", library, passes=("fold-pad",))
    assert not fitted.steps
    assert fitted.library is not None
    assert fitted.library.after is None
    assert fitted.library.before.is_right
    assert not fitted.has_failed
    seen = run(
        find_model("micro/residual_chain.tflite"), _25_3, RunOptions(place=PlaceOptions(library=Library(library)))
    )
    assert fitted.library.before.findings == len(seen.findings) > 0
    assert "The simulator found 1 fault in the command streams" in " ".join(library_sentences(fitted))
    with pytest.raises(InputError, match="--no-prove"):
        _fit("residual_chain", tmp_path / "libteflon.so", prove=False)


def test_a_single_step_is_rounding_and_more_is_wrong() -> None:
    def answer(largest: float) -> LibraryAnswer:
        first = TensorComparison(7, 3, differing=1, beyond=1, count=10, largest=largest)
        return LibraryAnswer(inputs=2, wrong=1, differing=2, values=61, largest=5.0, parting=first)

    assert answer(1.0).only_rounds
    assert not answer(1.0).is_wrong
    assert answer(2.0).is_wrong
