"""Becomes the program that runs under the filter: `_launch_child.py SOCKET SECCOMP FILTER PROGRAM ARGUMENTS...`.

Installs the filter, sends its listener over the socket, waits for a byte, and executes the program in its place. A
failure is sent as a letter (F filter, P program) and an errno. Standard library only, so that it starts quickly.
"""

import array
import ctypes
import os
import signal
import socket
import struct
import sys
from typing import NoReturn

_NO_NEW_PRIVILEGES, _SET_FILTER, _NEW_LISTENER, _WAIT_KILLABLE = 38, 1, 1 << 3, 1 << 5
_INSTRUCTION_BYTES = 8


def main() -> None:
    """Do all of it."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(channel.fileno(), False)
    try:
        listener = _install(int(sys.argv[2]), bytes.fromhex(sys.argv[3]))
    except OSError as error:
        _fail(channel, b"F", error)
    channel.sendmsg([b"L"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [listener]))])
    os.close(listener)
    if not channel.recv(1):
        os._exit(1)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and the program would inherit that
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(sys.argv[4], sys.argv[4:])
    except OSError as error:
        _fail(channel, b"P", error)


def _install(seccomp: int, code: bytes) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    instructions = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // _INSTRUCTION_BYTES, ctypes.addressof(instructions))
    if libc.prctl(_NO_NEW_PRIVILEGES, ctypes.c_ulong(1), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)):
        raise OSError(ctypes.get_errno(), "prctl")
    # From Linux 5.19 on a signal does not interrupt a call that is being answered; it would be made twice.
    for flags in (_NEW_LISTENER | _WAIT_KILLABLE, _NEW_LISTENER):
        listener = libc.syscall(
            ctypes.c_long(seccomp), ctypes.c_ulong(_SET_FILTER), ctypes.c_ulong(flags), ctypes.c_char_p(program)
        )
        if listener >= 0:
            return listener
    raise OSError(ctypes.get_errno(), "seccomp")


def _fail(channel: socket.socket, kind: bytes, error: OSError) -> NoReturn:
    channel.sendall(kind + struct.pack("=i", error.errno or 0))
    os._exit(1)


if __name__ == "__main__":
    main()
