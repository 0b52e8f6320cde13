"""Would the kernel's driver accept a stream? Both sides of every check, captured streams, and streams of Vela."""

from __future__ import annotations

import itertools
import random
import struct
from pathlib import Path

import pytest

from kernel.answers import answer_of_npufit
from kernel.oracle import read_oracle
from npufit.disassembling import read_streams
from npufit.errors import InputError
from npufit.ethosu.commands import BY_NAME
from npufit.ethosu.kernel import CHECKS, KernelVerdict, Submission, judge, measure, used_regions
from npufit.ethosu.kernel_releases import COMPILED, HISTORY, RELEASES, KernelVersion, parse_kernel
from npufit.ethosu.kernel_walk import Traits, walk
from real_files import list_captures

_RESIZE, _BRANCH, _RESERVED = 0x007, 0x4100, 0x0400

_FEATURE_MAPS: dict[str, int] = {
    "IFM_REGION": 1,
    "IFM_PRECISION": 1,
    "IFM_DEPTH_M1": 15,
    "IFM_WIDTH0_M1": 7,
    "IFM_HEIGHT0_M1": 7,
    "IFM_HEIGHT1_M1": 7,
    "IFM_BASE0": 0,
    "IFM_STRIDE_X": 16,
    "IFM_STRIDE_Y": 128,
    "OFM_REGION": 1,
    "OFM_PRECISION": 0x101,
    "OFM_DEPTH_M1": 15,
    "OFM_WIDTH_M1": 7,
    "OFM_HEIGHT_M1": 7,
    "OFM_WIDTH0_M1": 7,
    "OFM_HEIGHT0_M1": 7,
    "OFM_HEIGHT1_M1": 7,
    "OFM_BASE0": 1024,
    "OFM_STRIDE_X": 16,
    "OFM_STRIDE_Y": 128,
}
_KERNEL: dict[str, int] = {
    "KERNEL_WIDTH_M1": 2,
    "KERNEL_HEIGHT_M1": 2,
    "KERNEL_STRIDE": 0,
    "IFM_PAD_TOP": 1,
    "IFM_PAD_LEFT": 1,
    "IFM_PAD_RIGHT": 1,
    "IFM_PAD_BOTTOM": 1,
}
_WEIGHTS = {"WEIGHT_REGION": 0, "WEIGHT_BASE": 0, "WEIGHT_LENGTH": 2304}
_IFM2: dict[str, int] = {
    "IFM2_REGION": 1,
    "IFM2_PRECISION": 1,
    "IFM2_WIDTH0_M1": 7,
    "IFM2_HEIGHT0_M1": 7,
    "IFM2_HEIGHT1_M1": 7,
    "IFM2_BASE0": 2048,
    "IFM2_STRIDE_X": 16,
    "IFM2_STRIDE_Y": 128,
    "IFM2_BROADCAST": 0,
}
_DMA = {"DMA0_SRC_REGION": 0, "DMA0_DST_REGION": 2, "DMA0_SRC": 0, "DMA0_DST": 0, "DMA0_LEN": 64}
_CONV = {**_FEATURE_MAPS, **_KERNEL, **_WEIGHTS}
_POOL = {**_FEATURE_MAPS, **_KERNEL}
_ADD = {**_FEATURE_MAPS, **_IFM2}
_FULL = Submission(((0, 4096), (1, 4096)))


def _words(name: str, value: int = 0) -> list[int]:
    command = BY_NAME[name]
    if command.has_payload:
        return [command.code | 0x4000 | value >> 32 << 16, value & 0xFFFFFFFF]
    return [command.code | (value & 0xFFFF) << 16]


def _stream(
    registers: dict[str, int], operation: str, parameter: int = 0, ending: tuple[int, ...] | None = None
) -> bytes:
    words = [word for name, value in registers.items() for word in _words(name, value)]
    words += _words(operation, parameter)
    words += [0xFFFF0000] if ending is None else ending
    return struct.pack(f"<{len(words)}I", *words)


def _without(registers: dict[str, int], *names: str) -> dict[str, int]:
    return {name: value for name, value in registers.items() if name not in names}


def _failed(verdict: KernelVerdict) -> dict[str, bool]:
    return {finding.check.id: finding.is_certain for finding in verdict.findings}


def _answers(stream: bytes, submission: Submission | None = None) -> list[bool | None]:
    return [judge(stream, release, submission).accepted for release in RELEASES]


_GOOD = [
    _stream(_CONV, "CONV"),
    _stream(_CONV, "DEPTHWISE"),
    _stream(_POOL, "POOL", 1),
    _stream(_ADD, "ELEMENTWISE", 1),
    _stream(_FEATURE_MAPS, "ELEMENTWISE", 6),
    _stream(_DMA, "DMA_START"),
    _stream(_DMA, "DMA_WAIT"),
]


@pytest.mark.parametrize("stream", _GOOD)
def test_a_sound_stream_is_accepted_by_every_release(stream: bytes) -> None:
    assert _answers(stream) == [True] * len(RELEASES)


_STRICT_ANSWERS = [True, True, None, None, None]
"""What only a driver after 7.3.4 checks: series that still get fixes may have it by now."""
_STOP_ANSWERS = [True, True, None, None, False]
_TRANSFER_ANSWERS = [None, None, None, False, False]
_ALWAYS = [False] * 5
_FIXED_IN_7_1 = [None, None, False, False, False]


@pytest.mark.parametrize(
    ("check", "stream", "answers"),
    [
        ("state", _stream(_without(_CONV, "IFM_REGION"), "CONV"), _ALWAYS),
        ("state", _stream(_without(_CONV, "OFM_BASE0"), "CONV"), _ALWAYS),
        ("state", _stream(_without(_CONV, "WEIGHT_LENGTH"), "CONV"), _ALWAYS),
        ("state", _stream({**_CONV, "OFM_PRECISION": 1}, "CONV"), _ALWAYS),
        ("state", _stream(_without(_ADD, "IFM2_REGION"), "ELEMENTWISE", 1), _ALWAYS),
        ("registers", _stream(_without(_POOL, "IFM_PAD_TOP"), "POOL"), None),
        ("registers", _stream(_without(_POOL, "IFM_HEIGHT1_M1"), "POOL"), _STRICT_ANSWERS),
        ("rounding", _stream({**_POOL, "OFM_PRECISION": 0x8101}, "POOL"), [True, True, None, None, True]),
        ("underflow", _stream({**_POOL, "IFM_PAD_RIGHT": 60}, "POOL"), None),
        ("resize", struct.pack("<2I", _RESIZE, 0), _FIXED_IN_7_1),
        ("last-stop", _stream(_DMA, "DMA_WAIT", ending=()), _STOP_ANSWERS),
        ("after-stop", _stream(_DMA, "DMA_WAIT", ending=(0, 0)), _STOP_ANSWERS),
        ("branch", struct.pack("<3I", _BRANCH, 0, 0xFFFF0000), _STRICT_ANSWERS),
        ("irq", struct.pack("<2I", 0x0001, 0xFFFF0000), _STRICT_ANSWERS),
        ("cut-off", struct.pack("<2I", 0x4000, 0)[:4], None),
        ("reserved", struct.pack("<2I", _RESERVED, 0), _STRICT_ANSWERS),
        ("format", _stream({"IFM_PRECISION": 2 << 6}, "DMA_WAIT"), _STRICT_ANSWERS),
        ("dma-mode", _stream({"DMA0_SRC_REGION": 3 << 9}, "DMA_WAIT"), _STRICT_ANSWERS),
        ("dma-mode", _stream({"DMA0_DST_REGION": 1 << 11}, "DMA_WAIT"), _STRICT_ANSWERS),
        ("dma-state", _stream(_without(_DMA, "DMA0_SRC_REGION"), "DMA_START"), None),
        ("dma-length", _stream(_without(_DMA, "DMA0_LEN"), "DMA_START"), _TRANSFER_ANSWERS),
        ("dma-state", _stream({**_DMA, "DMA0_SRC_REGION": 1 << 9, "DMA0_SIZE0": 0}, "DMA_START"), _STRICT_ANSWERS),
        ("overflow", _stream({**_DMA, "DMA0_SRC_REGION": 1 << 9, "DMA0_SIZE0": 2, "DMA0_SKIP0": (1 << 40) - 65},
                             "DMA_START"), _TRANSFER_ANSWERS),
        ("conv-parameter", _stream(_CONV, "CONV", 2), _STRICT_ANSWERS),
        ("scalar", _stream({**_FEATURE_MAPS, "IFM2_BROADCAST": 0x80}, "ELEMENTWISE", 1),
         [None, True, True, True, True]),
    ],
)  # fmt: skip
def test_what_a_check_refuses(check: str, stream: bytes, answers: list[bool | None] | None) -> None:
    newest, found = judge(stream, RELEASES[-1]), set[str]()
    for release in RELEASES:
        found |= set(_failed(judge(stream, release)))
    assert check in found
    if answers is not None:
        assert _answers(stream) == answers
    assert all(finding.errno == "EINVAL" for finding in newest.findings)


def test_a_negative_skip_of_at_most_the_length_does_not_overflow() -> None:
    registers = {**_DMA, "DMA0_SRC_REGION": 1 << 9, "DMA0_SIZE0": 2, "DMA0_SKIP0": (1 << 40) - 64}
    assert "overflow" not in _failed(judge(_stream(registers, "DMA_START"), RELEASES[-1]))


def test_padding_that_leaves_one_value_is_not_too_large() -> None:
    for right, refused in ((8, False), (9, True)):
        verdict = judge(_stream({**_POOL, "IFM_PAD_RIGHT": right}, "POOL"), RELEASES[2])
        assert ("underflow" in _failed(verdict)) is refused


def test_a_scalar_is_taken_as_a_feature_map_only_where_none_was_set_before() -> None:
    stream = _stream({**_ADD, "IFM2_BROADCAST": 0x80}, "ELEMENTWISE", 1)
    assert _answers(stream) == [True] * 5


@pytest.mark.parametrize(
    ("check", "errno", "submission", "answers"),
    [
        ("sram-handle", "EINVAL", Submission(((0, 4096), (2, 4096)), 4096), _ALWAYS),
        ("sram-size", "EINVAL", Submission(((0, 4096),), 98_305), _ALWAYS),
        ("unused-region", "EINVAL", Submission(((0, 4096), (1, 4096)), 4096), _ALWAYS),
        ("missing-handle", "ENOENT", Submission((), 4096), _ALWAYS),
        ("missing-handle", "ENOENT", Submission(((0, 4096),), 0), [False, False, None, None, False]),
        ("sram-extent", "EINVAL", Submission(((0, 4096),), 32, 32), [True, True, None, None, False]),
    ],
)
def test_what_is_submitted_is_checked(
    check: str, errno: str, submission: Submission, answers: list[bool | None]
) -> None:
    stream = _stream(_DMA, "DMA_START")
    assert _answers(stream, Submission(((0, 64),), 98_304)) == [True] * 5
    assert _answers(stream, submission) == answers
    findings = [finding for release in RELEASES for finding in judge(stream, release, submission).findings]
    assert {finding.errno for finding in findings if finding.check.id == check} == {errno}


@pytest.mark.parametrize(("base", "accepted"), [(4096 - 1024, True), (4096 - 1023, False)])
def test_the_extent_is_compared_with_whole_pages(base: int, accepted: bool) -> None:
    stream = _stream({**_CONV, "OFM_BASE0": base}, "CONV")
    submission = Submission(((0, 2304), (1, 3000)))
    assert _answers(stream, submission) == [accepted] * 5
    for release in RELEASES:
        verdict = judge(stream, release, submission)
        assert verdict.errno == (None if accepted else "EOVERFLOW")


def test_the_first_driver_measures_wide_values_by_their_first_byte() -> None:
    wide = {**_POOL, "OFM_PRECISION": 0x103, "OFM_STRIDE_X": 32, "OFM_STRIDE_Y": 256, "OFM_BASE0": 4096 - 2048 + 8}
    answers = _answers(_stream(wide, "POOL"), Submission(((1, 4096),)))
    assert answers == [True, True, None, False, False]


def test_a_finding_names_operation_offset_and_source() -> None:
    stream = _stream(_DMA, "DMA_START", ending=(*_words("CONV"), 0))
    verdict = judge(stream, RELEASES[0])
    assert (verdict.accepted, verdict.errno) == (False, "EINVAL")
    first = verdict.findings[0]
    assert (first.operation, first.name, first.offset) == (1, "CONV", len(stream) - 8)
    assert str(first) == (
        f"EINVAL in operation 1 (CONV) at {first.offset:#x}: a region, address or length that the operation needs was "
        f"never set ({first.detail}, and 2 more like it) [ethosu_gem.c @32a92f8c8932]"
    )
    assert str(verdict) == "Linux 6.19 refuses it with EINVAL"


def test_regions_that_a_stream_uses() -> None:
    assert used_regions(_stream(_CONV, "CONV")) == {0, 1}
    assert used_regions(_stream({**_DMA, "DMA0_DST_REGION": 0x100}, "DMA_START")) == {0}
    assert used_regions(b"") == frozenset()


@pytest.mark.parametrize("text", ["6.19", "7.0", "v7.1", "7.2", " 7.3 "])
def test_releases_are_read(text: str) -> None:
    release = parse_kernel(text)
    assert release in RELEASES
    assert not release.note


@pytest.mark.parametrize(
    ("text", "taken", "words"),
    [
        ("7.9", "7.3", "not known"),
        ("7.9.3", "7.3", "not known"),
        ("7.1.4", "7.1.4", "not read"),
        ("7.2.14", "7.2.14", "not read"),
        ("7.3.5", "7.3.5", "not read"),
        ("7.2-rc3", "7.2", "candidate"),
    ],
)
def test_other_releases_come_with_a_note(text: str, taken: str, words: str) -> None:
    release = parse_kernel(text)
    assert str(release) == taken
    assert words in release.note


@pytest.mark.parametrize("text", ["6.19.0", "6.19.8", "7.1.13", "7.2.6", "7.2.7", "7.2.10", "7.2.13", "7.3.4"])
def test_point_releases_that_are_known_come_without_a_note(text: str) -> None:
    release = parse_kernel(text)
    assert (str(release), release.note) == (text, "")


@pytest.mark.parametrize(
    ("stream", "answers"),
    [
        # The rounding mode of average pooling, which 131 of 500 streams of Mesa have, and STOP at the end.
        (_stream({**_POOL, "OFM_PRECISION": 0x8101}, "POOL"), (False, True, True, True)),
        (_stream(_DMA, "DMA_WAIT", ending=()), (True, False, False, False)),
        # What only drivers after 7.3.4 check.
        (_stream({"IFM_PRECISION": 2 << 6}, "DMA_WAIT"), (True, True, True, True)),
        (struct.pack("<2I", _RESERVED, 0xFFFF0000), (True, True, True, True)),
        (_stream(_without(_POOL, "IFM_HEIGHT1_M1"), "POOL"), (True, True, True, True)),
        # A KERNEL_STRIDE of all ones is what the driver takes for never set.
        (_stream({**_POOL, "KERNEL_STRIDE": 0xFFFF}, "POOL"), (False, False, False, False)),
        # DEPTHWISE with an odd parameter takes its weights as a second feature map.
        (_stream(_CONV, "DEPTHWISE", 1), (False, False, False, False)),
        (_stream({**_CONV, **_IFM2, "IFM2_WIDTH0_M1": 31}, "DEPTHWISE", 1), (True, True, True, True)),
    ],
)
def test_point_releases_differ_where_the_code_does(stream: bytes, answers: tuple[bool | None, ...]) -> None:
    """The answers are those of the compiled `ethosu_gem.c`; 7.2.7 has the fixes by Debian's change log."""
    releases = [parse_kernel(text) for text in ("7.2.6", "7.2.7", "7.2.9", "7.3.4")]
    assert tuple(judge(stream, release).accepted for release in releases) == answers


def test_lengths_of_weights_have_32_bits() -> None:
    long = _stream({**_CONV, "WEIGHT_LENGTH": (1 << 32) + 16}, "CONV")
    short = _stream({**_CONV, "WEIGHT_LENGTH": 16}, "CONV")
    enough = Submission(((0, 4096), (1, 4096)))
    for release in RELEASES:
        assert judge(long, release, enough).accepted == judge(short, release, enough).accepted is True
    unset = _stream({**_CONV, "WEIGHT_LENGTH": (1 << 32) - 1}, "CONV")
    assert "state" in _failed(judge(unset, parse_kernel("7.3.4")))


def test_the_sram_that_counts_is_the_jobs_since_7_2_7() -> None:
    stream = _stream(_DMA, "DMA_START")
    for text, accepted in (("7.1.13", True), ("7.2.5", True), ("7.2.6", True), ("7.2.7", False), ("7.2.9", False)):
        assert judge(stream, parse_kernel(text), Submission(((0, 4096),), 32)).accepted is accepted


def test_the_number_is_that_of_the_first_check_that_fails() -> None:
    stream = _stream(_CONV, "CONV")
    for release in COMPILED:
        assert judge(stream, release, Submission(((0, 4096), (1, 4096), (3, 1)))).errno == "EINVAL"
        assert judge(stream, release, Submission(((1, 1), (3, 1)))).errno == "ENOENT"
        assert judge(stream, release, Submission(((0, 4096), (1, 4096)))).errno is None


def test_6_19_6_reads_32_bits_of_addresses() -> None:
    stream = _stream({**_DMA, "DMA0_SRC": 1 << 32}, "DMA_START")
    assert measure(stream, parse_kernel("6.19.6"))[0] == 64
    assert measure(stream, parse_kernel("6.19.8"))[0] == (1 << 32) + 64


def test_there_is_no_driver_before_6_19() -> None:
    with pytest.raises(InputError, match=r"6\.12: there is no ethosu driver before 6\.19"):
        parse_kernel("6.12")


@pytest.mark.parametrize("text", ["", "7", "seven", "7.1.2.3", "7.1\n8", "٧.١"])
def test_what_is_no_release_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a kernel release"):
        parse_kernel(text)


def test_the_tables_are_sound() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    assert {check.errno for check in CHECKS} == {"EINVAL", "ENOENT", "EOVERFLOW"}
    for history in HISTORY:
        assert len(history.spans) == len(RELEASES)
        assert all(span.present is None or span.absent < span.present for span in history.spans), history
    assert all(release.is_known for release in COMPILED)


@pytest.mark.parametrize("folder", [pytest.param(folder, id=name) for name, folder in list_captures().items()])
def test_what_mesa_submitted_is_accepted_but_for_the_rounding_mode(folder: Path) -> None:
    for stream in read_streams(folder):
        natural = any(
            word & 0xFFFF == BY_NAME["OFM_PRECISION"].code and word >> 30 == 2
            for (word,) in struct.iter_unpack("<I", stream.stream)
        )
        for release, answer in zip(RELEASES, [True, True, None, None, True], strict=True):
            verdict = judge(stream.stream, release, stream.submission)
            assert verdict.accepted is (answer if natural else True), verdict.findings
            assert set(_failed(verdict)) <= {"rounding"}


def test_streams_of_vela_reach_beyond_the_sram_of_the_board(tmp_path: Path) -> None:
    from npufit.chips import load_chip
    from npufit.stacks.vela.runner import run_vela
    from npufit.stacks.vela.settings import resolve_settings
    from npufit.tflite import serialize_model
    from npufit.zoo import build, parse_spec

    model = build(parse_spec("zoo:mobilenet_v1@128,uint8,alpha=0.25"))
    path = tmp_path / "model_vela.tflite"
    path.write_bytes(run_vela(serialize_model(model), resolve_settings(load_chip("imx93"), ()), 120).compiled)
    (stream,) = read_streams(path)
    assert _answers(stream.stream) == [True, True, None, None, True]
    assert stream.submission is not None
    assert stream.submission.sram_bytes > stream.submission.hardware_sram_bytes
    verdict = judge(stream.stream, RELEASES[-1], stream.submission)
    assert _failed(verdict) == {"sram-size": True}
    enough = Submission(stream.submission.buffers, stream.submission.sram_bytes, 384 << 10)
    assert judge(stream.stream, RELEASES[-1], enough).accepted


@pytest.mark.parametrize("words", [b"", b"\0", b"\xff" * 64, bytes(range(256)) * 8])
def test_noise_ends_in_a_verdict(words: bytes) -> None:
    for release in RELEASES:
        assert isinstance(judge(words, release, _FULL), KernelVerdict)


def test_compiled_drivers_answer_as_npufit_says() -> None:
    """The rest of what `make test-kernel` compares needs a compiler and Debian's packages."""
    releases: set[KernelVersion] = set()
    for sample, answers in read_oracle():
        for release, answer in answers:
            releases.add(release)
            assert answer_of_npufit(sample, release) == answer, (str(release), sample)
    assert len(releases) >= 7


def test_a_walk_serves_only_drivers_that_find_the_same() -> None:
    """Drivers share a walk if none of their differences mattered in it; this also holds for mutants of streams."""
    every = [Traits(strict, *fixes) for strict in (False, True) for fixes in itertools.product((False, True), repeat=6)]
    chosen, shared = random.Random(0), 0
    for sample, _ in read_oracle():
        walks = [walk(sample.stream, traits) for traits in chosen.sample(every, 6)]
        for one, other in itertools.permutations(walks, 2):
            if one.serves(other.traits):
                shared += 1
                assert (one.extents, one.complaints) == (other.extents, other.complaints), (one.traits, other.traits)
    assert shared > 1000
