"""What the delegate's own log says: how much of the model it took, or why it took nothing."""

from __future__ import annotations

from npufit.formatting import shorten
from npufit.measurements import Evidence, ProofVerdict
from npufit.measuring.proof.counting import readable
from npufit.measuring.proof.finding import Finding
from npufit.measuring.proof.seen import Seen

_SOURCE = "the delegate's log"
_ASSUMES = "the line is this delegate's, and what it took does run on the NPU"


def delegate_finding(seen: Seen) -> Finding | None:
    """Return what the runs with the model logged of the delegate, None if they say nothing.

    That a delegate was created is nothing: benchmark_model says so even of a library that could not be loaded.
    """
    logged = [run.timing.delegate for run in readable(seen.model) if run.timing is not None]
    said = [finding for finding in logged if finding.failed or finding.took is not None]
    if not said:
        return None
    nothing = [finding for finding in said if finding.failed or finding.took == 0]
    if len(nothing) == len(logged):
        why = next((shorten(finding.failed) for finding in nothing if finding.failed), "")
        of = max((finding.of or 0 for finding in nothing), default=0)
        took = f"the delegate took none of {of} operators" if of else "the delegate took no operator"
        sentence = f"the delegate could not be used ({why})" if why else took
        return _says(ProofVerdict.CONTRADICTED, f"{sentence}: everything ran on the CPU")
    if nothing:
        return _says(ProofVerdict.UNKNOWN, f"the delegate took nothing in {len(nothing)} of {len(logged)} processes")
    first = said[0]
    of = f" of {first.of}" if first.of is not None else ""
    return _says(ProofVerdict.CONSISTENT, f"the delegate says that it took {first.took}{of} operators")


def _says(verdict: ProofVerdict, sentence: str) -> Finding:
    return Finding(Evidence(_SOURCE, verdict, sentence, assumes=_ASSUMES))
