"""What a search of groups knows so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from npufit.probing.searching.groups.notebook import Notebook
from npufit.probing.searching.groups.theory import Ground
from npufit.stacks.probed import Crash, GroupLimit, Separator


@dataclass(slots=True)
class Known:
    """What a search knows so far; it is turned into findings when it ends or is ended.

    `links` are the types of links that are taken alone, in feature maps of `dtype`. `unexplained` counts chains that
    lose operators for no known reason. With `keeps_fewer`, less is left of a large group than would fit.
    `least_length` is the length that a chain needs if no operator is taken alone, None if that was not found.
    """

    notebook: Notebook
    links: tuple[str, ...] = ()
    dtype: str = ""
    separators: tuple[Separator, ...] = ()
    limits: list[GroupLimit] = field(default_factory=list[GroupLimit])
    crashes: list[Crash] = field(default_factory=list[Crash])
    unexplained: int = 0
    keeps_fewer: bool = False
    least_length: int | None = None

    @property
    def ground(self) -> Ground:
        """What theories need not explain."""
        return Ground(self.notebook.taken_types(), self.separators)
