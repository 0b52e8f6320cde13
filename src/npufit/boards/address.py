"""Boards as users name them: `ssh://[user@]host[:port]`, `labgrid://PLACE`, `local`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from npufit.errors import InputError
from npufit.formatting import shorten

_LONGEST = 300
_WAYS = "Write ssh://[user@]host[:port], labgrid://PLACE, or local."
_SSH = re.compile(r"(?:(?P<user>[^@/]*)@)?(?P<host>\[[^\]/]*\]|[^:/@\[\]]*)(?::(?P<port>[^/]*))?/?")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+\\-]*\$?")
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_HOST_V6 = re.compile(r"[0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?")
_PLACE = re.compile(r"[A-Za-z0-9_+@][A-Za-z0-9_.+@/-]*")


@dataclass(frozen=True, slots=True)
class SshAddress:
    """A board behind SSH: a host name, an address or a name of the user's SSH configuration.

    No user and no port mean those of the configuration.
    """

    host: str
    user: str = ""
    port: int | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return what `ssh` takes to go there; it cannot read any of it as an option."""
        user = ("-l", self.user) if self.user else ()
        port = ("-p", str(self.port)) if self.port is not None else ()
        return (*user, *port, "--", self.host)


@dataclass(frozen=True, slots=True)
class PlaceAddress:
    """A place of a labgrid coordinator."""

    place: str


@dataclass(frozen=True, slots=True)
class LocalAddress:
    """This machine."""


def board_address(on: str) -> SshAddress | PlaceAddress | LocalAddress:
    """Return the address that `on` names. Raises InputError if it names none, or has what no name has."""
    scheme, separator, rest = on[: _LONGEST + 1].partition("://")
    if len(on) > _LONGEST:
        raise InputError(f"{shorten(on)}: a board's name has at most {_LONGEST} characters. {_WAYS}")
    if on == "local":
        return LocalAddress()
    if not separator:
        meant = f" Did you mean ssh://{on}?" if _SSH.fullmatch(on) and on else ""
        raise InputError(f"{shorten(on)}: this names no board.{meant} {_WAYS}")
    match scheme:
        case "ssh":
            return ssh_address(on, rest)
        case "labgrid":
            if not _PLACE.fullmatch(rest):
                raise InputError(f"{shorten(on)}: this is no labgrid place. Write labgrid://PLACE.")
            return PlaceAddress(rest)
        case _:
            raise InputError(f"{shorten(on)}: there is no way to a board called {shorten(scheme)}://. {_WAYS}")


def ssh_address(on: str, rest: str) -> SshAddress:
    """Return the address `[user@]host[:port]`; `on` names the board in messages. Raises InputError if it is none."""
    match = _SSH.fullmatch(rest)
    if match is None:
        raise InputError(f"{shorten(on)}: this is no SSH address. Write ssh://[user@]host[:port].")
    user, host, port = match["user"], match["host"], match["port"]
    if user is not None and ":" in user:
        raise InputError(
            f"ssh://…@{shorten(host)}: an address must not contain a password, which others could read. "
            "Leave it out: ssh asks for it, or use a key."
        )
    if user is not None and not _USER.fullmatch(user):
        raise InputError(f"{shorten(on)}: '{shorten(user)}' cannot be a user's name.")
    bare = host[1:-1] if host.startswith("[") else host
    if not (_HOST_V6 if host.startswith("[") else _HOST).fullmatch(bare):
        raise InputError(f"{shorten(on)}: '{shorten(bare)}' cannot be a host's name or address.")
    return SshAddress(bare, user or "", _port(on, port))


def _port(on: str, port: str | None) -> int | None:
    if port is None:
        return None
    if not (re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 1 << 16):
        raise InputError(f"{shorten(on)}: '{shorten(port)}' is no port. Give a number from 1 to 65535.")
    return int(port)
