"""What happens to signals while another program runs in our place."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

_PASSED_ON = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_FROM_TERMINAL = ("SIGINT", "SIGQUIT")


@contextmanager
def signals_passed_on(send: Callable[[int], None]) -> Generator[None]:
    """Let `send` pass on the signals that this process gets inside the context.

    A terminal sends Ctrl-C to both processes, so it is not passed on a second time. Outside of the main thread nothing
    changes, because signals do not arrive there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def pass_on(number: int, _frame: FrameType | None) -> None:
        send(number)

    def pass_on_once(number: int, _frame: FrameType | None) -> None:
        if not _is_in_foreground():
            send(number)

    wanted = {**dict.fromkeys(_PASSED_ON, pass_on), **dict.fromkeys(_FROM_TERMINAL, pass_on_once)}
    handlers = {getattr(signal, name): handler for name, handler in wanted.items() if hasattr(signal, name)}
    # What is ignored (nohup) stays so, for the program too.
    former = {
        number: signal.signal(number, handler)
        for number, handler in handlers.items()
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _is_in_foreground() -> bool:
    """Return whether the terminal's signals reach this process."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
