"""What a worker process does: one job on its share of the machine, then it ends."""

from __future__ import annotations

import multiprocessing
import os
import threading
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from gonogo.core.workplace import Workplace
from gonogo.study.running.relayed_progress import RelayedProgress

if TYPE_CHECKING:
    from gonogo.study.running.jobs import Job

ENDED = "ended"
"""The last message of a worker; how its job ended goes with it."""

_THREADS = ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS")


@dataclass(frozen=True)
class Share:
    """What of the machine a worker may use.

    Args:
        threads: of the processor.
        gpu: the name under which CUDA knows its GPU; None leaves all of them visible.
    """

    threads: int
    gpu: str | None = None

    def take(self) -> None:
        """Set this process's environment; counts only before torch is imported."""
        for name in _THREADS:  # whoever has set a number himself keeps it
            os.environ.setdefault(name, str(self.threads))
        if self.gpu is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = self.gpu


def work_alone(pipe: Connection, job: Job, workplace: Workplace, share: Share) -> None:
    """Do one job in this process and send how it ended; the target of a spawned process.

    Args:
        pipe: takes progress, and at last how the job ended.
        job: what to do.
        workplace: where it is done; what it shows goes through the pipe.
        share: of the machine.
    """
    share.take()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from gonogo.study.running.jobs import do_job

    progress = RelayedProgress(pipe)
    progress.send(ENDED, do_job(job, replace(workplace, progress=progress)))


def _end_with_parent() -> None:
    """Leave no orphan: its trial may be started anew by the next run at once."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
