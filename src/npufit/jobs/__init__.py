"""Many independent pieces of work: on all cores or on a cluster, each at its own risk, kept and resumed.

A job is a top-level function that returns JSON text, with small arguments; large bytes travel as a `Blob`, once to each
worker. A job that raises, crashes its worker or exceeds its time limit costs that one job. Answers come as they are
ready, and more jobs may be submitted meanwhile:

    model = Blob(path.read_bytes())
    with Session(open_executor("local"), Store.open("sweep"), progress=bar) as session:
        for size in (96, 224):
            session.submit(Job(key_of(model.digest, target, size), predict_point, (model, target, size), group=name))
        for finished in session:
            if finished.value is None:
                print(finished.failure.message)
            elif is_cliff(finished.value):
                session.submit(Job(...))

Leaving the block, also by Ctrl-C, ends all workers and whatever they started; what was finished is kept. Functions keep
what they want to use again in module-level caches: a worker runs many jobs, preferably all of one `group`.
"""

from npufit.jobs.executor import Executor, open_executor
from npufit.jobs.job import Blob, Failure, Finished, Job, Trouble, key_of
from npufit.jobs.local import LocalExecutor, core_count
from npufit.jobs.own_sources import own_digest
from npufit.jobs.session import Progress, Session
from npufit.jobs.store import Store

__all__ = [
    "Blob",
    "Executor",
    "Failure",
    "Finished",
    "Job",
    "LocalExecutor",
    "Progress",
    "Session",
    "Store",
    "Trouble",
    "core_count",
    "key_of",
    "open_executor",
    "own_digest",
]
