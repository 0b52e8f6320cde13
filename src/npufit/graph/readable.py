"""Names from a file in a form that can be printed."""

from __future__ import annotations

_LONGEST = 120


def readable(name: str) -> str:
    """Return `name` for a message: what cannot be printed is escaped, and the middle of a long name left out.

    Names are untrusted: they may hold newlines, terminal escapes, megabytes, or bytes that are not UTF-8.
    """
    if len(name) > _LONGEST:
        name = f"{name[: _LONGEST // 2]}...{name[-_LONGEST // 2 :]}"
    if name.isprintable():
        return name
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in name)
