"""A line to a board: how one command starts there, and one exchange over it."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Protocol

from npufit.boards.framing import Frame
from npufit.child_process import Child, kill_child
from npufit.errors import NpufitError

_CHUNK_BYTES = 1 << 16
_ERRORS_GRACE_S = 2.0
_END_GRACE_S = 0.5
_DRAIN_S = 0.5


class Line(Protocol):
    """A way to a board: `ssh`, or a shell of this machine."""

    @property
    def name(self) -> str:
        """The board in the user's words."""
        ...

    @property
    def opening_limit_s(self) -> float:
        """How long the first command may take; more if the user may be typing a password."""
        ...

    def start(self, words: Sequence[str], stdin: IO[bytes]) -> Child:
        """Start a command there, which reads a file; its words have no character that any shell interprets."""
        ...

    def explain(self, unanswered: Unanswered) -> NpufitError:
        """Return why there was no answer, in words and with the next step."""
        ...

    def close(self) -> None:
        """Leave the board."""
        ...


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A command that gave no answer: what its process printed, and its exit code, None if its time was over.

    `is_opening` is true for the first command, `has_begun` if the board began to answer.
    """

    code: int | None
    output: str
    errors: str
    is_opening: bool
    has_begun: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command on the board answered: the word at its end, and what it printed."""

    word: str
    output: bytes
    errors: bytes
    is_cut: bool


def exchange(
    line: Line,
    words: Sequence[str],
    token: str,
    given: IO[bytes],
    *,
    time_limit_s: float,
    most_bytes: int,
    is_opening: bool = False,
) -> Answer:
    """Return the framed answer to a command that reads the file `given`. Raises what the line says if there is none."""
    with line.start(words, given) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        output = _FrameReader(child.stdout, Frame(token, most_bytes))
        errors = _FrameReader(child.stderr, Frame(token, most_bytes))
        try:
            is_late = not output.done.wait(time_limit_s)
            errors.done.wait(0.0 if is_late else _ERRORS_GRACE_S)
            with suppress(subprocess.TimeoutExpired):
                child.wait(0.0 if is_late else _END_GRACE_S)
        finally:
            kill_child(child)
            child.kill()  # one that hears interrupts leads no group
        code = child.wait()
        output.join()
        errors.join()
    word = output.frame.word
    if word is None:
        has_begun = output.frame.has_begun
        noise, error_noise = output.frame.noise, errors.frame.noise
        raise line.explain(Unanswered(None if is_late else code, noise, error_noise, is_opening, has_begun))
    return Answer(word, output.frame.output, errors.frame.output, output.frame.is_cut or errors.frame.is_cut)


def start_process(
    command: Sequence[str], stdin: IO[bytes], *, environment: Mapping[str, str] | None = None, hears_interrupts: bool
) -> Child:
    """Return a process with pipes for its output. Unless it `hears_interrupts`, Ctrl-C reaches only this process."""
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        start_new_session=not hears_interrupts,
    )


class _FrameReader:
    """Feeds a stream to its frame in a thread; `done` is set at the end of the frame or of the stream."""

    def __init__(self, stream: IO[bytes], frame: Frame) -> None:
        self.frame = frame
        self.done = threading.Event()
        self._stream = stream
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until the rest of the stream is read, which nobody writes any more."""
        self._thread.join(_DRAIN_S)

    def _read(self) -> None:
        with suppress(OSError, ValueError):
            while self.frame.word is None and (chunk := os.read(self._stream.fileno(), _CHUNK_BYTES)):
                self.frame.feed(chunk)
        self.done.set()
