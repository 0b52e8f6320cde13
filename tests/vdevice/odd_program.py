"""A program that opens and asks the device in unusual ways; every line that it prints is an answer."""

import ctypes
import errno
import fcntl
import functools
import os
import random
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable

NODE = "/dev/accel/accel0"
DOUBLE, FAIL, WAIT, RELEASE = 0xC0046440, 0xC0046441, 0xC0046442, 0xC0046443
say = functools.partial(print, flush=True)
LIBC = ctypes.CDLL(None, use_errno=True)


def ask(descriptor: int, number: int = 21, request: int = DOUBLE) -> int:
    """Return what the device makes of a number."""
    argument = bytearray(struct.pack("<I", number))
    fcntl.ioctl(descriptor, request, argument)
    return struct.unpack("<I", argument)[0]


def outcome(function: Callable[..., object], *arguments: object) -> str:
    """Return the result of a call, or the name of its errno."""
    try:
        return str(function(*arguments))
    except OSError as error:
        return errno.errorcode[error.errno or 0]


def openat2(path: bytes, flags: int, size: int = 24) -> int:
    how = struct.pack("<3Q", flags, 0, 0)
    result = LIBC.syscall(437, -100, path, how, ctypes.c_size_t(size))
    if result < 0:
        raise OSError(ctypes.get_errno(), "openat2")
    return result


def opening() -> None:
    """Open by every call, path and flag."""
    say("open", ask(os.open(NODE, os.O_RDWR)))
    os.chdir("/dev")
    say("other spelling", ask(os.open("/dev//null/../accel/./accel0", os.O_RDWR)))
    say("openat2", ask(openat2(NODE.encode(), os.O_RDWR)))
    say("openat2 with a short size", outcome(openat2, NODE.encode(), os.O_RDWR, 8))
    say("directory", outcome(os.open, NODE, os.O_RDONLY | os.O_DIRECTORY))
    say("exclusive", outcome(os.open, NODE, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    say("missing", outcome(os.open, "/dev/accel/accel1", os.O_RDWR))
    say("no path", LIBC.open(ctypes.c_void_p(8), os.O_RDWR), errno.errorcode[ctypes.get_errno()])
    say("endless path", outcome(os.open, "/" + "a" * 5000 + "/accel0", os.O_RDWR))
    for name, flag in (("closes", os.O_CLOEXEC), ("stays", 0)):
        LIBC.open.restype = ctypes.c_int
        descriptor = LIBC.open(NODE.encode(), os.O_RDWR | flag)
        say(name, fcntl.fcntl(descriptor, fcntl.F_GETFD))


def passing_through(folder: str) -> None:
    """Use files and devices that are not virtual."""
    os.chdir(folder)
    say("real file of that name", os.read(os.open("accel0", os.O_RDWR), 9).decode())
    reader, _ = os.pipe()
    say("DRM's request on a pipe", outcome(ask, reader))
    say("DRM's request on a file", outcome(ask, os.open("accel0", os.O_RDWR)))
    say("DRM's request on nothing", outcome(ask, 999))
    say("another request on the device", outcome(ask, os.open(NODE, os.O_RDWR), 1, 0x5401))


def sharing() -> None:
    """Hand an open file to others: duplicates, children, programs, sockets, threads."""
    first = os.open(NODE, os.O_RDWR)
    duplicate = os.dup(first)
    os.close(first)
    say("duplicate", ask(duplicate))
    if not os.fork():
        say("fork", ask(duplicate))
        os._exit(0)
    os.wait()
    code = f"import fcntl; print('exec', fcntl.ioctl({duplicate}, {DOUBLE}, bytes(4)) == bytes(4))"
    subprocess.run([sys.executable, "-S", "-c", code], pass_fds=[duplicate], check=True)
    ours, theirs = socket.socketpair()
    socket.send_fds(ours, [b"x"], [duplicate])
    say("socket", ask(socket.recv_fds(theirs, 1, 1)[1][0]))


def waiting() -> None:
    """Ask in one thread while another one's call takes long."""
    descriptor = os.open(NODE, os.O_RDWR)
    threads = [threading.Thread(target=ask, args=(descriptor, 1, WAIT)) for _ in range(4)]
    for thread in threads:
        thread.start()
    say("meanwhile", ask(descriptor))
    ask(descriptor, 1, RELEASE)
    for thread in threads:
        thread.join()
    say("all done")


def dying() -> None:
    """Kill children in the middle of calls, and leave files open."""
    for _ in range(3):
        child = os.fork()
        if not child:
            ask(os.open(NODE, os.O_RDWR), 1, WAIT)
        os.kill(child, 9)
        say("killed", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    descriptor = os.open(NODE, os.O_RDWR)
    ask(descriptor, 1, RELEASE)
    say("after", ask(descriptor))


def random_calls(count: str) -> None:
    """Make calls with any request and any argument."""
    generator = random.Random(0)
    LIBC.ioctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p]
    descriptor = os.open(NODE, os.O_RDWR)
    page = ctypes.create_string_buffer(1 << 14)
    numbers = (0x00, 0x09, 0x0C, *range(0x40, 0x48))
    for _ in range(int(count)):
        size = generator.choice((8, 16, 24, 40, 64, generator.randrange(1 << 14)))
        request = generator.randrange(4) << 30 | size << 16 | 0x6400 | generator.choice(numbers)
        page[: len(page)] = (generator.randbytes(64) if generator.random() < 0.5 else bytes(64)).ljust(len(page), b"\0")
        address = generator.choice((ctypes.addressof(page), 0, 8, (1 << 47) - 8, (1 << 64) - 1))
        LIBC.ioctl(descriptor, request, address)
    say("asked", count)


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    tests: dict[str, Callable[..., None]] = {
        "opening": opening,
        "passing_through": passing_through,
        "sharing": sharing,
        "waiting": waiting,
        "dying": dying,
        "random": random_calls,
    }
    tests[name](*arguments)
