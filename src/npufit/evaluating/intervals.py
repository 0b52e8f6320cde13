"""How sure an observed share is: Wilson's interval, which holds for small samples and for 0 and 100 % as well."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

CONFIDENCE = 0.95
_Z = 1.959963984540054
"""The quantile of the normal distribution for 95 % between both ends."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """An observed share, `part` of `whole`, and how many independent draws stand behind it.

    `independent` is `whole` if each counted thing was drawn alone. Boxes or pixels of one image are not; then it is the
    number of images, corrected for their different weights (`clustered`).
    """

    part: float
    whole: float
    independent: float

    @property
    def share(self) -> float | None:
        """The observed share, 0 to 1; None of nothing."""
        return self.part / self.whole if self.whole else None

    @property
    def low(self) -> float:
        """The lower end of Wilson's interval at 95 % confidence; 0 without draws."""
        return self._ends()[0]

    @property
    def high(self) -> float:
        """The upper end of Wilson's interval at 95 % confidence; 1 without draws."""
        return self._ends()[1]

    def excludes(self, bound: float) -> bool:
        """Return whether `bound` lies outside the interval, so that more images would hardly change the side."""
        return not self.low <= bound <= self.high

    def draws_to_exclude(self, bound: float) -> int | None:
        """Return how many draws with the same share exclude `bound`; None if the share is the bound, or unknown."""
        if self.share is None or self.share == bound or not 0.0 < bound < 1.0:
            return None
        return math.floor(_Z * _Z * bound * (1.0 - bound) / (self.share - bound) ** 2) + 1

    def _ends(self) -> tuple[float, float]:
        share, count = self.share, self.independent
        if share is None or not count:
            return 0.0, 1.0
        spread = _Z * math.sqrt(share * (1.0 - share) / count + _Z * _Z / (4.0 * count * count))
        centre, scale = share + _Z * _Z / (2.0 * count), 1.0 + _Z * _Z / count
        low = 0.0 if share == 0.0 else (centre - spread) / scale
        return max(0.0, low), 1.0 if share == 1.0 else min(1.0, (centre + spread) / scale)


def counted(part: int, whole: int) -> Proportion:
    """Return a share of things that were each drawn alone, such as images."""
    return Proportion(part, whole, whole)


def clustered(rows: Iterable[tuple[float, float]]) -> Proportion:
    """Return a share of things that come in clusters: `rows` has part and whole of each, such as boxes of an image.

    Things of one cluster may depend on each other completely, so each cluster counts as one draw of the weight of its
    whole: Kish's effective number (sum w)^2 / sum w^2. That is careful, and it never pretends.
    """
    found = [(part, whole) for part, whole in rows if whole]
    total, squares = sum(whole for _, whole in found), sum(whole * whole for _, whole in found)
    return Proportion(sum(part for part, _ in found), total, total * total / squares if squares else 0.0)
