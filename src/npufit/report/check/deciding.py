"""What decided where operators run if the rules did not: a log, a real library, a compiled file."""

from __future__ import annotations

from npufit.formatting import printable
from npufit.stacks import Placement, Status


def decided_by(placement: Placement) -> str:
    """Return what overrules the rules, in words."""
    if placement.library is not None:
        return f"{printable(placement.library.file)} itself"
    return f"the log ({placement.log})" if placement.log else "the compiled file"


def library_clause(placement: Placement) -> str:
    """Return the real library that decided, as a clause after the target; empty without one."""
    if placement.library is None:
        return ""
    how = f", which {printable(placement.library.ended)}" if placement.library.ended else ""
    return f", decided by {printable(placement.library.name)} itself{how}"


def decision_sentence(placement: Placement) -> str:
    """Return what was read or run, what it says in total, and whether it agrees with the rules; without a full stop."""
    said = f": {placement.log_totals}" if placement.log_totals else ""
    agrees = "" if placement.differences or placement.status is Status.PARTIAL else "; it agrees with the rules"
    if placement.library is not None:
        until = ", until its end" if placement.library.ended else ""
        return f"Decided by {printable(placement.library.name)} itself on a virtual NPU{until}{said}{agrees}"
    return f"Log read: {placement.log}{said}{agrees}"
