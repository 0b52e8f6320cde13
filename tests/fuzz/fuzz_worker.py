"""Send mutated files through the commands, in this process; run by the test in a process of its own, or by hand:

    python tests/fuzz/fuzz_worker.py --seed 7 --count 1000
    python tests/fuzz/fuzz_worker.py --seed 7 --only 123 --keep mutant.tflite

Every failure is one line of JSON on standard output. The journal names what runs, for when the process dies.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

_TESTS = Path(__file__).parents[1]
for _folder in (_TESTS, _TESTS / "fuzz"):
    if str(_folder) not in sys.path:
        sys.path.insert(0, str(_folder))

from fuzz_seeds import Seeds, read_seeds  # noqa: E402
from mutating_models import mutate  # noqa: E402

import npufit.cli  # noqa: E402
from mutating_bytes import damage  # noqa: E402
from npufit.rewrite import pass_names  # noqa: E402
from npufit.tflite import parse_model, serialize_model  # noqa: E402
from npufit.tflite.names import operator_codes  # noqa: E402

MOST_SECONDS = 20
"""Of the processor, for one command on one file of at most 30 kB; it takes milliseconds, seconds with a compiler."""
MOST_BYTES = 6 << 30
"""Of address space, most of which LiteRT and NumPy reserve."""
_EXIT_CODES = (0, 1, 2, 3)
_CHECKED = (
    *("imx93/teflon@25.3", "imx93/teflon@26.1", "imx93/teflon", "imx8mp/teflon", "rk3588/teflon", "imx95/neutron"),
    *("imx8mp/vx", "imx93/teflon@main"),
)
_FITTED = ("imx93/teflon@25.3", "imx93/teflon@26.1", "imx93/teflon", "imx8mp/teflon", "rk3588/teflon")
_FORMS: tuple[list[str], ...] = ([], ["--all"], ["--json"], ["--sarif"], ["--markdown"], ["--all", "--color", "always"])
_PASSES = tuple(name for name in pass_names() if name != "quantize")
"""Without the one whose work is done by a tool in a process of its own."""
_SIZES = ("32", "16x24", "1", "7", "4096")


class TooLongError(BaseException):
    """A command took longer than MOST_SECONDS. No Exception, so that nothing catches it on the way."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What came out of a command that should not have."""

    seed: int
    number: int
    command: str
    what: str


def mutant(seeds: Seeds, seed: int, number: int) -> tuple[bytes, bool]:
    """Return file `number` of `seed`, and whether it holds a command stream. The same arguments give the same file."""
    rng = random.Random(f"{seed} {number}")
    source = seeds.files[number % len(seeds.files)]
    is_compiled = b"ethos-u" in source
    if rng.random() < 0.25:
        return damage(source, rng), is_compiled
    donor = seeds.models[rng.randrange(len(seeds.models))]
    kinds = tuple(sorted(operator_codes()))
    for _ in range(20):
        try:
            return serialize_model(mutate(parse_model(source, "seed"), donor, kinds, rng)), is_compiled
        except Exception:  # a model that cannot be written is not a file
            continue
    return damage(source, rng), is_compiled


def commands(path: str, rng: random.Random, is_compiled: bool, share: float) -> Iterator[list[str]]:
    """Yield the commands that one file is sent through; `share` of the files go through the slow ones as well."""
    check = ["check", path, "-t", rng.choice(_CHECKED), *rng.choice(_FORMS)]
    if rng.random() < 0.1:
        check += ["-t", rng.choice(_CHECKED), "--require", "npu-macs>=50%"]
    yield check
    if rng.random() < 0.2:
        yield ["resize", path, "--input", rng.choice(_SIZES), *rng.choice([[], ["--json"]])]
    if rng.random() < (1.0 if is_compiled else 0.05):
        yield ["disassemble", path, *rng.choice([[], ["--json"], ["--kernel", "7.1"]])]
    approximate = ["--allow-approximate", "--skip", "quantize"]
    fit = ["fit", path, "-t", rng.choice(_FITTED), *rng.choice([[], ["--json"], ["--all"]])]
    if rng.random() < 0.15:
        yield [*fit, "--no-prove", *rng.choice([[], ["--list"], approximate])]
    if rng.random() < 0.1:
        yield [*fit, "--no-prove", "--allow-approximate", "--only", rng.choice(_PASSES)]
    if rng.random() < share:
        yield from rng.choice(
            [
                [["run", path, "--on", "cpu", "--repeat", "0", *rng.choice([[], ["--json"]])]],
                [[*fit, "--inputs", "1"]],
                [["check", path, "-t", "imx93/vela", *rng.choice(_FORMS)]],
                [["run", path, "-t", "imx93/vela", "--compare", "--repeat", "0"]],
                [["deploy", path, "-t", "imx93/direct", "-o", "bundle", "--force", "--inputs", "1"]],
                [["bench", path, "--on", "local", "--runs", "1", "--compare", "--run-limit", "10", "-o", "kept"]],
            ]
        )


def run_command(arguments: list[str]) -> tuple[object, str | None]:
    """Run a command and return its exit code and what is wrong with how it ended; None where nothing is."""
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["npufit", *arguments]
    signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    code: object = None
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            npufit.cli.main()
    except SystemExit as leaving:
        code = leaving.code
    except TooLongError:
        return code, f"takes more than {MOST_SECONDS} s: {_innermost(sys.exc_info()[2])}"
    except BaseException as error:  # this is what the test looks for
        return code, f"{type(error).__name__}: {error} {_innermost(error.__traceback__)}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    if code not in _EXIT_CODES:
        return code, f"exit code {code}: {err.getvalue()[:300]}"
    return code, _wrong_output(arguments, out.getvalue(), err.getvalue())


def _too_long(number: int, frame: FrameType | None) -> NoReturn:
    raise TooLongError


def _innermost(trace: object) -> str:
    frames = traceback.extract_tb(trace)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    own = [frame for frame in frames if "npufit" in frame.filename and "tests" not in frame.filename]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(own[-4:]))


def _wrong_output(arguments: list[str], out: str, err: str) -> str | None:
    for text in (out, err):
        plain = text if "always" not in arguments else ""
        if any(not character.isprintable() and character != "\n" for character in plain):
            return "prints control characters"
        for said in ("Traceback (most recent", "a bug in npufit"):
            if said in text:
                return f"prints {text[text.index(said) :][:300]!r}"
    if out and ("--json" in arguments or "--sarif" in arguments):
        try:
            json.loads(out, parse_constant=_refuse)
        except ValueError as error:
            return f"prints no JSON: {error}"
    return None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def try_files(
    seeds: Seeds, seed: int, numbers: range, share: float, journal: Path, keep: Path | None
) -> Iterator[Failure | None]:
    """Yield what fails among the files `numbers` of `seed`, and None for each file that `check` accepts."""
    path = Path("mutant.tflite")
    for number in numbers:
        data, is_compiled = mutant(seeds, seed, number)
        path.write_bytes(data)
        if keep is not None:
            keep.write_bytes(data)
        for arguments in commands(str(path), random.Random(f"{seed} {number} commands"), is_compiled, share):
            journal.write_text(f"seed {seed}, file {number}: npufit {' '.join(arguments)}")
            code, found = run_command(arguments)
            if arguments[0] == "check" and code in (0, 1):
                yield None
            if found is not None:
                yield Failure(seed, number, " ".join(arguments), found)


def main() -> None:
    """Print the failures as lines of JSON, then how many files were tried and how long that took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=int)
    parser.add_argument("--share", type=float, default=0.02)
    parser.add_argument("--journal", type=Path, default=Path("journal"))
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    first, count = (asked.first, asked.count) if asked.only is None else (asked.only, 1)
    journal, keep = asked.journal.absolute(), None if asked.keep is None else asked.keep.absolute()
    start, accepted = time.monotonic(), 0
    seeds = read_seeds()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for failure in try_files(seeds, asked.seed, range(first, first + count), asked.share, journal, keep):
            if failure is None:
                accepted += 1
            else:
                _say([failure.seed, failure.number, failure.command, failure.what])
    _say({"tried": count, "accepted": accepted, "seconds": round(time.monotonic() - start, 1)})


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
