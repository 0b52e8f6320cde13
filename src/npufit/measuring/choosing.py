"""Which target of the board is measured, and what its stack needs there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from npufit.boards import BoardFacts, Candidate
from npufit.checking import ChosenTarget, choose_target
from npufit.errors import InputError, ToolError
from npufit.formatting import printable
from npufit.measuring.options import BenchOptions
from npufit.stacks import Target

_WITHOUT_LIBRARY = frozenset({"direct"})
"""Stacks whose models may be bundles, which call the kernel themselves, so that no delegate is needed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The target that is measured, None for the CPU alone, and the delegate's path on the board.

    `is_boards_own` is True if the user left it to the board; `why` says then why no NPU is used, or what speaks against
    the target that the user named; empty if nothing does.
    """

    chosen: ChosenTarget | None = None
    delegate: str = ""
    is_boards_own: bool = True
    why: str = ""

    @property
    def is_bundle(self) -> bool:
        """True if models are bundles, which bring what runs them, because there is no delegate."""
        return self.target is not None and self.target.stack in _WITHOUT_LIBRARY and not self.delegate

    @property
    def target(self) -> Target | None:
        """The target itself."""
        return None if self.chosen is None else self.chosen.target


def choose(facts: BoardFacts, options: BenchOptions) -> Choice:
    """Return the target of `options`, otherwise the best that the board can measure.

    Raises InputError if there is no such target, ToolError if the board lacks the delegate that it needs.
    """
    if options.target:
        return _asked(facts, options)
    for candidate in facts.candidates:
        if candidate.is_usable or (options.tool is not None and candidate.needs_only_a_tool):
            with suppress(InputError):  # of a release that this npufit does not know yet
                return Choice(choose_target(candidate.target), options.delegate or candidate.delegate)
    if options.delegate:
        raise InputError(
            f"--delegate {printable(options.delegate)}: the board does not say which stack this is. Name the target "
            "with -t."
        )
    told = (f"{entry.target}: {' '.join(entry.missing)}" for entry in facts.candidates)
    return Choice(why=" ".join(("No NPU was used.", *told)) if facts.candidates else "")


def _asked(facts: BoardFacts, options: BenchOptions) -> Choice:
    chosen = choose_target(options.target, options.place.vela)
    fitting = _candidate(facts, chosen.target)
    delegate = options.delegate or (fitting.delegate if fitting is not None else "")
    missing = " ".join(fitting.missing) if fitting is not None else ""
    if not delegate and chosen.target.stack not in _WITHOUT_LIBRARY:
        told = missing or f"Nothing on it says that it can run {chosen.target}."
        raise ToolError(
            f"the board has no delegate for {chosen.target}. {told} Name the library on the board with --delegate, or "
            "omit -t to take what the board has (npufit bench --probe shows it)."
        )
    if facts.chip and facts.chip != chosen.target.chip:
        missing = f"The board says that it is {facts.chip}, and the target is {chosen.target.chip}. {missing}".strip()
    return Choice(chosen, delegate, is_boards_own=False, why=missing)


def _candidate(facts: BoardFacts, target: Target) -> Candidate | None:
    """Return what the board says of the stack of `target`; of its very version, if there is more than one."""
    same = [entry for entry in facts.candidates if _stack_of(entry) == (target.chip, target.stack)]
    return next((entry for entry in same if entry.target == str(target)), same[0] if same else None)


def _stack_of(candidate: Candidate) -> tuple[str, str]:
    chip, _, rest = candidate.target.partition("/")
    return chip, rest.partition("@")[0]
