"""A place of labgrid: its lock for the time of a session, and the address of its board.

labgrid's own client program answers, in a process of its own: its commands have been stable while its API changed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import cast

from npufit.boards.address import PlaceAddress, SshAddress, ssh_address
from npufit.child_process import OTHER_PYTHON, Ended, run_child
from npufit.errors import ToolError
from npufit.formatting import shorten

_ANSWER_S = 60.0
_MOST_BYTES = 1 << 20
_LEFT_OUT = ("LG_ENV", "LG_PLACE", "PLACE", "LG_STATE", "STATE", "LG_INITIAL_STATE", *OTHER_PYTHON)
"""An environment of labgrid may name other places, which its client would acquire and release too."""

_SERVICE = "NetworkService"
_NEXT_STEPS: tuple[tuple[str, str], ...] = (
    (
        "Could not connect to coordinator|UNAVAILABLE|failed to connect",
        "Is labgrid-coordinator running, and does LG_COORDINATOR name it (HOST:PORT)? LG_ENV is not read.",
    ),
    ("matches nothing", "List the places there are: labgrid-client places"),
    ("matches multiple", "Give the whole name of one."),
    (
        r"You have already acquired place \S+ on",
        "Release it there, or allow this machine to use it, as labgrid says.",
    ),
    (
        r"is already acquired by|not acquired by your user",
        "If nobody uses it any more, its lock is stale: labgrid-client -p {place} release --kick",
    ),
    (
        "already acquired by place|failed to acquire",
        "If `labgrid-client -p {place} show` names a resource that is acquired while the place is not, its lock is "
        "stale: restart labgrid-exporter.",
    ),
    ("orphaned|no matching", "Its exporter is not connected: start labgrid-exporter, and see labgrid-client resources"),
)


@contextmanager
def acquired_place(on: str, address: PlaceAddress) -> Generator[SshAddress]:
    """Yield the address of the place's board, with the place acquired.

    A place that this user has acquired already is used, and not released at the end.
    """
    if find_spec("labgrid") is None or find_spec("yaml") is None:
        raise ToolError(f"{on}: labgrid is not installed. Install it with npufit: pip install 'npufit[labgrid]'.")
    before = _labgrid(address.place, "env")
    if before.code == 0:
        yield _service(on, before.output)
        return
    acquired = _labgrid(address.place, "acquire")
    if acquired.code != 0:
        is_ours = b"orphaned resource" in before.output + before.errors
        raise _refused(on, address.place, before if is_ours else acquired)
    try:
        resources = _labgrid(address.place, "env")
        if resources.code != 0:
            raise _refused(on, address.place, resources)
        yield _service(on, resources.output)
    finally:
        _labgrid(address.place, "release")


def _labgrid(place: str, verb: str) -> Ended:
    command = [sys.executable, "-P", "-m", "labgrid.remote.client", "-p", place, verb]
    return run_child(command, _ANSWER_S, most_bytes=_MOST_BYTES, left_out=_LEFT_OUT)


def _refused(on: str, place: str, ended: Ended) -> ToolError:
    if ended.code is None:
        return ToolError(f"{on}: labgrid's coordinator does not answer. Does LG_COORDINATOR name it (HOST:PORT)?")
    text = (ended.output + ended.errors).decode("utf-8", "replace")
    lines = [line for line in text.splitlines() if line.strip()]
    said = re.sub(r"^(\S*client\S*: )?((Server error|error|Error): )*", "", lines[-1]) if lines else "it gave no reason"
    step = next((step for pattern, step in _NEXT_STEPS if re.search(pattern, text, re.IGNORECASE)), "")
    return ToolError(f"{on}: labgrid says: {shorten(said.rstrip('.'), 300)}. {step.format(place=place)}".rstrip())


def _service(on: str, environment: bytes) -> SshAddress:
    """Return the address in what `labgrid-client env` printed."""
    import yaml

    try:
        document = cast(object, yaml.safe_load(environment))
    except yaml.YAMLError:
        document = None
    resources = [
        resource for target in _values(_get(document, "targets")) for resource in _items(_get(target, "resources"))
    ]
    services = [arguments for resource in resources if (arguments := _get(resource, _SERVICE)) is not None]
    if len(services) > 1:
        raise ToolError(f"{on}: this place has {len(services)} resources {_SERVICE}. Name its board: --on ssh://HOST.")
    if not services:
        there = ", ".join(sorted({str(name) for resource in resources for name in _names(resource)})) or "nothing"
        raise ToolError(
            f"{on}: this place has no resource {_SERVICE}, which says where its board is; it has "
            f"{shorten(there, 200)}. Add `{_SERVICE}: {{address: …, username: root}}` to the exporter's configuration, "
            "and a match for it to the place."
        )
    host, user, port = (_get(services[0], name) for name in ("address", "username", "port"))
    host_word = f"[{host}]" if ":" in str(host) else str(host)
    return ssh_address(on, f"{user}@{host_word}:{port or 22}")


def _get(value: object, name: str) -> object:
    return cast(dict[object, object], value).get(name) if isinstance(value, dict) else None


def _names(value: object) -> list[object]:
    return list(cast(dict[object, object], value)) if isinstance(value, dict) else []


def _values(value: object) -> list[object]:
    return list(cast(dict[object, object], value).values()) if isinstance(value, dict) else []


def _items(value: object) -> list[object]:
    return cast(list[object], value) if isinstance(value, list) else []
