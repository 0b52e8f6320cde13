"""The child of a session: LiteRT with a library as its delegate, for one model.

It reports each step before it takes it, so that a crash says where.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import Any, NoReturn

from .channel import Channel
from .forking import serve_forks
from .import_slots import ImportSlotsError, redirected
from .litert import Litert, import_litert, interpreter_of, print_at_once
from .remote_node import RemoteNode

_PRINTED_BYTES = 64 << 20
_LARGEST_REQUEST_BYTES = 4 << 30
_LONGEST_WORDS = 2000
_REFUSALS = (RuntimeError, ValueError, TypeError)


class _RefusalError(Exception):
    """Something was refused: `who` is `python`, `library`, `delegate` or `model`."""

    def __init__(self, who: str, said: object) -> None:
        super().__init__(str(said)[:_LONGEST_WORDS])
        self.who = who


class _Server:
    """One model in one library."""

    def __init__(self, control: Channel, node: RemoteNode) -> None:
        self._control, self._node = control, node
        self._interpreter: Any = None
        self._until_the_end = ExitStack()

    def serve(self) -> None:
        while True:
            head, data, _ = self._control.receive(_LARGEST_REQUEST_BYTES)
            try:
                if head["do"] == "load":
                    self._load(head, bytes(data))
                else:
                    self._infer(head, data)
                self._control.send({"done": True})
            except MemoryError:
                self._control.send({"refused": "memory", "said": ""})
            except _RefusalError as refusal:
                self._control.send({"refused": refusal.who, "said": str(refusal)})

    def _load(self, head: Mapping[str, Any], model: bytes) -> None:
        self._step("import")
        try:
            litert = import_litert()
        except ImportError as error:
            raise _RefusalError("python", error) from None
        os.environ.update(head["environment"])
        self._step("library")
        try:
            self._until_the_end.enter_context(redirected(head["library"], {head["node"]: self._node}))
            delegate = litert.load_delegate(head["library"])
        except (OSError, ImportSlotsError) as error:
            raise _RefusalError("library", error) from None
        except _REFUSALS as error:
            raise _RefusalError("delegate", error) from None
        try:
            self._step("prepare")
            self._interpreter = interpreter_of(litert, model, [delegate])
            self._step("allocate")
            self._interpreter.allocate_tensors()
        except _REFUSALS as error:
            raise _RefusalError(_culprit(litert, model), error) from None

    def _infer(self, head: Mapping[str, Any], data: bytearray) -> None:
        """Run the model and send each wanted tensor that exists."""
        self._step("invoke")
        interpreter = self._interpreter
        try:
            interpreter.reset_all_variables()
            for index, values in _unpack(head["inputs"], data):
                interpreter.set_tensor(index, values)
            interpreter.invoke()
        except _REFUSALS as error:
            raise _RefusalError("delegate", error) from None
        self._step("read")
        for index in head["wanted"]:
            try:
                values = interpreter.get_tensor(index)
            except ValueError:  # LiteRT has no data for a tensor of size zero or one inside a partition
                continue
            raw = values.reshape(-1).view("u1").data if values.nbytes else b""
            self._control.send({"tensor": index, "type": values.dtype.str, "shape": values.shape}, raw)

    def _step(self, name: str) -> None:
        self._control.send({"step": name})


def _culprit(litert: Litert, model: bytes) -> str:
    """Return whether LiteRT refuses `model` without a delegate too."""
    try:
        interpreter_of(litert, model, []).allocate_tensors()
    except _REFUSALS:
        return "model"
    return "delegate"


def _unpack(rows: list[list[Any]], data: bytearray) -> list[tuple[int, Any]]:
    import numpy as np

    found: list[tuple[int, Any]] = []
    start = 0
    for index, kind, shape, size in rows:
        found.append((index, np.frombuffer(data, np.uint8, size, start).view(kind).reshape(shape)))
        start += size
    return found


def _set_bounds(memory_bytes: int) -> None:
    import resource

    bounds = (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, _PRINTED_BYTES),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, limit in bounds:
        with suppress(OSError, ValueError):  # a stricter bound is set already
            resource.setrlimit(kind, (limit, limit))


def _end_with_parent() -> None:
    """Exit when the parent is gone, even in the middle of an inference, which does not look at its input."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(2.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Serve the session whose sockets and limits the first argument names, as JSON; or fork for many sessions."""
    setup: dict[str, int] = json.loads(sys.argv[1])
    memory_bytes = setup["memory_bytes"]

    def serve(control: int, calls: int) -> NoReturn:
        _serve(control, calls, memory_bytes)

    if "forks" in setup:
        serve_forks(Channel(socket.socket(fileno=setup["forks"])), serve)
    serve(setup["control"], setup["calls"])


def _serve(control: int, calls: int, memory_bytes: int) -> NoReturn:
    _set_bounds(memory_bytes)
    _end_with_parent()
    print_at_once()
    with suppress(EOFError, OSError):  # the session is over
        _Server(Channel(socket.socket(fileno=control)), RemoteNode(Channel(socket.socket(fileno=calls)))).serve()
    os._exit(0)  # what the library has damaged must not be torn down
