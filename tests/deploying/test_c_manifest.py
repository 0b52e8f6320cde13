"""What the C library says of bundles that are damaged, contradictory or hostile; no device is opened for them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from building_board import LIBRARY, build_sanitized, compile_c, require_compiler
from hand_made_bundle import write_hand_made

_PROGRAM = Path(__file__).with_name("damaging_manifests.c")
_NOTHING_WRONG = "/dev/null is not a device of the driver ethosu."
_BAD_BUNDLE, _NO_DEVICE = 7, 1
_MUTANTS = 1000


@pytest.fixture(scope="session")
def opening(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a program that opens bundles and stops at the first misuse of memory."""
    return build_sanitized(tmp_path_factory.mktemp("opening"), _PROGRAM) / _PROGRAM.stem


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Return a bundle of a few bytes that has everything."""
    write_hand_made(tmp_path)
    return tmp_path


def _says(opening: Path, bundle: Path) -> str:
    program = subprocess.run([opening, bundle], capture_output=True, text=True, check=True, timeout=60)
    return program.stdout.rstrip()


def _replace_by_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


_FILES: list[tuple[Callable[[Path], object], str]] = [
    (lambda folder: _flip_a_bit(folder / "constants.bin"), "constants.bin: its SHA-256 is not the manifest's."),
    (lambda folder: (folder / "state/0.bin").unlink(), "state/0.bin: ENOENT, not found."),
    (
        lambda folder: (folder / "streams/001.bin").write_bytes(b""),
        "streams/001.bin: 0 bytes, but the manifest says 12.",
    ),
    (lambda folder: (folder / "values/3.bin").write_bytes(bytes(5)), "values/3.bin: 5 bytes, but the manifest says 4."),
    (lambda folder: _replace_by_a_pipe(folder / "cpu/002.tflite"), "cpu/002.tflite: not a regular file."),
    (lambda folder: (folder / "manifest.json").unlink(), "manifest.json: ENOENT, not found."),
    (lambda folder: (folder / "manifest.json").write_bytes(b" " * (17 << 20)), "at most 16777216 are read."),
    (lambda folder: shutil.rmtree(folder), ": the folder cannot be opened (ENOENT, not found)."),
    (lambda folder: shutil.rmtree(folder / "verify"), _NOTHING_WRONG),
]


@pytest.mark.parametrize(("damage", "says"), _FILES)
def test_a_damaged_file_is_named(damage: Callable[[Path], object], says: str, opening: Path, bundle: Path) -> None:
    damage(bundle)
    assert says in _says(opening, bundle)


_TEXTS: list[tuple[bytes, str]] = [
    (b"", "not valid at byte 0: it ends too early."),
    (b"[" * 100, "not valid at byte 32: too many nested brackets."),
    (b"[" + b"0," * 1_100_000 + b"0]", "too many values."),
    (b'{"a": 1, "a": 2}', "a key twice in an object, or too many."),
    (b'{"a": 1} x', "not valid at byte 9: something follows the end."),
    (b'{"a": 1,}', "an object's key is no string."),
    (b"{'a': 1}", "an object's key is no string."),
    (b'{"a" 1}', "a key without a colon."),
    (b'{"a": [1 2]}', "a comma or a closing bracket is missing."),
    (b'{"a": "b', "a string without an end."),
    (b'{"a": "b\n"}', "a control character in a string."),
    (b'{"a": "\\x"}', "unknown escape in a string."),
    (b'{"a": "\\u12g4"}', "\\u needs four hexadecimal digits."),
    (b'{"a": "\\ud800x"}', "half a surrogate pair in a string."),
    (b'{"a": "\\udc00"}', "half a surrogate pair in a string."),
    (b'{"a": "\\u0000"}', "a zero character in a string."),
    (b'{"a": "\xc0\x80"}', "a string is not UTF-8."),
    (b'{"a": "\xed\xa0\x80"}', "a string is not UTF-8."),
    (b'{"a": "\xf4\x90\x80\x80"}', "a string is not UTF-8."),
    (b'{"a": "\xe2\x82', "a string is not UTF-8."),
    (b'{"a": NaN}', "a number without digits."),
    (b'{"a": -}', "a number without digits."),
    (b'{"a": 1.}', "a number without digits."),
    (b'{"a": 01}', "a comma or a closing bracket is missing."),
    (b'{"a": 1e999}', "a number too large."),
    (b'{"a": 9223372036854775808}', "a number too large."),
    (b'{"a": 0.' + b"1" * 70 + b"}", "a number of too many digits."),
    (b'{"a": nul}', "no JSON value."),
    (b"7", "not a bundle's manifest"),
    (b'{"npufit_direct": 1.0}', "npufit_direct: an integer is expected, not a number."),
]


@pytest.mark.parametrize(("text", "says"), _TEXTS)
def test_what_is_no_json_is_refused(text: bytes, says: str, opening: Path, bundle: Path) -> None:
    (bundle / "manifest.json").write_bytes(text)
    assert says in _says(opening, bundle)


_CHANGES: list[tuple[Callable[[Any], object], str]] = [
    (lambda m: m.clear(), "not a bundle's manifest"),
    (lambda m: m.update(npufit_direct=2), "npufit_direct: format 2; this library reads format 1."),
    (lambda m: m["files"][0].update(path="../constants.bin"), 'files[0].path: "../constants.bin" is not a path inside'),
    (lambda m: m["files"][0].update(path="/etc/passwd"), "is not a path inside the bundle."),
    (lambda m: m["files"][0].update(path="a//b"), "is not a path inside the bundle."),
    (lambda m: m["files"][0].update(path="a\x1b[2J"), 'files[0].path: "a?[2J" is not a path inside'),
    (lambda m: m["files"].append(m["files"][0]), 'files: "constants.bin" is listed twice.'),
    (lambda m: m["files"][0].update(sha256="A" * 64), "64 hexadecimal digits in lower case"),
    (lambda m: m["files"][0].update(bytes=-1), "files[0].bytes: -1 is not in 0 to "),
    (lambda m: m["buffers"][0].update(file="manifest.json"), 'buffers[0].file: "manifest.json" is not in the list'),
    (lambda m: m["buffers"][0].update(bytes=63), 'buffers[0].file: "constants.bin" is larger than the buffer'),
    (lambda m: m["buffers"][1].update(bytes=0), "buffers[1].bytes: a buffer cannot be empty."),
    (lambda m: m["tensors"][0].update(type="string"), 'tensors[0].type: "string" is unknown, or has no fixed size.'),
    (lambda m: m["tensors"][0].update(bytes=17), "tensors[0].bytes: 17, but its type and shape need 16."),
    (lambda m: m["tensors"][0].update(shape=[1 << 29, 1 << 29]), "tensors[0].shape: empty, or over"),
    (lambda m: m["tensors"][0].update(shape=[0]), "tensors[0].shape: empty, or over"),
    (lambda m: m["tensors"][0].update(shape=[1] * 17), "tensors[0].shape: 17 dimensions; at most 16 are read."),
    (lambda m: m["tensors"][1].update(zero_points=[0]), "tensors[1].zero_points: 1 of them for 4 scales."),
    (lambda m: m["tensors"][3].update(file="constants.bin"), "has 64 bytes, but tensor 3 has 4."),
    (lambda m: m.update(inputs=[5]), "inputs: 5 is not in 0 to 4."),
    (lambda m: m.update(inputs=[3]), "inputs: tensor 3 is constant."),
    (lambda m: m.update(inputs=[]), "steps[0].inputs: tensor 0 has no value yet"),
    (lambda m: m.update(outputs=[4]), "outputs: tensor 4 has no value yet"),
    (lambda m: m["state"][0].update(offset=249), "state[0].offset: tensor 4 (8 bytes) at 249 exceeds buffer 1"),
    (lambda m: m["state"][0].update(offset=(1 << 63) - 1), "state[0].offset: tensor 4 (8 bytes) at "),
    (lambda m: m["device"].update(driver="rocket"), 'device.driver: "rocket"; this library uses ethosu.'),
    (lambda m: m["device"]["registers"][0].update(name="clock"), "the driver tells the registers id and config."),
    (lambda m: m["device"]["registers"][0].update(mask=1 << 32), "device.registers[0].mask: 4294967296 is not in"),
    (lambda m: m["steps"][0].update(kind="gpu"), 'steps[0].kind: "gpu" is neither npu nor cpu.'),
    (lambda m: m["steps"][0].update(sram_bytes=96_001), "steps[0].sram_bytes: 96001 is not in 0 to 96000."),
    (lambda m: m["steps"][0].update(stream="values/odd.bin"), '"values/odd.bin" is not in the list of files.'),
    (lambda m: m["steps"][0].update(regions=[]), "steps[0].regions: 1 to 8 regions are expected, not 0."),
    (lambda m: m["steps"][0]["regions"][0].update(region=8), "steps[0].regions[0].region: 8 is not in 0 to 7."),
    (lambda m: m["steps"][0]["regions"][0].update(region=1), "steps[0].regions[1].region: region 1 has two memories."),
    (lambda m: m["steps"][0]["regions"][0].update(region=2), "steps[0].regions[0].region: region 2 has two memories."),
    (lambda m: m["steps"][0]["regions"][0].update(buffer=2), "steps[0].regions[0].buffer: 2 is not in 0 to 1."),
    (lambda m: m["steps"][0]["inputs"][0].update(offset=241), "steps[0].inputs[0].offset: tensor 0 (16 bytes) at 241"),
    (lambda m: m["steps"][0]["inputs"][0].update(tensor="0"), "steps[0].inputs[0].tensor: an integer is expected"),
    (lambda m: m["steps"][2].update(outputs=[3]), "steps[2].outputs: tensor 3 is constant."),
    (lambda m: m["steps"].reverse(), "steps[0].inputs: tensor 1 has no value yet"),
    (lambda m: m["kernels"][0].update({"from": -1}), "kernels[0].from: -1 is not in 0 to "),
    (lambda m: m["verification"]["cases"][0].update(inputs=[]), "verification.cases[0].inputs: 0 files for 1 tensors."),
    (lambda m: m["verification"]["cases"][0].update(steps=[[]]), "verification.cases[0].steps: 1 lists for 3 steps."),
    (lambda m: m.pop("verification"), _NOTHING_WRONG),
    (lambda m: m["tensors"][2].update(zero_points=[0]), _NOTHING_WRONG),
    (lambda m: m.update(unknown_to_this_release={"a": [1, 2.5, None, True]}), _NOTHING_WRONG),
]


@pytest.mark.parametrize(("change", "says"), _CHANGES)
def test_a_contradiction_is_named_with_its_place(
    change: Callable[[Any], object], says: str, opening: Path, bundle: Path
) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    change(manifest)
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    assert says in _says(opening, bundle)


def test_damaged_manifests_do_no_harm(opening: Path, bundle: Path) -> None:
    """Most mutants are refused; a few differ only in what is shown. None is read out of bounds, or leaks."""
    (bundle / "manifest.json").rename(bundle / "whole.json")
    found = _mutants([opening], bundle, _MUTANTS)
    assert set(found) == {_NO_DEVICE, _BAD_BUNDLE}
    assert sum(found.values()) == _MUTANTS
    assert found[_NO_DEVICE] < found[_BAD_BUNDLE] / 5


def test_an_arm64_board_reads_manifests_alike(opening: Path, bundle: Path, tmp_path: Path) -> None:
    arm64 = compile_c(tmp_path / "opening", "-O2", "-static", _PROGRAM, LIBRARY, compiler="aarch64-linux-gnu-gcc")
    (bundle / "manifest.json").rename(bundle / "whole.json")
    emulator = require_compiler("qemu-aarch64")
    assert _mutants([emulator, arm64], bundle, 200) == _mutants([opening], bundle, 200)


def _mutants(program: list[str | Path], bundle: Path, count: int) -> dict[int, int]:
    """Return how often each code was returned for damaged manifests."""
    ended = subprocess.run(
        [*program, bundle, str(count), "88172645463325252"], capture_output=True, text=True, check=True
    )
    assert not ended.stderr
    return {int(code): int(times) for code, times in map(str.split, ended.stdout.splitlines())}
