"""Snapshots read from a file that `npufit check --json` wrote. The file is untrusted."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from npufit.comparing.snapshot import (
    Reason,
    Snapshot,
    SnapshotHazard,
    SnapshotMemory,
    SnapshotOperator,
    SnapshotTime,
    memory_of_inference,
)
from npufit.errors import InputError
from npufit.files import read_bounded
from npufit.formatting import printable, shorten
from npufit.graph import OperatorId
from npufit.stacks import current_id

if TYPE_CHECKING:
    from pydantic import ValidationError

    from npufit.comparing._saved_form import CheckForm, EstimateForm, HazardForm, OperatorForm, ResultForm

LARGEST_BYTES = 256 << 20
_EXPECTED = "Expected a file that `npufit check --json` wrote"


def read_snapshots(path: Path) -> tuple[Snapshot, ...]:
    """Return the results in the file at `path`, one for each target. Raises InputError listing what is wrong."""
    from pydantic import ValidationError

    from npufit.comparing._saved_form import CheckForm

    data = read_bounded(path, LARGEST_BYTES, f"{_EXPECTED}.")
    try:
        form = CheckForm.model_validate_json(data)
    except ValidationError as error:
        raise InputError(f"{printable(str(path))}: {_problems(error)}. {_EXPECTED}.") from None
    snapshots = tuple(_snapshot(form, result, path.name) for result in form.results)
    for snapshot in snapshots:
        _require_sound(snapshot, path)
    return snapshots


def _problems(error: ValidationError) -> str:
    """Return the first few problems and their places."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    words = [f"{'.'.join(map(str, entry['loc'])) or 'not a result'}: {entry['msg']}" for entry in found[:4]]
    return shorten("; ".join(words), 400)


def _require_sound(snapshot: Snapshot, path: Path) -> None:
    """Raise InputError if operators occur twice, or hazards name absent ones."""
    known = {operator.id for operator in snapshot.operators}
    if len(known) < len(snapshot.operators):
        raise InputError(f"{printable(str(path))}: an operator occurs twice. {_EXPECTED}, unchanged.")
    if any(place not in known for hazard in snapshot.hazards for place in hazard.operators):
        raise InputError(f"{printable(str(path))}: a hazard names an operator that is not there. {_EXPECTED}.")


def _snapshot(form: CheckForm, result: ResultForm, file: str) -> Snapshot:
    estimate = result.estimate
    times = (
        {} if estimate is None else {OperatorId(entry.subgraph, entry.index): entry.ms for entry in estimate.operators}
    )
    return Snapshot(
        model=form.model.name,
        target=result.target,
        profile=result.profile or "",
        file=file,
        npufit_version=form.npufit_version,
        operators=tuple(_operator(entry, times) for entry in result.operators),
        hazards=tuple(map(_hazard, result.hazards)),
        partitions=len(result.partitions),
        boundary_bytes=sum(partition.boundary_bytes for partition in result.partitions),
        memory=_memory(result),
        time=None if estimate is None else _time(estimate),
    )


def _operator(form: OperatorForm, times: dict[OperatorId, float | None]) -> SnapshotOperator:
    place = OperatorId(form.subgraph, form.index)
    return SnapshotOperator(
        id=place,
        type=form.type,
        outputs=tuple(form.outputs),
        shapes=None,
        unit=form.unit,
        reason=Reason(form.rule, form.reason or "", form.limit or "", form.found or "") if form.rule else None,
        ms=times.get(place),
    )


def _hazard(form: HazardForm) -> SnapshotHazard:
    return SnapshotHazard(
        rule=current_id(form.id),
        effect=form.effect,
        certain=form.certain,
        operators=tuple(OperatorId(form.subgraph, index) for index in form.operators),
        statement=form.statement,
        message=form.message,
    )


def _time(form: EstimateForm) -> SnapshotTime:
    return SnapshotTime(**form.model_dump(include={part.name for part in fields(SnapshotTime)}))


def _memory(result: ResultForm) -> tuple[SnapshotMemory, ...]:
    of_chip = tuple(SnapshotMemory(use.memory, use.used_bytes, use.limit_bytes) for use in result.memory)
    if result.estimate is None:
        return of_chip
    memory = result.estimate.memory
    return *of_chip, *memory_of_inference(memory.model_bytes, memory.arena_bytes, memory.dram_traffic_bytes)
