"""Why Linux refuses a stream: a rule for each check of its driver that streams of Vela fail, and one for the rest."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.ethosu import CHECKS, Check, KernelVersion, known_ranges, possible_drivers
from npufit.stacks.direct.verdicts import KernelRange, joined, names
from npufit.stacks.hazard import hazard_rule
from npufit.stacks.rule import Effect, Evidence, Remedy, RemedyKind, Rule

_NEWER_LINUX = Remedy(RemedyKind.VERSION, "a release whose driver has the fix: Linux 7.2.7 and later 7.2, or 7.3")
_SMALLER_ARENA = Remedy(
    RemedyKind.SETTING,
    "omit --set arena-cache-size, and Vela gets what the chip's file says that Linux has; or name a smaller one",
)
_BUNDLED_VELA = Remedy(RemedyKind.SETTING, "omit --set vela: the Vela that comes with npufit writes it otherwise")
_AGAIN = Remedy(RemedyKind.SETTING, "compile the original model again for this target")


@dataclass(frozen=True, slots=True)
class _Words:
    """What a rule says about a check of the driver, whose errno, source and releases are in the table of checks."""

    check: str
    statement: str
    safe: str
    why: str
    example: str
    remedies: tuple[Remedy, ...]


_WORDS = (
    _Words(
        "rounding",
        "Linux takes the rounding mode of the Ethos-U65 for a storage mode that it does not know.",
        "a driver that knows the rounding mode, or a stream whose operations all round in mode 0 or 1",
        "The register with the precision of an output has the rounding mode in its two highest bits. Some drivers read "
        "a storage mode there and know only 0 and 1, so they refuse mode 2 (NATURAL), with which Vela pools, copies "
        "and looks up tables. They refuse streams of Mesa for the same reason.",
        "Networks with a pooling, PAD, CONCATENATION or SOFTMAX on Linux 7.2.6.",
        (_NEWER_LINUX,),
    ),
    _Words(
        "scalar",
        "Linux takes a scalar operand for a feature map whose address was never set.",
        "a driver that knows the scalars of the Ethos-U65, or no elementwise operation with a scalar",
        "An elementwise operation of the U65 may have a number in a register instead of its second input. The first "
        "drivers look for the address of that input all the same.",
        "LOGISTIC on Linux 6.19.6.",
        (Remedy(RemedyKind.VERSION, "a release whose driver has the fix: Linux 6.19.8 or later"),),
    ),
    _Words(
        "state",
        "Linux asks for a region, an address or a length that the stream never set.",
        "an address for everything that the driver believes an operation to read",
        "The driver keeps what the stream has set so far. Vela 3.12 writes a max pooling, also that of a SOFTMAX or a "
        "RESIZE_BILINEAR, without a scale; the hardware reads none then, but the driver asks where the scales are. So "
        "it refuses such a stream unless a convolution comes before. Vela 5.2 sets the scale in a register.",
        "A call that begins with SOFTMAX, compiled with --set vela=3.12.",
        (_BUNDLED_VELA, _AGAIN),
    ),
    _Words(
        "sram-size",
        "The stream needs more SRAM than Linux has for the NPU.",
        "at most the SRAM of the device tree: 98,304 bytes on the i.MX 93",
        "A job says how much SRAM its stream uses. The driver has the SRAM that the device tree gives to the NPU, and "
        "refuses a job that asks for more. Vela's settings for NXP's firmware assume 384 KiB.",
        "MobileNetV2 with --set arena-cache-size=393216.",
        (_SMALLER_ARENA, _AGAIN),
    ),
    _Words(
        "sram-extent",
        "The stream reaches beyond the SRAM that it may use.",
        "no access beyond the SRAM that the job asks for",
        "The driver computes how far the stream reaches into the SRAM, and compares that with what the job asks for; "
        "7.2.6 compares it with the SRAM of the hardware.",
        "ShuffleNet with --set arena-cache-size=393216 on Linux 7.2.6.",
        (_SMALLER_ARENA, _AGAIN),
    ),
)


def _versions(check: Check) -> str:
    """Return the releases that have `check`: those that certainly do, then those of which it is unknown."""
    ranges = joined(_having(check, start, last) for start, last in known_ranges())
    certain, possible = (names(entry for entry in ranges if entry.accepted is answer) for answer in (False, None))
    return "Linux " + "; possibly ".join(filter(None, (certain, possible)))


def _having(check: Check, start: KernelVersion, last: int | None) -> KernelRange:
    """Return a range of releases with the verdict of `check` alone on a stream that fails it."""
    answers = {check.holds(driver) for driver in possible_drivers(start)}
    accepted = None if len(answers) > 1 else False in answers
    return KernelRange(f"{start.major}.{start.minor}", start.point, last, accepted)


def _rule(words: _Words, check: Check) -> Rule:
    return hazard_rule(
        f"direct.{check.id}",
        words.statement,
        words.safe,
        words.why,
        words.example,
        versions=_versions(check),
        source=f"Linux drivers/accel/ethosu, {check.source}; user space sees {check.errno}",
        remedies=words.remedies,
        evidence=Evidence.SOURCE,
        effects=(Effect.FAILS,),
    )


_BY_CHECK = {check.id: check for check in CHECKS}
_RULES = {words.check: _rule(words, _BY_CHECK[words.check]) for words in _WORDS}

UNEXPECTED = hazard_rule(
    "direct.unexpected-refusal",
    "Linux refuses the stream at a check that streams of Vela are not known to fail.",
    "a stream as Vela writes it",
    "The driver also refuses jumps, reserved bits, commands after the end, accesses beyond a buffer and the like. A "
    "file with such a stream is damaged or was made by another program.",
    "A compiled file whose stream was cut off.",
    versions="Linux 6.19 and later",
    source="Linux drivers/accel/ethosu, ethosu_gem.c and ethosu_job.c",
    remedies=(_AGAIN,),
    evidence=Evidence.SOURCE,
    effects=(Effect.FAILS,),
)

RULES = (*_RULES.values(), UNEXPECTED)


def rule_of(check: Check) -> Rule:
    """Return the rule for a check that a stream fails."""
    return _RULES.get(check.id, UNEXPECTED)


def reason_of(check: Check) -> str:
    """Return why a stream that fails `check` is refused, as a part of a sentence."""
    rule = rule_of(check)
    if rule is UNEXPECTED:
        return check.statement
    return rule.statement.removesuffix(".").replace("The stream", "it", 1)
