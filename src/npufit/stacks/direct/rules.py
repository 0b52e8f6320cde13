"""Why Linux refuses a stream: a rule for each check of its driver that a stream of Vela can fail, one for the rest."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.ethosu import CHECKS, Check, KernelVersion, known_ranges, possible_drivers
from npufit.stacks.direct.verdicts import KernelRange, joined, names
from npufit.stacks.hazard import hazard_rule
from npufit.stacks.rule import Effect, Evidence, Remedy, RemedyKind, Rule

_NEWER_LINUX = Remedy(RemedyKind.VERSION, "Linux 7.2.7, any later 7.2, or 7.3: their drivers take Vela's streams")
_SMALLER_ARENA = Remedy(
    RemedyKind.SETTING, "omit --set arena-cache-size, or make it smaller: npufit gives Vela what the chip's file has"
)
_OTHER_VELA = Remedy(
    RemedyKind.SETTING, "another release of Vela: npufit toolchain install vela@3.12, then --set vela=3.12"
)
_AGAIN = Remedy(RemedyKind.SETTING, "compile the original model again, for this target")


@dataclass(frozen=True, slots=True)
class _Words:
    """What a rule adds to the check of the driver: when it passes, why it is there, an example, and the ways out."""

    check: str
    safe: str
    why: str
    example: str
    remedies: tuple[Remedy, ...]


_WORDS = (
    _Words(
        "rounding",
        "a driver that reads two bits as storage mode, as the U65 means them",
        "The register of an output's precision has the rounding mode in its two highest bits. Drivers that look for a "
        "storage mode there know only the values 0 and 1; Vela rounds nearly everything with another one. Such a "
        "driver refuses Mesa's streams as well.",
        "Any quantized network on Linux 7.2.6.",
        (_NEWER_LINUX,),
    ),
    _Words(
        "sram-size",
        "at most the SRAM that the device tree gives to the NPU: 98,304 bytes on the i.MX 93",
        "A job says how much SRAM its stream uses, and the driver has only that of the device tree. Vela's settings "
        "for NXP's firmware assume more.",
        "MobileNetV2 with --set arena-cache-size=393216.",
        (_SMALLER_ARENA,),
    ),
    _Words(
        "sram-extent",
        "no access beyond the SRAM that the job asks for",
        "The driver computes how far the stream reaches into the SRAM. Drivers differ in how they compute it.",
        "A file that was compiled elsewhere, whose scratch tensor is smaller than what its stream uses.",
        (_SMALLER_ARENA, _AGAIN),
    ),
    _Words(
        "extent",
        "no access beyond the end of a buffer, as the driver computes it",
        "The driver computes how far the stream reaches into each buffer. The first ones take the bits of another "
        "register for the size of an element, so they see accesses that the NPU does not make.",
        "",
        (_NEWER_LINUX, _OTHER_VELA),
    ),
    _Words(
        "scalar",
        "a driver that knows scalar operands",
        "An elementwise operation on the U65 may have a constant instead of its second input. The first drivers look "
        "for the address of that input all the same.",
        "",
        (_NEWER_LINUX,),
    ),
    _Words(
        "underflow",
        "padding that the windows of the operation cover",
        "The driver computes how much of the input an operation reads from its output, its kernel and its padding. "
        "Where more is padding than the windows cover, nothing remains, and the driver takes that for an error.",
        "",
        (_OTHER_VELA,),
    ),
    _Words(
        "state",
        "every register that an operation needs is set before it",
        "The driver knows only what the stream itself sets, and takes one value of an address for never set.",
        "",
        (_NEWER_LINUX, _OTHER_VELA),
    ),
)
"""The checks that a stream of Vela can fail."""


def _versions(check: Check) -> str:
    """Return the releases that have `check`: those that certainly do, then those of which it is unknown."""
    ranges = joined(_having(check, start, last) for start, last in known_ranges())
    certain, possible = (names([entry for entry in ranges if entry.accepted is answer]) for answer in (False, None))
    return "Linux " + "; possibly ".join(filter(None, (certain, possible)))


def _having(check: Check, start: KernelVersion, last: int | None) -> KernelRange:
    """Return a range of releases with the verdict of `check` alone on a stream that fails it."""
    answers = {check.holds(driver) for driver in possible_drivers(start)}
    accepted = None if len(answers) > 1 else False in answers
    return KernelRange(f"{start.major}.{start.minor}", start.point, last, accepted)


def _rule(words: _Words, check: Check) -> Rule:
    return hazard_rule(
        f"direct.{check.id}",
        f"Linux refuses the stream with {check.errno}: {check.statement}.",
        words.safe,
        words.why,
        words.example,
        versions=_versions(check),
        source=f"Linux drivers/accel/ethosu/{check.source}",
        remedies=words.remedies,
        evidence=Evidence.SOURCE,
        effects=(Effect.FAILS,),
    )


_BY_CHECK = {check.id: check for check in CHECKS}
_RULES = {words.check: _rule(words, _BY_CHECK[words.check]) for words in _WORDS}

MALFORMED = hazard_rule(
    "direct.malformed-stream",
    "Linux refuses the stream for something that no release of Vela writes.",
    "a stream as Vela writes it",
    "The driver also refuses jumps, reserved bits, commands after the end and the like. A file with such a stream was "
    "damaged or made by another program.",
    "A compiled file whose stream was cut off.",
    versions="Linux 6.19 and later",
    source="Linux drivers/accel/ethosu/ethosu_gem.c and ethosu_job.c",
    remedies=(_AGAIN,),
    evidence=Evidence.SOURCE,
    effects=(Effect.FAILS,),
)

RULES = (*_RULES.values(), MALFORMED)


def rule_of(check: Check) -> Rule:
    """Return the rule for a check that a stream fails."""
    return _RULES.get(check.id, MALFORMED)
