#!/usr/bin/env python3
"""Runs a network that `npufit deploy` compiled on the NPU of this board, through Linux's own driver.

    python3 run.py --check                      is the bundle whole, and do board and kernel take it?
    python3 run.py --verify                     does the NPU compute what the reference kernels compute?
    python3 run.py --input cat.jpg --labels labels.txt
    python3 run.py --input pixels.npy --output results --repeat 100

The folder of this file is the bundle; its manifest.json says what is in it and what is done in which order. Needed:
Linux with the driver that the manifest names, Python 3.9 or later, NumPy; ai-edge-litert or tflite-runtime only if the
bundle has segments for the CPU, Pillow only for images. As a module (one thread at a time):

    from run import Bundle
    with Bundle("/path/to/bundle") as bundle:
        outputs = bundle.run([array])           NumPy arrays, in the order of the model's inputs and outputs

Exit codes: 0 done, 1 values differ (--verify), 2 the bundle or the input is wrong, 3 the device or the system.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import fcntl
import hashlib
import importlib
import json
import math
import mmap
import os
import platform
import re
import stat
import struct
import sys
import time
from array import array
from contextlib import ExitStack, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NewType

try:
    import numpy as np
except ImportError:
    if __name__ != "__main__":
        raise
    sys.stderr.write("run.py needs NumPy: apt install python3-numpy, or pip install numpy\n")
    sys.exit(3)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy.typing as npt

    Array = npt.NDArray[Any]
    Values = dict[int, Array]


class RunError(Exception):
    """What stops a run, in words for the user; by itself it is the fault of the device or the system."""

    exit_code = 3


class BundleError(RunError):
    """The bundle is damaged, or its manifest asks for what cannot be right."""

    exit_code = 2


class InputError(RunError):
    """An input or an option is wrong."""

    exit_code = 2


class CallError(RunError):
    """The driver answered a call with an errno, which is `number`."""

    def __init__(self, message: str, number: int) -> None:
        """Keep the errno beside the message."""
        super().__init__(message)
        self.number = number


def printable(value: object, width: int = 120) -> str:
    """Return anything as one line for a terminal: names come from files."""
    text = str(value)[:width]
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def plural(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


# == The manifest: its form, and what else must be true of it ==========================================================

VERSION = 1
LARGEST_BYTES = 1 << 30
"""Of a file, a buffer, a tensor."""

_LARGEST_MANIFEST_BYTES = 16 << 20
_FOR_PEOPLE = ("README.md", "run.py", "c/")
"""Files of the bundle that this program does not read."""

File = NewType("File", str)
Signed = NewType("Signed", int)

_SLOT = {"tensor": int, "buffer": int, "offset": int}
_STEPS = {
    "npu": {
        "kind": str,
        "stream": File,
        "sram_bytes": int,
        "regions": [{"region": int, "buffer": int}],
        "inputs": [_SLOT],  # copied into buffers before the call
        "outputs": [_SLOT],  # copied out of buffers after it
    },
    "cpu": {"kind": str, "file": File, "inputs": [int], "outputs": [int]},
}
_MANIFEST = {  # a name with a question mark may be absent or null
    "npufit_direct": int,
    "made_by": {"npufit": str, "vela": str},
    "model": {"name": str, "sha256": str},
    "target": str,
    "status": str,
    "device": {
        "driver": str,
        "registers": [{"name": str, "mask": int, "value": int, "meaning": str}],
        "sram_bytes": int,
    },
    "kernels": [{"series": str, "from": int, "to?": int, "verdict": str, "why?": str}],
    "files": [{"path": File, "bytes": int, "sha256": str}],
    "buffers": [{"name": str, "bytes": int, "file?": File}],
    "tensors": [
        {
            "name": str,
            "type": str,
            "shape": [int],
            "bytes": int,
            "scales": [float],
            "zero_points": [Signed],
            "file?": File,
        }
    ],
    "inputs": [int],
    "outputs": [int],
    "state?": [{**_SLOT, "file": File}],
    "steps": [_STEPS],
    "verification?": {
        "golden": str,
        "cases": [{"name": str, "inputs": [File], "outputs": [File], "steps": [[{"tensor": int, "file": File}]]}],
    },
}
_KINDS: Mapping[Any, tuple[Callable[[Any], bool], str]] = {
    str: (lambda value: isinstance(value, str), "a text"),
    int: (lambda value: type(value) is int and 0 <= value < 1 << 32, "an integer from 0 to 2^32 - 1"),
    Signed: (lambda value: type(value) is int and abs(value) <= 1 << 31, "an integer of 32 bits"),
    float: (lambda value: type(value) in (int, float) and math.isfinite(value), "a number"),
    File: (
        lambda value: (
            isinstance(value, str)
            and value.isprintable()
            and "\\" not in value
            and not {"", ".", ".."} & set(value.split("/"))
        ),
        "a path inside the bundle",
    ),
}
_TYPES = {
    **{f"int{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"uint{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    "bool": "?",
    "float16": "<f2",
    "float32": "<f4",
    "float64": "<f8",
    "complex64": "<c8",
}


def read_manifest(data: bytes) -> Any:
    """Return the manifest in `data`, as objects. Raises BundleError for whatever cannot be executed safely."""
    try:
        found: Any = json.loads(data, parse_int=_short_integer)
        version = found["npufit_direct"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise BundleError(f"manifest.json is not the manifest of a bundle: {printable(error)}.") from None
    if version != VERSION:
        raise BundleError(
            f"manifest.json has version {printable(version)}; this run.py executes version {VERSION}. "
            "Take run.py and manifest.json from the same bundle."
        )
    manifest = _read(_MANIFEST, found, "")
    for tensor in manifest.tensors:
        _require(
            tensor.type in _TYPES, f"tensor '{tensor.name}' has the type {tensor.type}, which run.py does not know"
        )
        tensor.dtype = np.dtype(_TYPES[tensor.type])
        is_quantized = len(tensor.scales) == 1 and tensor.dtype.kind in "iu"
        tensor.scale = tensor.scales[0] if is_quantized else None
        tensor.zero_point = tensor.zero_points[0] if tensor.zero_points else 0
    for step in manifest.steps:
        step.is_npu = step.kind == "npu"
        step.file = step.stream if step.is_npu else step.file
        step.reads = [slot.tensor for slot in step.inputs] if step.is_npu else step.inputs
        step.writes = [slot.tensor for slot in step.outputs] if step.is_npu else step.outputs
    manifest.state = manifest.state or []
    manifest.cases = manifest.verification.cases if manifest.verification else []
    _check_sizes(manifest)
    _check_steps(manifest)
    return manifest


def _short_integer(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _read(form: Any, value: Any, place: str) -> Any:
    """Return `value`, which must have `form`; `place` says where in the manifest it is."""
    if isinstance(form, list):
        _require(isinstance(value, list), f"{place} is {value!r}, not a list")
        return [_read(form[0], member, f"{place}[{number}]") for number, member in enumerate(value)]
    if isinstance(form, dict):
        _require(isinstance(value, dict), f"{place} is {value!r}, not an object")
        if form is _STEPS:
            _require(value.get("kind") in ("npu", "cpu"), f"{place} has the kind {value.get('kind')!r}, not npu or cpu")
            return _read(_STEPS[value["kind"]], value, place)
        read = SimpleNamespace()
        for key, member in _members(form).items():
            name = key.rstrip("?")
            _require(value.get(name) is not None or name != key, f"{place or 'it'} has no '{name}'")
            found = value.get(name)
            setattr(read, name, None if found is None else _read(member, found, f"{place}.{name}".lstrip(".")))
        return read
    is_right, expected = _KINDS[form]
    _require(is_right(value), f"{place} is {value!r}, not {expected}")
    return value


def _members(form: Any) -> dict[str, Any]:
    return form


def _require(is_right: bool, otherwise: str) -> None:
    if not is_right:
        raise BundleError(f"manifest.json: {printable(otherwise, 300)}. Write the bundle again with npufit deploy.")


def _check_sizes(manifest: Any) -> None:
    """Require that files, buffers and tensors are as large as each other say."""
    listed = {file.path: file.bytes for file in manifest.files}
    tensors = manifest.tensors
    wanted = [(tensor.file, tensor.bytes) for tensor in tensors if tensor.file]
    wanted += [(step.file, listed.get(step.file, 0)) for step in manifest.steps]
    for number, tensor in enumerate(tensors):
        size = math.prod(tensor.shape) * tensor.dtype.itemsize
        _require(
            len(tensor.shape) <= 16 and tensor.bytes == size <= LARGEST_BYTES,
            f"tensors[{number}] has {tensor.bytes} bytes and the shape {tensor.shape} of {tensor.type}",
        )
    for number, buffer in enumerate(manifest.buffers):
        size = listed.get(buffer.file, 0) if buffer.file else 0
        _require(size <= buffer.bytes <= LARGEST_BYTES, f"buffers[{number}] has {buffer.bytes} bytes")
        wanted += [(buffer.file, size)] if buffer.file else []
    for case in manifest.cases:
        for files, used in ((case.inputs, manifest.inputs), (case.outputs, manifest.outputs)):
            _require(len(files) == len(used), f"case '{case.name}' has {len(files)} files for {len(used)} tensors")
            wanted += [(file, _tensor(manifest, number).bytes) for number, file in zip(used, files)]
        _require(len(case.steps) == len(manifest.steps), f"case '{case.name}' has {len(case.steps)} steps")
        for step, known in zip(manifest.steps, case.steps):
            _require(all(item.tensor in step.writes for item in known), f"case '{case.name}' has what no step writes")
            wanted += [(item.file, _tensor(manifest, item.tensor).bytes) for item in known]
    wanted += [(slot.file, _tensor(manifest, slot.tensor).bytes) for slot in manifest.state]
    for file, size in wanted:
        _require(file in listed, f"{file} is not listed in its files")
        _require(listed[file] == size <= LARGEST_BYTES, f"{file} has {listed[file]} bytes where {size} are needed")
    manifest.needed = {file for file, _ in wanted}


def _tensor(manifest: Any, number: int) -> Any:
    _require(number < len(manifest.tensors), f"tensor {number} is used, but there are {len(manifest.tensors)}")
    return manifest.tensors[number]


def _check_steps(manifest: Any) -> None:
    """Require that every value is known before it is read, and that what is copied lies in buffers side by side."""
    known = {number for number, tensor in enumerate(manifest.tensors) if tensor.file} | set(manifest.inputs)
    _require(bool(manifest.steps and manifest.inputs and manifest.outputs), "it has no steps, inputs or outputs")
    _check_slots(manifest, manifest.state, "its state", is_written=True)
    for number, step in enumerate(manifest.steps):
        place = f"steps[{number}]"
        for tensor in (*step.reads, *step.writes):
            _tensor(manifest, tensor)
        _require(known.issuperset(step.reads), f"{place} reads a tensor that no step before it writes")
        known.update(step.writes)
        if step.is_npu:
            regions = [region.region for region in step.regions]
            _require(len(set(regions)) == len(regions) > 0 and max(regions) < 8, f"{place} has the regions {regions}")
            _require(not (step.sram_bytes and 2 in regions), f"{place} has a buffer and SRAM for region 2")
            _require(step.sram_bytes <= manifest.device.sram_bytes, f"{place} uses {step.sram_bytes} bytes of SRAM")
            for region in step.regions:
                _require(region.buffer < len(manifest.buffers), f"{place} uses buffer {region.buffer}")
            _check_slots(manifest, [*step.inputs, *manifest.state], place, is_written=True)
            _check_slots(manifest, step.outputs, place, is_written=False)
    for tensor in (*manifest.inputs, *manifest.outputs):
        _tensor(manifest, tensor)
        _require(tensor in known, f"output {tensor} is written by no step")


def _check_slots(manifest: Any, slots: Sequence[Any], place: str, *, is_written: bool) -> None:
    ends: list[tuple[int, int, int]] = []
    for slot in slots:
        size = _tensor(manifest, slot.tensor).bytes
        _require(slot.buffer < len(manifest.buffers), f"{place} uses buffer {slot.buffer}")
        buffer = manifest.buffers[slot.buffer]
        _require(slot.offset + size <= buffer.bytes, f"{place}: tensor {slot.tensor} reaches beyond {buffer.name}")
        _require(not (is_written and buffer.file), f"{place}: tensor {slot.tensor} overwrites {buffer.name}")
        ends.append((slot.buffer, slot.offset, slot.offset + size))
    ends.sort()
    for before, after in zip(ends, ends[1:] if is_written else ()):
        _require(before[0] != after[0] or before[2] <= after[1], f"{place}: tensors overlap in a buffer")


def kernels_of(manifest: Any, release: str) -> Any:
    """Return what the manifest knows of a Linux release such as 7.2.6-debian, None if nothing."""
    found = re.match(r"(\d+\.\d+)(?:\.(\d+))?", release)
    series, point = (found[1], int(found[2] or 0)) if found else ("", 0)
    for known in manifest.kernels:
        if known.series == series and getattr(known, "from") <= point <= (point if known.to is None else known.to):
            return known
    return None


def accepting_kernels(manifest: Any) -> str:
    """Return the Linux releases that accept the streams, in words."""
    words: list[str] = []
    for known in manifest.kernels:
        first, last = getattr(known, "from"), known.to
        start = f"{known.series}.{first}" if first or last is not None else known.series
        end = f" to {known.series}.{last}" if last is not None else f" and later {known.series}" if first else ""
        words += [start + end] if known.verdict == "accepted" else []
    return ", ".join(words) or "none is known"


class Folder:
    """A bundle on disk: its manifest, and its files, each of which is checked whenever it is read."""

    def __init__(self, path: str | Path) -> None:
        """Read the manifest and check every file. Raises BundleError, which names the first damaged file."""
        self.path = Path(path)
        self.manifest = read_manifest(self._read("manifest.json", _LARGEST_MANIFEST_BYTES))
        self._listed = {file.path: file for file in self.manifest.files}
        self.notes: list[str] = []
        """Damage that does not matter here: people change README.md and c/example.c."""
        for file in self._listed:
            try:
                self.read(file)
            except BundleError as error:  # noqa: PERF203 - each file may be damaged
                if file in self.manifest.needed or not file.startswith(_FOR_PEOPLE):
                    raise
                self.notes.append(str(error))

    def read(self, file: str) -> bytes:
        """Return the content of a listed file. Raises BundleError if it is not what it was when it was written."""
        listed = self._listed[file]
        data = self._read(file, listed.bytes)
        if len(data) != listed.bytes:
            raise BundleError(f"{file} is damaged: {len(data):,} bytes, not {listed.bytes:,}. Copy the bundle again.")
        digest = hashlib.sha256(data).hexdigest()
        if digest != listed.sha256:
            raise BundleError(
                f"{file} is damaged: its SHA-256 is {digest}, not {listed.sha256}. Copy the bundle again."
            )
        return data

    def array(self, file: str, tensor: Any) -> Array:
        """Return the value of a tensor that a listed file has."""
        return np.frombuffer(self.read(file), tensor.dtype).reshape(tensor.shape)

    def _read(self, file: str, most: int) -> bytes:
        path = self.path / file
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise BundleError(f"{printable(path)} is not a file.")
            if path.stat().st_size > most:
                raise BundleError(f"{file} is damaged: {path.stat().st_size:,} bytes, more than {most:,}.")
            return path.read_bytes()
        except OSError as error:
            raise BundleError(f"{printable(path)} cannot be read: {error.strerror}. Copy the whole bundle.") from None


# == The device: the calls of Linux's driver (include/uapi/drm/ethosu_accel.h), its buffers ============================

_CALLS = {
    "VERSION": (0x00, 3, struct.Struct("@3iNPNPNP")),
    "GEM_CLOSE": (0x09, 1, struct.Struct("=2I")),
    "DEV_QUERY": (0x40, 3, struct.Struct("=2IQ")),
    "BO_CREATE": (0x41, 3, struct.Struct("=Q2I")),
    "BO_WAIT": (0x42, 3, struct.Struct("=2Iq")),
    "BO_MMAP_OFFSET": (0x43, 3, struct.Struct("=2IQ")),
    "CMDSTREAM_BO_CREATE": (0x44, 3, struct.Struct("=2IQ2I")),
    "SUBMIT": (0x45, 3, struct.Struct("=Q2I")),
}
"""Number, direction and argument of each call."""

_NODES = [f"/dev/accel/accel{number}" for number in range(64)]
_PERMISSION = (
    "You may not use it. Join the group that owns it (ls -l /dev/accel; sudo usermod -aG GROUP $USER), or "
    'give it to a group by a udev rule: SUBSYSTEM=="accel", GROUP="render", MODE="0660"'
)
_NO_MEMORY = (
    "The system has no contiguous memory of that size left (CMA). Boot with more, such as cma=256M on the kernel's "
    "command line; CmaFree in /proc/meminfo has what is left"
)
_HINTS = {
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.ENOMEM: _NO_MEMORY,
    errno.ENOSPC: _NO_MEMORY,
    errno.EINVAL: "This release of Linux does not take the call as it was made",
    errno.EOVERFLOW: "The stream reaches beyond a buffer: the bundle is wrong. Write it again with npufit deploy",
    errno.ENOENT: "The stream uses a region that has no buffer: the bundle is wrong. Write it again with npufit deploy",
    errno.ENODEV: "The NPU is gone: its driver was unloaded or gave up. dmesg says why",
    errno.EIO: "The NPU failed. dmesg says why",
    errno.ETIME: "The NPU was not done in time. dmesg says whether Linux reset it; --timeout SECONDS gives it longer",
    errno.ENOTTY: "This is not the node of an NPU",
    errno.EINTR: "Signals interrupted it again and again",
    errno.EAGAIN: "The driver asked to repeat it again and again",
}


class Device:
    """An open node of the driver; its calls raise CallError."""

    def __init__(self, driver: str, node: str | None = None, timeout: float = 10.0) -> None:
        """Open `node`, or the first node of the driver. Raises RunError if there is none that can be opened."""
        self.timeout, self._file = timeout, -1
        others: list[str] = []
        for path in [node] if node else _NODES:
            try:
                self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
                found = self._driver_name()
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
                    others.append(f"{path}: {error.strerror}. {_HINTS.get(error.errno or 0, '')}".strip())
            except CallError as error:
                others.append(f"{path}: {error}")
            else:
                if found == driver:
                    self.node = path
                    break
                others.append(f"{path} has the driver {printable(found)}")
            self.close()
        else:
            raise RunError(
                f"No NPU with the driver {driver} at {node or '/dev/accel/accel*'}"
                f" ({'; '.join(others) or 'there is no such node'}). It needs Linux 6.19 or later with "
                "CONFIG_DRM_ACCEL_ARM_ETHOSU, and a device tree that has the NPU; `dmesg | grep -i ethos` says what "
                f"the kernel found. This is Linux {platform.release()}."
            )
        info = (ctypes.c_uint32 * 3)()
        self.call("DEV_QUERY", 0, ctypes.sizeof(info), ctypes.addressof(info))
        self.facts = dict(zip(("id", "config", "sram_bytes"), info))

    def _driver_name(self) -> str:
        name = ctypes.create_string_buffer(64)
        length = self.call("VERSION", 0, 0, 0, 64, ctypes.addressof(name), 0, 0, 0, 0)[3]
        return name.raw[: min(length, 64)].decode("ascii", "replace")

    def call(self, name: str, *values: int) -> tuple[int, ...]:
        """Return the fields of the argument after a call. Interrupted calls are repeated, as libdrm does."""
        number, direction, form = _CALLS[name]
        request = direction << 30 | form.size << 16 | ord("d") << 8 | number
        give_up = time.monotonic() + self.timeout
        while True:
            argument = bytearray(form.pack(*values))
            try:
                fcntl.ioctl(self._file, request, argument)
            except OSError as error:
                code = error.errno or 0
                if code in (errno.EINTR, errno.EAGAIN) and time.monotonic() < give_up:
                    continue
                hint = _HINTS.get(code, "The driver's documentation does not name this answer")
                raise CallError(
                    f"{name}: {errno.errorcode.get(code, code)} ({os.strerror(code)}). {hint}.", code
                ) from None
            return form.unpack(argument)

    def require(self, needs: Any) -> None:
        """Raise RunError if this device lacks what a bundle needs."""
        for register in needs.registers:
            found = self.facts.get(register.name, 0)
            if found & register.mask != register.value:
                raise RunError(
                    f"{self.node} is another NPU than this bundle was compiled for: {printable(register.meaning)}; its "
                    f"{printable(register.name)} is {found:#x}. Compile for this one with npufit deploy -t."
                )
        if self.facts["sram_bytes"] < needs.sram_bytes:
            raise RunError(
                f"The bundle needs {needs.sram_bytes:,} bytes of SRAM, {self.node} has {self.facts['sram_bytes']:,}. "
                f"Write the bundle with npufit deploy --set arena-cache-size={self.facts['sram_bytes']}."
            )

    def close_handle(self, handle: int) -> None:
        """Give a buffer or a stream back; a device that is gone has taken it already."""
        with suppress(CallError):
            self.call("GEM_CLOSE", handle, 0)

    def close(self) -> None:
        """Close the node."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @property
    def descriptor(self) -> int:
        """The node as a file."""
        return self._file


class Buffer:
    """Memory of the device, mapped once."""

    def __init__(self, device: Device, size: int) -> None:
        """Create and map it. Raises RunError."""
        self._device = device
        self.handle: int = device.call("BO_CREATE", size, 0, 0)[2]
        try:
            offset = device.call("BO_MMAP_OFFSET", self.handle, 0, 0)[2]
            self._memory = mmap.mmap(device.descriptor, size, offset=offset)
        except (OSError, ValueError, CallError) as error:
            device.close_handle(self.handle)
            raise error if isinstance(error, CallError) else RunError(f"A buffer cannot be mapped: {error}.") from None

    def write(self, offset: int, values: Array) -> None:
        """Copy an array into the buffer."""
        data = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        self._memory[offset : offset + data.size] = data.data

    def read(self, offset: int, tensor: Any) -> Array:
        """Return a copy of a tensor in the buffer."""
        return np.frombuffer(self._memory[offset : offset + tensor.bytes], tensor.dtype).reshape(tensor.shape)

    def fill(self, byte: int) -> None:
        """Overwrite the whole buffer."""
        self._memory[:] = bytes((byte,)) * len(self._memory)

    def close(self) -> None:
        """Unmap and free it."""
        self._memory.close()
        self._device.close_handle(self.handle)


# == Steps, and the bundle that executes them ==========================================================================


class NpuCall:
    """A call of the NPU that is ready: its stream is with the kernel, which has accepted it."""

    def __init__(self, step: Any, manifest: Any, device: Device, buffers: Mapping[int, Buffer], stream: int) -> None:
        """Prepare the job."""
        self._step, self._tensors, self._device, self._buffers = step, manifest.tensors, device, buffers
        regions = {region.region: buffers[region.buffer].handle for region in step.regions}
        job = struct.pack("=10I", stream, step.sram_bytes, *(regions.get(region, 0) for region in range(8)))
        self._job = ctypes.create_string_buffer(job, len(job))
        self._fence = buffers[step.regions[-1].buffer].handle

    def run(self, values: Values) -> tuple[float, float]:
        """Add what the call computes to `values`. Returns the seconds of the NPU and of the copies."""
        start = time.perf_counter()
        for slot in self._step.inputs:
            self._buffers[slot.buffer].write(slot.offset, values[slot.tensor])
        submitted = time.perf_counter()
        try:
            self._device.call("SUBMIT", ctypes.addressof(self._job), 1, 0)
            limit = time.clock_gettime_ns(time.CLOCK_MONOTONIC) + int(self._device.timeout * 1e9)
            self._device.call("BO_WAIT", self._fence, 0, limit)
        except CallError as error:
            raise CallError(f"{self._step.file}: {error}", error.number) from None
        done = time.perf_counter()
        for slot in self._step.outputs:
            values[slot.tensor] = self._buffers[slot.buffer].read(slot.offset, self._tensors[slot.tensor])
        return done - submitted, time.perf_counter() - done + submitted - start


class CpuSegment:
    """A segment of the model in LiteRT."""

    def __init__(self, step: Any, manifest: Any, data: bytes, litert: Any, *, reference: bool) -> None:
        """Load the segment. Raises RunError if LiteRT refuses it, BundleError if its tensors are not the manifest's."""
        self._step, self._tensors = step, manifest.tensors
        kernels = litert.OpResolverType.BUILTIN_REF if reference else litert.OpResolverType.AUTO
        try:
            self._interpreter = litert.Interpreter(
                model_content=data, experimental_op_resolver_type=kernels, num_threads=os.cpu_count()
            )
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError, TypeError) as error:
            raise RunError(f"{litert.__name__} cannot load {step.file}: {printable(error, 300)}.") from None
        self._inputs, self._outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        for details, numbers in ((self._inputs, step.reads), (self._outputs, step.writes)):
            types = [manifest.tensors[number].dtype for number in numbers]
            if [np.dtype(detail["dtype"]) for detail in details] != types:
                raise BundleError(f"{step.file} has other inputs or outputs than manifest.json says.")

    def reset(self) -> None:
        """Set the segment's variables to their start."""
        self._interpreter.reset_all_variables()

    def run(self, values: Values) -> tuple[float, float]:
        """Add what the segment computes to `values`. Returns the seconds of the CPU and of the copies."""
        start = time.perf_counter()
        try:
            for number, detail in zip(self._step.reads, self._inputs):
                self._interpreter.set_tensor(detail["index"], values[number].reshape(detail["shape"]))
            invoked = time.perf_counter()
            self._interpreter.invoke()
            done = time.perf_counter()
            for number, detail in zip(self._step.writes, self._outputs):
                values[number] = self._interpreter.get_tensor(detail["index"]).reshape(self._tensors[number].shape)
        except (RuntimeError, ValueError) as error:
            raise RunError(f"LiteRT cannot execute {self._step.file}: {printable(error, 300)}.") from None
        return done - invoked, time.perf_counter() - done + invoked - start


def import_litert() -> Any:
    """Return LiteRT's module with the interpreter. Raises RunError if it is not installed."""
    for name in ("ai_edge_litert.interpreter", "tflite_runtime.interpreter"):
        with suppress(ModuleNotFoundError):
            return importlib.import_module(name)
    raise RunError(
        "This bundle has segments for the CPU, which need LiteRT: pip install ai-edge-litert (or tflite-runtime). "
        f"Neither was found by {sys.executable}."
    )


class Bundle:
    """A loaded bundle: buffers and streams exist until `close`. After a call that failed it is closed.

    `reference` takes LiteRT's reference kernels for segments on the CPU; they are slower, and bit for bit what the
    verification expects. `timeout` is how many seconds one call of the NPU may take.
    """

    def __init__(
        self,
        folder: str | Path | Folder = ".",
        device: str | None = None,
        *,
        timeout: float = 10.0,
        reference: bool = False,
    ) -> None:
        """Check the bundle, open the device, and load. Raises RunError."""
        self.folder = folder if isinstance(folder, Folder) else Folder(folder)
        self.manifest = self.folder.manifest
        self.step_seconds: list[tuple[float, float]] = []
        """Of the last inference: for each step, the seconds of the NPU or CPU and of the copies."""
        self._constants = {
            number: self.folder.array(tensor.file, tensor)
            for number, tensor in enumerate(self.manifest.tensors)
            if tensor.file
        }
        with ExitStack() as closing:
            litert = None if all(step.is_npu for step in self.manifest.steps) else import_litert()
            self.device = Device(self.manifest.device.driver, device, timeout)
            closing.callback(self.device.close)
            self.device.require(self.manifest.device)
            self._buffers: dict[int, Buffer] = {}
            for number, plan in enumerate(self.manifest.buffers):
                buffer = Buffer(self.device, plan.bytes)
                closing.callback(buffer.close)
                self._buffers[number] = buffer
                if plan.file:
                    buffer.write(0, np.frombuffer(self.folder.read(plan.file), np.uint8))
            self._steps = [
                self._npu_call(step, closing)
                if step.is_npu
                else CpuSegment(step, self.manifest, self.folder.read(step.file), litert, reference=reference)
                for step in self.manifest.steps
            ]
            self.reset()
            self._closing = closing.pop_all()

    def _npu_call(self, step: Any, closing: ExitStack) -> NpuCall:
        data = self.folder.read(step.file)
        words = ctypes.create_string_buffer(data, len(data))
        try:
            handle = self.device.call("CMDSTREAM_BO_CREATE", len(data), 0, ctypes.addressof(words), 0, 0)[3]
        except CallError as error:
            if error.number != errno.EINVAL:
                raise
            known = kernels_of(self.manifest, platform.release())
            why = f" ({printable(known.why, 300)})" if known and known.why else ""
            raise CallError(
                f"Linux {platform.release()} refuses {step.file}: EINVAL{why}. Known to accept it: "
                f"{accepting_kernels(self.manifest)}.",
                error.number,
            ) from None
        closing.callback(self.device.close_handle, handle)
        return NpuCall(step, self.manifest, self.device, self._buffers, handle)

    def __enter__(self) -> Bundle:
        """Return this bundle."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Free streams and buffers and close the device."""
        self._closing.close()
        self._steps = []

    def reset(self, fill: int | None = None) -> None:
        """Set the model's state to its start; `fill` overwrites all other memory that the NPU writes with a byte."""
        for plan, buffer in zip(self.manifest.buffers, self._buffers.values()):
            if fill is not None and not plan.file:
                buffer.fill(fill)
        for slot in self.manifest.state:
            value = self.folder.array(slot.file, self.manifest.tensors[slot.tensor])
            self._buffers[slot.buffer].write(slot.offset, value)
        for step in self._steps:
            if isinstance(step, CpuSegment):
                step.reset()

    def run(self, inputs: Sequence[Array], watch: Callable[[int, Values], None] | None = None) -> list[Array]:
        """Return the outputs for `inputs`, in the order of the model's. `watch` is called after each step.

        Raises InputError for inputs of another number, type or size than the model's, RunError if a step fails.
        """
        if not self._steps:
            raise RunError("The bundle is closed; open it again.")
        if len(inputs) != len(self.manifest.inputs):
            raise InputError(f"{plural(len(inputs), 'input')} for a model with {len(self.manifest.inputs)}.")
        values = dict(self._constants)
        for number, given in zip(self.manifest.inputs, inputs):
            values[number] = fit(given, self.manifest.tensors[number])
        self.step_seconds = []
        try:
            for number, step in enumerate(self._steps):
                self.step_seconds.append(step.run(values))
                if watch:
                    watch(number, values)
        except RunError:
            self.close()
            raise
        return [values[number].copy() for number in self.manifest.outputs]


# == Inputs: arrays, bytes, images =====================================================================================

_BILINEAR: Any = 2
"""Pillow's number of the filter; its name has moved between releases."""

RANGES = {"-1..1": (-1.0, 1.0), "0..1": (0.0, 1.0), "0..255": (0.0, 255.0)}
"""The real values that black and white may stand for."""


def fit(given: Array, tensor: Any) -> Array:
    """Return `given` in the form of a tensor: dimensions of size 1 may be missing, floats may be of another size."""
    given = np.asarray(given)
    if given.dtype != tensor.dtype and not (given.dtype.kind == tensor.dtype.kind == "f"):
        raise InputError(f"Input '{printable(tensor.name)}' takes {tensor.type}, not {given.dtype}.")
    if [size for size in given.shape if size != 1] != [size for size in tensor.shape if size != 1]:
        raise InputError(f"Input '{printable(tensor.name)}' takes the shape {tensor.shape}, not {list(given.shape)}.")
    return np.ascontiguousarray(given.reshape(tensor.shape), tensor.dtype)


def read_inputs(manifest: Any, sources: Sequence[str], normalize: str = "auto") -> list[Array]:
    """Return the inputs from files, given in order or as NAME=FILE. Raises InputError."""
    names = [manifest.tensors[number].name for number in manifest.inputs]
    given: dict[int, str] = {}
    for position, source in enumerate(sources):
        name, separator, file = source.rpartition("=")
        if separator and name in names:
            position = names.index(name)
        elif not separator or Path(source).exists():
            file = source
        if position in given or position >= len(names) or (file != source and name not in names):
            raise InputError(
                f"--input {printable(source)}: the inputs are {', '.join(map(printable, names))}, once each."
            )
        given[position] = file
    if len(given) != len(names):
        raise InputError(
            f"{plural(len(names), 'input')} needed: {', '.join(map(printable, names))}; {len(given)} given."
        )
    return [
        _read_input(manifest, number, given[position], normalize) for position, number in enumerate(manifest.inputs)
    ]


def _read_input(manifest: Any, number: int, file: str, normalize: str) -> Array:
    tensor = manifest.tensors[number]
    try:
        if file.endswith(".npy"):
            return fit(np.load(file, allow_pickle=False), tensor)
        if file.endswith(".bin"):
            data = Path(file).read_bytes()
            if len(data) != tensor.bytes:
                raise InputError(f"{printable(file)} has {len(data):,} bytes, not {tensor.bytes:,}.")
            return np.frombuffer(data, tensor.dtype).reshape(tensor.shape)
        return image_values(tensor, read_pixels(file, tensor), pixel_range(manifest, number, normalize))
    except (OSError, ValueError, SyntaxError) as error:
        raise InputError(f"{printable(file)} cannot be read: {printable(error, 300)}") from None


def read_pixels(file: str, tensor: Any) -> Array:
    """Return an image as (height, width, channels) of 0 to 255, upright, in the input's colours and size."""
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise InputError(
            "Images need Pillow: apt install python3-pil, or pip install pillow. Or give an .npy."
        ) from None
    shape = tensor.shape
    height, width, channels = shape[1:] if len(shape) == 4 else (*shape[1:], 1) if len(shape) == 3 else (0, 0, 0)
    if height == 3 and channels not in (1, 3, 4):
        height, width, channels = width, channels, height
    if channels not in (1, 3, 4) or shape[0] != 1:
        raise InputError(f"Input '{printable(tensor.name)}' of shape {shape} takes no image. Give an .npy.")
    with Image.open(file) as image:
        upright = ImageOps.exif_transpose(image).convert({1: "L", 3: "RGB", 4: "RGBA"}[channels])
        return np.asarray(upright.resize((width, height), _BILINEAR), np.uint8).reshape(height, width, channels)


def pixel_range(manifest: Any, number: int, normalize: str) -> tuple[float, float]:
    """Return the real values of black and white; `auto` takes those of RANGES that the quantization covers best."""
    if normalize != "auto":
        return RANGES[normalize]
    tensor = manifest.tensors[number]
    for step in manifest.steps:
        if tensor.dtype.kind == "f" and step.reads == [number] and len(step.writes) == 1:
            after = manifest.tensors[step.writes[0]]
            tensor = after if after.shape == tensor.shape else tensor
    if tensor.scale is None:
        return RANGES["-1..1"]
    limits = np.iinfo(tensor.dtype)
    low, high = (real(np.array(limit), tensor) for limit in (limits.min, limits.max))
    return min(RANGES.values(), key=lambda ends: abs(ends[0] - low) + abs(ends[1] - high))


def image_values(tensor: Any, pixels: Array, ends: tuple[float, float]) -> Array:
    """Return pixels as a tensor has them; an integer tensor without a scale takes the pixels themselves."""
    values = ends[0] + pixels.astype(np.float64) * ((ends[1] - ends[0]) / 255.0)
    if tensor.dtype.kind in "iu":
        limits = np.iinfo(tensor.dtype)
        quantized = np.rint(values / tensor.scale) + tensor.zero_point if tensor.scale else pixels
        values = np.clip(quantized, limits.min, limits.max)
    is_channels_first = len(tensor.shape) == 4 and tensor.shape[1:] != list(values.shape)
    return fit((np.moveaxis(values, 2, 0) if is_channels_first else values).astype(tensor.dtype), tensor)


def real(values: Array, tensor: Any) -> Array:
    """Return quantized values as the real numbers that they stand for, others as they are."""
    return values if tensor.scale is None else (values.astype(np.float64) - tensor.zero_point) * tensor.scale


# == Verification ======================================================================================================


def verify(bundle: Bundle) -> dict[str, Any]:
    """Return how the cases of a bundle came out, ready for JSON: counts, and the first step that differs.

    Memory holds no old answer when a case begins: what a failed call of the NPU leaves there differs. Floats of LiteRT
     may differ in their last bits from processor to processor; that is counted as rounding. Raises RunError.
    """
    manifest = bundle.manifest
    result: dict[str, Any] = {
        "golden": "",
        "cases": len(manifest.cases),
        "values": 0,
        "differing": 0,
        "rounded": 0,
        "steps": 0,
    }
    found: list[dict[str, Any]] = []
    by_npu = {number for step in manifest.steps if step.is_npu for number in step.writes}

    def compare(number: int, values: Array, file: str, place: dict[str, Any]) -> int:
        tensor = manifest.tensors[number]
        expected = bundle.folder.array(file, tensor)
        is_same = (values == expected) | ((values != values) & (expected != expected))
        if tensor.dtype.kind == "f" and number not in by_npu:
            is_close = np.isclose(values, expected, rtol=1e-5, atol=1e-6, equal_nan=True)
            result["rounded"] += int((is_close & ~is_same).sum())
            is_same |= is_close
        differing = int(values.size - is_same.sum())
        if differing:
            largest = float(np.abs(values.astype(np.float64) - expected)[~is_same].max())
            words = {"tensor": tensor.name, "values": values.size, "differing": differing, "largest": largest}
            found.append({**place, **words, "is_float": tensor.dtype.kind == "f"})
        return differing

    for case in manifest.cases:
        bundle.reset(fill=0xA5)
        files = zip(manifest.inputs, case.inputs)
        inputs = [bundle.folder.array(file, manifest.tensors[number]) for number, file in files]

        def watch(number: int, values: Values, case: Any = case) -> None:
            step = manifest.steps[number]
            for known in case.steps[number]:
                place = {"case": case.name, "step": number, "unit": step.kind.upper(), "file": step.file}
                compare(known.tensor, values[known.tensor], known.file, place)
                result["steps"] += 1

        outputs = bundle.run(inputs, watch)
        for number, values, file in zip(manifest.outputs, outputs, case.outputs):
            result["values"] += values.size
            result["differing"] += compare(number, values, file, {"case": case.name, "step": None})
    result["golden"] = manifest.verification.golden
    return {**result, "is_identical": not found, "first": found[0] if found else None}


def verification_words(result: Mapping[str, Any]) -> list[str]:
    """Return the outcome of `verify` in lines, the answer first."""
    first, total = result["first"], result["values"]
    where = f"in {plural(result['cases'], 'case')}, against {printable(result['golden'])}"
    rounding = f"; {result['rounded']:,} floats differ by rounding of the CPU" if result["rounded"] else ""
    if first is None:
        return [f"identical: {total - result['differing']:,} of {total:,} values {where}{rounding}"]
    lines = [f"differs: {result['differing']:,} of {total:,} values {where}{rounding}"]
    step = "the outputs" if first["step"] is None else f"step {first['step']} ({first['unit']}, {first['file']})"
    largest = f"{first['largest']:g}" if first["is_float"] else plural(int(first["largest"]), "step")
    lines.append(
        f"first difference: {step}, tensor '{printable(first['tensor'])}', case '{printable(first['case'])}': "
        f"{first['differing']:,} of {first['values']:,} values, by up to {largest}"
    )
    if first.get("unit") == "CPU":
        lines.append("That step ran on the CPU: LiteRT's kernels on this board compute something else, not the NPU.")
    lines.append("Please send the file of --report to the authors of npufit.")
    return lines


# == What a run says ===================================================================================================


def spread(seconds: Iterable[float]) -> dict[str, float]:
    """Return the least, the median and the 90th percentile of times, in milliseconds."""
    low, middle, high = np.percentile(np.fromiter(seconds, float) * 1e3, (0, 50, 90))
    return {"min_ms": round(low, 4), "median_ms": round(middle, 4), "p90_ms": round(high, 4)}


def time_runs(bundle: Bundle, inputs: Sequence[Array], repeat: int) -> tuple[list[Array], dict[str, Any]]:
    """Return the outputs, and the times of `repeat` inferences, ready for JSON: of all, by unit and by step.

    The first inference, which finds cold caches, counts only if it is the only one.
    """
    steps = bundle.manifest.steps
    times = [(array("d"), array("d")) for _ in steps]
    totals, outputs, first = array("d"), [], 0.0
    for number in range(repeat + (repeat > 1)):
        start = time.perf_counter()
        outputs = bundle.run(inputs)
        total = time.perf_counter() - start
        first = first or total
        if repeat > 1 and not number:
            continue
        totals.append(total)
        for (computing, copying), (compute, copies) in zip(times, bundle.step_seconds):
            computing.append(compute)
            copying.append(copies)
    by_unit = {
        unit: spread(np.sum([part for step, (part, _) in zip(steps, times) if step.kind == unit], axis=0))
        for unit in sorted({step.kind for step in steps}, reverse=True)
    }
    by_step = [
        {
            "step": number,
            "unit": step.kind.upper(),
            "file": step.file,
            "compute": spread(part),
            "copies": spread(copies),
        }
        for number, (step, (part, copies)) in enumerate(zip(steps, times))
    ]
    copies = spread(np.sum([part for _, part in times], axis=0))
    return outputs, {
        "inferences": len(totals),
        "first_ms": round(first * 1e3, 4),
        "total": spread(totals),
        **by_unit,
        "copies": copies,
        "steps": by_step,
    }


def time_words(times: Mapping[str, Any], steps: Sequence[Any]) -> list[str]:
    """Return the times in lines."""
    counts = {kind: sum(step.kind == kind for step in steps) for kind in ("npu", "cpu")}
    names = {
        "total": f"total, {plural(times['inferences'], 'inference')}",
        "npu": f"NPU, {plural(counts['npu'], 'call')}",
        "cpu": f"CPU, {plural(counts['cpu'], 'segment')}",
        "copies": "copies",
    }
    rows = [(names[key], times[key]) for key in names if key in times]
    if len(steps) > 1:
        slowest = sorted(times["steps"], key=lambda row: -row["compute"]["median_ms"])[:5]
        rows += [(f"  step {row['step']}, {row['unit']}", row["compute"]) for row in slowest]
    form = "{:<28}{:>10.3f}{:>10.3f}{:>10.3f}"
    heads = "{:<28}{:>10}{:>10}{:>10}".format("milliseconds", "min", "median", "p90")
    return [
        heads,
        *(form.format(name, *row.values()) for name, row in rows),
        f"first inference {times['first_ms']:.3f}",
    ]


def output_words(manifest: Any, outputs: Sequence[Array], labels: Sequence[str]) -> list[str]:
    """Return the best five classes if the one output has a score for each, else the range of each output."""
    number, scores = manifest.outputs[0], outputs[0].reshape(-1)
    if len(outputs) == 1 and max(outputs[0].shape, default=0) == scores.size > 1:
        if labels and len(labels) not in (scores.size, scores.size - 1):
            raise InputError(f"The model has {scores.size} classes, and --labels has {len(labels)} lines.")
        names: list[str] = ["background"] * (len(labels) == scores.size - 1) + list(labels)
        scores = real(scores, manifest.tensors[number])
        best: list[int] = np.argsort(-scores.astype(np.float64), kind="stable")[:5].tolist()
        return [
            f"{scores[index]:10.4f}  {index:>4}  {printable(str(names[index])) if names else ''}".rstrip()
            for index in best
        ]
    lines: list[str] = []
    for position, (number, values) in enumerate(zip(manifest.outputs, outputs)):
        tensor, shown = manifest.tensors[number], real(values, manifest.tensors[number])
        ends = f"{shown.min():g} to {shown.max():g}" if shown.size and shown.dtype.kind != "c" else ""
        shape = "x".join(map(str, tensor.shape))
        lines.append(f"output {position}  {printable(tensor.name, 60)}  {shape}  {tensor.type}  {ends}")
    return lines


def system_facts() -> dict[str, Any]:
    """Return what a report says of this system: releases and the board's name; no host name, no path, no user."""
    board = ""
    with suppress(OSError):
        board = Path("/proc/device-tree/model").read_text("utf-8", "replace").strip("\0\n ")
    loaded = {name.partition(".")[0]: sys.modules[name.partition(".")[0]] for name in sys.modules if "lite" in name}
    return {
        "board": board,
        "linux": platform.release(),
        "build": platform.version(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        **{name: str(getattr(module, "__version__", "?")) for name, module in loaded.items()},
    }


# == The command line ==================================================================================================

_REPORT = (
    "What run.py saw on one board, for the authors of npufit: the board's name, releases of Linux, Python and LiteRT, "
    "what the NPU says of itself, times, whether values agree. No host name, user, path, name of the model, input or "
    "output."
)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options; ends the program for wrong ones."""
    parser = argparse.ArgumentParser(
        prog="run.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "--bundle", metavar="FOLDER", default=str(Path(__file__).resolve().parent), help="default: the folder of run.py"
    )
    add("--device", metavar="PATH", help="node of the NPU; default: the first /dev/accel/accel* with the right driver")
    add("--check", action="store_true", help="bundle, device and kernel only: nothing is executed")
    add("--verify", action="store_true", help="run the bundle's cases and compare with what the reference computes")
    add("--input", metavar="[NAME=]FILE", action="append", default=[], help="image, .npy or raw .bin; default: a case")
    add("--normalize", metavar="RANGE", choices=["auto", *RANGES], default="auto", help="auto, -1..1, 0..1 or 0..255: "
        "what black and white pixels stand for")  # fmt: skip
    add("--labels", metavar="FILE", help="names of the classes, one per line")
    add("--output", metavar="FOLDER", help="write output_0.npy, … there")
    add("--repeat", metavar="N", type=int, default=1, help="time N inferences, after one that does not count")
    add("--cpu-kernels", choices=["fast", "reference"], help="LiteRT's kernels for segments on the CPU; default: "
        "reference with --verify, else fast")  # fmt: skip
    add("--timeout", metavar="SECONDS", type=float, default=10.0, help="for each call of the NPU; default: 10")
    add("--json", metavar="FILE", help="write what is known after the run")
    add("--report", metavar="FILE", help="write what helps the authors of npufit; it says what is in it")
    joined = re.sub("\0--normalize\0", "\0--normalize=", "\0".join(["", *arguments])).split("\0")[1:]
    options = parser.parse_args(joined)  # argparse takes -1..1 for an option
    if not 1 <= options.repeat <= 100_000:
        parser.error("--repeat takes 1 to 100000")
    if not 0 < options.timeout <= 3600:
        parser.error("--timeout takes seconds, up to 3600")
    return options


def run(options: argparse.Namespace, facts: dict[str, Any]) -> int:
    """Do what the options ask for, and return the exit code. What is known is added to `facts`. Raises RunError."""
    folder = Folder(options.bundle)
    manifest = folder.manifest
    facts["bundle"] = {"target": manifest.target, "status": manifest.status, **vars(manifest.made_by)}
    facts["model"] = vars(manifest.model)
    for note in folder.notes:
        note_line(f"{note} It is not needed to run.")
    known = kernels_of(manifest, platform.release())
    if known is None or known.verdict != "accepted":
        verdict = "may refuse" if known is None or known.verdict == "unknown" else "refuses"
        note_line(f"as far as is known, Linux {platform.release()} {verdict} these streams; the kernel decides now.")
    reference = (options.cpu_kernels or ("reference" if options.verify else "fast")) == "reference"
    labels = read_labels(options.labels) if options.labels else []
    inputs = read_inputs(manifest, options.input, options.normalize) if options.input else []
    with Bundle(folder, options.device, timeout=options.timeout, reference=reference) as bundle:
        facts["device"] = {"node": bundle.device.node, "driver": manifest.device.driver, **bundle.device.facts}
        model = printable(manifest.model.name)
        if options.check:
            print(f"ok: {model}: {plural(len(manifest.files), 'file')} whole, {bundle.device.node} fits, Linux "
                  f" {platform.release()} takes {plural(sum(s.is_npu for s in manifest.steps), 'stream')}")  # fmt: skip
            return 0
        is_identical = True
        if options.verify:
            if not manifest.cases:
                raise BundleError("The bundle has no cases to verify.")
            facts["verification"] = verify(bundle)
            is_identical = facts["verification"]["is_identical"]
            print(*verification_words(facts["verification"]), sep="\n")
        if not options.verify or options.repeat > 1 or options.report:
            bundle.reset()
            inputs = inputs or first_case(folder)
            outputs, facts["times"] = time_runs(bundle, inputs, options.repeat)
            print(f"{model} on {bundle.device.node}: {facts['times']['total']['median_ms']:.3f} ms")
            print(*time_words(facts["times"], manifest.steps), sep="\n")
            if not options.verify:
                print("", *output_words(manifest, outputs, labels), sep="\n")
            if options.output:
                write_outputs(options.output, outputs)
        return 0 if is_identical else 1


def note_line(text: str) -> None:
    """Print a note beside the results."""
    print(f"note: {text}", file=sys.stderr)


def first_case(folder: Folder) -> list[Array]:
    """Return the inputs of the first case. Raises InputError if there is none."""
    manifest = folder.manifest
    if not manifest.cases:
        raise InputError("The bundle has no case to take an input from. Give --input FILE.")
    files = zip(manifest.inputs, manifest.cases[0].inputs)
    return [folder.array(file, manifest.tensors[number]) for number, file in files]


def read_labels(file: str) -> list[str]:
    """Return the names of classes, one per line. Raises InputError."""
    try:
        return Path(file).read_text("utf-8").rstrip().splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(file)} cannot be read: {printable(error)}.") from None


def write_outputs(folder: str, outputs: Sequence[Array]) -> None:
    """Write each output as an .npy file."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for position, values in enumerate(outputs):
        np.save(Path(folder) / f"output_{position}.npy", values)


def write_facts(options: argparse.Namespace, facts: Mapping[str, Any]) -> None:
    """Write what --json and --report ask for."""
    if options.json:
        Path(options.json).write_text(json.dumps(facts, indent=1) + "\n")
    if options.report:
        anonymous = {**facts, "model": {"sha256": facts.get("model", {}).get("sha256")}}
        if first := anonymous.get("verification", {}).get("first"):
            anonymous["verification"] = {**facts["verification"], "first": {**first, "tensor": "-"}}
        report = {"about": _REPORT, "system": system_facts(), **anonymous}
        Path(options.report).write_text(json.dumps(report, indent=1) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    facts: dict[str, Any] = {}
    try:
        try:
            return run(options, facts)
        except RunError as error:
            facts["error"] = str(error)
            print(f"error: {error}", file=sys.stderr)
            return error.exit_code
        finally:
            write_facts(options, facts)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except (OSError, MemoryError) as error:
        print(f"error: {str(error) or 'not enough memory'}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 3


if __name__ == "__main__":
    sys.exit(main())
