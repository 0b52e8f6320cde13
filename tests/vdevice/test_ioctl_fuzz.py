"""Ten thousand random calls: no crash, no leak, and nothing changed that the program did not give.

By hand, with another seed: `PYTHONPATH=tests python tests/vdevice/test_ioctl_fuzz.py SEED COUNT`.
"""

from __future__ import annotations

import errno
import gc
import os
import random
import struct
import sys
from pathlib import Path

import pytest
from ethosu_client import elementwise_alone, request
from recording import Recorder

from npufit.errors import InternalError
from npufit.ethosu import IO_REGION, read_submissions
from npufit.vdevice import DeviceFile, virtual_device
from npufit.vdevice.drm import DrmFile
from real_files import find_capture

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a virtual device needs Linux")

_COUNT = 10_000
_CHIPS = {"imx93": 7, "rk3588": 2, "imx8mp": 1}
"""Their shares of the calls."""

_BASE, _ARENA_BYTES = 0x10000, 1 << 16
_ARGUMENT, _ARGUMENT_BYTES = _BASE, 256
_JOBS, _STREAM = _BASE + 0x1000, _BASE + 0x2000
_SIZES = {0x00: 64, 0x09: 8, 0x0C: 16, 0x40: 16, 0x41: 24, 0x42: 16, 0x43: 16, 0x44: 32, 0x45: 24, 0x46: 80}
_EXTREMES = (0, 0, 0, 1, 2, 4095, 4096, 65536, 1 << 20, 1 << 31, (1 << 32) - 1, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)


class _Arena:
    """The memory of a program, all of it: what is elsewhere is EFAULT. It knows which bytes it gave."""

    def __init__(self, identity: tuple[int, int], stream: bytes) -> None:
        self.memory = bytearray(_ARENA_BYTES)
        self.memory[_STREAM - _BASE : _STREAM - _BASE + len(stream)] = stream
        self.identity = identity
        self.written: list[tuple[int, int]] = []

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.memory[self._place(address, size)])

    def write(self, address: int, data: bytes) -> None:
        place = self._place(address, len(data))
        self.memory[place] = data
        self.written.append((place.start, place.stop))

    def maps(self, identity: tuple[int, int], start: int, end: int) -> bool:
        assert identity == self.identity
        return (start // 4096 + end // 4096) % 5 == 0  # some are mapped still

    @staticmethod
    def _place(address: int, size: int) -> slice:
        start = address - _BASE
        if not 0 <= start <= start + size <= _ARENA_BYTES:
            raise OSError(errno.EFAULT, "outside")
        return slice(start, start + size)


class _Fuzzer:
    """Makes calls out of what calls are made of: valid handles, addresses and sizes, and wrong ones."""

    def __init__(self, file: DeviceFile, seed: int, stream: bytes, io_bytes: int) -> None:
        self.file = file
        self.random = random.Random(seed)
        self.arena = _Arena(file.identity, stream)
        self.stream, self.io_bytes = stream, io_bytes
        self.answers: dict[int, int] = {}

    def call(self) -> None:
        number = self.random.choice(tuple(_SIZES)) if self.random.random() < 0.97 else self.random.randrange(256)
        size = _SIZES.get(number, 16) if self.random.random() < 0.9 else self.random.randrange(200)
        data = struct.pack(f"<{_ARGUMENT_BYTES // 4}I", *(self._word() for _ in range(_ARGUMENT_BYTES // 4)))
        if self.random.random() < 0.6:
            data = self._sensible(number).ljust(_ARGUMENT_BYTES, b"\0")
        self.arena.memory[:_ARGUMENT_BYTES] = data
        direction = 3 if self.random.random() < 0.95 else self.random.randrange(4)
        argument = _ARGUMENT if self.random.random() < 0.98 else self.random.choice(_EXTREMES)
        code = request(number, size, direction) ^ (self.random.random() < 0.01) << 13
        self.arena.written.clear()
        pointers = set(struct.unpack("<31Q", data[:248])) | set(struct.unpack("<31Q", data[4:252]))
        try:
            answer = self.file.ioctl(code, argument, self.arena)
        except OSError as error:
            answer = error.errno or 0
        self.answers[answer] = self.answers.get(answer, 0) + 1
        for start, _ in self.arena.written:
            assert start + _BASE == argument or start + _BASE in pointers

    def _word(self) -> int:
        return (
            self.random.choice((self._handle(), self.random.choice(_EXTREMES), self.random.getrandbits(32)))
            & 0xFFFFFFFF
        )

    def _handle(self) -> int:
        return self.random.randrange(1, 24)

    def _address(self) -> int:
        return self.random.choice((_JOBS, _STREAM, _BASE + self.random.randrange(_ARENA_BYTES), *_EXTREMES))

    def _sensible(self, number: int) -> bytes:
        handle, extreme = self._handle(), self.random.choice(_EXTREMES)
        if number == 0x41:
            size = self.random.choice((self.io_bytes, self.io_bytes, 1, extreme))
            return struct.pack("<Q2I", size, self.random.choice((0, 0, 1, 2)), 0)
        if number == 0x44:
            size = self.random.choice((len(self.stream), len(self.stream), extreme & 0xFFFFFFFF))
            address = _STREAM if self.random.random() < 0.8 else self._address()
            return struct.pack("<2IQ2I", size, 0, address, 0, 0)
        if number == 0x45:
            jobs = struct.pack("<12I", handle, 0, 0, self._handle(), *(0,) * 8)
            self.arena.memory[_JOBS - _BASE : _JOBS - _BASE + len(jobs)] = jobs
            return struct.pack("<Q2I", _JOBS, self.random.choice((1, 1, 1, 2, 0)), 0)
        if number == 0x40:
            return struct.pack(
                "<2IQ", self.random.choice((0, 1)), self.random.choice((12, 16, 27, 28)), self._address()
            )
        return struct.pack("<2Iq", handle, 0, self.random.choice((0, -1, 1)))


def fuzz(seed: int, count: int) -> dict[str, dict[int, int]]:
    """Make calls on a file of each device, and return how often each answer came."""
    captured = read_submissions(find_capture("micro/add_relu_bcast"))[0]
    stream = elementwise_alone(captured.stream)
    answers: dict[str, dict[int, int]] = {}
    for chip, share in _CHIPS.items():
        recorder = Recorder()
        fuzzer = _Fuzzer(virtual_device(chip, recorder).open(), seed, stream, dict(captured.sizes.buffers)[IO_REGION])
        for _ in range(count * share // sum(_CHIPS.values())):
            fuzzer.call()
        _require_nothing_outside_of_buffers(fuzzer.file)
        fuzzer.file.close()
        assert [error for error in recorder.failures if isinstance(error, InternalError)] == []
        assert bool(recorder.executions) == (chip == "imx93")
        answers[chip] = fuzzer.answers
    return answers


def _require_nothing_outside_of_buffers(file: DeviceFile) -> None:
    """Every byte of the file's memory that is not a hole belongs to a buffer."""
    assert isinstance(file, DrmFile)
    ranges = [(buffer.start, buffer.start + buffer.size) for buffer in (*file.handles, *file.memory.closed)]
    end = os.fstat(file.descriptor).st_size
    position = 0
    while position < end:
        try:
            start = os.lseek(file.descriptor, position, os.SEEK_DATA)
        except OSError:
            return
        position = os.lseek(file.descriptor, start, os.SEEK_HOLE)
        assert any(first <= start and position <= last for first, last in ranges), (start, position)


def test_random_calls_do_no_harm() -> None:
    gc.collect()
    before = _held()
    answers = fuzz(20, _COUNT)
    gc.collect()
    assert _held() == before
    # The calls reach what they are to reach: successes, and every kind of refusal.
    assert answers["imx93"][0] > 1000
    wanted = errno.EINVAL, errno.ENOENT, errno.EFAULT, errno.ENOMEM, errno.ENOTTY, errno.EOVERFLOW
    assert set(wanted) <= answers["imx93"].keys()
    assert answers["rk3588"][errno.EIO] > 10


def _held() -> tuple[int, int]:
    return len(os.listdir("/proc/self/fd")), Path("/proc/self/maps").read_text().count("memfd:npufit")


if __name__ == "__main__":
    print(fuzz(int(sys.argv[1]), int(sys.argv[2])))  # noqa: T201
