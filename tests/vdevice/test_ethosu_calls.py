"""The calls of the ethosu driver, right and wrong: what the kernel answers, the device answers."""

from __future__ import annotations

import ctypes
import errno
import os
import random
import struct
import sys
import threading
import time
from collections.abc import Callable

import pytest
from ethosu_client import OWN_MEMORY, Client, elementwise_alone, request
from recording import Recorder

from npufit.errors import InputError, InternalError
from npufit.ethosu import IO_REGION, CapturedSubmission, parse_kernel, read_submissions
from npufit.vdevice import DeviceOptions, Job, Refusal, virtual_device
from real_files import find_capture

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a virtual device needs Linux")

_STOP = struct.pack("<I", 0xFFFF0000)
_QUERY, _CREATE, _WAIT, _OFFSET, _STREAM, _SUBMIT = range(0x40, 0x46)


def _client(recorder: Recorder | None = None, kernel: str | None = None) -> Client:
    options = DeviceOptions(kernel=None if kernel is None else parse_kernel(kernel))
    return Client(virtual_device("imx93", recorder or Recorder(), options).open())


def _captured(name: str = "micro/add_relu_bcast") -> CapturedSubmission:
    return read_submissions(find_capture(name))[0]


def test_it_is_an_ethos_u65_with_the_sram_of_the_chip() -> None:
    client = _client()
    assert client.version() == ((1, 0, 0), "ethosu")
    assert client.query() == (0x10064000, 0x10000008, 96 << 10)
    assert client.call(_QUERY, "<2IQ", 0, 0, 0)[1] == 12


def test_a_larger_struct_than_the_driver_knows_is_filled_with_zeros() -> None:
    info = ctypes.create_string_buffer(b"\xff" * 20, 20)
    _client().call(_QUERY, "<2IQ", 0, 16, ctypes.addressof(info))
    assert info.raw[8:] == struct.pack("<2I", 96 << 10, 0) + b"\xff" * 4


def test_a_shorter_argument_is_filled_with_zeros_and_a_longer_one_is_left_alone() -> None:
    client = _client()
    short = ctypes.create_string_buffer(struct.pack("<Q", 100), 8)
    client.file.ioctl(request(_CREATE, 8), ctypes.addressof(short), OWN_MEMORY)
    assert struct.unpack("<Q", short.raw) == (4096,)
    long = ctypes.create_string_buffer(struct.pack("<Q2I", 100, 0, 0) + b"rest", 20)
    client.file.ioctl(request(_CREATE, 20), ctypes.addressof(long), OWN_MEMORY)
    assert struct.unpack("<Q2I4s", long.raw) == (4096, 0, 2, b"rest")


@pytest.mark.parametrize(
    ("number", "form", "values", "expected"),
    [
        (0x0C, "<2Q", (1, 0), "EOPNOTSUPP"),
        (0x0D, "<2Q", (1, 0), "EINVAL"),
        (0x46, "<2Q", (1, 0), "EINVAL"),
        (0xFF, "<2Q", (1, 0), "EINVAL"),
        (_QUERY, "<2IQ", (1, 12, 0), "EINVAL"),
        (_QUERY, "<2IQ", (0, 11, 4096), "EINVAL"),
        (_QUERY, "<2IQ", (0, 12, 8), "EFAULT"),
        (_QUERY, "<2IQ", (0, 0xFFFFFFFF, 8), "EFAULT"),
        (_CREATE, "<Q2I", (0, 0, 0), "EINVAL"),
        (_CREATE, "<Q2I", (4096, 2, 0), "EINVAL"),
        (_CREATE, "<Q2I", ((1 << 64) - 1, 0, 0), "ENOMEM"),
        (_WAIT, "<2Iq", (1, 1, 0), "EINVAL"),
        (_WAIT, "<2Iq", (7, 0, 0), "EINVAL"),
        (_OFFSET, "<2IQ", (1, 1, 0), "EINVAL"),
        (_OFFSET, "<2IQ", (7, 0, 0), "ENOENT"),
        (_STREAM, "<2IQ2I", (0, 0, 4096, 0, 0), "EINVAL"),
        (_STREAM, "<2IQ2I", (4, 0, 0, 0, 0), "EINVAL"),
        (_STREAM, "<2IQ2I", (4, 1, 4096, 0, 0), "EINVAL"),
        (_STREAM, "<2IQ2I", (4, 0, 4096, 0, 1), "EINVAL"),
        (_STREAM, "<2IQ2I", (4, 0, 8, 0, 0), "EFAULT"),
        (_STREAM, "<2IQ2I", (0xFFFFFFFF, 0, 4096, 0, 0), "ENOMEM"),
        (_SUBMIT, "<Q2I", (8, 1, 0), "EFAULT"),
        (_SUBMIT, "<Q2I", (8, 1, 1), "EINVAL"),
        (_SUBMIT, "<Q2I", (8, 0xFFFFFFFF, 0), "ENOMEM"),
    ],
)
def test_a_malformed_call_has_the_errno_of_the_kernel(
    number: int, form: str, values: tuple[int, ...], expected: str
) -> None:
    recorder = Recorder()
    client = _client(recorder)
    client.create(4096)
    with pytest.raises(OSError, match=os.strerror(getattr(errno, expected))) as refused:
        client.call(number, form, *values)
    assert refused.value.errno == getattr(errno, expected)
    assert recorder.failures == []
    # A program that ignores these goes on with stale memory.
    assert bool(recorder.refusals) == (number in (_CREATE, _STREAM, _SUBMIT))


def test_a_request_of_another_driver_or_without_an_argument_is_refused() -> None:
    file = _client().file
    for number, argument, expected in ((0x5401, 0, errno.ENOTTY), (request(0, 64), 0, errno.EFAULT)):
        with pytest.raises(OSError, match=os.strerror(expected)):
            file.ioctl(number, argument, OWN_MEMORY)
    assert Client(file).call(_SUBMIT, "<Q2I", 0, 0, 0) == (0, 0, 0)
    with pytest.raises(OSError, match="Invalid"):
        Client(file).close_handle(1)


def _addition() -> tuple[bytes, bytes]:
    """Return a stream that uses nothing but an IO buffer, and a content for that buffer."""
    captured = _captured()
    content = random.Random(7).randbytes(dict(captured.sizes.buffers)[IO_REGION])
    return elementwise_alone(captured.stream), content


def _unknown_stream(client: Client, _stream: int, good: dict[int, int]) -> None:
    client.submit(99, good)


def _buffer_as_stream(client: Client, _stream: int, good: dict[int, int]) -> None:
    client.submit(good[IO_REGION], good)


def _stream_as_buffer(client: Client, stream: int, good: dict[int, int]) -> None:
    client.submit(stream, good | {IO_REGION: stream})


def _unknown_buffer(client: Client, stream: int, good: dict[int, int]) -> None:
    client.submit(stream, good | {IO_REGION: 99})


def _no_buffer(client: Client, stream: int, _good: dict[int, int]) -> None:
    client.submit(stream, {})


def _buffer_of_an_unused_region(client: Client, stream: int, good: dict[int, int]) -> None:
    client.submit(stream, good | {5: good[IO_REGION]})


def _small_buffer(client: Client, stream: int, good: dict[int, int]) -> None:
    client.submit(stream, good | {IO_REGION: client.create(1)[0]})


def _sram_and_its_buffer(client: Client, stream: int, good: dict[int, int]) -> None:
    client.submit(stream, good | {2: client.create(1 << 20)[0]}, 4096)


def _too_much_sram(client: Client, stream: int, good: dict[int, int]) -> None:
    client.submit(stream, good, (96 << 10) + 1)


@pytest.mark.parametrize(
    ("submit", "expected"),
    [
        (_unknown_stream, errno.ENOENT),
        (_buffer_as_stream, errno.EINVAL),
        (_stream_as_buffer, errno.EINVAL),
        (_unknown_buffer, errno.ENOENT),
        (_no_buffer, errno.ENOENT),
        (_buffer_of_an_unused_region, errno.EINVAL),
        (_small_buffer, errno.EOVERFLOW),
        (_sram_and_its_buffer, errno.EINVAL),
        (_too_much_sram, errno.EINVAL),
    ],
)
def test_a_wrong_job_is_refused_before_anything_is_executed(
    submit: Callable[[Client, int, dict[int, int]], None], expected: int
) -> None:
    recorder = Recorder()
    client = _client(recorder)
    words, content = _addition()
    handles = {IO_REGION: client.fill(content)}
    stream = client.create_stream(words)
    with pytest.raises(OSError, match=os.strerror(expected)) as refused:
        submit(client, stream, handles)
    assert refused.value.errno == expected
    assert recorder.submissions == recorder.failures == []
    assert [(told.call, told.errno) for told in recorder.refusals] == [("SUBMIT", errno.errorcode[expected])]
    client.submit(stream, handles)
    assert len(recorder.executions) == 1


def test_changed_coefficients_are_planned_again_and_unchanged_ones_are_not() -> None:
    """The weights are the buffer's when the job runs, as they would be for the hardware."""
    captured = _captured("micro/pad_sym_conv")
    recorder = Recorder()
    client = _client(recorder)
    coefficients = captured.buffer(0)
    handles = {0: client.fill(coefficients), IO_REGION: client.fill(captured.buffer(IO_REGION))}
    stream = client.create_stream(captured.stream)
    answers: list[bytes] = []
    for content in (coefficients, b"\0" * 10 + coefficients[10:], coefficients):
        with client.map(handles[0], len(content)) as mapped:
            mapped[:] = content
        client.submit(stream, handles, captured.sizes.sram_bytes)
        with client.map(handles[IO_REGION], len(captured.buffer(IO_REGION))) as mapped:
            answers.append(bytes(mapped))
    assert answers[0] != answers[1]
    assert answers[0] == answers[2]
    assert recorder.failures == []


def test_what_the_simulator_cannot_execute_is_a_failure_and_eio() -> None:
    recorder = Recorder()
    client = _client(recorder)
    words, content = _addition()
    # KERNEL_STRIDE has reserved bits; the kernel's checks of a job do not look at it.
    stream = client.create_stream(words[:-4] + struct.pack("<I", 0x18800122) + _STOP)
    with pytest.raises(OSError, match="Input/output error"):
        client.submit(stream, {IO_REGION: client.fill(content)})
    assert len(recorder.failures) == 1
    assert "KERNEL_STRIDE" in str(recorder.failures[0])
    assert recorder.executions == []


class _Strict(Recorder):
    """Ends a run where a call is refused, or with an error that nobody expects."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def refused(self, refusal: Refusal) -> None:
        raise self.error


@pytest.mark.parametrize(("error", "kind"), [(InputError("no"), InputError), (ZeroDivisionError(), InternalError)])
def test_an_observer_that_cannot_go_on_ends_the_call_with_eio(error: Exception, kind: type[Exception]) -> None:
    recorder = _Strict(error)
    with pytest.raises(OSError, match="Input/output error") as refused:
        _client(recorder).submit(1, {})
    assert refused.value.__cause__ is error
    assert [type(failure) for failure in recorder.failures] == [kind]


def test_findings_of_the_sanitizer_come_with_every_execution() -> None:
    recorder = Recorder()
    client = _client(recorder)
    client.replay(_captured("micro/slice_h"))
    assert len(recorder.executions[0][1]) == 2
    unlooked = Recorder()
    Client(virtual_device("imx93", unlooked, DeviceOptions(sanitize=False)).open()).replay(_captured("micro/slice_h"))
    assert unlooked.executions[0][1] == ()


class _Blocking(Recorder):
    """Holds each job until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.go = threading.Event(), threading.Event()

    def submitted(self, job: Job) -> None:
        super().submitted(job)
        self.began.set()
        assert self.go.wait(30)


def test_waiting_ends_with_the_job_or_in_time() -> None:
    recorder = _Blocking()
    client = _client(recorder)
    words, content = _addition()
    expected = _replay(_client(), words, content)
    handle, stream = client.fill(content), client.create_stream(words)
    client.wait(handle, 0)
    thread = threading.Thread(target=client.submit, args=(stream, {IO_REGION: handle}))
    thread.start()
    assert recorder.began.wait(30)
    for deadline in (0, -1, time.monotonic_ns() + 20_000_000):
        with pytest.raises(OSError, match=os.strerror(errno.ETIME)):
            client.wait(handle, deadline)
    client.wait(stream, 0)
    mapped = client.map(handle, len(expected))
    client.close_handle(handle)  # the job keeps it
    client.close_handle(stream)
    recorder.go.set()
    thread.join()
    assert mapped[:] == expected
    assert recorder.failures == []


def test_a_file_that_is_closed_during_a_job_ends_it_without_harm() -> None:
    recorder = _Blocking()
    client = _client(recorder)
    words, content = _addition()
    handle, stream = client.fill(content), client.create_stream(words)
    mapped = client.map(handle, len(content))
    thread = threading.Thread(target=client.submit, args=(stream, {IO_REGION: handle}))
    thread.start()
    assert recorder.began.wait(30)
    client.file.close()
    recorder.go.set()
    thread.join()
    assert mapped[:] == _replay(_client(), words, content)
    assert len(recorder.executions) == 1


def test_a_buffer_that_was_submitted_gives_its_memory_back() -> None:
    """The device's own view, in this very process, is no mapping of the program."""
    client = _client()
    words, content = _addition()
    for _ in range(3):
        _replay(client, words, content)
        assert os.fstat(client.file.descriptor).st_blocks == 0


def test_threads_and_files_do_not_disturb_each_other() -> None:
    recorder = Recorder()
    device = virtual_device("imx93", recorder)
    words, content = _addition()
    contents = [content, content[::-1], bytes(len(content))]
    expected = [_replay(Client(device.open()), words, each) for each in contents]
    assert len(set(expected)) == 3
    shared = Client(device.open())
    wrong: list[int] = []

    def work(index: int) -> None:
        client = shared if index % 2 else Client(device.open())
        answers = [_replay(client, words, contents[turn % 3]) for turn in range(12)]
        wrong.extend(turn for turn in range(12) if answers[turn] != expected[turn % 3])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert recorder.failures == []
    assert sorted(number for number, _, _ in recorder.executions) == list(range(3 + 6 * 12))


def _replay(client: Client, words: bytes, content: bytes) -> bytes:
    handle, stream = client.fill(content), client.create_stream(words)
    client.submit(stream, {IO_REGION: handle})
    with client.map(handle, len(content)) as mapped:
        answer = bytes(mapped)
    client.close_handle(handle)
    client.close_handle(stream)
    return answer


@pytest.mark.parametrize(
    ("kernel", "stream", "refused", "doubted"),
    [
        ("7.3.4", "micro/add_relu_bcast", None, False),
        ("7.2.9", "micro/concat_c16", None, False),
        ("7.2.6", "micro/concat_c16", "EINVAL", False),
        ("7.2", "micro/concat_c16", None, True),
    ],
)
def test_the_chosen_kernel_decides_when_a_stream_is_created(
    kernel: str, stream: str, refused: str | None, doubted: bool
) -> None:
    recorder = Recorder()
    client = _client(recorder, kernel)
    if refused is None:
        client.replay(_captured(stream))
        assert recorder.refusals == []
        assert len(recorder.executions) == 1
    else:
        with pytest.raises(OSError, match=os.strerror(getattr(errno, refused))):
            client.replay(_captured(stream))
        assert [(found.call, found.errno) for found in recorder.refusals] == [("CMDSTREAM_BO_CREATE", refused)]
        assert f"Linux {kernel} refuses" in recorder.refusals[0].why
        assert recorder.executions == []
    assert bool(recorder.doubts) == doubted
