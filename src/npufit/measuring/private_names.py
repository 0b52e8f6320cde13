"""Names that a measurement must not have: those of the board, of this machine, and of their users."""

from __future__ import annotations

import getpass
import re
import socket
from contextlib import suppress

from npufit.boards import Connection

_WORD = re.compile(r"[\w.-]+")
_SCHEMES = frozenset({"ssh", "labgrid", "local"})
_MOST_NAMES = 16


def private_names(connection: Connection) -> tuple[str, ...]:
    """Return the host names and users that the way to the board, the board and this machine have.

    Raises LostConnectionError.
    """
    printed = connection.shell("uname -n; id -un").output.decode("utf-8", "replace")
    names = [*_WORD.findall(connection.name), *_WORD.findall(printed), socket.gethostname()]
    with suppress(OSError, KeyError, ImportError):
        names.append(getpass.getuser())
    return tuple(dict.fromkeys(name for name in names[:_MOST_NAMES] if name not in _SCHEMES))
