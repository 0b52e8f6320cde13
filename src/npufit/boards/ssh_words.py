"""The errors of ssh in words, each with the next step."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from npufit.boards.line import Unanswered
from npufit.errors import LostConnectionError, ToolError
from npufit.formatting import printable, shorten

_ALGORITHM_OPTIONS = {
    "host key type": "HostKeyAlgorithms",
    "key exchange method": "KexAlgorithms",
    "cipher": "Ciphers",
    "MAC": "MACs",
}
_USUAL_KNOWN_HOSTS = "~/.ssh/known_hosts"


@dataclass(frozen=True, slots=True)
class Route:
    """Where ssh would go, after the user's configuration. `name` is what the user wrote; `keys` are key files."""

    name: str
    host: str
    user: str = ""
    port: int = 22
    keys: tuple[str, ...] = ()
    jump: str = ""
    key_alias: str = ""

    @classmethod
    def read(cls, name: str, host: str, printed: str) -> Route:
        """Return the route that `ssh -G` printed; without it, what is known."""
        values: dict[str, list[str]] = {}
        for line in printed.splitlines():
            key, _, value = line.partition(" ")
            values.setdefault(key, []).append(value)
        first = {key: all_values[0] for key, all_values in values.items()}
        port = first.get("port", "22")
        return cls(
            name,
            first.get("hostname", host),
            first.get("user", ""),
            int(port) if port.isdecimal() else 22,
            tuple(values.get("identityfile", [])),
            first.get("proxyjump", "").removeprefix("none"),
            first.get("hostkeyalias", ""),
        )

    @property
    def known_name(self) -> str:
        """Return the host as it is called in known_hosts."""
        if self.key_alias:
            return self.key_alias
        return self.host if self.port == 22 else f"[{self.host}]:{self.port}"

    @property
    def command(self) -> str:
        """Return what a user types to get there."""
        port = f" -p {self.port}" if self.port != 22 else ""
        user = f"{self.user}@" if self.user else ""
        return f"ssh{port} {shlex.quote(user + self.host)}"


def connection_error(route: Route, unanswered: Unanswered) -> ToolError:
    """Return why the first command had no answer."""
    errors = unanswered.errors
    words = next((words for pattern, words in _WORDS if re.search(pattern, errors, re.IGNORECASE)), None)
    if words is not None:
        through = (
            f" The way leads through {shorten(route.jump)}, which may be the one that says so." if route.jump else ""
        )
        return ToolError(f"{route.name}: {words(route, errors)}{through}")
    if unanswered.has_begun:
        return ToolError(f"{route.name}: the board broke off while the session was opened. Try again.")
    if unanswered.code is None:
        return ToolError(
            f"{route.name}: the board accepted the connection but its shell did not answer in time. "
            f"Does `{route.command} true` come back?"
        )
    if unanswered.code == 255:
        return ToolError(f"{route.name}: ssh could not connect: {_said(errors)}. Try: {route.command}")
    return _forbidding_shell(route, unanswered)


def lost_connection(name: str, unanswered: Unanswered) -> LostConnectionError:
    """Return that a board that answered before no longer does."""
    if unanswered.code is None:
        return LostConnectionError(
            f"{name}: the connection was lost: the board does not answer. It hangs, was switched off, or the line is "
            "broken. Check it, and run the command again."
        )
    if unanswered.code == 255:
        said = f" ({_said(unanswered.errors)})" if unanswered.errors.strip() else ""
        return LostConnectionError(
            f"{name}: the connection was lost{said}. The board restarted, was switched off, or the line broke. "
            "Check it, and run the command again."
        )
    return LostConnectionError(
        f"{name}: the session's folder on the board is gone: the board restarted, or somebody removed it. "
        "Run the command again."
    )


def _forbidding_shell(route: Route, unanswered: Unanswered) -> ToolError:
    said = _said(unanswered.output + unanswered.errors, "nothing")
    return ToolError(
        f"{route.name}: the login works, but this user may not run commands; the board answered: {said}. "
        f"Use a user with a shell (such as ssh://root@{route.host}), or remove ForceCommand or command= there."
    )


def _changed_key(route: Route, errors: str) -> str:
    offending = re.search(r"^Offending \S+ key in (.+):\d+\s*$", errors, re.MULTILINE)
    file = offending[1] if offending else _USUAL_KNOWN_HOSTS
    is_usual = Path(file).expanduser() == Path(_USUAL_KNOWN_HOSTS).expanduser()
    where = "" if is_usual else f" -f {shlex.quote(file)}"
    return (
        "the board's host key has changed. A board that was flashed again has a new one; so has another machine at its "
        "address, which may be an attack. If you expected it, forget the old key and connect once to see the new one: "
        f"ssh-keygen{where} -R {shlex.quote(route.known_name)} && {route.command} true"
    )


def _unknown_key(route: Route, _: str) -> str:
    return (
        f"the board's host key is not known yet, and nobody is there to confirm it. Connect once by hand and compare "
        f"the key's fingerprint: {route.command} true"
    )


def _denied(route: Route, errors: str) -> str:
    methods = re.search(r"Permission denied \(([^)]*)\)", errors)
    ways = f" (it takes {methods[1].replace(',', ', ')})" if methods else ""
    existing = [key for key in route.keys if Path(key).expanduser().is_file()]
    offered = f"{', '.join(existing)} and the keys of your agent" if existing else "no key file, only your agent's keys"
    port = f" -p {route.port}" if route.port != 22 else ""
    return (
        f"permission denied: the board does not let user {route.user or 'of yours'} in{ways}. ssh offered {offered}. "
        f"Name the right user (ssh://root@{route.host}), or install your key: "
        f"ssh-copy-id{port} {route.user or 'root'}@{route.host}"
    )


def _algorithm(route: Route, errors: str) -> str:
    found = re.search(r"no matching (.+?) found\. Their offer: (\S+)", errors)
    kind, offer = (found[1], found[2]) if found else ("algorithm", "")
    known = ",".join(name for name in offer.split(",") if "-strict-" not in name)
    option = _ALGORITHM_OPTIONS.get(kind)
    remedy = f" Allow it for this board in ~/.ssh/config: Host {route.host}, {option} +{known}" if option else ""
    return f"the board's SSH server is too old for this ssh: no common {kind}; it offers {shorten(known)}.{remedy}"


def _plain(text: str) -> Callable[[Route, str], str]:
    return lambda route, errors: text.format(
        host=route.host, port=route.port, command=route.command, said=_said(errors)
    )


_WORDS: tuple[tuple[str, Callable[[Route, str], str]], ...] = (
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", _changed_key),
    ("host key is known for .* strict checking|Host key verification failed", _unknown_key),
    ("no matching .* found", _algorithm),
    (
        "Too many authentication failures",
        _plain(
            "the board gave up after too many keys of your agent. Name the right one in ~/.ssh/config: "
            "`IdentityFile`, `IdentitiesOnly yes`."
        ),
    ),
    ("Permission denied", _denied),
    (
        "Could not resolve hostname",
        _plain("no machine is called {host}. Check the name, or give the board's address: ssh://root@192.168.…"),
    ),
    (
        "Connection refused",
        _plain(
            "{host} refuses connections to port {port}. It is up, but no SSH server listens there: start it on the "
            "board (sshd or dropbear), or give another port: ssh://{host}:PORT"
        ),
    ),
    (
        "No route to host|Network is unreachable|Host is down",
        _plain("there is no route to {host}. Is the board on, its cable plugged, its network up?"),
    ),
    (
        "timed out",
        _plain("{host} does not answer on port {port}. Is the board on, its address right, and no firewall between?"),
    ),
    (
        "kex_exchange_identification|banner exchange|Connection (closed|reset) by",
        _plain(
            "{host} broke the connection off before the login: {said}. It may be starting up, have too many "
            "connections, or port {port} may not be SSH's. Try: {command}"
        ),
    ),
    (
        "Bad configuration option|Bad owner or permissions|terminating, \\d+ bad",
        _plain("your SSH configuration: {said}."),
    ),
)


def _said(errors: str, nothing: str = "it gave no reason") -> str:
    """Return the last lines that say something, on one line."""
    lines = [line.strip().rstrip(".") for line in _printable_lines(errors)]
    return shorten("; ".join([line for line in lines if line.strip("@ -")][-3:]), 300) or nothing


def _printable_lines(text: str) -> list[str]:
    return [printable(line) for line in text[-4000:].splitlines()]
