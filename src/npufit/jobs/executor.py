"""Where jobs run, by what users write: `local`, `local:4` or `dask://HOST:PORT`."""

from __future__ import annotations

import re
from typing import Protocol

from npufit.errors import InputError
from npufit.formatting import shorten
from npufit.jobs.job import Finished, Job
from npufit.jobs.local import LocalExecutor

_LOCAL = "local"
_CLUSTER = re.compile(r"dask://(?P<host>[\w.-]+|\[[0-9a-fA-F:.]+\])(:(?P<port>\d{1,5}))?/?")
_DASK_PORT = 8786


class Executor(Protocol):
    """Runs jobs. It is used from one thread."""

    def submit(self, job: Job) -> None:
        """Accept `job`, at any time until `close`."""
        ...

    def next_finished(self, patience_s: float | None = None) -> Finished | None:
        """Return the next job that ended; wait if there is none, None after `patience_s`.

        Raises ToolError if no job can run any more.
        """
        ...

    def close(self) -> list[Finished]:
        """End all workers at once, and return the jobs that had ended and that `next_finished` did not return."""
        ...


def open_executor(text: str | None = None, workers: int | None = None) -> Executor:
    """Return the executor that `text` names: None or `local` for all cores, `local:4`, or `dask://HOST:PORT`.

    `workers` is the number of local workers. Raises InputError if the text is wrong, ToolError if a cluster cannot be
    used.
    """
    cluster = _CLUSTER.fullmatch(text or "")
    if cluster:
        from npufit.jobs.cluster import DaskExecutor

        return DaskExecutor(f"{cluster['host']}:{cluster['port'] or _DASK_PORT}")
    name, _, rest = (text or _LOCAL).partition(":")
    if workers is not None and workers < 1:
        raise InputError(f"{workers} workers: at least one is needed.")
    if name == _LOCAL and not rest:
        return LocalExecutor(workers)
    if name == _LOCAL and rest.isdecimal() and int(rest) > 0:
        return LocalExecutor(int(rest))
    raise InputError(f"{shorten(text or '')}: unknown executor. Use local, local:WORKERS or dask://HOST:PORT.")
