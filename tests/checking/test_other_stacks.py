"""What a report says of another stack that uses the same kernel driver: only what is better, without compiling."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import npufit
from npufit.checking import CheckOptions, CheckResult, OtherStack, check_targets
from npufit.checking.compiled_before import remember_compiled, was_compiled
from npufit.files import cache_folder
from npufit.report.check import check_document, check_markdown, check_page, check_screen, check_text
from npufit.report.check.next_steps import next_steps
from npufit.report.terminal_page import Page
from npufit.stacks import Compiles, has_compiler, load_stack, stack_names
from real_files import REPOSITORY, find_model

_WITH_OTHERS = CheckOptions(others=True)
_PAGE = Page(width=100)


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let nothing be kept."""
    monkeypatch.setenv("NPUFIT_CACHE_DIR", str(tmp_path))
    return tmp_path


def _other(result: CheckResult) -> OtherStack:
    (other,) = result.others
    return other


def test_a_stack_without_the_hazards_is_named_in_every_form() -> None:
    model = npufit.load(find_model("micro/pad_sym_conv.tflite"))
    old, direct = check_targets(model, ["imx93/teflon@25.3", "imx93/direct"], _WITH_OTHERS)
    assert _other(old).answer is not None
    assert (_other(old).is_safer_than(old), _other(old).is_faster_than(old)) == (True, False)
    for text in (
        check_screen(old, "net.tflite", _PAGE),
        check_text(old, _PAGE),
        check_markdown(model, [old]),
        check_page(model, [old], "net.tflite"),
    ):
        words = " ".join(text.split())
        assert "imx93/direct@7.3, which uses the same kernel driver, has no known hazard: " in words
        assert "Predicted, never measured." in words
    entry = check_document(model, [old]).results[0].others[0]
    assert (entry.target, entry.answered, entry.safer, entry.npu, entry.measured_networks) == (
        *("imx93/direct@7.3", True, True, 3, 0),
    )
    assert not direct.better_stacks
    assert "instead" not in check_text(direct, _PAGE)
    assert str(_other(direct).target) == "imx93/teflon@26.2", "the newest release, although an older one was checked"


def test_a_refusal_by_the_kernel_is_no_reason_to_name_a_stack_on_the_same_kernel() -> None:
    refused = npufit.check(find_model("kws_ref_model.tflite"), "imx93/direct@7.2.6", _WITH_OTHERS)
    assert {hazard.rule.id for hazard in refused.placement.hazards} == {"direct.rounding"}
    assert not refused.better_stacks


def test_a_stack_is_faster_only_if_even_the_end_of_its_range_is() -> None:
    teflon, _ = check_targets("zoo:mobilenet_v2@160,int8", ["imx93/teflon@25.3", "imx93/direct"], _WITH_OTHERS)
    other = _other(teflon)
    assert teflon.estimate is not None
    assert other.answer is not None
    assert other.answer.estimate is not None
    end = other.answer.estimate.high_ms
    assert other.is_faster_than(teflon)
    assert "is predicted faster, even at the end of its range, and has no known hazard: " in " ".join(
        check_text(teflon, _PAGE).split()
    )
    assert end is not None
    as_fast = replace(teflon, estimate=replace(teflon.estimate, total_ms=end))
    assert not other.is_faster_than(as_fast)
    assert other.is_faster_than(replace(as_fast, estimate=replace(teflon.estimate, total_ms=end * 1.01)))


@pytest.mark.usefixtures("empty_cache")
def test_nothing_is_compiled_for_a_mention_and_what_is_kept_is_used() -> None:
    model = npufit.load(find_model("micro/pad_sym_conv.tflite"))

    def check() -> CheckResult:
        return npufit.check(model, "imx93/teflon@25.3", _WITH_OTHERS)

    def asks(result: CheckResult) -> bool:
        return "npufit check net.tflite -t imx93/teflon@25.3 -t imx93/direct" in dict(next_steps(result, "net.tflite"))

    unknown = check()
    assert _other(unknown).answer is None
    assert asks(unknown)
    assert not was_compiled(model)
    assert npufit.check(model, "imx93/direct", _WITH_OTHERS).placement.partitions
    known = check()
    assert _other(known).is_safer_than(known)
    assert not asks(known)
    for entry in cache_folder("vela").iterdir():
        entry.unlink()
    assert _other(check()).answer is None, "the hint stays, the compilation is gone"


def test_a_check_for_teflon_does_not_import_what_compiles(empty_cache: Path) -> None:
    model = find_model("micro/pad_sym_conv.tflite")
    script = (
        "import sys, npufit\n"
        "options = npufit.CheckOptions(others=True)\n"
        f"result = npufit.check({str(model)!r}, 'imx93/teflon@25.3', options)\n"
        "assert result.others and result.summary.hazards\n"
        "print(sorted({name.split('.')[2] for name in sys.modules if name.startswith('npufit.stacks.')}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert "teflon" in done.stdout
    assert not {"vela", "direct"} & set(done.stdout.split("'")), empty_cache


def test_who_compiles_is_known_without_importing_it() -> None:
    assert [name for name in stack_names() if has_compiler(name)] == [
        name for name in stack_names() if isinstance(load_stack(name), Compiles)
    ]


def test_a_chip_with_one_stack_on_its_driver_has_no_other() -> None:
    for target in ("rk3588/teflon", "imx8mp/teflon", "imx93/vela"):
        assert npufit.check("zoo:mobilenet_v1@32,uint8,alpha=0.25", target, _WITH_OTHERS).others == ()


@pytest.mark.usefixtures("empty_cache")
def test_the_hint_survives_a_damaged_file_and_stays_small() -> None:
    model = npufit.load(find_model("micro/pad_sym_conv.tflite"))
    path = cache_folder("checks") / "compiled-before.txt"
    path.parent.mkdir()
    path.write_bytes(b"\xff\0 " + b"word\n" * 5000)
    assert not was_compiled(model)
    remember_compiled(model)
    assert was_compiled(model)
    assert len(path.read_bytes().split()) <= 1000
    path.unlink()
    path.mkdir()
    remember_compiled(model)
    assert not was_compiled(model)
