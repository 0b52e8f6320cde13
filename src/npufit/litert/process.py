"""One process in which LiteRT runs: how requests reach it, what comes back, and what its end means."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from io import BufferedReader
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from npufit.child_process import Child, deadline, end_child, end_words, python_script, start_child
from npufit.errors import InputError, ToolError
from npufit.formatting import printable, shorten

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

ADDRESS_SPACE_BYTES = 8 << 30
"""The address space that LiteRT may map; YOLOv8n at 640, with all tensors kept, takes 0.3 GB."""

LARGEST_RESULT_BYTES = 4 << 30
"""The limit on the values of one inference."""

TIME_LIMIT_S = 600.0
"""The time limit for one load or one inference, unless the caller gives another."""

_LARGEST_HEAD_BYTES = 1 << 16
_LAST_WORDS_BYTES = 4096
_LONGEST_WORDS = 200
_LONGEST_REFUSAL = 300
_NODE = re.compile(r"Node number (\d{1,9}) \(")
_OUT_OF_MEMORY = re.compile(r"bad_alloc|MemoryError|[Oo]ut of memory|[Cc]annot allocate|Failed to allocate memory")


class LitertRefusalError(InputError):
    """LiteRT refuses a model or its inputs.

    `said` is its own message; `operator` is the index in the main subgraph of the refused operator, None if LiteRT does
    not say.
    """

    def __init__(self, message: str, said: str, operator: int | None = None) -> None:
        """Store the message for users, LiteRT's own message, and the operator."""
        super().__init__(message)
        self.said, self.operator = said, operator


class Failure(StrEnum):
    """How LiteRT's process ended."""

    CRASH = "crashed"
    TIME = "time"
    MEMORY = "memory"


class LitertFailureError(ToolError):
    """LiteRT died, took too long or needed too much memory while it had a model.

    `kind` says which, `how` says it in words, such as `died of signal SIGSEGV`.
    """

    def __init__(self, message: str, kind: Failure, how: str) -> None:
        """Store the message for users and what happened."""
        super().__init__(message)
        self.kind, self.how = kind, how


@dataclass(frozen=True, slots=True)
class Request:
    """What to do with a model: `what` names both in messages, `time_limit_s` limits it."""

    head: Mapping[str, Any]
    data: Sequence[bytes | memoryview]
    what: str
    time_limit_s: float = TIME_LIMIT_S


class LitertProcess:
    """One child and its output on standard error."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        script = Path(__file__).with_name("_child.py")
        try:
            self._printed: IO[bytes] = tempfile.TemporaryFile(prefix="npufit-litert-")  # noqa: SIM115 - kept open
            self._child = start_child(
                python_script(script, str(ADDRESS_SPACE_BYTES)), stdin=subprocess.PIPE, stderr=self._printed
            )
        except OSError as error:
            raise ToolError(f"LiteRT's process cannot be started: {error}.") from None
        self.end = weakref.finalize(self, _end, self._child, self._printed, self.owner)

    @property
    def is_alive(self) -> bool:
        return self._child.poll() is None

    def exchange(self, head: Mapping[str, Any], request: Request) -> dict[int, Array]:
        with deadline(self._child, request.time_limit_s) as expired:
            try:
                self._send(head, request.data)
                return dict(self._receive(request))
            except (EOFError, BrokenPipeError, ConnectionError):
                raise self._failure(request, is_late=expired.is_set()) from None

    def _send(self, head: Mapping[str, Any], parts: Sequence[bytes | memoryview]) -> None:
        stdin = self._child.stdin
        assert stdin is not None
        text = json.dumps(head).encode()
        stdin.write(struct.pack("<I", len(text)) + text)
        for part in parts:
            stdin.write(part)
        stdin.flush()

    def _receive(self, request: Request) -> Iterator[tuple[int, Array]]:
        """Yield the tensors of the replies up to the final one; the child's data is not trusted."""
        left = LARGEST_RESULT_BYTES
        while True:
            head = self._read_head()
            if "error" in head:
                raise self._refusal(head, request)
            if "tensor" not in head:
                return
            left -= head["bytes"]
            if left < 0:
                how = f"gave results of more than {LARGEST_RESULT_BYTES >> 30} GiB"
                raise LitertFailureError(f"{request.what}: LiteRT {how}.", Failure.MEMORY, how)
            yield head["tensor"], self._read_values(head)

    def _read_head(self) -> dict[str, Any]:
        (length,) = struct.unpack("<I", self._read(4))
        if length > _LARGEST_HEAD_BYTES:
            raise EOFError
        try:
            return json.loads(self._read(length))
        except ValueError:
            raise EOFError from None

    def _read_values(self, head: Mapping[str, Any]) -> Array:
        import numpy as np

        raw = np.frombuffer(self._read(head["bytes"]), np.uint8)
        try:
            return raw.view(np.dtype(head["type"])).reshape(head["shape"])
        except (ValueError, TypeError):
            raise EOFError from None

    def _read(self, size: int) -> bytearray:
        stdout = cast("BufferedReader", self._child.stdout)
        found = bytearray(size)
        view = memoryview(found)
        done = 0
        while done < size:
            count = stdout.readinto(view[done:])
            if not count:
                raise EOFError
            done += count
        return found

    def _refusal(self, head: Mapping[str, Any], request: Request) -> LitertRefusalError | LitertFailureError:
        if head["error"] == "memory":
            return _no_memory(request.what)
        said = " ".join(str(head["said"]).split()).rstrip(".")
        nodes = _NODE.findall(said)  # the last one is in the main subgraph: it ran the others
        short = shorten(said, _LONGEST_REFUSAL)
        return LitertRefusalError(f"{request.what}: {short}.", short, int(nodes[-1]) if nodes else None)

    def _failure(self, request: Request, *, is_late: bool) -> ToolError:
        """Return why the child is gone."""
        end_child(self._child)  # closing its output is as good as dying
        code = self._child.returncode
        if is_late:
            how = f"did not finish within {request.time_limit_s:g} s"
            advice = "and was stopped. Allow more time (--time-limit), or use a smaller model."
            return LitertFailureError(f"{request.what}: LiteRT {how} {advice}", Failure.TIME, how)
        words = self._last_words()
        if "ModuleNotFoundError" in words or "ImportError" in words:
            return ToolError(f"LiteRT cannot be imported: {words}. Install it with: pip install ai-edge-litert.")
        if _OUT_OF_MEMORY.search(words):
            return _no_memory(request.what)
        how = f"{'died of' if code < 0 else 'ended with'} {end_words(code)}"
        how = f"{how} ({words})" if words else how
        advice = "This file makes LiteRT itself fail; another version of ai-edge-litert may run it."
        return LitertFailureError(f"{request.what}: LiteRT {how}. {advice}", Failure.CRASH, how)

    def _last_words(self) -> str:
        """Return the last line that was printed, without the messages that LiteRT always prints."""
        size = self._printed.seek(0, os.SEEK_END)
        self._printed.seek(max(0, size - _LAST_WORDS_BYTES))
        lines = [line.strip() for line in self._printed.read().decode("utf-8", "replace").splitlines()]
        spoken = [line for line in lines if line and not line.startswith(("INFO:", "WARNING:"))]
        return shorten(printable(spoken[-1]), _LONGEST_WORDS) if spoken else ""


def _no_memory(what: str) -> LitertFailureError:
    how = f"needs more than its limit of {ADDRESS_SPACE_BYTES >> 30} GiB of memory"
    return LitertFailureError(f"{what}: LiteRT {how}. Use a smaller model or inputs.", Failure.MEMORY, how)


def _end(child: Child, printed: IO[bytes], owner: int) -> None:
    if owner != os.getpid():  # a fork of this process; the child is not ours
        return
    end_child(child)
    for pipe in (child.stdin, child.stdout, printed):
        if pipe is not None:
            with suppress(OSError):  # what was still to be sent has no reader
                pipe.close()
