"""Notes of a placement: which releases of Linux take the streams, and what nobody knows yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from npufit.ethosu import COMPILED
from npufit.stacks.direct.refusals import Judged
from npufit.stacks.direct.verdicts import joined, names
from npufit.stacks.placement import Note
from npufit.stacks.rule import Evidence

NEVER_RUN = Note(
    "No such stream is known to have run on silicon through Linux's own driver: verdicts come from the driver's "
    "source, answers from npufit's simulator",
    Evidence.INFERRED,
    "no public report of it",
)
_SOURCE = f"checks of drivers/accel/ethosu, compared with {len(COMPILED)} compiled releases"


def release_notes(judged: Judged, explore: bool) -> Iterator[Note]:
    """Yield what is unknown about the target's release, and, with `explore`, what the other releases say."""
    if judged.kernel.note and (judged.is_judged_as_another or not judged.is_accepted):
        yield Note(judged.kernel.note.removesuffix("."), Evidence.SOURCE, _SOURCE)
    if explore:
        yield Note(_by_verdict(judged), Evidence.SOURCE, _SOURCE)


def _by_verdict(judged: Judged) -> str:
    ranges = joined(replace(entry, errno="", why="") for entry in judged.ranges)
    taking, refusing, unknown = (
        names(entry for entry in ranges if entry.accepted is accepted) for accepted in (True, False, None)
    )
    count = len(judged.calls)
    is_one = count == 1
    if not taking:
        return f"No known release of Linux accepts {'its stream' if is_one else f'all of its {count} streams'}"
    parts = [f"{'Its stream is' if is_one else f'Its {count} streams are all'} accepted by Linux {taking}"]
    parts += [f"{'' if is_one else 'some are '}refused by {refusing}"] if refusing else []
    parts += [f"unknown for {unknown}"] if unknown else []
    return "; ".join(parts)
