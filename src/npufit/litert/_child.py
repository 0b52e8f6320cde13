"""LiteRT in its own process, run as a script: `_child.py BYTES`.

Models come from users: a kernel that crashes, hangs or takes all memory ends this process and nothing else. It imports
nothing from npufit, so that it starts while the parent is still importing; `process.py` is the other side.

Requests and replies are frames on standard input and output: the length of a head (4 bytes, little endian), the head (a
JSON object), then as many raw bytes as its `bytes` says. Text that kernels print on standard output goes to standard
error.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import threading
import time
from contextlib import suppress
from typing import Any, BinaryIO, cast

_PRINTED_BYTES = 64 << 20
_REFUSALS = (RuntimeError, ValueError, TypeError)


def _set_bounds(memory_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # not a POSIX system
        return
    bounds = (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, _PRINTED_BYTES),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, limit in bounds:
        with suppress(OSError, ValueError):  # a stricter bound is set already, or the system has none
            resource.setrlimit(kind, (limit, limit))


def _end_with_parent() -> None:
    """Exit when the parent is gone, even in the middle of an inference, which does not look at its input."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(2.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class _Server:
    """The loaded models, by the number that the parent gave them."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source, self._sink = source, sink
        self._models: dict[int, Any] = {}

    def serve(self) -> None:
        while (request := self._receive()) is not None:
            head, data = request
            for number in head["drop"]:
                self._models.pop(number, None)
            try:
                if head["do"] == "load":
                    self._load(head, data)
                else:
                    self._run(head, data)
            except MemoryError:
                self._models.pop(head["model"], None)
                self._reply({"error": "memory", "said": ""})
            except _REFUSALS as error:
                self._reply({"error": "refused", "said": str(error)[:2000]})

    def _load(self, head: dict[str, Any], data: bytearray) -> None:
        from ai_edge_litert.interpreter import (  # pyright: ignore[reportMissingTypeStubs]
            Interpreter,
            OpResolverType,
        )

        is_reference = head.get("kernels") != "default"
        interpreter: Any = Interpreter(
            model_content=bytes(data),
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF if is_reference else OpResolverType.AUTO,
            experimental_preserve_all_tensors=is_reference,
        )
        interpreter.allocate_tensors()
        self._models[head["model"]] = interpreter
        self._reply({})

    def _run(self, head: dict[str, Any], data: bytearray) -> None:
        """Run a model and send each wanted tensor that exists, then an empty reply."""
        interpreter = self._models[head["model"]]
        interpreter.reset_all_variables()
        for index, values in _unpack(head["inputs"], data):
            interpreter.set_tensor(index, values)
        interpreter.invoke()
        for index in head["wanted"]:
            try:
                values = interpreter.get_tensor(index)
            except ValueError:  # LiteRT has no data for a tensor of size zero or one that nothing needs
                continue
            self._reply(
                {"tensor": index, "type": values.dtype.str, "shape": values.shape, "bytes": values.nbytes},
                values.reshape(-1).view("u1").data if values.nbytes else b"",
            )
        self._reply({})

    def _receive(self) -> tuple[dict[str, Any], bytearray] | None:
        length = self._source.read(4)
        if len(length) < 4:
            return None
        head = json.loads(self._source.read(struct.unpack("<I", length)[0]))
        data = bytearray(head["bytes"])
        return (head, data) if cast("Any", self._source).readinto(data) == len(data) else None

    def _reply(self, head: dict[str, Any], data: Any = b"") -> None:
        text = json.dumps(head).encode()
        self._sink.write(struct.pack("<I", len(text)) + text)
        if data:
            self._sink.write(data)
        self._sink.flush()


def _unpack(rows: list[list[Any]], data: bytearray) -> list[tuple[int, Any]]:
    import numpy as np

    found: list[tuple[int, Any]] = []
    start = 0
    for index, kind, shape, size in rows:
        found.append((index, np.frombuffer(data, np.uint8, size, start).view(kind).reshape(shape)))
        start += size
    return found


def _main() -> None:
    _set_bounds(int(sys.argv[1]))
    sink = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    os.dup2(2, 1)
    _end_with_parent()
    from ai_edge_litert import interpreter as _  # noqa: F401  # pyright: ignore[reportMissingTypeStubs]

    _Server(sys.stdin.buffer, sink).serve()
    os._exit(0)  # what a kernel has damaged must not be torn down


if __name__ == "__main__":
    _main()
