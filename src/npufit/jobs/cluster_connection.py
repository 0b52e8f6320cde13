"""The connection to a Dask scheduler whose workers have this npufit, or an error that says what is missing."""

from __future__ import annotations

import logging
from typing import Any

from npufit._version import __version__
from npufit.errors import ToolError


def connect(address: str, patience_s: float) -> Any:
    """Return a connection to the scheduler at `address` (HOST:PORT), which has workers. Raises ToolError.

    It is a `distributed.Client`, which is untyped.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ToolError("dask:// needs Dask. Install it: pip install 'npufit[dask]'") from None
    # What goes wrong is told by errors; Dask would log each step of it.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client: Any = Client(f"tcp://{address}", timeout=patience_s, set_as_default=False, name="npufit")
    except (OSError, TimeoutError, ValueError):
        start = "Is it running, and does no firewall stand between? Start one: dask scheduler"
        raise ToolError(f"No Dask scheduler answered at {address} within {patience_s:g} s. {start}") from None
    try:
        client.wait_for_workers(1, timeout=patience_s)
        _require_same_version(client, address)
    except BaseException as error:
        client.close(timeout=2)
        if isinstance(error, TimeoutError):
            start = f"Start some: dask worker tcp://{address}"
            raise ToolError(f"The Dask scheduler at {address} has no workers. {start}") from None
        raise
    return client


def _require_same_version(client: Any, address: str) -> None:
    # By a function that every Python has: npufit may be missing there.
    found: dict[str, Any] = client.run(eval, "__import__('npufit').__version__", on_error="return")
    for worker, version in found.items():
        if version != __version__:
            has = f"has npufit {version}" if isinstance(version, str) else "has no npufit"
            raise ToolError(
                f"The worker {worker} of the Dask scheduler at {address} {has}; this is npufit {__version__}. "
                f"Install it there: pip install 'npufit[dask]=={__version__}'"
            )
