"""The verb on real models: agreement, what is kept, what is broken, and the two public reports."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pictures import paint

import npufit
from captured_teflon import build_library
from npufit.evaluating import Side
from npufit.report import to_json
from npufit.report.evaluate import evaluate_document, evaluate_page, evaluate_text
from npufit.report.terminal_page import Page
from npufit.stacks import PlaceOptions
from npufit.vdevice import Library
from real_files import find_capture, find_model

_VELA = "imx93/vela"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPUFIT_CACHE_DIR", str(tmp_path / "cache"))


def test_compiled_models_agree_broken_images_are_named_and_answers_are_kept(tmp_path: Path) -> None:
    pictures = paint(tmp_path / "pictures", 6)
    whole = (pictures / "picture00.png").read_bytes()
    (pictures / "cut off.png").write_bytes(whole[: len(whole) // 2])
    (pictures / "text.jpg").write_text("no image")
    (pictures / "notes.txt").write_text("ignored")
    labels = tmp_path / "labels.csv"
    labels.write_text("file,label\n" + "".join(f"picture{number:02}.png,1\n" for number in range(5)))
    options = npufit.EvaluateOptions(
        images=pictures, labels=labels, original=find_model("person_detect.tflite"), jobs=2,
        require=("top1-agreement>=99%", "top1-drop<=0", "unreadable-images==0"),
    )  # fmt: skip
    first = npufit.evaluate(find_model("person_detect.tflite"), _VELA, options)
    assert first.npu_calls == 1
    assert [image.name for image in first.images] == [f"picture{number:02}.png" for number in range(6)]
    assert {image.name for image in first.unreadable} == {"cut off.png", "text.jpg"}
    assert first.classes is not None
    assert first.main_pair is not None
    assert first.classes.agreement[first.main_pair].top1.part == 6
    assert first.classes.agreement[first.main_pair].top5 is None
    assert {side: found.top1.whole for side, found in first.classes.accuracy.items()} == dict.fromkeys(Side, 5)
    assert [gate.result.passed for gate in first.gates] == [True, True, False]
    assert first.gates[0].is_sure is False
    assert first.gates[0].needed == 381
    text = evaluate_text(first, Page())
    assert text.startswith("6 of 6 the same top-1 on imx93/vela@5.2 as in LiteRT BUILTIN_REF (61.0 % to 100 % at 95 %")
    assert "not counted: 2 unreadable" in " ".join(text.split())

    paint(pictures, 7)
    again = npufit.evaluate(find_model("person_detect.tflite"), _VELA, options)
    assert (len(again.images), again.kept) == (7, 8)  # six answers, and two files that are no images
    assert [image.record for image in again.images[:6]] == [image.record for image in first.images]


def test_a_capture_with_a_hazard_disagrees_and_the_fitted_file_does_not(tmp_path: Path) -> None:
    """The driver pads this network on the wrong sides (ethosu.pad-folded)."""
    model = find_model("micro/pad_asym_conv.tflite")
    options = npufit.EvaluateOptions(
        images=paint(tmp_path / "pictures", 3), capture=find_capture("micro/pad_asym_conv"), jobs=1, keep=False
    )
    wrong = npufit.evaluate(model, None, options)
    assert wrong.main_pair is not None
    assert wrong.outputs.images[wrong.main_pair].part == 0
    fitted = npufit.fit(model, "imx93/teflon@25.3", npufit.FitOptions(passes=("fold-pad",), inputs=1))
    assert fitted.steps
    options = replace(options, capture=None, fitted=fitted.model, require=("equal-images==100%",))
    right = npufit.evaluate(model, "imx93/teflon@25.3", options)
    assert right.outputs.images[wrong.main_pair].part == 3
    assert right.place.startswith("imx93/teflon@25.3, if it computes ")
    assert right.gates[0].result.passed
    assert right.gates[0].needed is None  # no number of images shows 100 %


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libteflon is a Linux library")
def test_a_real_library_answers_as_its_capture_does(tmp_path: Path) -> None:
    model, library = find_model("micro/pad_asym_conv.tflite"), build_library("micro/pad_asym_conv", tmp_path)
    images = paint(tmp_path / "pictures", 1)
    place = PlaceOptions(library=Library(library))
    options = npufit.EvaluateOptions(images=images, place=place, jobs=1)
    found = npufit.evaluate(model, "imx93/teflon@25.3", options)
    options = replace(options, place=PlaceOptions(), capture=find_capture("micro/pad_asym_conv"))
    expected = npufit.evaluate(model, None, options)
    assert [image.record for image in found.images] == [image.record for image in expected.images]
    assert found.place == "the real libteflon.so (Mesa 25.3.0-captured, 1 partition on a virtual imx93)"
    assert found.npu_calls == 1
    options = replace(options, place=place, capture=None)
    library.write_bytes(library.read_bytes() + b"another build")
    assert npufit.evaluate(model, "imx93/teflon@25.3", options).kept == 0


def test_operators_on_the_cpu_are_not_computed_twice_from_the_same_bytes(tmp_path: Path) -> None:
    options = npufit.EvaluateOptions(images=paint(tmp_path / "pictures", 2), jobs=1)
    result = npufit.evaluate(find_model("micro/resize3x.tflite"), _VELA, options)
    assert [image.record.reused for image in result.images] == [1, 1]
    assert result.main_pair is not None
    assert result.outputs.images[result.main_pair].part == 2


def test_the_public_report_on_incorrect_detections(tmp_path: Path) -> None:
    """SSD MobileNet V1 as Mesa 25.3 submitted it: a feature map leaves the NPU in brick order."""
    name = "ssd_mobilenet_v1_coco_quant"
    folder = find_capture(name)
    options = npufit.EvaluateOptions(images=paint(tmp_path / "pictures", 2), capture=folder, least_score=0.1, jobs=1)
    result = npufit.evaluate(find_model(f"{name}.tflite"), None, options)
    assert result.boxes is not None
    assert result.main_pair is not None
    agreement = result.boxes.agreement[result.main_pair]
    assert agreement.images.part == 0
    assert agreement.only_first + agreement.only_second > 5
    document = json.loads(to_json(evaluate_document(result)))
    assert document["images"][0]["changed"]
    page = evaluate_page(result)
    assert page.count("data:image/jpeg;base64,") == 2
    assert page.count('class="object lost"') - 1 == agreement.only_first  # one is in the key
    assert page.count('class="object new"') - 1 == agreement.only_second
    assert len(page) < 500_000


def test_the_public_report_on_equal_accuracy(tmp_path: Path) -> None:
    name = "mobilenet_v1_0.5_160_quant"
    options = npufit.EvaluateOptions(images=paint(tmp_path / "pictures", 6), capture=find_capture(name), jobs=1)
    result = npufit.evaluate(find_model(f"{name}.tflite"), None, options)
    assert result.main_pair is not None
    assert result.classes is not None
    assert result.classes.agreement[result.main_pair].top1.part == 6
    assert result.class_names[1].startswith("tench")


def test_names_of_files_and_classes_are_only_text_on_the_page(tmp_path: Path) -> None:
    pictures = paint(tmp_path / "pictures", 2)
    hostile = "<script>alert(1)</script>.png"
    (pictures / "picture00.png").rename(pictures / hostile.replace("/", "_"))
    names = tmp_path / "names.txt"
    names.write_text("<img src=x onerror=alert(2)>\n\u202eevil\n")
    options = npufit.EvaluateOptions(images=pictures, class_names=names, capture=None, fitted=_other_vww(), jobs=1)
    result = npufit.evaluate(find_model("person_detect.tflite"), _VELA, options)
    page = evaluate_page(result)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)" in page


def _other_vww() -> npufit.Model:
    """Return a network with the form of the person detector and other weights, so that answers change."""
    return npufit.load("zoo:mlperf_tiny_vww")


@pytest.mark.parametrize(
    ("target", "changes", "said"),
    [
        ("imx93/teflon", {}, "npufit cannot compute what this stack answers"),
        (None, {}, "there is nothing to compare"),
        (_VELA, {"images": None}, "--images"),
        (_VELA, {"task": "segmentation"}, "do not have that form: 1x2"),
        (_VELA, {"require": ("top9>=1%",)}, "unknown quantity"),
        (_VELA, {"std": (0.229,)}, "in pixel values of 0 to 255"),
        (_VELA, {"mean": (1.0, 2.0)}, "the input has 1 channels"),
        (_VELA, {"labels": "absent.csv"}, "absent.csv"),
        (_VELA, {"executor": "cloud"}, "unknown executor"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, target: str | None, changes: dict[str, object], said: str) -> None:
    options = npufit.EvaluateOptions(images=paint(tmp_path / "pictures", 1), jobs=1)
    with pytest.raises(npufit.NpufitError, match=said):
        npufit.evaluate(find_model("person_detect.tflite"), target, replace(options, **changes))  # pyright: ignore[reportArgumentType]
