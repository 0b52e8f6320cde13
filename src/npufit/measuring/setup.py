"""What holds for all models of a bench: the board, the target, the tools and the known network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from npufit.boards import BoardFacts, Connection
from npufit.chips import load_chip
from npufit.errors import LostConnectionError, ToolError
from npufit.measurements import Role
from npufit.measuring.choosing import Choice, choose
from npufit.measuring.known import KnownNetwork, find_known
from npufit.measuring.options import BenchOptions
from npufit.measuring.private_names import private_names
from npufit.measuring.proof import EvidenceRun, evidence_of, profile_of
from npufit.measuring.tools import one_of_each, tools_of
from npufit.measuring.tools.tool import DelegateUse, Tool

_MOST_THREADS = 64
_DRIVER = "driver"


@dataclass(frozen=True, slots=True)
class Setup:
    """A board that is ready to measure.

    `tools` time models there, one of each kind, the best first; none is possible if models are bundles, and
    `why_no_tool` says why.
    `private` are names of the board and its user, which no measurement may have; `changed` are sentences on what was
    set on the board for the runs.
    """

    connection: Connection
    facts: BoardFacts
    options: BenchOptions
    choice: Choice
    tools: tuple[Tool, ...]
    known: KnownNetwork
    private: tuple[str, ...] = ()
    why_no_tool: str = ""
    changed: tuple[str, ...] = ()

    @property
    def threads(self) -> int:
        """The CPU threads of every run: those that the user wants, otherwise all cores of the board."""
        return self.options.threads or max(1, min(self.facts.cores or 1, _MOST_THREADS))

    @property
    def driver(self) -> str:
        """The kernel's driver of the target's NPU, empty if unknown."""
        target = self.choice.target
        if target is None:
            return ""
        fact = load_chip(target.chip).stack_settings(target.stack).get(_DRIVER)
        return str(fact.value) if fact else next((node.driver for node in self.facts.nodes if node.driver), "")

    @property
    def has_evidence_run(self) -> bool:
        """True if a run of its own makes the delegate print evidence."""
        target = self.choice.target
        return target is not None and bool(self.choice.delegate) and evidence_of(target.stack) is not None

    def delegate_for(self, role: Role) -> DelegateUse | None:
        """Return the delegate with its options for runs of `role`, None without a target; a bundle's has no path."""
        target = self.choice.target
        if target is None:
            return None
        delegate = DelegateUse(target.stack, self.choice.delegate, self.options.delegate_options)
        find = _SWITCHES.get(role)
        switches = None if find is None else find(target.stack)
        return delegate if switches is None else switches.added_to(delegate)


_SWITCHES: Mapping[Role, Callable[[str], EvidenceRun | None]] = {Role.EVIDENCE: evidence_of, Role.PROFILE: profile_of}


def set_up(connection: Connection, facts: BoardFacts, options: BenchOptions) -> Setup:
    """Return the board ready to measure: its target chosen, its tools in place, a known network prepared.

    Raises InputError if an option is wrong, ToolError if the board lacks what measures, LostConnectionError.
    """
    choice = choose(facts, options)
    tools, why_none = _ready_tools(connection, facts, options, is_needed=not choice.is_bundle)
    return Setup(
        connection,
        facts,
        options,
        choice,
        tools,
        find_known(connection, facts, choice, options) if options.with_proof else KnownNetwork(None),
        private_names(connection),
        why_none,
    )


def _ready_tools(
    connection: Connection, facts: BoardFacts, options: BenchOptions, *, is_needed: bool
) -> tuple[tuple[Tool, ...], str]:
    """Return the best tool of each kind, ready on the board; if there is none and none is needed, why."""
    try:
        return tuple(tool.prepare(connection) for tool in one_of_each(tools_of(facts, options))), ""
    except LostConnectionError:
        raise
    except ToolError as error:
        if is_needed:
            raise
        return (), str(error)
