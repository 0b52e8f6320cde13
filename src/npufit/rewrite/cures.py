"""Which passes cure a rule or hazard: from an index, so that a check need not import all passes to name one.

A named pass need not apply to a given operator: `npufit fit --list` shows whether it does. The index holds what the
passes declare in `cures`; `make docs` writes it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

INDEX = Path(__file__).with_name("cures.json")


@dataclass(frozen=True, slots=True)
class Cure:
    """One pass that cures a rule."""

    pass_name: str
    is_exact: bool

    @property
    def fit_options(self) -> str:
        """The arguments of `npufit fit` to try this pass alone."""
        return f"{'' if self.is_exact else '--allow-approximate '}--only {self.pass_name}"


def cures_of(rule_id: str) -> tuple[Cure, ...]:
    """Return the passes that cure the rule called `rule_id`, exact ones first."""
    return tuple(Cure(name, exactness == "exact") for name, exactness in _index().get(rule_id, {}).items())


@cache
def _index() -> dict[str, dict[str, str]]:
    return json.loads(INDEX.read_text(encoding="utf-8"))


def index_text() -> str:
    """Return the index as the text of its file; imports every pass."""
    from npufit.rewrite.registry import load_pass, pass_names

    passes = sorted(map(load_pass, pass_names()), key=lambda pass_: pass_.exactness != "exact")
    rules = sorted({rule for pass_ in passes for rule in pass_.cures})
    index = {rule: {pass_.name: pass_.exactness for pass_ in passes if rule in pass_.cures} for rule in rules}
    return json.dumps(index, indent=2) + "\n"
