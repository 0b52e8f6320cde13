"""Boards that answer garbage: real answers of this machine with damaged bytes, and nothing but noise."""

from __future__ import annotations

import random
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from npufit.boards import Completed, Connection, connect
from npufit.errors import LostConnectionError, ToolError

_MOST_BYTES = 8 << 20

_PIECES = (
    *(b"\0", b"\xff\xfe", b"\t", b"\n", b"-1", b"nan", b"1e999", b"inf", b"9" * 400, b"\x1b[31m", b"%s%n"),
    *(b"{}", b"[[[", b"0" * 64, b"f" * 64, b"mobilenet", b".tflite", b"ethosu", b"imx93", b"/home/alice/", b"../.."),
    *("\u202e".encode(), b"count=", b"avg=", b"mean_ms", b"interrupts", b"ended\t0\tlate"),
)


class DamagedBoard:
    """This machine as a board, of whose answers some are damaged."""

    def __init__(self, board: Connection, chance: random.Random, share: float) -> None:
        """Damage about `share` of the answers of `board`."""
        self._board, self._chance, self._share = board, chance, share

    @property
    def name(self) -> str:
        """The board in the user's words."""
        return "ssh://alice@board.example"

    @property
    def folder(self) -> str:
        """The session's folder."""
        return self._board.folder

    def shell(self, script: str, *, time_limit_s: float = 30.0, most_bytes: int = _MOST_BYTES) -> Completed:
        """Run the script and damage what it printed."""
        found = self._board.shell(script, time_limit_s=time_limit_s, most_bytes=most_bytes)
        if self._chance.random() >= self._share:
            return found
        code = self._chance.choice((found.code, 0, 1, 97, 139, 255, None))
        return Completed(code, self._damaged(found.output), self._damaged(found.errors), self._chance.random() < 0.2)

    def put(self, content: bytes | Path, name: str, *, is_executable: bool = False) -> str:
        """Write the file, or refuse it."""
        if self._chance.random() < self._share / 8:
            raise ToolError(f"{self.name}: {name}: No space left on device")
        return self._board.put(content, name, is_executable=is_executable)

    def get(self, path: str, most_bytes: int) -> bytes:
        """Return the file, damaged."""
        if self._chance.random() < self._share / 8:
            raise LostConnectionError(f"{self.name} can no longer be reached.")
        return self._damaged(self._board.get(path, most_bytes))[:most_bytes]

    def at_end(self, script: str) -> None:
        """Have the board run the script at the end."""
        self._board.at_end(script)

    def _damaged(self, data: bytes) -> bytes:
        chance, found = self._chance, bytearray(data)
        kind = chance.randrange(6)
        if kind == 0:
            return b""
        if kind == 1:
            return chance.randbytes(chance.randrange(2000))
        if kind == 2:
            return bytes(found[: chance.randrange(len(found) + 1)])
        if kind == 3:
            lines = bytes(found).split(b"\n")
            chance.shuffle(lines)
            return b"\n".join(lines)
        for _ in range(chance.randrange(1, 20)):
            start = chance.randrange(len(found) + 1)
            found[start : start + chance.randrange(8)] = chance.choice(_PIECES)
        return bytes(found)


@contextmanager
def damaged_board(seed: int) -> Generator[Connection]:
    """Yield a board of which `seed` decides how often it lies, and about what."""
    chance = random.Random(seed)
    with connect("local") as board:
        yield DamagedBoard(board, chance, chance.choice((0.1, 0.3, 0.9)))
