"""The way to a board.

`ssh://` uses the system's OpenSSH, `local` this machine's shell, and `labgrid://` asks a coordinator for the address
and the lock, and goes on with SSH. Nothing is installed on a board: a temporary folder holds the session's files, and
a watchdog there removes it, and ends what still runs, also after the line is lost.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from npufit.boards.address import LocalAddress, PlaceAddress, SshAddress, board_address
from npufit.boards.connection import Connection
from npufit.boards.labgrid import acquired_place
from npufit.boards.local import LocalLine
from npufit.boards.session import Lease, open_session
from npufit.boards.ssh import SshLine

_CONNECT_TIMEOUT_S = 10.0


@contextmanager
def connect(
    on: str, *, connect_timeout_s: float = _CONNECT_TIMEOUT_S, lease: Lease | None = None
) -> Generator[Connection]:
    """Yield a connection to the board that `on` names: `ssh://[user@]host[:port]`, `labgrid://PLACE`, or `local`.

    `lease` says when the board ends a session that it no longer hears of. Raises InputError if `on` names no board,
    ToolError if it cannot be reached, and LostConnectionError if it no longer can.
    """
    with ExitStack() as way:
        match board_address(on):
            case LocalAddress():
                line = LocalLine()
            case SshAddress() as address:
                line = SshLine(on, address, connect_timeout_s)
            case PlaceAddress() as place:
                line = SshLine(on, way.enter_context(acquired_place(on, place)), connect_timeout_s)
        yield way.enter_context(open_session(line, lease))
