"""Answers of compiled drivers, kept as data: to mutants of captured streams, as differences from what was captured, and
to streams of Vela, compressed."""

from __future__ import annotations

import base64
import difflib
import json
import lzma
import struct
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from kernel.answers import Answer, Sample
from kernel.validator import Validator
from npufit.disassembling import read_streams
from npufit.ethosu import KernelVersion, Submission, parse_kernel
from real_files import ORACLES, find_capture

_MUTANTS = ORACLES / "kernel_verdicts.json"
_COMPILED = ORACLES / "kernel_verdicts_vela.json"
_HOW = "Answers of Linux's ethosu driver, compiled from Debian's packages of its source (make test-kernel), to"
_ANSWERS = "'created' and 'submitted' are error numbers, null if accepted; 'extents' are bytes by region."
_ORIGINS = {
    _MUTANTS: f"{_HOW} mutants of the streams in tests/captures. 'edits' replace words [first, end) of the captured "
    f"stream, the last one first. {_ANSWERS}",
    _COMPILED: f"{_HOW} what Vela makes of tests/models for the 96 KiB of SRAM that Linux gives to the NPU of i.MX93. "
    f"'stream' is base64 of xz. {_ANSWERS}",
}
_CAPTURED_IN_THE_REPOSITORY = " of micro/"
_KEPT_OF_A_KIND = 2
_LARGEST_KEPT_BYTES = 8 << 10

Case = dict[str, object]


def write_oracle(drivers: dict[KernelVersion, Path], mutants: Iterable[Sample], compiled: Iterable[Sample]) -> None:
    """Keep some mutants of each kind of disagreement between the `drivers`, and some streams of each compiled model."""
    validators = {str(release): Validator(program) for release, program in drivers.items()}

    def ask(sample: Sample) -> list[tuple[Answer, list[str]]]:
        return _grouped({name: driver.judge(sample.stream, sample.submission) for name, driver in validators.items()})

    kept = (sample for sample in compiled if len(sample.stream) <= _LARGEST_KEPT_BYTES)
    _write(_MUTANTS, _some_of_each_kind(filter(_is_of_the_repository, mutants), ask, lambda sample: "", _mutant))
    _write(_COMPILED, _some_of_each_kind(kept, ask, _model_of, _whole))
    for driver in validators.values():
        driver.__exit__(None, None, None)


def _write(file: Path, cases: Iterable[Case]) -> None:
    lines = ",\n".join(json.dumps(case) for case in cases)
    file.write_text(f'{{"origin": {json.dumps(_ORIGINS[file])},\n"cases": [\n{lines}\n]}}\n')


def _is_of_the_repository(mutant: Sample) -> bool:
    return _CAPTURED_IN_THE_REPOSITORY in mutant.origin and len(mutant.stream) % 4 == 0


def _model_of(compiled: Sample) -> str:
    return compiled.origin.rpartition(" #")[0]


def _some_of_each_kind(
    samples: Iterable[Sample],
    ask: Callable[[Sample], list[tuple[Answer, list[str]]]],
    group_of: Callable[[Sample], str],
    stream_of: Callable[[Sample], Case],
) -> Iterator[Case]:
    """Yield the first few samples of every group and every kind of disagreement between drivers, as cases."""
    kinds: defaultdict[tuple[object, ...], list[Case]] = defaultdict(list)
    for sample in samples:
        answers = ask(sample)
        kind = group_of(sample), *((tuple(releases), answer.created, answer.submitted) for answer, releases in answers)
        if len(kinds[kind]) < _KEPT_OF_A_KIND:
            kinds[kind].append(_case(sample, answers, stream_of(sample)))
    return (case for cases in kinds.values() for case in cases)


def read_oracle() -> Iterator[tuple[Sample, list[tuple[KernelVersion, Answer]]]]:
    """Yield the samples that were kept, each with the answers by release."""
    for case in (case for file in _ORIGINS for case in json.loads(file.read_text())["cases"]):
        submission = Submission(tuple((region, size) for region, size in case["buffers"]), case["sram"])
        sample = Sample(case.get("capture") or case["compiled"], _stream(case), submission)
        answers = [
            (parse_kernel(release), Answer(group["created"], group["submitted"], dict(group["extents"])))
            for group in case["answers"]
            for release in group["releases"]
        ]
        yield sample, answers


def _stream(case: Any) -> bytes:
    if "stream" in case:
        return lzma.decompress(base64.b64decode(case["stream"]))
    words = list(_words(_captured(case["capture"])))
    for first, end, replacement in reversed(case["edits"]):
        words[first:end] = [int(word, 16) for word in replacement.split()]
    return struct.pack(f"<{len(words)}I", *words)


def _grouped(answers: dict[str, Answer]) -> list[tuple[Answer, list[str]]]:
    groups: list[tuple[Answer, list[str]]] = []
    for release, answer in answers.items():
        same = next((releases for other, releases in groups if other == answer), None)
        if same is None:
            groups.append((answer, [release]))
        else:
            same.append(release)
    return groups


def _case(sample: Sample, groups: list[tuple[Answer, list[str]]], stream: Case) -> Case:
    return {
        **stream,
        "buffers": sample.submission.buffers,
        "sram": sample.submission.sram_bytes,
        "answers": [
            {
                "releases": releases,
                "created": answer.created,
                "submitted": answer.submitted,
                "extents": sorted(answer.extents.items()),
            }
            for answer, releases in groups
        ],
    }


def _mutant(sample: Sample) -> Case:
    capture = sample.origin.partition(" of ")[2]
    return {"capture": capture, "edits": list(_edits(_words(_captured(capture)), _words(sample.stream)))}


def _whole(sample: Sample) -> Case:
    return {"compiled": sample.origin, "stream": base64.b64encode(lzma.compress(sample.stream)).decode()}


def _edits(old: tuple[int, ...], new: tuple[int, ...]) -> Iterator[tuple[int, int, str]]:
    for kind, first, end, start, stop in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield first, end, " ".join(f"{word:08x}" for word in new[start:stop])


def _captured(name: str) -> bytes:
    """Return a captured stream by the name that `streams.captured` gives it."""
    folder, _, number = name.rpartition(" #")
    return read_streams(find_capture(folder))[int(number)].stream


def _words(stream: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(stream) // 4}I", stream)
