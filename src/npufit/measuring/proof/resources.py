"""Weaker traces of an NPU at work: contiguous memory that a delegate takes, time that the kernel books."""

from __future__ import annotations

from collections.abc import Iterable

from npufit.measurements import Evidence, ProofVerdict
from npufit.measuring.proof.counting import readable
from npufit.measuring.proof.finding import Finding
from npufit.measuring.proof.seen import Seen, SeenRun

_LEAST_DROP_KB = 1024
"""Far below the 8 MB that users of the i.MX95 report, and above what other drivers take in passing."""


def memory_finding(seen: Seen) -> Finding | None:
    """Return what contiguous memory says of Neutron, None if nothing: standing still may be a memory held before."""
    if seen.stack != "neutron":
        return None
    on_cpu, known, model = (_drop_kb(readable(runs)) for runs in (seen.on_cpu, seen.known, seen.model))
    if model is None or on_cpu is None or model < _LEAST_DROP_KB or model < 2 * on_cpu:
        return None
    evidence = Evidence(
        source="/proc/meminfo: CmaFree",
        says=ProofVerdict.CONSISTENT,
        sentence=f"{model / 1024:.1f} MB of contiguous memory were in use, {on_cpu / 1024:.1f} MB on the CPU alone",
        on_cpu=on_cpu,
        known=known,
        model=model,
        assumes="the delegate takes this memory for the NPU, and nobody else does at that time; in kB",
    )
    return Finding(evidence)


def engine_finding(seen: Seen) -> Finding | None:
    """Return what fdinfo says of the program's own time on the NPU's engine, None if nothing."""
    model = _engine_ns(readable(seen.model))
    if not model or _engine_ns(readable(seen.on_cpu)):
        return None
    evidence = Evidence(
        source="/proc/PID/fdinfo: drm-engine-NN",
        says=ProofVerdict.CONSISTENT,
        sentence=f"the kernel booked {model / 1e6:.1f} ms of the NPU's neural engine for the program",
        on_cpu=0,
        model=model,
        assumes="the engine with NN in its name is the NPU; in ns, up to the last reading while it ran",
    )
    return Finding(evidence)


def _drop_kb(runs: Iterable[SeenRun]) -> int | None:
    drops = [
        before - min(during)
        for run in runs
        if (before := run.run.before.cma_free_kb) is not None
        and (during := [one.cma_free_kb for one in run.run.during if one.cma_free_kb is not None])
    ]
    return max(0, *drops) if drops else None


def _engine_ns(runs: Iterable[SeenRun]) -> int:
    return sum(
        max(
            (
                sum(ns for engine, ns in reading.engine_ns.items() if "NN" in engine)
                for reading in run.run.during
                if reading.engine_ns
            ),
            default=0,
        )
        for run in runs
    )
