"""`npufit disassemble`: what it reads, what it prints, the kernel's verdict, and files that are wrong."""

from __future__ import annotations

import json
import lzma
import struct
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from npufit.cli.disassemble import command
from npufit.cli.main import npufit as program
from npufit.errors import InputError
from real_files import REPOSITORY, find_capture, find_model

_STOP = 0xFFFF0000
_REGION_1_OF_SOURCE, _SOURCE, _LENGTH = 0x130 | 1 << 16, 0x4030, 0x4032
_REGION_2_OF_TARGET, _TARGET, _START = 0x131 | 2 << 16, 0x4031, 0x010
_TRANSFER = (_REGION_1_OF_SOURCE, _SOURCE, 64, _REGION_2_OF_TARGET, _TARGET, 0, _LENGTH, 32, _START)
_TEXT = """\
copy.bin: 2 operations (1 DMA_START, 1 STOP), 10 words, regions 1, 2

0x000020  #0 DMA_START mode=COPY channel=0  32 bytes from region 1+0x40 to region 2+0x0
    DMA0_SRC_REGION   region=1 internal=0 stride_mode=1D *
    DMA0_SRC          0x40 *
    DMA0_DST_REGION   region=2 internal=0 stride_mode=1D *
    DMA0_DST          0x0 *
    DMA0_LEN          0x20 *

0x000024  #1 STOP mask=65535
"""


def _words(*words: int) -> bytes:
    return struct.pack(f"<{len(words)}I", *words)


def _with_header(stream: bytes, config: int) -> bytes:
    length = len(stream) // 4
    return b"COP1" + _words(1, config, 0, 2 | length << 16) + stream


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(program, ["disassemble", *map(str, arguments)], standalone_mode=False)


def _error(*arguments: str | Path) -> str:
    result = _run(*arguments)
    assert isinstance(result.exception, InputError), result.exception
    return str(result.exception)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a raw stream with one transfer."""
    path = tmp_path / "copy.bin"
    path.write_bytes(_words(*_TRANSFER, _STOP))
    return path


def test_a_raw_stream(copy: Path) -> None:
    result = _run(copy)
    assert (result.return_value, result.output) == (0, _TEXT)


def test_a_packed_stream_and_one_with_a_driver_header_read_the_same(copy: Path, tmp_path: Path) -> None:
    packed, headed = tmp_path / "copy.bin.xz", tmp_path / "headed.bin"
    packed.write_bytes(lzma.compress(copy.read_bytes()))
    headed.write_bytes(_with_header(copy.read_bytes(), 1 << 28 | 8))
    assert _run(packed).output.splitlines()[1:] == _TEXT.splitlines()[1:]
    first, *others = _run(headed).output.splitlines()
    assert first.startswith("headed.bin for ethos-u65-256: 2 operations")
    assert others == _TEXT.splitlines()[1:]


def test_a_register_that_nothing_set_is_named(tmp_path: Path) -> None:
    path = tmp_path / "unset.bin"
    path.write_bytes(_words(*_TRANSFER[:-3], _START, _STOP))
    assert "    DMA0_LEN          never set\n" in _run(path).output


def test_output_goes_to_a_file(copy: Path, tmp_path: Path) -> None:
    assert _run(copy, "-o", tmp_path / "copy.txt").output == ""
    assert (tmp_path / "copy.txt").read_text(encoding="utf-8") == _TEXT


def test_json(copy: Path) -> None:
    document = json.loads(_run(copy, "--json", "--kernel", "7.3").output)
    (stream,) = document["streams"]
    assert (stream["words"], stream["regions"], stream["kinds"]) == (10, [1, 2], {"DMA_START": 1, "STOP": 1})
    assert stream["operations"][0]["registers"]["DMA0_LEN"] == 32
    assert stream["kernel"] == {"version": "7.3", "note": None, "accepted": True, "errno": None, "findings": []}


def test_the_verdict_comes_before_the_operations(copy: Path) -> None:
    lines = _run(copy, "--kernel", "7.1.4").output.splitlines()
    assert lines[1] == "Linux 7.1.4 accepts it"
    assert "was not read" in lines[2]
    assert lines[3:] == _TEXT.splitlines()[1:]


def test_a_refused_stream_is_exit_code_1(tmp_path: Path) -> None:
    path = tmp_path / "endless.bin"
    path.write_bytes(_words(*_TRANSFER))
    answers = (("7.2.6", 0, "accepts it"), ("7.2", 0, "may refuse it"), ("7.2.7", 1, "with EINVAL"))
    for release, code, said in answers:
        result = _run(path, "--kernel", release)
        assert result.return_value == code
        assert said in result.output
        assert ("the stream must end with STOP" in result.output) is (release != "7.2.6")
        assert ("that depends on the point release" in result.output) is (release == "7.2")


def test_the_verdict_is_given_for_what_cannot_be_decoded(tmp_path: Path) -> None:
    path = tmp_path / "branch.bin"
    path.write_bytes(_words(0x4100, 0, _STOP))
    result = _run(path, "--kernel", "7.3")
    message = str(result.exception)
    assert "exists only on the Ethos-U85" in message
    assert "Linux 7.3 may refuse it" in message
    assert "BRANCH is refused" in message


def test_a_capture_folder() -> None:
    result = _run(find_capture("micro/residual_chain"), "--kernel", "7.3")
    assert result.return_value == 0
    titles = [line for line in result.output.splitlines() if line.startswith("submission ")]
    assert [title.split(":")[0] for title in titles] == ["submission 0", "submission 1"]
    assert result.output.count("Linux 7.3 accepts it") == 2


def test_a_file_of_vela() -> None:
    path = find_model("person_detect_vela.tflite")
    first = _run(path).output.splitlines()[0]
    assert first.startswith("call 0 (operator 0) for ethos-u55-256: 236 operations (55 DMA_START, 55 DMA_WAIT,")
    assert "the ethosu driver does not drive" in _error(path, "--kernel", "7.1")


def test_a_file_that_was_not_compiled() -> None:
    assert "no ethos-u operator" in _error(find_model("person_detect.tflite"))


def test_no_driver_before_6_19(copy: Path) -> None:
    assert "no ethosu driver before 6.19" in _error(copy, "--kernel", "6.12")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.bin", b"", "is empty"),
        ("odd.bin", _words(_STOP) + b"\0", "not a whole number of 32-bit words"),
        ("cut.bin", _words(_SOURCE), "before the payload of DMA0_SRC"),
        ("u85.bin", _words(0x007, _STOP), "RESIZE at offset 0x0 exists only on the Ethos-U85"),
        ("u85_header.bin", _with_header(_words(_STOP), 2 << 28 | 8), "is for ethos-u85-256"),
        (
            "short_header.bin",
            _with_header(_words(_STOP), 1 << 28 | 8)[:-4],
            "announces 1 words of commands, but 0 follow",
        ),
        ("text.bin", b"not a stream", "not a command of the Ethos-U55 or U65"),
        ("text.bin.xz", b"not packed", "cannot be unpacked"),
        ("cut.bin.xz", lzma.compress(bytes(4000))[:-20], "is truncated"),
        ("bomb.bin.xz", lzma.compress(bytes(64 << 20)), "unpacks to more than 8 MiB"),
        ("large.bin", bytes((8 << 20) + 4), "is larger than 8.39 MB"),
        ("many.bin", _words(0x002) * 80_001, "80001 operations; npufit prints at most 80000"),
        ("model.tflite", b"\0" * 64, "model.tflite"),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    for arguments in ((), ("--json",)):
        message = _error(path, *arguments)
        assert said in message
        assert name in message


def test_missing_files_and_folders_that_are_no_capture(tmp_path: Path) -> None:
    assert "cannot be read" in _error(tmp_path / "absent.bin")
    assert "not a capture" in _error(tmp_path)
    (tmp_path / "submit00-meta.txt").write_text("sram_size=0\n", encoding="utf-8")
    assert "submit00-cmdstream.bin.xz: cannot be read" in _error(tmp_path)


def test_the_page_lists_the_checks_and_when_they_came() -> None:
    from npufit.report.disassemble.text import checks_table, history_table

    page = (REPOSITORY / "docs" / "disassemble.md").read_text(encoding="utf-8")
    assert checks_table() in page
    assert history_table() in page
    for parameter in command.params:
        assert parameter.name == "file" or max(parameter.opts, key=len) in page
