"""The governors of a board's CPUs, changed only if the user asks, and put back."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress

from npufit.boards.board_script import board_script
from npufit.boards.connection import Connection
from npufit.boards.watching import read
from npufit.errors import InputError, NpufitError
from npufit.formatting import shorten

_GOVERNOR = re.compile(r"[a-z_]{1,15}")
"""As the kernel bounds names of governors (CPUFREQ_NAME_LEN)."""

_POLICY = re.compile(r"policy\d{1,4}", re.ASCII)
_MOST_POLICIES = 64


@contextmanager
def settings(connection: Connection, *, governor: str = "") -> Generator[tuple[str, ...]]:
    """Set all governors of the board to `governor` if it is not empty; put them back at the end, whatever happens.

    Yields sentences: what was changed, or why it was not. If the line is lost, the board itself puts them back. Raises
    InputError if `governor` is no name of one.
    """
    if not governor:
        yield ()
        return
    if not _GOVERNOR.fullmatch(governor):
        raise InputError(f"'{shorten(governor)}' is no governor: give performance, powersave, ondemand or schedutil.")
    clocks = [clock for clock in read(connection).clocks if _POLICY.fullmatch(clock.name)][:_MOST_POLICIES]
    former = {clock.name: clock.governor for clock in clocks if _GOVERNOR.fullmatch(clock.governor)}
    if not former:
        yield (f"The governor was not set to {governor}: the board has none.",)
        return
    changing = {policy: own for policy, own in former.items() if own != governor}
    if not changing:
        yield ()
        return
    connection.at_end(_script(changing))
    now = _set(connection, dict.fromkeys(changing, governor))
    try:
        yield tuple(_sentences(changing, now, governor))
    finally:
        with suppress(NpufitError):  # the board puts them back when the session ends
            _set(connection, changing)


def _set(connection: Connection, wanted: Mapping[str, str]) -> dict[str, str]:
    """Set the governors that are `wanted` by policy, and return those that are there afterwards."""
    lines = connection.shell(_script(wanted)).output.decode("utf-8", "replace").splitlines()
    fields = [line.split("\t") for line in lines]
    return {words[1]: words[2] for words in fields if len(words) == 3 and words[0] == "governor"}


def _script(wanted: Mapping[str, str]) -> str:
    pairs = " ".join(f"{policy} {governor}" for policy, governor in wanted.items())
    return board_script("governors.sh", variables={}, call=f"set_governors {pairs}")


def _sentences(former: Mapping[str, str], now: Mapping[str, str], governor: str) -> Generator[str]:
    refused = [policy for policy in former if now.get(policy) != governor]
    if len(refused) < len(former):
        were = " and ".join(sorted({own for policy, own in former.items() if policy not in refused}))
        yield f"The governor was set to {governor} for the measurement; before and after it is {were}."
    if refused:
        own = " and ".join(sorted({former[policy] for policy in refused}))
        yield (
            f"The governor could not be set to {governor} and stays {own}: that takes root, and a kernel that has this "
            "governor."
        )
