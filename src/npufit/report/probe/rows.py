"""The limits of a probe as rows for a reader: one limit that many operators have is one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from npufit.report.probe.document import ANY_OPERATOR, LimitEntry
from npufit.report.probe.words import certainty_words, consequence_words, limit_words, refused_words, subject_words
from npufit.stacks.probed import Beyond, Confidence


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit in words, with the operators that have it; `questions` are those of all of them."""

    operators: tuple[str, ...]
    limit: str
    refused: str
    beyond: str
    certainty: str
    questions: int
    is_confirmed: bool
    is_plain: bool
    """True if an operator just stays on the CPU beyond it."""

    @property
    def on(self) -> str:
        """The operators, the first ones by name."""
        return ", ".join(self.operators)


def limit_rows(limits: Sequence[LimitEntry]) -> list[LimitRow]:
    """Return the limits on groups first, then those on operators, in their order; equal ones together."""
    rows: dict[tuple[str, ...], LimitRow] = {}
    for limit in sorted(limits, key=lambda limit: limit.operator != ANY_OPERATOR):
        row = _row(limit)
        same = row.limit, row.refused, row.beyond, row.certainty, str(limit.operator == ANY_OPERATOR)
        known = rows.get(same)
        rows[same] = row if known is None else _joined(known, row)
    return list(rows.values())


def _row(limit: LimitEntry) -> LimitRow:
    return LimitRow(
        operators=(subject_words(limit),),
        limit=limit_words(limit),
        refused=refused_words(limit),
        beyond=consequence_words(limit),
        certainty=certainty_words(limit),
        questions=limit.questions,
        is_confirmed=limit.confidence is Confidence.CONFIRMED,
        is_plain=limit.beyond is Beyond.REFUSED and limit.kept is None,
    )


def _joined(row: LimitRow, other: LimitRow) -> LimitRow:
    return replace(row, operators=(*row.operators, *other.operators), questions=row.questions + other.questions)
