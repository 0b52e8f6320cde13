"""Answers of compiled drivers, kept as data: mutants of captured streams, as differences from what was captured."""

from __future__ import annotations

import difflib
import json
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from kernel.answers import Answer, Sample
from kernel.validator import Validator
from npufit.disassembling import read_streams
from npufit.ethosu import KernelVersion, Submission, parse_kernel
from real_files import ORACLES, find_capture

_FILE = ORACLES / "kernel_verdicts.json"
_ORIGIN = (
    "Answers of Linux's ethosu driver, compiled from Debian's packages of its source (make test-kernel), to mutants of "
    "the streams in tests/captures. 'edits' replace words [first, end) of the captured stream, the last one first. "
    "'created' and 'submitted' are error numbers, null if accepted; 'extents' are bytes by region."
)
_IN_THE_REPOSITORY = " of micro/"
_KEPT_OF_A_KIND = 2


def write_oracle(drivers: dict[KernelVersion, Path], samples: Iterable[Sample]) -> None:
    """Keep some `samples` of every kind of disagreement between the `drivers`, with their answers."""
    validators = {str(release): Validator(program) for release, program in drivers.items()}
    kinds: defaultdict[tuple[object, ...], list[dict[str, object]]] = defaultdict(list)
    for sample in samples:
        answers = {release: driver.judge(sample.stream, sample.submission) for release, driver in validators.items()}
        groups = _grouped(answers)
        kind = tuple((tuple(releases), answer.created, answer.submitted) for answer, releases in groups)
        is_kept_here = _IN_THE_REPOSITORY in sample.origin and len(sample.stream) % 4 == 0
        if is_kept_here and len(kinds[kind]) < _KEPT_OF_A_KIND:
            kinds[kind].append(_case(sample, groups))
    cases = [case for kind in kinds.values() for case in kind]
    lines = ",\n".join(json.dumps(case) for case in cases)
    _FILE.write_text(f'{{"origin": {json.dumps(_ORIGIN)},\n"cases": [\n{lines}\n]}}\n')
    for driver in validators.values():
        driver.__exit__(None, None, None)


def read_oracle() -> Iterator[tuple[Sample, list[tuple[KernelVersion, Answer]]]]:
    """Yield the samples that were kept, each with the answers by release."""
    for case in json.loads(_FILE.read_text())["cases"]:
        words = list(_words(_captured(case["capture"])))
        for first, end, replacement in reversed(case["edits"]):
            words[first:end] = [int(word, 16) for word in replacement.split()]
        submission = Submission(tuple((region, size) for region, size in case["buffers"]), case["sram"])
        sample = Sample(case["capture"], struct.pack(f"<{len(words)}I", *words), submission)
        answers = [
            (parse_kernel(release), Answer(group["created"], group["submitted"], dict(group["extents"])))
            for group in case["answers"]
            for release in group["releases"]
        ]
        yield sample, answers


def _grouped(answers: dict[str, Answer]) -> list[tuple[Answer, list[str]]]:
    groups: list[tuple[Answer, list[str]]] = []
    for release, answer in answers.items():
        same = next((releases for other, releases in groups if other == answer), None)
        if same is None:
            groups.append((answer, [release]))
        else:
            same.append(release)
    return groups


def _case(sample: Sample, groups: list[tuple[Answer, list[str]]]) -> dict[str, object]:
    capture = sample.origin.partition(" of ")[2]
    return {
        "capture": capture,
        "edits": list(_edits(_words(_captured(capture)), _words(sample.stream))),
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
