"""What is kept of the runs of a model: the measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npufit._version import __version__
from npufit.boards import BoardFacts
from npufit.measurements import (
    MeasuredModel,
    MeasuredRun,
    Measurement,
    OutputComparison,
    Proof,
    ProofVerdict,
    Role,
    structure_digest,
)
from npufit.measuring.conditions import conditions_of
from npufit.measuring.describing import measured_board, measured_software, run_settings
from npufit.measuring.predicting import measured_placement, other_kernels, predicted_time
from npufit.measuring.preparing import PreparedModel
from npufit.measuring.problems import problems_of
from npufit.measuring.profiling import profiled_operators
from npufit.measuring.proof import judge
from npufit.measuring.proof.seen import Seen
from npufit.measuring.runs import Record, counted
from npufit.measuring.setup import Setup
from npufit.measuring.steady import steady_time
from npufit.measuring.subject import Subject

_COUNTERS = "/proc/interrupts: "
_NEUTRON_IRQ = "neutron-irq"


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of a model on the board: its runs, the comparison of outputs, and further sentences."""

    record: Record
    outputs: OutputComparison | None = None
    remarks: tuple[str, ...] = ()


def assemble(
    setup: Setup, subject: Subject, prepared: PreparedModel, finished: Finished, day: str
) -> Measurement | None:
    """Return the measurement of `subject`, None if no run has a time."""
    record = finished.record
    proof = judge(_seen(setup, prepared, record))
    runs = _measured_runs(record, proof)
    cpu = steady_time(run for run in runs if run.role is Role.CPU)
    with_npu = steady_time(run for run in runs if run.role is Role.NPU)
    if cpu is None and with_npu is None:
        return None
    npu = None if proof.verdict is ProofVerdict.CONTRADICTED else with_npu
    predicted, unavailable = predicted_time(prepared, setup.choice, setup.facts)
    last = counted(record.done)[-1]
    settings = run_settings(record.done, setup.options, max(_count(runs, Role.CPU), _count(runs, Role.NPU)))
    operators, unprofiled = profiled_operators(setup.choice.target, prepared, record)
    finding = next((run.timing.delegate for run in record.of(Role.NPU) if run.timing is not None), None)
    return Measurement(
        made_by=f"npufit {__version__}",
        day=day,
        model=MeasuredModel(
            subject.model.name,
            subject.sha256,
            structure_digest(subject.model),
            sum(1 for _ in subject.model.operators()),
            prepared.compiled_sha256,
            prepared.compiled_by,
        ),
        target="" if setup.choice.target is None else str(setup.choice.target),
        board=measured_board(setup.facts, setup.options.label),
        software=measured_software(setup.facts, last.tool, record.done, setup.choice.delegate),
        settings=settings,
        proof=proof,
        cpu=cpu,
        npu=npu,
        placement=measured_placement(prepared.checked, finding),
        predicted=predicted,
        predicted_unavailable=unavailable,
        outputs=finished.outputs,
        operators=operators,
        conditions=conditions_of([run.run for run in record.done], setup.changed),
        runs=runs,
        problems=tuple(
            dict.fromkeys(
                (
                    *filter(None, (setup.choice.why,)),
                    *prepared.notes,
                    *record.remarks,
                    *problems_of(record.done),
                    *unprofiled,
                    *filter(None, (other_kernels(prepared, settings.xnnpack) if predicted else "",)),
                    *finished.remarks,
                )
            )
        ),
        log=record.lines,
    )


def _seen(setup: Setup, prepared: PreparedModel, record: Record) -> Seen:
    target, known = setup.choice.target, setup.known.prepared
    return Seen(
        chip=setup.facts.chip,
        stack="" if target is None else target.stack,
        driver=setup.driver,
        on_cpu=tuple(run.seen for run in record.of(Role.CPU)),
        known=tuple(run.seen for run in record.of(Role.KNOWN)),
        model=tuple(run.seen for run in record.of(Role.NPU)),
        evidence=tuple(run.seen for run in record.of(Role.EVIDENCE)),
        partitions=_partitions(prepared),
        known_partitions=None if known is None else _partitions(known),
        has_device=bool(setup.facts.nodes),
        has_delegate=bool(setup.choice.delegate),
        polls=_polls(setup.facts),
    )


def _polls(facts: BoardFacts) -> bool | None:
    """Return whether Neutron's driver waits without interrupts, None if it does not say."""
    return {"Y": False, "N": True}.get(facts.said(_NEUTRON_IRQ).strip())


def _partitions(prepared: PreparedModel) -> int | None:
    """Return how many calls of the NPU one inference makes, None if that is unknown."""
    checked = prepared.checked
    return None if checked is None or checked.summary.unknown else checked.summary.partitions


def _measured_runs(record: Record, proof: Proof) -> tuple[MeasuredRun, ...]:
    """Return the runs with the counters that the evidence speaks of, and no others."""
    sources = [entry.source for entry in proof.evidence if entry.source.startswith(_COUNTERS)]
    moved = {line for run in record.done for line in run.run.moved()}
    cited = sorted(line for line in moved if any(line in source for source in sources))
    return tuple(run.measured(order, cited) for order, run in enumerate(record.done))


def _count(runs: Sequence[MeasuredRun], role: Role) -> int:
    return sum(run.role is role and not run.problem for run in runs)
