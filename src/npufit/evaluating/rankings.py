"""The best classes of one answer, and whether a tie decided them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npufit.execution import Array

BEST = 5


@dataclass(frozen=True, slots=True)
class Ranking:
    """The five best classes, best first, with their scores as real numbers; of equal scores the lower index first.

    `tied` is how many classes share the best score; `is_fifth_tied` says that a class outside the five has the score of
    the last one. Interpreters and `argmax` take the first, so ties are decided by the order of the classes.
    """

    classes: tuple[int, ...]
    scores: tuple[float, ...]
    tied: int
    is_fifth_tied: bool

    @property
    def best(self) -> int:
        """The best class."""
        return self.classes[0]

    @property
    def is_tied(self) -> bool:
        """True if several classes share the best score."""
        return self.tied > 1


def rank(scores: Array) -> Ranking:
    """Return the ranking of `scores`, real numbers, one per class; what is not a number comes last."""
    plain = np.where(np.isnan(scores), -np.inf, scores).reshape(-1)
    order = np.argsort(-plain, kind="stable")[:BEST]
    last = plain[order[-1]]
    return Ranking(
        classes=tuple(int(index) for index in order),
        scores=tuple(float(plain[index]) for index in order),
        tied=int(np.count_nonzero(plain == plain[order[0]])),
        is_fifth_tied=bool(np.count_nonzero(plain == last) > np.count_nonzero(plain[order] == last)),
    )
