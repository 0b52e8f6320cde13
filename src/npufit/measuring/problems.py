"""What a reader of a measurement must know, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npufit.formatting import milliseconds
from npufit.measurements import PredictedTime, Proof, ProofVerdict, SteadyTime
from npufit.measuring.runs import DoneRun

_DIGITS = 3


def find_problems(
    done: Sequence[DoneRun],
    proof: Proof,
    cpu: SteadyTime | None,
    npu: SteadyTime | None,
    predicted: PredictedTime | None,
) -> Iterator[str]:
    """Yield what speaks against the measured times: failed runs, a slow NPU, a prediction that missed."""
    yield from dict.fromkeys(text for run in done for text in (run.problem, run.remark) if text)
    if proof.verdict is ProofVerdict.CONTRADICTED:
        yield "No NPU time is given, because the NPU did not run."
        return
    if cpu is not None and npu is not None and cpu.ms < npu.ms:
        yield f"The CPU alone is faster: {_time(cpu.ms)} against {_time(npu.ms)} with the NPU."
    if predicted is not None and npu is not None:
        yield from _missed(npu.ms, predicted)


def _missed(measured: float, predicted: PredictedTime) -> Iterator[str]:
    low, high = predicted.low_ms, predicted.high_ms
    if low is None or high is None or low <= measured <= high:
        return
    direction, end = ("below", low) if measured < low else ("above", high)
    yield (
        f"Measured {_time(measured)} is {direction} the predicted range, {_time(low)} to {_time(high)}: "
        f"{measured / end:.2g} times its end. The file helps npufit to predict better."
    )


def _time(ms: float) -> str:
    return milliseconds(ms, _DIGITS)
