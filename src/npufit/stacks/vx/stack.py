"""The stack of VeriSilicon's closed driver, for which npufit has no rules yet."""

from __future__ import annotations

from npufit.errors import InputError
from npufit.graph import Model
from npufit.stacks.log import LogReport
from npufit.stacks.placement import Note, Placement, Status
from npufit.stacks.rule import Evidence, Rule
from npufit.stacks.stack import PlaceOptions
from npufit.stacks.target import Target, TargetInfo

_CHIP = "imx8mp"
_MISSING = (
    "npufit has neither the rules of VeriSilicon's VX delegate (TIM-VX and OpenVX driver) nor a reader for its logs"
)


class VxStack:
    """A stack that exists on the board and that npufit cannot answer for yet; no operator gets a unit."""

    name = "vx"

    def targets(self) -> tuple[TargetInfo, ...]:
        """Return i.MX8M Plus, marked as not available."""
        return (
            TargetInfo(
                chip=_CHIP,
                stack=self.name,
                versions=(),
                default_version="",
                evidence=Evidence.INFERRED,
                basis="nothing yet: listed so that its absence is not taken for an answer",
                missing=_MISSING,
                available=False,
            ),
        )

    def resolve_version(self, chip: str, version: str) -> str | None:
        """Return None: there is no version with rules."""
        return None

    def rules(self) -> tuple[Rule, ...]:
        """Return no rules."""
        return ()

    def place(self, model: Model, target: Target, options: PlaceOptions) -> Placement:
        """Return a placement that says what is missing and what to do. Raises InputError for another chip."""
        if target.chip != _CHIP:
            raise InputError(f"{target}: the vx stack is for {_CHIP}. Use {_CHIP}/vx.")
        return Placement(
            target=target,
            status=Status.UNAVAILABLE,
            notes=(
                Note(
                    f"Not available yet: {_MISSING}. Use {_CHIP}/teflon for the open stack on the same chip, or run "
                    "the model on the board with the VX delegate and read how many nodes it takes.",
                    Evidence.INFERRED,
                    "npufit",
                ),
            ),
        )

    def read_log(self, text: str, model: Model) -> LogReport | None:
        """Return None: no format is known."""
        return None
