"""Compare npufit's model of the mainline ethosu driver with that driver, compiled from Debian's packages.

    PYTHONPATH=tests python -m kernel.compare 7.2.6 7.3.4
    PYTHONPATH=tests python -m kernel.compare --mutants 20000 --seed 7 --model-bytes 40000000

For each release and stream: is the stream refused, and with which error; how far does it use each region; is its
submission refused. Exit code 0: no difference without a reason that is named here; 1: differences; 3: fewer than two
releases could be compared.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kernel.answers import Answer, Sample, answer_of_npufit
from kernel.mutations import split
from kernel.oracle import write_oracle
from kernel.sources import KernelSources
from kernel.streams import FOR_LINUX, FOR_NXP, captured, compiled, mutants
from kernel.validator import CompileError, Validator, build, fingerprint
from npufit.ethosu import KernelVersion, parse_kernel
from private_apt import AptError
from real_files import list_models, list_own_models

DEFAULT_RELEASES = ("6.19.6", "6.19.8", "7.1.3", "7.1.8", "7.2.6", "7.2.8", "7.3.4")
"""The first known release of each driver that judges or measures differently, as far as Debian serves it."""
_BUILD = Path(__file__).parents[2] / "build" / "kernel"
_IFM_REGION = 0x10F
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """A sample on which npufit and a driver disagree, and how."""

    release: KernelVersion
    sample: Sample
    kind: str
    expected: object
    found: object

    def __str__(self) -> str:
        """Return it in one line."""
        return f"Linux {self.release}, {self.sample.origin}: {self.kind}: {self.expected} by npufit, {self.found} there"


def differences(sample: Sample, release: KernelVersion, found: Answer) -> Iterable[Difference]:
    """Yield how npufit's answer about `sample` differs from the driver's, `found`."""
    expected = answer_of_npufit(sample, release)
    if expected.created != found.created:
        yield Difference(release, sample, "creation", expected.created, found.created)
    elif found.created is None and expected.extents != found.extents:
        yield Difference(release, sample, "extents", expected.extents, found.extents)
    elif expected.submitted != found.submitted:
        yield Difference(release, sample, "submission", expected.submitted, found.submitted)


def _has_region_beyond_the_table(sample: Sample) -> bool:
    settings = (command[0] for command in split(sample.stream) if command[0] & 0xFFFF == _IFM_REGION)
    return any(setting >> 16 & 0x78 for setting in settings)


EXCEPTIONS: dict[str, tuple[tuple[int, int], Callable[[Sample], bool]]] = {
    "IFM_REGION above 7: before 00f547e0dfec the driver writes outside of its table, and what follows depends on the "
    "memory there": ((7, 0), _has_region_beyond_the_table),
}
"""Differences that stay, by reason: the last series that has them, and on which samples."""


def main() -> int:
    """Compare, print what differs, and return the exit code."""
    options = _parse()
    sources = KernelSources(_BUILD)
    drivers: dict[KernelVersion, Path] = {}
    known: dict[str, str] = {}
    for release in options.releases:
        try:
            source = sources.unpack(release)
            drivers[parse_kernel(release)] = build(source, _BUILD / "programs" / release)
        except AptError as error:
            print(f"Linux {release}: left out: {error}")
            continue
        except CompileError as error:
            print(f"Linux {release}: cannot be compiled: {error}")
            return 1
        same = known.setdefault(fingerprint(source), release)
        print(f"Linux {release}: compiled" + (f"; the same driver as in {same}" if same != release else ""), flush=True)
    if len(drivers) < 2:
        print("At least two releases are needed.")
        return 3

    if options.write_oracle:
        samples = mutants(list(captured()), options.mutants, options.seed)
        mutated = (it for it in samples if not any(holds(it) for _, holds in EXCEPTIONS.values()))
        write_oracle(drivers, mutated, compiled(_BUILD / "vela", list_own_models(), (FOR_LINUX,)))
        return 0
    samples = [*captured(), *compiled(_BUILD / "vela", list_models(options.model_bytes), (FOR_NXP, FOR_LINUX))]
    print(f"{len(samples)} streams captured or compiled, {options.mutants} mutants (seed {options.seed})", flush=True)
    samples += mutants(samples, options.mutants, options.seed)
    return _report([_compare(release, program, samples) for release, program in drivers.items()])


def _compare(release: KernelVersion, program: Path, samples: list[Sample]) -> list[Difference]:
    counts, refused = Counter[str](), 0
    left: list[Difference] = []
    with Validator(program) as driver:
        for sample in samples:
            answer = driver.judge(sample.stream, sample.submission)
            refused += bool(answer.created or answer.submitted)
            found = list(differences(sample, release, answer))
            reasons = {
                reason
                for reason, (last, holds) in EXCEPTIONS.items()
                if found and release.series <= last and holds(sample)
            }
            counts.update(reasons or ("different" if found else "equal",))
            left += [] if reasons else found
    equal, different = counts.pop("equal", 0), counts.pop("different", 0)
    print(f"Linux {release}: refuses {refused} of {len(samples)}; {equal} equal, {different} different", flush=True)
    for reason, count in counts.items():
        print(f"  {count} different as expected: {reason}")
    return left


def _report(found: list[list[Difference]]) -> int:
    for per_release in found:
        for difference in per_release[:_SHOWN]:
            print(difference)
        if len(per_release) > _SHOWN:
            print(f"and {len(per_release) - _SHOWN} more")
    return 1 if any(found) else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("releases", nargs="*", default=DEFAULT_RELEASES, help="point releases of Linux")
    parser.add_argument("--mutants", type=int, default=3000, help="how many mutated streams")
    parser.add_argument("--seed", type=int, default=1, help="of the mutations")
    parser.add_argument("--model-bytes", type=int, default=1 << 20, help="models up to this size are compiled by Vela")
    parser.add_argument("--write-oracle", action="store_true", help="keep some of the drivers' answers for the tests")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
