"""Streams to ask about: captured from Mesa's driver, compiled by Vela, and mutants of both."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from kernel.answers import Sample
from kernel.mutations import mutate, mutate_submission
from npufit.chips import load_chip
from npufit.disassembling import read_streams
from npufit.errors import NpufitError
from npufit.ethosu import Submission, measure, parse_kernel
from npufit.stacks.vela.runner import run_vela
from npufit.stacks.vela.settings import resolve_settings
from real_files import list_captures

Settings = tuple[tuple[str, str], ...]

FOR_NXP: Settings = ()
FOR_LINUX: Settings = (("arena-cache-size", "98304"),)
"""Settings of Vela: as NXP's BSP compiles, and for the SRAM that the mainline kernel gives to the NPU."""
_COMPILE_SECONDS = 300
_LARGEST_MUTATED_BYTES = 1 << 15
_NEWEST = parse_kernel("7.3.4")


def captured() -> Iterator[Sample]:
    """Yield all captured streams."""
    for name, folder in list_captures().items():
        yield from _samples(name, folder)


def compiled(folder: Path, models: Mapping[str, Path], settings: Iterable[Settings]) -> Iterator[Sample]:
    """Yield what Vela makes of `models`, by name, with each of `settings`; compiled files are kept in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    chip = load_chip("imx93")
    for name, path in models.items():
        for options in settings:
            words = " ".join(f"{option}={value}" for option, value in options)
            model = path.read_bytes()
            kept = folder / f"{hashlib.sha256(model + words.encode()).hexdigest()[:24]}.tflite"
            try:
                if not kept.exists():
                    kept.write_bytes(run_vela(model, resolve_settings(chip, options), _COMPILE_SECONDS).compiled)
                yield from _samples(f"{name} {words}".strip(), kept)
            except NpufitError:
                # Vela refuses the model, or nothing of it runs on the NPU. The file says so the next time.
                kept.touch()


def mutants(samples: list[Sample], count: int, seed: int) -> Iterator[Sample]:
    """Yield `count` mutants of the `samples` that are not too large, the same for the same seed."""
    rng = random.Random(seed)
    sources = [sample for sample in samples if len(sample.stream) <= _LARGEST_MUTATED_BYTES]
    for number in range(count):
        source = rng.choice(sources)
        stream = mutate(source.stream, rng)
        submission = mutate_submission(source.submission, measure(stream, _NEWEST), rng)
        yield Sample(f"mutant {number} of {source.origin}", stream, submission)


def _samples(name: str, path: Path) -> Iterator[Sample]:
    for number, stream in enumerate(read_streams(path)):
        yield Sample(f"{name} #{number}", stream.stream, stream.submission or Submission(()))
