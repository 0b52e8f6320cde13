"""Boards that answer garbage: the recorded answers of a real session, damaged. They cost no process and no time."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from npufit.boards import Completed, Connection
from npufit.errors import LostConnectionError, ToolError

_MOST_BYTES = 8 << 20
_PIECES = (
    *(b"\0", b"\xff\xfe", b"\t", b"\n", b"-1", b"nan", b"1e999", b"inf", b"9" * 400, b"\x1b[31m", b"%s%n"),
    *(b"{}", b"[[[", b"0" * 64, b"f" * 64, b"mobilenet", b".tflite", b"ethosu", b"imx93", b"/home/alice/", b"../.."),
    *("\u202e".encode(), b"count=", b"avg=", b"mean_ms", b"interrupts", b"ended\t0\tlate"),
)


@dataclass
class RecordingBoard:
    """A board whose answers are kept, by the last line of the script, which says what was asked."""

    board: Connection
    answers: dict[str, Completed] = field(default_factory=dict[str, Completed])
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])

    @property
    def name(self) -> str:
        """The board in the user's words."""
        return self.board.name

    @property
    def folder(self) -> str:
        """The session's folder."""
        return self.board.folder

    def shell(self, script: str, *, time_limit_s: float = 30.0, most_bytes: int = _MOST_BYTES) -> Completed:
        """Run the script and keep its answer."""
        found = self.board.shell(script, time_limit_s=time_limit_s, most_bytes=most_bytes)
        self.answers[_asked(script)] = found
        return found

    def put(self, content: bytes | Path, name: str, *, is_executable: bool = False) -> str:
        """Write the file."""
        return self.board.put(content, name, is_executable=is_executable)

    def get(self, path: str, most_bytes: int) -> bytes:
        """Return the file and keep it."""
        found = self.board.get(path, most_bytes)
        self.files[Path(path).name] = found
        return found

    def at_end(self, script: str) -> None:
        """Have the board run the script at the end."""
        self.board.at_end(script)


class DamagedBoard:
    """A board with the answers of `recorded`, of which it damages about `share`; `seed` decides everything."""

    name = "ssh://alice@board.example"
    folder = "/tmp/npufit-hostile"

    def __init__(self, recorded: RecordingBoard, seed: int) -> None:
        """Make the board of `seed`."""
        self._recorded = recorded
        self._chance = random.Random(seed)
        self._share = self._chance.choice((0.2, 0.5, 0.95))

    def shell(self, script: str, *, time_limit_s: float = 30.0, most_bytes: int = _MOST_BYTES) -> Completed:
        """Return a recorded answer, damaged; an unknown script gets any other's answer."""
        answers = self._recorded.answers
        found = answers.get(_asked(script)) or self._chance.choice([*answers.values()])
        self._may_fail()
        if self._chance.random() >= self._share:
            return found
        code = self._chance.choice((found.code, found.code, 0, 1, 97, 139, 255, None))
        return Completed(code, self._damaged(found.output), self._damaged(found.errors), self._chance.random() < 0.2)

    def put(self, content: bytes | Path, name: str, *, is_executable: bool = False) -> str:
        """Take the file, or refuse it."""
        self._may_fail()
        return f"{self.folder}/{name}"

    def get(self, path: str, most_bytes: int) -> bytes:
        """Return a recorded file, damaged."""
        self._may_fail()
        return self._damaged(self._recorded.files.get(Path(path).name, b"TFL3" * 9))[:most_bytes]

    def at_end(self, script: str) -> None:
        """Nothing ends here."""

    def _may_fail(self) -> None:
        chance = self._chance.random()
        if chance < 0.01:
            raise LostConnectionError(f"{self.name} can no longer be reached.")
        if chance < 0.02:
            raise ToolError(f"{self.name}: No space left on device.")

    def _damaged(self, data: bytes) -> bytes:
        chance, found = self._chance, bytearray(data)
        kind = chance.randrange(9)
        if kind == 0:
            return chance.randbytes(chance.randrange(2000))
        if kind == 1:
            return bytes(found[: chance.randrange(len(found) + 1)])
        if kind == 2:
            lines = bytes(found).split(b"\n")
            chance.shuffle(lines)
            return b"\n".join(lines)
        for _ in range(chance.randrange(1, 20)):
            start = chance.randrange(len(found) + 1)
            found[start : start + chance.randrange(8)] = chance.choice(_PIECES)
        return bytes(found)


def _asked(script: str) -> str:
    """Return what a script asks: its last line, without the session's folder and what differs from run to run."""
    last = script.rstrip().rpartition("\n")[2]
    return " ".join(word for word in last.split() if "/" not in word)
