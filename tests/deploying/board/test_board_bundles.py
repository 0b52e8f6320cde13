"""What run.py says of bundles that are damaged or hostile, before it looks for a device; and how it reads images."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deployed_bundles import ADDITION, KEYWORDS, change_manifest, write_bundle
from npufit.execution import read_inputs
from npufit.graph import Model, Tensor
from npufit.loading import load
from real_files import REPOSITORY, find_model

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="run.py is for Linux")


def _imported() -> Any:
    """Return run.py as the module that a program of the user's imports."""
    spec = importlib.util.spec_from_file_location("run", REPOSITORY / "src/npufit/deploying/board/run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_RUN = _imported()


@pytest.fixture
def keywords(tmp_path: Path) -> Path:
    """Return a bundle with constants and one call."""
    return write_bundle(KEYWORDS, tmp_path / "bundle")


def _refusal(bundle: Path) -> str:
    """Return why a bundle is refused; no device is asked, or the exit code would be 3."""
    with pytest.raises(_RUN.BundleError) as refused:
        _RUN.Bundle(bundle, "/nowhere")
    return str(refused.value)


@pytest.mark.parametrize("file", ["constants.bin", "streams/000.bin", "verify/000/input_0.bin"])
def test_a_damaged_file_is_named_with_what_was_expected_and_found(file: str, keywords: Path) -> None:
    path = keywords / file
    data = path.read_bytes()
    path.write_bytes(data[:10] + bytes((data[10] ^ 1,)) + data[11:])
    assert _refusal(keywords).startswith(f"{file} is damaged: SHA-256 ")
    path.write_bytes(data[:-1])
    assert f"{file} is damaged: {len(data) - 1:,} bytes, expected {len(data):,}" in _refusal(keywords)
    path.write_bytes(data * 2)
    assert f"{file} is damaged: {2 * len(data):,} bytes, expected {len(data):,}" in _refusal(keywords)
    path.unlink()
    assert f"{path}: No such file or directory" in _refusal(keywords)
    path.mkdir()
    assert f"{path} is not a file" in _refusal(keywords)


def test_files_that_people_edit_are_only_noted(keywords: Path) -> None:
    (keywords / "c/example.c").write_text("int main(void) { return 0; }\n")
    folder = _RUN.Folder(keywords)
    assert [note.split()[0] for note in folder.notes] == ["c/example.c"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "manifest.json is not the manifest of a bundle"),
        (b"\xff\xfe", "manifest.json is not the manifest of a bundle"),
        (b"[]", "manifest.json is not the manifest of a bundle"),
        (b"[" * 100_000, "manifest.json is not the manifest of a bundle"),
        (b'{"npufit_direct": %s}' % (b"1" * 5000), "a number of 5000 digits"),
        (b'{"npufit_direct": 2}', "manifest.json has version 2, this run.py executes version 1"),
        (b'{"npufit_direct": 1}', "it has no 'made_by'"),
        (b" " * (17 << 20), "manifest.json is damaged: 17,825,792 bytes"),
    ],
    ids=range(8),
)
def test_what_is_no_manifest_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    assert words in _refusal(tmp_path)


def _setting(place: str, value: object) -> Callable[[Any], None]:
    """Return a change of one value, at a place such as steps.0.inputs.0.offset."""

    def change(manifest: Any) -> None:
        *path, last = (int(key) if key.isdigit() else key for key in place.split("."))
        for key in path:
            manifest = manifest[key]
        manifest[last] = value

    return change


_CONSTANTS, _SCRATCH = 0, 1
_SLOT = {"tensor": 0, "buffer": _SCRATCH, "offset": 0}


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("files.0.path", "../secret", "files[0].path is '../secret', not a path inside the bundle"),
        ("files.0.path", "/etc/passwd", "not a path inside the bundle"),
        ("files.0.path", "a\\b", "not a path inside the bundle"),
        ("files.0.path", "a\u202eb", "not a path inside the bundle"),
        ("files.0.bytes", -1, "files[0].bytes is -1, not an integer from 0 to 2^32 - 1"),
        ("files.0.bytes", True, "files[0].bytes is True, not an integer"),
        ("files.0.bytes", 1.0, "files[0].bytes is 1.0, not an integer"),
        ("buffers.0.file", "nowhere.bin", "nowhere.bin is not among its files"),
        ("buffers.0.bytes", 10, "buffers[0] has 10 bytes"),
        ("buffers.1.bytes", 1 << 31, "buffers[1] has 2147483648 bytes"),
        ("buffers.1.bytes", 10**18, "buffers[1].bytes is 1000000000000000000, not an integer"),
        ("buffers", "all", "buffers is 'all', not a list"),
        ("buffers.0", None, "buffers[0] is None, not an object"),
        ("tensors.0.type", "string", "has the type string, unknown to run.py"),
        ("tensors.0.shape", [1 << 30, 1 << 30, 1 << 30], "tensors[0] has 490 bytes and the shape"),
        ("tensors.0.shape", [1] * 40, "tensors[0] has 490 bytes and the shape"),
        ("tensors.0.shape", [-490], "tensors[0].shape[0] is -490, not an integer"),
        ("tensors.0.scales", [float("nan")], "tensors[0].scales[0] is nan, not a number"),
        ("tensors.0.file", "constants.bin", "constants.bin has 31104 bytes, not 490"),
        ("inputs", [99], "tensor 99 is used, but there are 2"),
        ("inputs", [], "it has no steps, inputs or outputs"),
        ("outputs", [], "it has no steps, inputs or outputs"),
        ("steps", [], "it has no steps, inputs or outputs"),
        ("steps.0.kind", "gpu", "steps[0] has the kind 'gpu', not npu or cpu"),
        ("steps.0.stream", "verify/none.bin", "verify/none.bin is not among its files"),
        ("steps.0.sram_bytes", 98_305, "steps[0] uses 98305 bytes of SRAM"),
        ("steps.0.regions", [], "steps[0] has the regions []"),
        ("steps.0.regions.0.region", 8, "steps[0] has the regions [8, 1]"),
        ("steps.0.regions.0.region", 1, "steps[0] has the regions [1, 1]"),
        ("steps.0.regions.0.region", 2, "steps[0] has a buffer and SRAM for region 2"),
        ("steps.0.regions.0.buffer", 2, "steps[0] uses buffer 2"),
        ("steps.0.inputs.0.buffer", 2, "steps[0] uses buffer 2"),
        ("steps.0.inputs.0.buffer", _CONSTANTS, "steps[0] writes into buffer 0, which is constant"),
        ("steps.0.inputs.0.offset", 7, "steps[0]: tensor 0 reaches beyond its buffer"),
        ("steps.0.inputs.0.offset", (1 << 32) - 1, "steps[0]: tensor 0 reaches beyond its buffer"),
        ("steps.0.inputs.0.tensor", 1, "steps[0] reads a tensor that no step before it writes"),
        ("steps.0.inputs", [_SLOT, _SLOT], "steps[0]: tensors overlap in buffer 1"),
        ("steps.0.outputs.0.offset", 485, "steps[0]: tensor 1 reaches beyond its buffer"),
        ("steps.0.outputs", [], "an output is written by no step"),
        ("state", [{**_SLOT, "file": "verify/000/input_0.bin"}], "steps[0]: tensors overlap in buffer 1"),
        ("verification.cases.0.inputs", [], "has (0, 1, 1) inputs, outputs and steps, not (1, 1, 1)"),
        ("verification.cases.0.outputs", ["constants.bin"], "constants.bin has 31104 bytes, not 12"),
        ("verification.cases.0.steps.0.0.tensor", 0, "has what no step writes"),
        ("device.registers.0.mask", 1 << 40, "device.registers[0].mask is 1099511627776, not an integer"),
        ("kernels.0.series", 6.19, "kernels[0].series is 6.19, not a text"),
        ("model.name", ["\x1b[2J"], "not a text"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_manifest_that_cannot_be_right_is_refused_before_a_device_is_opened(
    place: str, value: object, words: str, keywords: Path
) -> None:
    change_manifest(keywords, _setting(place, value))
    said = _refusal(keywords)
    assert words in said
    assert said.isprintable()


def test_what_the_manifest_does_not_know_is_ignored(keywords: Path) -> None:
    change_manifest(keywords, lambda manifest: manifest.update(later={"more": [1, {}]}))
    with pytest.raises(_RUN.RunError, match="No NPU with the driver 'ethosu': no /nowhere") as refused:
        _RUN.Bundle(keywords, "/nowhere")
    assert refused.value.exit_code == 3


def test_another_file_than_an_npu_is_no_device(keywords: Path) -> None:
    with pytest.raises(_RUN.RunError, match=r"ENOTTY .* This is not the node of an NPU"):
        _RUN.Bundle(keywords, str(keywords / "run.py"))


def test_segments_for_the_cpu_need_litert(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ai_edge_litert.interpreter", "tflite_runtime.interpreter"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(_RUN.RunError, match="pip install ai-edge-litert") as missing:
        _RUN.import_litert()
    assert missing.value.exit_code == 3


@pytest.mark.parametrize(
    ("release", "verdict"),
    [
        ("6.18.44", None),
        ("6.19.0-rc3", "accepted"),
        ("7.1.3", "accepted"),
        ("7.1.5", "unknown"),
        ("7.2.6-imx", "refused"),
        ("7.2", "refused"),
        ("7.2.9+deb14-arm64", "accepted"),
        ("7.3.40", "accepted"),
        ("8.0.1", None),
        ("nonsense", None),
    ],
)
def test_a_release_of_linux_is_looked_up_by_its_series(release: str, verdict: str | None, keywords: Path) -> None:
    found = _RUN.kernels_of(_RUN.Folder(keywords).manifest, release)
    assert (found and found.verdict) == verdict


def _one_input(model: Model, after: Tensor | None = None) -> Any:
    """Return what run.py knows of a model with one input; `after` is what its first step makes of that."""
    tensors = [
        SimpleNamespace(
            name=tensor.name,
            type=tensor.element.value,
            shape=list(tensor.shape or ()),
            dtype=np.dtype(tensor.element.value),
            scale=tensor.quantization.scale if tensor.quantization.scales else None,
            zero_point=tensor.quantization.zero_point if tensor.quantization.scales else 0,
        )
        for tensor in (model.main.tensors[model.main.inputs[0]], after)
        if tensor is not None
    ]
    steps = [SimpleNamespace(reads=[0], writes=[1])] if after is not None else []
    return SimpleNamespace(manifest=SimpleNamespace(tensors=tensors, inputs=[0], steps=steps, cases=[]))


@pytest.mark.parametrize("normalize", ["auto", "-1..1", "0..1", "0..255"])
@pytest.mark.parametrize("name", ["zoo:mobilenet_v1@32,uint8", "zoo:mobilenet_v2@32,int8", KEYWORDS])
def test_an_image_becomes_the_values_that_npufit_run_makes_of_it(name: str, normalize: str, tmp_path: Path) -> None:
    image = Image.fromarray(np.random.default_rng(5).integers(0, 256, (40, 30, 3), np.uint8))
    exif = image.getexif()
    exif[0x0112] = 6  # lying on its side
    image.save(tmp_path / "image.png", exif=exif)
    model = load(name if name.startswith("zoo:") else find_model(name))
    (expected,) = read_inputs(model, [str(tmp_path / "image.png")], 0, normalize).values()
    (found,) = _RUN.read_inputs(_one_input(model), [str(tmp_path / "image.png")], normalize)
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)


def test_a_float_input_stands_for_what_its_quantization_covers() -> None:
    model = load("zoo:mobilenet_v2@32,int8")
    assert model.main.operators[0].type == "QUANTIZE"
    quantized = model.main.tensors[model.main.operators[0].outputs[0]]
    ends = [
        _RUN.pixel_range(_one_input(model, _scaled(quantized, *scale)).manifest, 0, "auto")
        for scale in ((1 / 255, -128), (1.0, -128), (2 / 255, 0))
    ]
    assert ends == [(0.0, 1.0), (0.0, 255.0), (-1.0, 1.0)]


def _scaled(tensor: Tensor, scale: float, zero_point: int) -> Tensor:
    return replace(tensor, quantization=replace(tensor.quantization, scales=(scale,), zero_points=(zero_point,)))


def test_images_that_are_none_and_inputs_that_take_none_are_refused(tmp_path: Path) -> None:
    folder = _RUN.Folder(write_bundle(ADDITION, tmp_path / "bundle"))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for file in ("broken.png", "missing.jpg", "bundle/run.py"):
        with pytest.raises(_RUN.InputError):
            _RUN.read_inputs(folder, [str(tmp_path / file)] * 2, "auto")


def test_options_are_spelled_as_those_of_npufit_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert _RUN.parse_arguments(["--normalize", "-1..1", "--input", "a.png"]).normalize == "-1..1"
    for wrong in (["--repeat", "0"], ["--timeout", "-1"], ["--timeout", "nan"], ["--normalize", "-2..2"]):
        with pytest.raises(SystemExit) as ended:
            _RUN.parse_arguments(wrong)
        assert ended.value.code == 2
    assert "usage: run.py" in capsys.readouterr().err


def test_labels_name_the_best_classes_and_may_omit_the_background(keywords: Path, tmp_path: Path) -> None:
    manifest = _RUN.Folder(keywords).manifest
    scores = [np.arange(12, dtype=np.int8).reshape(1, 12)]
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(f"class {number}" for number in range(1, 12)) + "\n")
    best = _RUN.output_words(manifest, scores, _RUN.read_labels(str(labels)))
    assert [line.split(maxsplit=2)[1:] for line in best[:2]] == [["11", "class 11"], ["10", "class 10"]]
    assert float(best[0].split()[0]) == pytest.approx((11 + 128) / 256, abs=1e-4)
    with pytest.raises(_RUN.InputError, match="12 classes, and the file of labels 3 lines"):
        _RUN.output_words(manifest, scores, ["a", "b", "c"])


def test_the_manifest_of_a_bundle_has_nothing_that_run_py_does_not_read(keywords: Path) -> None:
    """Every member is either read, or known to be for people: a new one must be decided on."""
    form, found = _RUN._MANIFEST, json.loads((keywords / "manifest.json").read_text())
    assert set(found) - {key.rstrip("?") for key in form} == {"npufit_direct"}
    assert set(found["tensors"][0]) - {key.rstrip("?") for key in form["tensors"][0]} == {"axis"}
