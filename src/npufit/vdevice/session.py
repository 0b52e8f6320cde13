"""One model in a real library, in a process of its own, whose device is here.

The child (`client/`) loads LiteRT and the library and asks for every open and ioctl; streams run in this process, also
if the child is emulated. Whatever the library does to itself is an error here.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from npufit.child_process import end_words, expiring
from npufit.errors import NpufitError, ToolError
from npufit.formatting import printable, shorten
from npufit.litert import LARGEST_RESULT_BYTES, TIME_LIMIT_S, LitertRefusalError, pack_values
from npufit.vdevice.answering import DeviceCalls
from npufit.vdevice.asking_caller import AskingCaller
from npufit.vdevice.client.channel import Channel, Message
from npufit.vdevice.device import Caller, Device
from npufit.vdevice.library import Library, inspect_library
from npufit.vdevice.process_memory import ProcessMemory
from npufit.vdevice.processes import start_process

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

_LARGEST_LOG_BYTES = 64 << 20
_LONGEST_WORDS = 300


class Step(StrEnum):
    """What a session was doing."""

    START = "start"
    IMPORT = "import"
    LIBRARY = "library"
    PREPARE = "prepare"
    ALLOCATE = "allocate"
    INVOKE = "invoke"
    READ = "read"

    @property
    def has_model(self) -> bool:
        """Whether the library has been given the model."""
        return self not in _BEFORE_THE_MODEL

    @property
    def words(self) -> str:
        """The step in words that follow `crashed`."""
        return _STEP_WORDS[self]


_STEP_WORDS = {
    Step.START: "while it starts",
    Step.IMPORT: "while it imports LiteRT",
    Step.LIBRARY: "while the library is loaded",
    Step.PREPARE: "in Prepare",
    Step.ALLOCATE: "while tensors are allocated",
    Step.INVOKE: "in Invoke",
    Step.READ: "while tensors are read",
}


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """Limits of a session: for the whole load and for each inference, and for the child's address space."""

    time_limit_s: float = TIME_LIMIT_S
    memory_bytes: int = 16 << 30
    environment: tuple[tuple[str, str], ...] = (("TEFLON_DEBUG", "verbose"),)


class LibraryCrashError(ToolError):
    """The process with the library died, or did not finish in time, which `is_late` tells.

    `step` is where, `how` what happened (`died of signal SIGSEGV`), `log` what was printed, `last_call` the last call
    to the device, empty if there was none.
    """

    def __init__(self, message: str, step: Step, how: str, log: str, last_call: str, *, is_late: bool = False) -> None:
        """Store the message for users and what is known of the end."""
        super().__init__(message)
        self.step, self.how, self.log, self.last_call, self.is_late = step, how, log, last_call, is_late


class LibraryRefusalError(ToolError):
    """The library, or LiteRT on its behalf, returned an error at `step`: no delegate, or an inference that fails."""

    def __init__(self, message: str, step: Step, said: str, log: str) -> None:
        """Store the message for users, the error's own words and what was printed."""
        super().__init__(message)
        self.step, self.said, self.log = step, said, log


class LibrarySession:
    """A model in a library on a virtual device; a context manager, because it is a process.

    `seconds` has the time of each step, of the last inference for `Step.INVOKE`.
    """

    def __init__(
        self, library: Library, device: Device, model: bytes, options: SessionOptions | None = None, *, name: str = ""
    ) -> None:
        """Start the child. `name` is the model's in messages.

        Raises InputError if the library cannot be used with its Python, ToolError if that cannot be started.
        """
        inspect_library(library)
        self._library, self._device, self._model = library, device, model
        self._options = options or SessionOptions()
        self._name = name or "the model"
        self._step = Step.START
        self.seconds: dict[Step, float] = {}
        self._printed: IO[bytes] = tempfile.TemporaryFile(prefix="npufit-library-")  # noqa: SIM115 - kept open
        self._control, theirs = _channel_pair()
        calls, their_calls = _channel_pair()
        try:
            self._process = start_process(
                library.python,
                theirs.fileno(),
                their_calls.fileno(),
                self._printed,
                self._options.memory_bytes,
                self._options.time_limit_s,
            )
        except (OSError, ValueError) as error:
            for resource in (self._control, calls, self._printed):
                resource.close()
            raise ToolError(f"--library-python cannot be started: {error}.") from None
        finally:
            theirs.close()
            their_calls.close()
        self._calls = DeviceCalls(device, calls, self._caller(calls))
        self._selector = DefaultSelector()
        self._selector.register(self._control, EVENT_READ)
        self._selector.register(self._calls, EVENT_READ)

    def _caller(self, calls: Channel) -> Caller:
        """Return the memory of the child: through the system, unless it is emulated or the system forbids it."""
        if not self._library.python:
            with suppress(OSError):
                return ProcessMemory(self._process.pid)
        return AskingCaller(calls, self._process.pid)

    def __enter__(self) -> Self:
        """Return this session."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the child."""
        self.close()

    def close(self) -> None:
        """End the child and release the device's files. The session keeps its times and its last log."""
        self._process.end()
        self._release()

    @property
    def log(self) -> str:
        """What the library, LiteRT and Python have printed so far, up to 64 MiB."""
        descriptor = self._printed.fileno()
        return os.pread(descriptor, _LARGEST_LOG_BYTES, 0).decode("utf-8", "replace")

    def load(self) -> None:
        """Import LiteRT, load the library, let it decide and compile, allocate tensors.

        Raises LibraryCrashError, LibraryRefusalError, LitertRefusalError if LiteRT itself refuses the model, ToolError
        if the Python lacks LiteRT or the library cannot be loaded, and the device's own error.
        """
        head = {
            "do": "load",
            "library": str(self._library.path.resolve()),
            "node": self._device.node,
            "environment": dict(self._options.environment),
        }
        self._exchange(head, self._model)

    def infer(self, inputs: Mapping[int, Array], tensors: Sequence[int]) -> dict[int, Array]:
        """Return the values of `tensors`, by index, after an inference with `inputs`, by tensor index.

        Only the model's inputs and outputs are certain to be kept: LiteRT reuses the memory of other tensors. One that
        exists only inside a partition is left out. Raises as `load`.
        """
        rows, parts = pack_values(inputs)
        return self._exchange({"do": "infer", "inputs": rows, "wanted": list(tensors)}, *parts)

    def _exchange(self, head: Mapping[str, Any], *parts: bytes | memoryview) -> dict[int, Array]:
        found: dict[int, Array] = {}
        begun = time.monotonic()
        left = LARGEST_RESULT_BYTES
        with expiring(self._options.time_limit_s, self._process.kill) as expired:
            try:
                self._control.send(head, *parts)
                while True:
                    message = self._next_message(left)
                    left -= len(message.data)
                    now = time.monotonic()
                    if "step" in message.head:
                        self.seconds[self._step] = now - begun
                        self._step, begun = Step(message.head["step"]), now
                    elif "tensor" in message.head:
                        found[message.head["tensor"]] = _values(message)
                    else:
                        break
            except (EOFError, OSError, ValueError):
                raise self._crash(is_late=expired.is_set()) from None
            except NpufitError:
                self._process.end()
                raise
        self.seconds[self._step] = now - begun
        if "refused" in message.head:
            raise self._refusal(message.head)
        return found

    def _next_message(self, most_bytes: int) -> Message:
        """Return the next message of the child; answer its calls to the device until then.

        Where both wait, the message is the older one, and the end of a child must not hide it.
        """
        while True:
            ready = {key.fileobj for key, _ in self._selector.select()}
            if self._control in ready:
                return self._control.receive(most_bytes)
            self._calls.answer()

    def _crash(self, *, is_late: bool) -> LibraryCrashError:
        code = self._process.end()
        if is_late:
            how = f"did not finish within {self._options.time_limit_s:g} s"
        else:
            how = f"{'died of' if code < 0 else 'ended with'} {end_words(code)}"
        log, last_call = self.log, self._calls.last
        call = f" The last call to {self._device.node} was {last_call}." if last_call else ""
        words = _last_words(log)
        said = f' It last printed "{words}".' if words else ""
        who = (
            "the Python of --library-python"
            if self._library.python and self._step in _OF_PYTHON
            else self._library.name
        )
        message = f"{self._name}: {who} {how} {self._step.words}.{call}{said}{self._hint()}"
        return LibraryCrashError(message, self._step, how, log, last_call, is_late=is_late)

    def _hint(self) -> str:
        """Return what is known to end a session before the library has done anything, empty otherwise."""
        words = self._library.python
        if self._step not in _OF_PYTHON or "-L" not in words[:-1]:
            return ""
        if self._step is Step.START:
            return "" if Path(words[-1]).exists() else f" There is no {words[-1]}."
        root = Path(words[words.index("-L") + 1])
        if (root / "proc/cpuinfo").exists():
            return ""
        return f" LiteRT reads /proc/cpuinfo, which here is another processor's: put an Arm one at {root}/proc/cpuinfo."

    def _refusal(self, head: Mapping[str, Any]) -> NpufitError:
        who = head["refused"]
        said = shorten(printable(" ".join(str(head.get("said", "")).split()).rstrip(".")), _LONGEST_WORDS)
        if who == "model":
            return LitertRefusalError(f"{self._name}: LiteRT refuses this file: {said}.", said)
        if who == "python":
            python = " ".join(self._library.python) or sys.executable
            return ToolError(f"{python}: LiteRT cannot be imported: {said}. Install ai-edge-litert and NumPy there.")
        if who == "memory":
            return ToolError(f"{self._name}: needs more than its limit of {self._options.memory_bytes >> 30} GiB.")
        if who == "library":
            return ToolError(f"{self._library.name} cannot be loaded: {said}.")
        words = _last_words(self.log)
        printed = f' ({self._library.name} printed "{words}")' if words else ""
        message = f"{self._name}: {self._library.name} fails {self._step.words}: {said}{printed}."
        return LibraryRefusalError(message, self._step, said, self.log)

    def _release(self) -> None:
        self._calls.close()
        self._selector.close()
        self._control.close()
        self._printed.close()


_OF_PYTHON = (Step.START, Step.IMPORT)
_BEFORE_THE_MODEL = (*_OF_PYTHON, Step.LIBRARY)


def _channel_pair() -> tuple[Channel, socket.socket]:
    ours, theirs = socket.socketpair()
    return Channel(ours), theirs


def _values(message: Message) -> Array:
    """Return the tensor of a message. Raises ValueError if it is none."""
    import numpy as np

    try:
        raw = np.frombuffer(message.data, np.uint8)
        return raw.view(np.dtype(message.head["type"])).reshape(message.head["shape"])
    except (TypeError, LookupError) as error:
        raise ValueError(str(error)) from None


def _last_words(log: str) -> str:
    """Return the last line of `log`, without the messages that LiteRT always prints."""
    lines = [line.strip() for line in log[-4096:].splitlines()]
    spoken = [line for line in lines if line and not line.startswith(("INFO:", "WARNING:"))]
    return shorten(printable(spoken[-1]), _LONGEST_WORDS) if spoken else ""
