"""What the delegate's own log says: how much of the model it took, or why it took nothing.

A bundle of `npufit deploy` has no delegate: there it is what its runner says of the driver.
"""

from __future__ import annotations

from npufit.formatting import plural, shorten
from npufit.measurements import Evidence, ProofVerdict
from npufit.measuring.proof.counting import count, readable
from npufit.measuring.proof.finding import Finding
from npufit.measuring.proof.seen import Seen
from npufit.measuring.tools import DelegateFinding

_SOURCE = "the delegate's log"
_ASSUMES = "the line is this delegate's, and what it took does run on the NPU"
_DRIVER = "the driver's answers to run.py"
_DRIVER_ASSUMES = "jobs that the driver took were not given up, of which Linux tells no program (read in its source)"


def delegate_finding(seen: Seen) -> Finding | None:
    """Return what the runs with the model logged of the delegate, None if they say nothing.

    That a delegate was created is nothing: benchmark_model says so even of a library that could not be loaded.
    """
    logged = [run.timing.delegate for run in readable(seen.model) if run.timing is not None]
    if seen.stack == "direct" and not seen.has_delegate:
        return _of_bundle(seen, logged)
    nothing = [found for found in logged if found.failed or found.took == 0 or found.partitions == 0]
    if logged and len(nothing) == len(logged):
        return _says(ProofVerdict.CONTRADICTED, _why_nothing(nothing[0]))
    if nothing:
        return _says(ProofVerdict.UNKNOWN, f"the delegate took nothing in {len(nothing)} of {len(logged)} processes")
    if any(found.took is None and found.partitions is None for found in logged):
        return None
    return _says(ProofVerdict.CONSISTENT, f"the delegate says that it took {_what(logged[0])}", has_taken=True)


def _of_bundle(seen: Seen, logged: list[DelegateFinding]) -> Finding | None:
    """Return that the driver took the bundle's jobs: run.py ends with an error if it refuses one, or has no device."""
    if not logged or not all(found.partitions for found in logged):
        return None
    calls = plural(count(readable(seen.model), ()).calls, "call")
    sentence = f"Linux's driver took the jobs of each of {calls}, as run.py says"
    return Finding(Evidence(_DRIVER, ProofVerdict.CONSISTENT, sentence, assumes=_DRIVER_ASSUMES))


def _why_nothing(found: DelegateFinding) -> str:
    if found.failed:
        return f"the delegate could not be used ({shorten(found.failed)})"
    return f"the delegate took none of {found.of} operators" if found.of else "the delegate took no operator"


def _what(found: DelegateFinding) -> str:
    if found.took is None:
        return plural(found.partitions or 0, "partition")
    return f"{found.took}{'' if found.of is None else f' of {found.of}'} operators"


def _says(verdict: ProofVerdict, sentence: str, *, has_taken: bool = False) -> Finding:
    return Finding(Evidence(_SOURCE, verdict, sentence, assumes=_ASSUMES), has_taken=has_taken)
