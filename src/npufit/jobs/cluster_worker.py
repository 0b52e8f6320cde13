"""What runs on a worker of a Dask cluster: each call in a process of its own, as on one machine.

So a crash or a hang costs one job and not the Dask worker, and its threads work side by side. The processes stay, and a
call goes to the one that ran its group before.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from npufit._version import __version__
from npufit.errors import ToolError
from npufit.jobs.calls import Call
from npufit.jobs.job import Trouble
from npufit.jobs.process import WorkerProcess
from npufit.jobs.running import Ending, failed


@dataclass(frozen=True, slots=True)
class Order:
    """A call without the bytes of its blobs, which Dask carries. One that could not be packed has its `ending`."""

    ending: Ending | None
    group: str = ""
    packed: bytes = b""
    digests: Sequence[str] = ()
    time_limit_s: float | None = None


@dataclass(slots=True)
class _Seat:
    """A process and whom it serves."""

    process: WorkerProcess
    session: str
    group: str
    is_busy: bool = True


_SEATS: list[_Seat] = []
_STOPPED: set[str] = set()
"""Sessions whose remaining calls are no longer wanted."""
_LOCK = threading.Lock()


def run_orders(
    version: str, session: str, orders: Sequence[Order], digests: Sequence[str], *blobs: bytes
) -> list[Ending]:
    """Return how the calls of `orders` ended, one after the other; `blobs` are those called `digests`."""
    if version != __version__:
        return [failed(Trouble.TOOL, f"A worker has npufit {__version__} instead of {version}.") for _ in orders]
    given = dict(zip(digests, blobs, strict=True))
    return [order.ending or _run(session, order, given) for order in orders]


def _run(session: str, order: Order, blobs: Mapping[str, bytes]) -> Ending:
    if session in _STOPPED:
        return failed(Trouble.CRASH, "The session was stopped.")
    try:
        seat = _take_seat(session, order.group)
        try:
            needed = {digest: blobs[digest] for digest in order.digests}
            return seat.process.run(Call(order.packed, needed, order.time_limit_s))
        finally:
            seat.is_busy = False
    except ToolError as error:
        return failed(Trouble.TOOL, str(error))


def stop_session(session: str) -> None:
    """End all processes that serve `session`, without waiting for them."""
    _STOPPED.add(session)
    with _LOCK:
        ending = [seat for seat in _SEATS if seat.session == session]
        _SEATS[:] = [seat for seat in _SEATS if seat.session != session]
    for seat in ending:
        threading.Thread(target=seat.process.stop if seat.is_busy else seat.process.close).start()


def _take_seat(session: str, group: str) -> _Seat:
    with _LOCK:
        for seat in [seat for seat in _SEATS if not seat.is_busy and not seat.process.is_alive]:
            seat.process.close()
            _SEATS.remove(seat)
        idle = [seat for seat in _SEATS if not seat.is_busy]
        if not idle:
            _SEATS.append(_Seat(WorkerProcess(), session, group))
            return _SEATS[-1]
        seat = next((seat for seat in idle if seat.group == group), idle[0])
        seat.session, seat.group, seat.is_busy = session, group, True
        return seat
