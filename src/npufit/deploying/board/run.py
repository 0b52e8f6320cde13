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

# A single file, although it is long: whoever has a bundle has all that runs it.

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
from contextlib import ExitStack, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NewType, cast

try:
    import numpy as np
except ImportError:
    if __name__ != "__main__":
        raise
    sys.stderr.write("error: run.py needs NumPy: apt install python3-numpy, or pip install numpy\n")
    sys.exit(3)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    Array = npt.NDArray[Any]
    Values = dict[int, Array]


class RunError(Exception):
    """What stops a run, in words for the user: the device or the system, unless a subclass says otherwise."""

    exit_code = 3


class BundleError(RunError):
    """The bundle is damaged, or its manifest asks for what cannot be right."""

    exit_code = 2


class InputError(RunError):
    """An input or an option is wrong."""

    exit_code = 2


class CallError(RunError):
    """The driver answered a call with the errno `number`."""

    def __init__(self, message: str, number: int) -> None:
        """Keep the errno beside the message."""
        super().__init__(message)
        self.number = number


def printable(value: object, width: int = 120) -> str:
    """Return anything as one line for a terminal: names come from files."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(value)[:width])


def plural(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


# == The manifest: its form, and what else has to be true of it ========================================================

VERSION = 1
LARGEST_BYTES = 1 << 30
"""Of a file, a buffer, a tensor."""

File = NewType("File", str)
Signed = NewType("Signed", int)

_SLOT = {"tensor": int, "buffer": int, "offset": int}
_NPU = {"stream": File, "sram_bytes": int, "regions": [{"region": int, "buffer": int}]}
_STEPS = {
    "npu": {"kind": str, **_NPU, "inputs": [_SLOT], "outputs": [_SLOT]},  # copied in before the call, out after it
    "cpu": {"kind": str, "file": File, "inputs": [int], "outputs": [int]},
}
_REGISTER = {"name": str, "mask": int, "value": int, "meaning": str}
_TENSOR = {"name": str, "type": str, "shape": [int], "bytes": int, "scales": [float], "zero_points": [Signed]}
_CASE = {"name": str, "inputs": [File], "outputs": [File], "steps": [[{"tensor": int, "file": File}]]}
_MANIFEST = {  # what ends in a question mark may be absent or null
    "made_by": {"npufit": str, "vela": str},
    "model": {"name": str, "sha256": str},
    "target": str,
    "status": str,
    "device": {"driver": str, "registers": [_REGISTER], "sram_bytes": int},
    "kernels": [{"series": str, "from": int, "to?": int, "verdict": str, "why?": str}],
    "files": [{"path": File, "bytes": int, "sha256": str}],
    "buffers": [{"name": str, "bytes": int, "file?": File}],
    "tensors": [{**_TENSOR, "file?": File}],
    "inputs": [int],
    "outputs": [int],
    "state?": [{**_SLOT, "file": File}],
    "steps": [_STEPS],
    "verification?": {"golden": str, "cases": [_CASE]},
}
_KINDS: Mapping[Any, tuple[Callable[[Any], bool], str]] = {
    str: (lambda value: isinstance(value, str), "a text"),
    int: (lambda value: type(value) is int and 0 <= value < 1 << 32, "an integer from 0 to 2^32 - 1"),
    Signed: (lambda value: type(value) is int and abs(value) <= 1 << 31, "an integer of 32 bits"),
    float: (lambda value: type(value) in (int, float) and math.isfinite(value), "a number"),
    File: (lambda value: isinstance(value, str) and _is_inside(value), "a path inside the bundle"),
}
_INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
_TYPES = {*_INTEGERS, "bool", "float16", "float32", "float64", "complex64"}


def read_manifest(data: bytes) -> Any:
    """Return the manifest in `data`, as objects. Raises BundleError for whatever cannot be executed safely."""
    try:
        found: Any = json.loads(data, parse_int=_short_integer)
        version = found["npufit_direct"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise BundleError(f"manifest.json is not the manifest of a bundle: {printable(error)}.") from None
    if version != VERSION:
        raise BundleError(
            f"manifest.json has version {printable(version)}, this run.py executes version {VERSION}: take both from "
            "the same bundle."
        )
    manifest = _read(_MANIFEST, found, "")
    for tensor in manifest.tensors:
        _require(tensor.type in _TYPES, f"tensor '{tensor.name}' has the type {tensor.type}, unknown to run.py")
        tensor.dtype = np.dtype(tensor.type).newbyteorder("<")
        tensor.scale = tensor.scales[0] if len(tensor.scales) == 1 and tensor.dtype.kind in "iu" else None
        tensor.zero_point = tensor.zero_points[0] if tensor.zero_points else 0
    for step in manifest.steps:
        step.unit = step.kind.upper()
        step.is_npu = step.kind == "npu"
        step.file = step.stream if step.is_npu else step.file
        step.reads = [slot.tensor for slot in step.inputs] if step.is_npu else step.inputs
        step.writes = [slot.tensor for slot in step.outputs] if step.is_npu else step.outputs
    manifest.state = manifest.state or []
    manifest.cases = manifest.verification.cases if manifest.verification else []
    _check_steps(manifest)
    _check_sizes(manifest)
    return manifest


def _short_integer(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _is_inside(path: str) -> bool:
    return path.isprintable() and "\\" not in path and not {"", ".", ".."} & set(path.split("/"))


def _read(form: Any, value: Any, place: str) -> Any:
    """Return `value`, which must have `form`; `place` says where in the manifest it is."""
    if isinstance(form, list):
        _require(isinstance(value, list), f"{place} is {value!r}, not a list")
        return [_read(form[0], member, f"{place}[{number}]") for number, member in enumerate(value)]
    if isinstance(form, dict):
        _require(isinstance(value, dict), f"{place or 'it'} is {value!r}, not an object")
        if form is _STEPS:
            _require(value.get("kind") in ("npu", "cpu"), f"{place} has the kind {value.get('kind')!r}, not npu or cpu")
            return _read(_STEPS[value["kind"]], value, place)
        return _read_object(cast("Mapping[str, Any]", form), value, place)
    is_right, expected = _KINDS[form]
    _require(is_right(value), f"{place} is {value!r}, not {expected}")
    return value


def _read_object(form: Mapping[str, Any], value: Mapping[str, Any], place: str) -> SimpleNamespace:
    read = SimpleNamespace()
    for key, member in form.items():
        name = key.rstrip("?")
        found = value.get(name)
        _require(found is not None or name != key, f"{place or 'it'} has no '{name}'")
        setattr(read, name, None if found is None else _read(member, found, f"{place}.{name}".lstrip(".")))
    return read


def _require(is_right: bool, otherwise: str) -> None:
    if not is_right:
        raise BundleError(f"manifest.json: {printable(otherwise, 300)}. Write the bundle again with npufit deploy.")


def _check_steps(manifest: Any) -> None:
    """Require that every value is known before it is read, and that what is copied lies in buffers side by side."""
    _require(bool(manifest.steps and manifest.inputs and manifest.outputs), "it has no steps, inputs or outputs")
    known = {number for number, tensor in enumerate(manifest.tensors) if tensor.file} | set(manifest.inputs)
    used = known | set(manifest.outputs) | {slot.tensor for slot in manifest.state}
    used.update(number for step in manifest.steps for number in (*step.reads, *step.writes))
    _require(max(used) < len(manifest.tensors), f"tensor {max(used)} is used, but there are {len(manifest.tensors)}")
    for number, step in enumerate(manifest.steps):
        place = f"steps[{number}]"
        _require(known.issuperset(step.reads), f"{place} reads a tensor that no step before it writes")
        known.update(step.writes)
        if step.is_npu:
            regions = [region.region for region in step.regions]
            _require(len(set(regions)) == len(regions) > 0 and max(regions) < 8, f"{place} has the regions {regions}")
            _require(not step.sram_bytes or 2 not in regions, f"{place} has a buffer and SRAM for region 2")
            _require(step.sram_bytes <= manifest.device.sram_bytes, f"{place} uses {step.sram_bytes} bytes of SRAM")
            for region in step.regions:
                _require(region.buffer < len(manifest.buffers), f"{place} uses buffer {region.buffer}")
            _check_slots(manifest, step.outputs, place)
            _check_written(_check_slots(manifest, [*step.inputs, *manifest.state], place), manifest, place)
    _check_written(_check_slots(manifest, manifest.state, "state"), manifest, "state")
    _require(known.issuperset(manifest.outputs), "an output is written by no step")


def _check_slots(manifest: Any, slots: Sequence[Any], place: str) -> list[tuple[int, int, int]]:
    """Return buffer, start and end of what lies at `slots`; all of it must lie in the buffers."""
    ends: list[tuple[int, int, int]] = []
    for slot in slots:
        _require(slot.buffer < len(manifest.buffers), f"{place} uses buffer {slot.buffer}")
        end = slot.offset + manifest.tensors[slot.tensor].bytes
        _require(end <= manifest.buffers[slot.buffer].bytes, f"{place}: tensor {slot.tensor} reaches beyond its buffer")
        ends.append((slot.buffer, slot.offset, end))
    return sorted(ends)


def _check_written(ends: Sequence[tuple[int, int, int]], manifest: Any, place: str) -> None:
    for buffer, _, _ in ends:
        _require(not manifest.buffers[buffer].file, f"{place} writes into buffer {buffer}, which is constant")
    for before, after in zip(ends, ends[1:]):
        _require(before[0] != after[0] or before[2] <= after[1], f"{place}: tensors overlap in buffer {before[0]}")


def _check_sizes(manifest: Any) -> None:
    """Require that files, buffers and tensors are as large as each other say."""
    listed = {file.path: file.bytes for file in manifest.files}
    wanted = [(step.file, listed.get(step.file, 0)) for step in manifest.steps]
    for number, tensor in enumerate(manifest.tensors):
        size = math.prod(tensor.shape) * tensor.dtype.itemsize
        is_right = len(tensor.shape) <= 16 and tensor.bytes == size <= LARGEST_BYTES
        _require(is_right, f"tensors[{number}] has {tensor.bytes} bytes and the shape {tensor.shape} of {tensor.type}")
        wanted += [(tensor.file, size)] if tensor.file else []
    for number, buffer in enumerate(manifest.buffers):
        size = listed.get(buffer.file, 0)
        _require(max(size, 1) <= buffer.bytes <= LARGEST_BYTES, f"buffers[{number}] has {buffer.bytes} bytes")
        wanted += [(buffer.file, size)] if buffer.file else []
    values = [(slot.tensor, slot.file) for slot in manifest.state]
    for case in manifest.cases:
        counts = len(case.inputs), len(case.outputs), len(case.steps)
        expected = len(manifest.inputs), len(manifest.outputs), len(manifest.steps)
        _require(counts == expected, f"case '{case.name}' has {counts} inputs, outputs and steps, not {expected}")
        values += [*zip(manifest.inputs, case.inputs), *zip(manifest.outputs, case.outputs)]
        for step, known in zip(manifest.steps, case.steps):
            _require(all(item.tensor in step.writes for item in known), f"case '{case.name}' has what no step writes")
            values += [(item.tensor, item.file) for item in known]
    wanted += [(file, manifest.tensors[number].bytes) for number, file in values]
    for file, size in wanted:
        _require(file in listed, f"{file} is not among its files")
        _require(listed[file] == size <= LARGEST_BYTES, f"{file} has {listed[file]} bytes, not {size}")
    manifest.needed = {file for file, _ in wanted}


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
        if known.verdict == "accepted" and last is None:
            words.append(f"{known.series}.{first} and later" if first else known.series)
        elif known.verdict == "accepted":
            words.append(f"{known.series}.{first} to {known.series}.{last}")
    return ", ".join(words) or "none is known"


class Folder:
    """A bundle on disk: its manifest, and its files, each of which is checked whenever it is read."""

    def __init__(self, path: str | Path) -> None:
        """Read the manifest and check every file. Raises BundleError, which names the first that is damaged."""
        self.path = Path(path)
        self.manifest = read_manifest(self._read("manifest.json", 16 << 20))
        self._listed = {file.path: file for file in self.manifest.files}
        self.notes: list[str] = []
        """What is damaged, edited or missing but not needed here, such as README.md and c/."""
        for file in self._listed:
            try:
                self.read(file)
            except BundleError as error:  # noqa: PERF203 - each file may be damaged
                if file in self.manifest.needed:
                    raise
                self.notes.append(str(error))

    def read(self, file: str) -> bytes:
        """Return the content of a listed file. Raises BundleError if it is not what it was when it was written."""
        listed = self._listed[file]
        data = self._read(file, listed.bytes)
        if len(data) != listed.bytes:
            raise BundleError(f"{file} is damaged: {len(data):,} bytes, expected {listed.bytes:,}. Copy it again.")
        digest = hashlib.sha256(data).hexdigest()
        if digest != listed.sha256:
            raise BundleError(
                f"{file} is damaged: SHA-256 {digest}, expected {printable(listed.sha256)}. Copy it again."
            )
        return data

    def array(self, file: str, tensor: Any) -> Array:
        """Return the value of a tensor that a listed file has."""
        return np.frombuffer(self.read(file), tensor.dtype).reshape(tensor.shape)

    def inputs_of(self, case: Any) -> list[Array]:
        """Return the inputs of a case of the verification."""
        files = zip(self.manifest.inputs, case.inputs)
        return [self.array(file, self.manifest.tensors[number]) for number, file in files]

    def _read(self, file: str, most: int) -> bytes:
        path = self.path / file
        try:
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                raise BundleError(f"{printable(path)} is not a file. Copy the whole bundle again.")
            if found.st_size > most:
                raise BundleError(f"{file} is damaged: {found.st_size:,} bytes, expected {most:,}. Copy it again.")
            return path.read_bytes()
        except OSError as error:
            raise BundleError(f"{printable(path)}: {error.strerror}. Copy the whole bundle again.") from None


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

_NODES = "/dev/accel/accel*"
_PERMISSION = (
    "You may not use it: join the group that owns it (ls -l /dev/accel; sudo usermod -aG GROUP $USER), or add a udev "
    'rule: SUBSYSTEM=="accel", GROUP="render", MODE="0660"'
)
_NO_MEMORY = (
    "Linux has no contiguous memory of that size left (CmaFree in /proc/meminfo): boot with more, such as cma=256M on "
    "the kernel's command line"
)
_WRONG_BUNDLE = "The bundle is wrong: write it again with npufit deploy, and tell the authors of npufit"
_GONE = "The NPU is gone: its driver was unloaded or gave up; dmesg says why"
_HINTS = {
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.ENOMEM: _NO_MEMORY,
    errno.ENOSPC: _NO_MEMORY,
    errno.EINVAL: "This release of Linux does not take the call as it was made",
    errno.EOVERFLOW: f"The stream reaches beyond a buffer. {_WRONG_BUNDLE}",
    errno.ENOENT: f"The stream uses a region without a buffer. {_WRONG_BUNDLE}",
    errno.ENODEV: _GONE,
    errno.ENXIO: _GONE,
    errno.EIO: "The NPU failed; dmesg says why",
    errno.ETIME: "The NPU was not done in time: dmesg says whether Linux reset it, --timeout SECONDS waits longer",
    errno.ENOTTY: "This is not the node of an NPU",
    errno.EINTR: "Signals interrupted it until the time was over",
    errno.EAGAIN: "The driver was busy until the time was over",
}


class Device:
    """An open node of the driver; `facts` is what it says of itself. Calls raise CallError."""

    def __init__(self, driver: str, node: str | None = None, timeout: float = 10.0) -> None:
        """Open `node`, or the first node of `driver`. Raises RunError if there is none."""
        self.timeout, self.descriptor = timeout, -1
        found: list[str] = []
        for self.node in [node] if node else [_NODES.replace("*", str(number)) for number in range(64)]:
            try:
                self.descriptor = os.open(self.node, os.O_RDWR | os.O_CLOEXEC)
                name = self._driver_name()
                if name == driver:
                    self.facts = self._query()
                    return
                found.append(f"{self.node} has the driver '{name}'")
            except FileNotFoundError:
                continue
            except OSError as error:
                found.append(f"{self.node}: {error.strerror}. {_HINTS.get(error.errno or 0, 'It cannot be opened')}")
            except CallError as error:
                found.append(f"{self.node}: {error}")
            self.close()
        needs = (
            f"no {node or _NODES}. It needs Linux 6.19 or later with CONFIG_DRM_ACCEL_ARM_ETHOSU, and a device tree "
            f"that has the NPU; `dmesg | grep -i ethos` says more. This is Linux {platform.release()}."
        )
        raise RunError(f"No NPU with the driver '{printable(driver)}': {'; '.join(found) or needs}")

    def _driver_name(self) -> str:
        name = ctypes.create_string_buffer(64)
        length = self.call("VERSION", 0, 0, 0, 64, ctypes.addressof(name), 0, 0, 0, 0)[3]
        return printable(name.raw[: min(length, 64)].decode("ascii", "replace"))

    def _query(self) -> dict[str, int]:
        info = (ctypes.c_uint32 * 3)()
        self.call("DEV_QUERY", 0, ctypes.sizeof(info), ctypes.addressof(info))
        return dict(zip(("id", "config", "sram_bytes"), info))

    def call(self, name: str, *values: int) -> tuple[int, ...]:
        """Return the fields of the argument after a call. Interrupted calls are repeated, as libdrm does."""
        number, direction, form = _CALLS[name]
        give_up = time.monotonic() + self.timeout
        while True:
            argument = bytearray(form.pack(*values))
            try:
                fcntl.ioctl(self.descriptor, direction << 30 | form.size << 16 | ord("d") << 8 | number, argument)
                return form.unpack(argument)
            except OSError as error:
                code = error.errno or 0
            if code not in (errno.EINTR, errno.EAGAIN) or time.monotonic() > give_up:
                why = _HINTS.get(code, "The driver does not say why")
                raise CallError(f"{name}: {errno.errorcode.get(code, code)} ({os.strerror(code)}). {why}.", code)

    def require(self, needs: Any, *, any_npu: bool = False) -> None:
        """Raise RunError if this device lacks what a bundle needs; with `any_npu` only its SRAM counts."""
        for register in () if any_npu else needs.registers:
            value = self.facts.get(register.name, 0)
            if value & register.mask != register.value:
                raise RunError(
                    f"{self.node} is another NPU than the bundle was compiled for, {printable(register.meaning)}: its "
                    f"{printable(register.name)} is {value:#x}. Write a bundle for this one (npufit deploy -t). Or, if "
                    "it is the right one: --any-npu --report FILE, and send the file to the authors of npufit, because "
                    "nobody has read these registers from a board."
                )
        sram_bytes = self.facts["sram_bytes"]
        if sram_bytes < needs.sram_bytes:
            raise RunError(
                f"The bundle needs {needs.sram_bytes:,} bytes of SRAM, and {self.node} has {sram_bytes:,}. Write it "
                f"again with npufit deploy --set arena-cache-size={sram_bytes}."
            )

    def close_handle(self, handle: int) -> None:
        """Give a buffer or a stream back; a device that is gone has taken it already."""
        with suppress(CallError):
            self.call("GEM_CLOSE", handle, 0)

    def close(self) -> None:
        """Close the node."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1


class Buffer:
    """Memory of the device, mapped once."""

    def __init__(self, device: Device, size: int) -> None:
        """Create and map it. Raises RunError."""
        self._device = device
        self.handle: int = device.call("BO_CREATE", size, 0, 0)[2]
        try:
            offset = device.call("BO_MMAP_OFFSET", self.handle, 0, 0)[2]
            self._memory = mmap.mmap(device.descriptor, size, offset=offset)
        except BaseException as error:
            device.close_handle(self.handle)
            if isinstance(error, (OSError, ValueError)):
                raise RunError(f"A buffer of {size:,} bytes cannot be mapped: {error}.") from None
            raise

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
    """A call of the NPU that is ready: the kernel has its stream and has accepted it."""

    def __init__(self, step: Any, tensors: Sequence[Any], device: Device, buffers: Mapping[int, Buffer], stream: int):
        """Prepare the job with the handle of its stream."""
        self._step, self._tensors, self._device, self._buffers = step, tensors, device, buffers
        handles = {region.region: buffers[region.buffer].handle for region in step.regions}
        job = struct.pack("=10I", stream, step.sram_bytes, *(handles.get(region, 0) for region in range(8)))
        self._job = ctypes.create_string_buffer(job, len(job))
        self._fence = handles[max(handles)]  # of a buffer that the job writes: region 0 has the constants

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

    def __init__(self, step: Any, tensors: Sequence[Any], data: bytes, *, reference: bool) -> None:
        """Load the segment. Raises RunError if LiteRT is missing or refuses it, BundleError if it is another one."""
        self._step, self._tensors = step, tensors
        litert = import_litert()
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
            if [np.dtype(detail["dtype"]) for detail in details] != [tensors[number].dtype for number in numbers]:
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
        "This bundle has segments for the CPU, and this Python has no LiteRT to execute them: pip install "
        "ai-edge-litert (or tflite-runtime)."
    )


class Bundle:
    """A loaded bundle: buffers and streams exist until `close`. A step that fails closes it.

    `timeout` is how many seconds a call of the NPU may take. `reference` takes LiteRT's reference kernels for segments
    on the CPU: slower, and bit for bit what the verification expects. `any_npu` does not look at the NPU's registers.
    `step_seconds` has, for each step of the last inference, the seconds of the NPU or the CPU and those of copies.
    """

    def __init__(
        self,
        folder: str | Path | Folder = ".",
        device: str | None = None,
        *,
        timeout: float = 10.0,
        reference: bool = False,
        any_npu: bool = False,
    ) -> None:
        """Check the bundle, open the device, create buffers and streams. Raises RunError."""
        self.folder = folder if isinstance(folder, Folder) else Folder(folder)
        self.manifest = self.folder.manifest
        self.step_seconds: list[tuple[float, float]] = []
        tensors: list[Any] = self.manifest.tensors
        self._constants = {n: self.folder.array(tensor.file, tensor) for n, tensor in enumerate(tensors) if tensor.file}
        self._buffers: dict[int, Buffer] = {}
        self._steps: list[NpuCall | CpuSegment] = []
        with ExitStack() as closing:
            self.device = Device(self.manifest.device.driver, device, timeout)
            closing.callback(self.device.close)
            self.device.require(self.manifest.device, any_npu=any_npu)
            for number, plan in enumerate(self.manifest.buffers):
                self._buffers[number] = Buffer(self.device, plan.bytes)
                closing.callback(self._buffers[number].close)
                if plan.file:
                    self._buffers[number].write(0, np.frombuffer(self.folder.read(plan.file), np.uint8))
            for step in self.manifest.steps:
                data = self.folder.read(step.file)
                if not step.is_npu:
                    self._steps.append(CpuSegment(step, tensors, data, reference=reference))
                    continue
                stream = self._create_stream(step.file, data)
                closing.callback(self.device.close_handle, stream)
                self._steps.append(NpuCall(step, tensors, self.device, self._buffers, stream))
            self.reset()
            self._closing = closing.pop_all()

    def _create_stream(self, file: str, data: bytes) -> int:
        """Give a command stream to the kernel and return its handle. Raises CallError if this release refuses it."""
        memory = ctypes.create_string_buffer(data, len(data))
        try:
            return self.device.call("CMDSTREAM_BO_CREATE", len(data), 0, ctypes.addressof(memory), 0, 0)[3]
        except CallError as error:
            if error.number != errno.EINVAL:
                raise
            release = platform.release()
            known = kernels_of(self.manifest, release)
            why = f"; as expected: {printable(known.why, 300)}" if known and known.why else ""
            advice = f"Known to accept it: {accepting_kernels(self.manifest)}."
            if known and known.verdict == "accepted":
                advice = "The manifest says that it accepts it: please send --report FILE to the authors of npufit."
            words = f"Linux {release} refuses {file} (CMDSTREAM_BO_CREATE: EINVAL{why}). {advice}"
            raise CallError(words, error.number) from None

    def __enter__(self) -> Bundle:
        """Return this bundle."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Free streams and buffers, the last first, and close the device."""
        self._steps = []
        self._closing.close()

    def reset(self, fill: int | None = None) -> None:
        """Set the model's state to its start; `fill` overwrites all other memory that the NPU writes with a byte."""
        for number, plan in enumerate(self.manifest.buffers):
            if fill is not None and not plan.file:
                self._buffers[number].fill(fill)
        for slot in self.manifest.state:
            self._buffers[slot.buffer].write(
                slot.offset, self.folder.array(slot.file, self.manifest.tensors[slot.tensor])
            )
        for step in self._steps:
            if isinstance(step, CpuSegment):
                step.reset()

    def run(self, inputs: Sequence[Array], watch: Callable[[int, Values], None] | None = None) -> list[Array]:
        """Return the outputs for `inputs`, in the order of the model's. `watch` is called after each step.

        Raises InputError for inputs of another number, type or shape than the model's, RunError if a step fails.
        """
        if not self._steps:
            raise RunError("The bundle is closed. Open it again.")
        if len(inputs) != len(self.manifest.inputs):
            raise InputError(
                f"The model has {plural(len(self.manifest.inputs), 'input')}, and {len(inputs)} were given."
            )
        given = zip(self.manifest.inputs, inputs)
        values = {**self._constants, **{number: fit(array, self.manifest.tensors[number]) for number, array in given}}
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


# == Inputs and outputs ================================================================================================

RANGES = {"-1..1": (-1.0, 1.0), "0..1": (0.0, 1.0), "0..255": (0.0, 255.0)}
"""The real values that black and white may stand for."""

_BILINEAR: Any = 2
"""Pillow's number of the filter; its name has moved between releases."""


def real(values: Array, tensor: Any) -> Array:
    """Return quantized values as the real numbers that they stand for, others as they are."""
    return values if tensor.scale is None else (values.astype(np.float64) - tensor.zero_point) * tensor.scale


def fit(given: Array, tensor: Any) -> Array:
    """Return `given` in the form of a tensor: dimensions of size 1 may be missing, floats may be of another size."""
    given = np.asarray(given)
    if given.dtype != tensor.dtype and not given.dtype.kind == tensor.dtype.kind == "f":
        raise InputError(f"Input '{printable(tensor.name)}' takes {tensor.type}, not {given.dtype}.")
    if [size for size in given.shape if size != 1] != [size for size in tensor.shape if size != 1]:
        raise InputError(f"Input '{printable(tensor.name)}' takes the shape {tensor.shape}, not {list(given.shape)}.")
    return np.ascontiguousarray(given.reshape(tensor.shape), tensor.dtype)


def read_inputs(folder: Folder, sources: Sequence[str], normalize: str) -> list[Array]:
    """Return inputs from files, in order or as NAME=FILE; without any, those of the first case. Raises InputError."""
    manifest, given = folder.manifest, dict[int, str]()
    if not sources and manifest.cases:
        return folder.inputs_of(manifest.cases[0])
    names = [manifest.tensors[number].name for number in manifest.inputs]
    for place, source in enumerate(sources):
        named = next((number for number, name in enumerate(names) if source.startswith(f"{name}=")), None)
        given[place if named is None else named] = source if named is None else source[len(names[named]) + 1 :]
    if sorted(given) != list(range(len(names))) or len(sources) != len(names):
        raise InputError(
            f"The model has {plural(len(names), 'input')}: give --input for {printable(', '.join(names))}."
        )
    return [_read_input(manifest, number, given[place], normalize) for place, number in enumerate(manifest.inputs)]


def _read_input(manifest: Any, number: int, file: str, normalize: str) -> Array:
    tensor = manifest.tensors[number]
    try:
        if file.endswith(".npy"):
            return fit(np.load(file, allow_pickle=False), tensor)
        if file.endswith(".bin"):
            return np.fromfile(file, tensor.dtype).reshape(tensor.shape)
        return image_values(tensor, read_pixels(file, tensor), pixel_range(manifest, number, normalize))
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise InputError(
            f"{printable(file)} is no input of {tensor.type} {tensor.shape}: {printable(error)}."
        ) from None


def read_pixels(file: str, tensor: Any) -> Array:
    """Return an image as (height, width, channels) of 0 to 255, upright, in the input's colours and size."""
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise InputError(
            "Images need Pillow: apt install python3-pil, or pip install pillow. Or give an .npy."
        ) from None
    batch, *shape = tensor.shape if len(tensor.shape) == 4 else [*tensor.shape, 1]
    if len(shape) == 3 and shape[2] not in (1, 3, 4):  # channels first
        shape = [shape[1], shape[2], shape[0]]
    if batch != 1 or len(shape) != 3 or shape[2] not in (1, 3, 4):
        raise InputError(f"Input '{printable(tensor.name)}' of shape {tensor.shape} takes no image. Give an .npy.")
    height, width, channels = shape
    with Image.open(file) as image:
        upright = ImageOps.exif_transpose(image).convert({1: "L", 3: "RGB", 4: "RGBA"}[channels])
    return np.asarray(upright.resize((width, height), _BILINEAR), np.uint8).reshape(shape)


def pixel_range(manifest: Any, number: int, normalize: str) -> tuple[float, float]:
    """Return the real values of black and white; `auto` takes those of RANGES that the quantization covers best."""
    tensor = manifest.tensors[number]
    for step in manifest.steps:  # the quantization of a float is that of the step that quantizes it
        if tensor.dtype.kind == "f" and step.reads == [number] and len(step.writes) == 1:
            after = manifest.tensors[step.writes[0]]
            tensor = after if after.shape == tensor.shape else tensor
    if normalize != "auto" or tensor.scale is None:
        return RANGES["-1..1" if normalize == "auto" else normalize]
    limits = np.iinfo(tensor.dtype)
    low, high = real(np.array((limits.min, limits.max)), tensor)
    return min(RANGES.values(), key=lambda ends: abs(ends[0] - low) + abs(ends[1] - high))


def image_values(tensor: Any, pixels: Array, ends: tuple[float, float]) -> Array:
    """Return pixels as a tensor has them; an integer tensor without a scale takes the pixels themselves."""
    values = ends[0] + pixels.astype(np.float64) * ((ends[1] - ends[0]) / 255.0)
    if tensor.dtype.kind in "iu":
        limits = np.iinfo(tensor.dtype)
        values = np.rint(values / tensor.scale) + tensor.zero_point if tensor.scale else pixels
        values = np.clip(values, limits.min, limits.max)
    is_channels_first = len(tensor.shape) == 4 and tensor.shape[1:] != list(values.shape)
    return fit((np.moveaxis(values, 2, 0) if is_channels_first else values).astype(tensor.dtype), tensor)


def read_labels(file: str | None) -> list[str]:
    """Return the names of classes, one per line. Raises InputError."""
    try:
        return Path(file).read_text("utf-8").rstrip().splitlines() if file else []
    except (OSError, ValueError) as error:
        raise InputError(f"--labels {printable(file)} cannot be read: {printable(error)}.") from None


def output_words(manifest: Any, outputs: Sequence[Array], labels: list[str]) -> list[str]:
    """Return the best five classes if the one output has a score for each, else the range of each output."""
    tensors = [manifest.tensors[number] for number in manifest.outputs]
    if len(outputs) == 1 and max(outputs[0].shape, default=0) == outputs[0].size > 1:
        scores = real(outputs[0].reshape(-1), tensors[0])
        names = ["background"] * (len(labels) == scores.size - 1) + labels
        if labels and len(names) != scores.size:
            raise InputError(f"The model has {scores.size} classes, and the file of labels {len(labels)} lines.")
        best: list[int] = np.argsort(-scores.astype(np.float64), kind="stable")[:5].tolist()
        return [f"{scores[k]:10.4f}  {k:>4}  {printable(names[k]) if names else ''}".rstrip() for k in best]
    lines: list[str] = []
    for place, (tensor, values) in enumerate(zip(tensors, outputs)):
        numbers = real(values, tensor)
        ends = f"{numbers.min():g} to {numbers.max():g}" if numbers.size and numbers.dtype.kind != "c" else ""
        shape = "x".join(map(str, tensor.shape))
        lines.append(f"output {place}  {printable(tensor.name, 60)}  {shape}  {tensor.type}  {ends}")
    return lines


# == Verification and times ============================================================================================


def verify(bundle: Bundle) -> dict[str, Any]:
    """Return how the cases of a bundle came out, ready for JSON: counts, and the first difference.

    Memory holds no old answer when a case begins: what a failed call of the NPU leaves there differs. Floats of LiteRT
    may differ in their last bits from processor to processor; that is counted as rounding. Raises RunError.
    """
    manifest = bundle.manifest
    if not manifest.cases:
        raise BundleError("The bundle has no right answers to compare with: npufit deploy could not compute any.")
    result: dict[str, Any] = {"cases": len(manifest.cases), "values": 0, "differing": 0, "rounded": 0, "first": None}
    by_npu = {number for step in manifest.steps if step.is_npu for number in step.writes}

    def compare(number: int, values: Array, file: str, case: Any, step: int | None) -> int:
        expected = bundle.folder.array(file, manifest.tensors[number])
        is_same = (values == expected) | ((values != values) & (expected != expected))
        if values.dtype.kind == "f" and number not in by_npu:
            is_close = np.isclose(values, expected, rtol=1e-5, atol=1e-6, equal_nan=True)
            result["rounded"] += int((is_close & ~is_same).sum())
            is_same |= is_close
        differing = int(values.size - is_same.sum())
        if differing and result["first"] is None:
            gaps = np.abs(values[~is_same].astype(np.complex128) - expected[~is_same])
            largest = float(np.nan_to_num(gaps).max())
            place = {"case": manifest.cases.index(case), "step": step, "tensor": number}
            result["first"] = {**place, "values": values.size, "differing": differing, "largest": largest}
        return differing

    for case in manifest.cases:

        def watch(step: int, values: Values, case: Any = case) -> None:
            for known in case.steps[step]:
                compare(known.tensor, values[known.tensor], known.file, case, step)

        bundle.reset(fill=0xA5)
        outputs = bundle.run(bundle.folder.inputs_of(case), watch)
        for number, values, file in zip(manifest.outputs, outputs, case.outputs):
            result["values"] += values.size
            result["differing"] += compare(number, values, file, case, None)
    return result


def verification_words(manifest: Any, result: Mapping[str, Any]) -> list[str]:
    """Return the outcome of `verify` in lines, the answer first."""
    first, total = result["first"], result["values"]
    where = f"in {plural(result['cases'], 'case')}, against {printable(manifest.verification.golden)}"
    if result["rounded"]:
        where += f"; {plural(result['rounded'], 'float')} of the CPU differ by rounding"
    if first is None:
        return [f"identical: {total:,} of {total:,} values {where}"]
    tensor, name = manifest.tensors[first["tensor"]], printable(manifest.cases[first["case"]].name)
    step = None if first["step"] is None else manifest.steps[first["step"]]
    place = f"step {first['step']} ({step.unit}, {step.file})" if step else "the outputs"
    largest = f"{first['largest']:g}" if tensor.dtype.kind == "f" else plural(int(first["largest"]), "step")
    lines = [
        f"differs: {result['differing']:,} of {total:,} values {where}",
        f"first difference, in case '{name}': {place}, tensor '{printable(tensor.name)}': {first['differing']:,} of "
        f"{first['values']:,} values, by up to {largest}",
    ]
    if step and not step.is_npu:
        lines.append("That step ran on the CPU: it is LiteRT that computes something else here, not the NPU.")
    return [*lines, "Please write --report FILE and send it to the authors of npufit."]


def time_runs(bundle: Bundle, inputs: Sequence[Array], repeat: int) -> tuple[list[Array], dict[str, Any]]:
    """Return the outputs, and the times of `repeat` inferences, ready for JSON: of all, by unit, by step.

    One inference comes before them: it finds cold caches and does not count.
    """
    steps = bundle.manifest.steps
    totals, parts = np.zeros(repeat + 1), np.zeros((repeat + 1, len(steps), 2))
    outputs: list[Array] = []
    for number in range(repeat + 1):
        start = time.perf_counter()
        outputs = bundle.run(inputs)
        totals[number] = time.perf_counter() - start
        parts[number] = bundle.step_seconds
    times: dict[str, Any] = {"inferences": repeat, "first_ms": round(1e3 * totals[0], 4), "total": spread(totals[1:])}
    for unit in ("NPU", "CPU"):
        mine = [number for number, step in enumerate(steps) if step.unit == unit]
        if mine:
            times[unit] = {"steps": len(mine), **spread(parts[1:, mine, 0].sum(axis=1))}
    times["copies"] = spread(parts[1:, :, 1].sum(axis=1))
    times["steps"] = [{"unit": step.unit, **spread(parts[1:, number, 0])} for number, step in enumerate(steps)]
    return outputs, times


def spread(seconds: Array) -> dict[str, float]:
    """Return the least, the median and the 90th percentile of times, in milliseconds."""
    low, middle, high = np.percentile(1e3 * seconds, (0, 50, 90)).tolist()
    return {"min_ms": round(low, 4), "median_ms": round(middle, 4), "p90_ms": round(high, 4)}


def time_words(times: Mapping[str, Any]) -> list[str]:
    """Return the times in lines: of whole inferences, of each unit, of copies, of the slowest steps."""
    rows = [(f"total of {plural(times['inferences'], 'inference')}", times["total"])]
    rows += [
        (f"{unit}, {plural(times[unit]['steps'], 'step')}", times[unit]) for unit in ("NPU", "CPU") if unit in times
    ]
    rows.append(("copies", times["copies"]))
    if len(times["steps"]) > 1:
        slowest = np.argsort([-step["median_ms"] for step in times["steps"]])[:5]
        rows += [(f"  step {k} ({times['steps'][k]['unit']})", times["steps"][k]) for k in slowest]
    lines = [f"{'milliseconds':<28}{'min':>10}{'median':>10}{'p90':>10}"]
    lines += [f"{name:<28}{t['min_ms']:>10.3f}{t['median_ms']:>10.3f}{t['p90_ms']:>10.3f}" for name, t in rows]
    return [*lines, f"{'first inference':<38}{times['first_ms']:>10.3f}"]


# == The command line ==================================================================================================

_SILENT_RESET_MS = 500
"""(Linux drivers/accel/ethosu/ethosu_job.c: the timeout of a job)"""

_SILENT_RESET = (
    "a call of the NPU took over half a second. After that time Linux drops a job that hangs, without telling the "
    "program, which then reads old values: look for 'NPU sched timed out' in dmesg."
)

_ABOUT = (
    "What run.py saw on one board, for the authors of npufit: the board's name, releases of Linux, Python, NumPy and "
    "LiteRT, what the NPU says of itself, times, whether values agree. No host name, user or path; of the model only "
    "the SHA-256 of its file."
)


def system_facts() -> dict[str, str]:
    """Return what is known of this system that is not personal."""
    board = ""
    with suppress(OSError):
        board = Path("/proc/device-tree/model").read_text("utf-8", "replace").strip("\0\n ")
    facts = {"board": board, "linux": platform.release(), "build": platform.version(), "machine": platform.machine()}
    facts.update(python=platform.python_version(), numpy=np.__version__)
    for name in ("ai_edge_litert", "tflite_runtime"):
        if name in sys.modules:
            facts[name] = str(getattr(sys.modules[name], "__version__", "?"))
    return facts


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options; ends the program for wrong ones."""
    words = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__, formatter_class=words)
    add = parser.add_argument
    add(
        "--bundle", metavar="FOLDER", default=str(Path(__file__).resolve().parent), help="default: the folder of run.py"
    )
    add("--device", metavar="PATH", help="the NPU's node; default: the first /dev/accel/accel* with the right driver")
    add("--any-npu", action="store_true", help="run although the NPU's registers are not those that are expected")
    add("--check", action="store_true", help="only check bundle, device and kernel: nothing is executed")
    add("--verify", action="store_true", help="execute the bundle's cases and compare with the reference's values")
    add("--input", metavar="[NAME=]FILE", action="append", default=[], help="image, .npy or .bin; default: a case's")
    add("--normalize", choices=["auto", *RANGES], default="auto", help="real values of black and white pixels")
    add("--labels", metavar="FILE", help="names of the classes, one per line")
    add("--output", metavar="FOLDER", help="write the outputs there: output_0.npy, output_1.npy, …")
    add("--repeat", metavar="N", type=int, default=1, help="time N inferences, after one that does not count")
    add("--reference", action="store_true", help="LiteRT's reference kernels on the CPU; --verify always takes them")
    add("--timeout", metavar="SECONDS", type=float, default=10.0, help="for each call of the NPU; default: 10")
    add("--json", metavar="FILE", help="write what was found, for programs")
    add("--report", metavar="FILE", help="write what to send to the authors of npufit; it says what is in it")
    joined = "\0".join(arguments).replace("--normalize\0", "--normalize=")  # argparse takes -1..1 for an option
    options = parser.parse_args(joined.split("\0") if arguments else [])
    if not 1 <= options.repeat <= 100_000 or not 0 < options.timeout <= 3600:
        parser.error("--repeat takes 1 to 100000, --timeout more than 0 and up to 3600")
    return options


def note(text: str) -> None:
    """Print what is worth knowing beside the results."""
    print(f"note: {text}", file=sys.stderr)


def run(options: argparse.Namespace, facts: dict[str, Any]) -> int:
    """Do what the options say and return the exit code; `facts` takes what is found. Raises RunError."""
    folder = Folder(options.bundle)
    manifest, release = folder.manifest, platform.release()
    facts["bundle"] = {"target": manifest.target, "model_sha256": manifest.model.sha256, **vars(manifest.made_by)}
    known = kernels_of(manifest, release)
    if known is None or known.verdict != "accepted":
        verdict = "is known to refuse" if known and known.verdict == "refused" else "is not known to accept"
        folder.notes.append(f"Linux {release} {verdict} these streams; its answer counts.")
    for text in folder.notes:
        note(text)
    labels, inputs = read_labels(options.labels), read_inputs(folder, options.input, options.normalize)
    reference = options.reference or options.verify
    with Bundle(
        folder, options.device, timeout=options.timeout, reference=reference, any_npu=options.any_npu
    ) as bundle:
        facts["device"] = {"driver": manifest.device.driver, **bundle.device.facts}
        name = f"{printable(manifest.model.name)} on {bundle.device.node}"
        if options.check:
            streams = plural(sum(step.is_npu for step in manifest.steps), "stream")
            print(f"ok: {name}: {plural(len(manifest.files), 'file')} whole, the NPU fits, Linux takes {streams}")
            print(f"the bundle: {printable(manifest.status, 300)}")
            return 0
        if options.verify:
            facts["verification"] = verify(bundle)
            print(*verification_words(manifest, facts["verification"]), sep="\n")
            bundle.reset()
        outputs, facts["times"] = time_runs(bundle, inputs, options.repeat)
        print(f"{name}: {facts['times']['total']['median_ms']:.3f} ms", *time_words(facts["times"]), sep="\n")
        if any(step["unit"] == "NPU" and step["min_ms"] > _SILENT_RESET_MS for step in facts["times"]["steps"]):
            note(_SILENT_RESET)
        if options.input or not options.verify:
            print("", *output_words(manifest, outputs, labels), sep="\n")
        for place, values in enumerate(outputs if options.output else ()):
            Path(options.output).mkdir(parents=True, exist_ok=True)
            np.save(Path(options.output) / f"output_{place}.npy", values)
    return 1 if options.verify and facts["verification"]["first"] else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    facts: dict[str, Any] = {"about": _ABOUT, "system": {}}
    code = 3
    try:
        try:
            code = run(options, facts)
            sys.stdout.flush()
        except RunError as error:
            code = error.exit_code
            facts["error"] = str(error) if code == 3 else type(error).__name__
            print(f"error: {error}", file=sys.stderr)
        finally:
            facts["system"] = system_facts()
            for file in (options.json, options.report):
                if file:
                    Path(file).write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    except BrokenPipeError:  # what has been printed is enough for its reader
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"error: {printable(error.filename or 'run.py')}: {error.strerror}", file=sys.stderr)
        code = 3
    except MemoryError:
        print("error: not enough memory", file=sys.stderr)
    except KeyboardInterrupt:
        code = 130
    return code


if __name__ == "__main__":
    sys.exit(main())
