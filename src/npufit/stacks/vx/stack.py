"""The stack `vx`: targets, versions, placement."""

from __future__ import annotations

from dataclasses import replace

from npufit.chips import chips_of, load_chip
from npufit.errors import InputError
from npufit.graph import Model
from npufit.stacks.delegates import place_by_rules
from npufit.stacks.log import LogReport
from npufit.stacks.placement import Note, Placement, Setting, Unit
from npufit.stacks.rule import Evidence, Rule
from npufit.stacks.stack import PlaceOptions
from npufit.stacks.target import Target, TargetInfo
from npufit.stacks.vx import sources
from npufit.stacks.vx.hazards import HAZARDS
from npufit.stacks.vx.log import read_vx_log
from npufit.stacks.vx.placing import VxDelegate
from npufit.stacks.vx.releases import BSPS, DEFAULT, Bsp, find_bsp
from npufit.stacks.vx.rules import RULES

_DRIVER = Note(
    "The delegate builds and compiles its graph at the first Invoke, in a closed driver. If that driver refuses it, "
    "the run fails without falling back to the CPU; what it refuses is not known here.",
    Evidence.SOURCE,
    sources.DELEGATE,
)
_NOT_EXACT = Note(
    "Integer results differ from TensorFlow Lite's by rounding: VeriSilicon calls them not bit-accurate. Compare "
    "predictions, not bytes.",
    Evidence.DOCUMENTED,
    "VeriSilicon/tflite-vx-delegate issue 210",
)


class VxStack:
    """VeriSilicon's VX delegate as NXP ships it: its decision code, written down as rules."""

    name = "vx"

    def describe(self, chip: str) -> TargetInfo:
        """Return what is known about `chip`; i.MX8M Plus is the only NXP chip whose BSP has the delegate."""
        return TargetInfo(
            chip=chip,
            stack=self.name,
            versions=tuple(bsp.label for bsp in BSPS),
            default_version=DEFAULT.label,
            evidence=Evidence.SOURCE,
            basis="rules read in the delegate's source, release by release. From lf-5.15.52 to lf-6.6.36 the "
            "delegate's own decision code was also run and decides the same; earlier releases were only "
            "read; later ones are assumed to behave like lf-6.6.23",
            missing="no run on a board; what the closed driver refuses when it compiles the graph, and how it "
            "fuses and schedules",
        )

    def resolve_version(self, version: str) -> str | None:
        """Return the BSP that `version` names: lf-6.1.36, 6.1.36 and LF6.1.36_2.1.0 mean the same."""
        bsp = find_bsp(version)
        return None if bsp is None else bsp.label

    def versions_of_bsp(self, bsp: str) -> tuple[str, ...]:
        """Return the BSP itself, if the rules of its delegate are known."""
        found = find_bsp(bsp)
        return () if found is None else (found.label,)

    def rules(self) -> tuple[Rule, ...]:
        """Return every refusal and hazard."""
        return (*RULES, *(rule for rule, _ in HAZARDS))

    def place(self, model: Model, target: Target, options: PlaceOptions) -> Placement:
        """Return where every operator runs, by the rules of the target's BSP. Raises InputError for another target."""
        bsp = find_bsp(target.version or DEFAULT.label) if load_chip(target.chip).stack_settings(self.name) else None
        if bsp is None:
            chips = chips_of(self.name)
            known = f"{chips[0]}/vx, or {chips[0]}/vx@{DEFAULT.label}"
            raise InputError(f"{target}: the vx stack is for {' and '.join(chips)}. Use {known}.")
        placed = place_by_rules(model, target, VxDelegate(target.chip), bsp)
        return replace(placed, settings=_settings(bsp), notes=_notes(placed, bsp))

    def read_log(self, text: str, model: Model) -> LogReport | None:
        """Return what a log of the delegate says, None if `text` is not one."""
        return read_vx_log(text, model)


def _settings(bsp: Bsp) -> tuple[Setting, ...]:
    shipped = f"@{bsp.delegate} for TensorFlow Lite {bsp.tflite}" if bsp.delegate else "not read"
    return (Setting("BSP", bsp.label, "target"), Setting("VX delegate", shipped, f"the one that {bsp.label} ships"))


def _notes(placed: Placement, bsp: Bsp) -> tuple[Note, ...]:
    notes = [_DRIVER, _NOT_EXACT]
    if bsp.evidence is Evidence.INFERRED:
        newest = "the delegate of lf-6.6.36, the newest that was read"
        text = f"{bsp.label} was not read; it is assumed to decide like {newest}."
        notes.insert(0, Note(text, Evidence.INFERRED, sources.DELEGATE))
    elif bsp.evidence is Evidence.SOURCE:
        text = f"For {bsp.label} the rules were only read; from lf-5.15.52 on they were also run."
        notes.insert(0, Note(text, Evidence.SOURCE, sources.DELEGATE))
    slow = [operator for operator in placed.operators if operator.unit is Unit.NPU and operator.note]
    if slow:
        count = f"{len(slow)} operator{'s' if len(slow) > 1 else ''} on the NPU"
        run = "runs" if len(slow) == 1 else "run"
        text = f"{count} {run} on its shader units, in whole or in part: slow, though every log counts them as NPU."
        notes.append(Note(text, Evidence.INFERRED, sources.SYNAP))
    return tuple(notes)
