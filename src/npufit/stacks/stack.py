"""What a stack must offer so that the rest of npufit can use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from npufit.graph import Model
from npufit.stacks.log import LogReport
from npufit.stacks.placement import Placement
from npufit.stacks.rule import Rule
from npufit.stacks.target import Target, TargetInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from npufit.ethosu import CompiledCall
    from npufit.stacks.probed import ProbedRules
    from npufit.stacks.vela import Compilation
    from npufit.vdevice import Library


@dataclass(frozen=True, slots=True)
class PlaceOptions:
    """Options of a placement; each stack reads its own and ignores the rest.

    `converter` is the command line of a vendor's converter; `vela` is an executable that compiles instead of the Vela
    of the target's version; `library` is a libteflon that decides instead of Teflon's rules; `settings` overrides the
    chip profile's settings by name (for Vela: accelerator, system-config, memory-mode, config); `time_limit_s` limits
    every vendor tool. With `explore`, a stack may also look at other releases and settings, for its notes. `probed` are
    the limits that a probe found: they decide instead of the stack.
    """

    settings: tuple[tuple[str, str], ...] = ()
    converter: tuple[str, ...] | None = None
    time_limit_s: float = 600.0
    use_cache: bool = True
    vela: str | None = None
    library: Library | None = None
    explore: bool = True
    probed: ProbedRules | None = None


class Stack(Protocol):
    """The software that decides what the NPU gets."""

    name: str

    def describe(self, chip: str) -> TargetInfo:
        """Return what this stack knows about `chip`, whose file has settings for it.

        Raises InputError if these are not the ones that the stack needs.
        """
        ...

    def resolve_version(self, version: str) -> str | None:
        """Return the version whose rules apply to `version` (26.1.6 -> 26.1), or None if there is none."""
        ...

    def rules(self) -> tuple[Rule, ...]:
        """Return every rule and hazard of this stack."""
        ...

    def place(self, model: Model, target: Target, options: PlaceOptions) -> Placement:
        """Return where every operator of `model` runs. Raises InputError and ToolError."""
        ...

    def read_log(self, text: str, model: Model) -> LogReport | None:
        """Return what `text`, a log of this stack's tools for `model`, says, or None if it is not one."""
        ...


@runtime_checkable
class Preparable(Protocol):
    """A stack that can do work while a model is read."""

    def prepare(self, target: Target, options: PlaceOptions) -> None:
        """Start whatever the next placement needs independently of the model. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Whether the target's driver takes compiled calls: `refusal` says why not, empty if it does or may.

    `notes` are sentences to read before trusting the results on a board.
    """

    refusal: str = ""
    notes: tuple[str, ...] = ()


@runtime_checkable
class Compiles(Protocol):
    """A stack whose compiler is Vela, so that npufit can execute what it compiles."""

    def compile(self, model: Model, target: Target, options: PlaceOptions) -> Compilation:
        """Return what the compiler makes of `model`, which is not compiled yet. Raises InputError and ToolError."""
        ...

    def is_kept(self, model: Model, target: Target, options: PlaceOptions) -> bool:
        """Return whether what the compiler makes of `model` is kept, so that it need not run.

        Raises InputError for wrong options, ToolError if a program that they name does not run.
        """
        ...

    def judge(self, calls: Sequence[CompiledCall], target: Target) -> Acceptance:
        """Return whether the driver of `target` takes `calls` of a compiled file, with what should be known of them."""
        ...


@runtime_checkable
class RunsExecutables(Protocol):
    """A stack whose compiler may be a user's executable."""

    def version_of(self, executable: str) -> str:
        """Return the version of `executable`, as targets name it. Raises InputError and ToolError."""
        ...


@runtime_checkable
class LoadsLibraries(Protocol):
    """A stack that is a library, which a virtual device can run here."""

    def version_of_library(self, library: Library) -> str | None:
        """Return the version of `library`, as targets name it, None if it does not tell a known one.

        Raises InputError if it is not the stack's library.
        """
        ...


@runtime_checkable
class ShipsWithBsp(Protocol):
    """A stack whose version follows from the NXP BSP of a board."""

    def versions_of_bsp(self, bsp: str) -> tuple[str, ...]:
        """Return the versions that the BSP called `bsp`, such as lf-6.1.36, may have; empty if none is known."""
        ...


@runtime_checkable
class UsesTools(Protocol):
    """A stack whose placements depend on programs and files beside npufit."""

    def identify_tools(self, target: Target, options: PlaceOptions) -> tuple[str, ...]:
        """Return what tells these programs and files from others, for keeping placements. Never raises."""
        ...
