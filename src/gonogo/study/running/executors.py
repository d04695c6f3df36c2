"""Where the jobs of a run are done: in this process one by one, or side by side in others."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import torch

from gonogo.core.progress import Silent
from gonogo.core.types import Device
from gonogo.core.workplace import Workplace
from gonogo.study.running.console_log import CONSOLE, ConsoleLog
from gonogo.study.running.interrupts import graceful_stop
from gonogo.study.running.jobs import Ended, Job, do_job, failed
from gonogo.study.running.relayed_progress import Message, Shown
from gonogo.study.running.worker import ENDED, Share, work_alone

_LOOK_EVERY = 0.5
"""Seconds after which a signal is noticed although no worker says anything."""

Begin = Callable[[Job], None]
"""Is called in this process right before a job starts."""

Results = Iterator[tuple[Job, Ended]]


def one_by_one(jobs: Sequence[Job], begin: Begin, workplace: Workplace) -> Results:
    """Do jobs in this process, in order; end after one that was stopped."""
    for job in jobs:
        begin(job)
        ended = do_job(job, workplace)
        yield job, ended
        if ended.state == "stopped":
            return


def side_by_side(
    jobs: Sequence[Job], begin: Begin, workplace: Workplace, *, workers: int
) -> Results:
    """Do jobs in processes of their own, started in order, and yield each as it ends.

    A process a job: one that runs out of memory takes no other with it. Each gets its share of the
    cores, and a GPU where there are some; more workers than GPUs share them. The first Ctrl-C lets
    every worker save a checkpoint, the second ends them at once.

    Raises:
        KeyboardInterrupt: if it was stopped before every job had ended.
    """
    crew = _Crew(workplace, _shares(workers, workplace.device))
    waiting = deque(jobs)
    with graceful_stop() as should_stop:
        try:
            while crew.busy or (waiting and not should_stop()):
                while waiting and crew.free and not should_stop():
                    job = waiting.popleft()
                    begin(job)
                    crew.start(job)
                if should_stop():
                    crew.ask_to_stop()
                yield from crew.listen()
        finally:
            crew.dismiss()
    if waiting:
        raise KeyboardInterrupt


def _shares(workers: int, device: Device) -> list[Share]:
    """Divide the machine; the least share is one thread."""
    threads = max(1, torch.get_num_threads() // workers)
    gpus = _gpus() if device == "cuda" else [None]
    return [Share(threads, gpus[number % len(gpus)]) for number in range(workers)]


def _gpus() -> list[str | None]:
    """Return the names of the GPUs that this process may use."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return [*(named.split(",") if named else map(str, range(torch.cuda.device_count())))]


@dataclass
class _Worker:
    """A process at work on a job."""

    job: Job
    share: Share
    process: BaseProcess
    shown: Shown
    asked: bool = False


@dataclass
class _Crew:
    """The workers of a run, by the pipe through which each of them speaks."""

    workplace: Workplace
    free: list[Share]
    busy: dict[Connection, _Worker] = field(default_factory=dict)

    def start(self, job: Job) -> None:
        """Start a process for a job on the next free share."""
        share = self.free.pop(0)
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe(duplex=False)
        process = spawn.Process(
            target=work_alone,
            args=(theirs, job, replace(self.workplace, progress=Silent()), share),
            name=job.name,
            daemon=True,
        )
        with _deaf_to_ctrl_c():
            process.start()
        theirs.close()  # so that the pipe ends with the worker
        self.busy[ours] = _Worker(job, share, process, Shown(self.workplace.progress, job.name))

    def listen(self) -> Results:
        """Show what workers have sent; yield the jobs that have ended."""
        ready = wait(list(self.busy), _LOOK_EVERY)
        for pipe in [each for each in self.busy if each in ready]:
            ended = self._read(pipe, self.busy[pipe])
            if ended is not None:
                yield self._release(pipe), ended

    def _read(self, pipe: Connection, worker: _Worker) -> Ended | None:
        try:
            message: Message = pipe.recv()
        except EOFError:
            return self._died(worker)
        method, arguments = message
        if method == ENDED:
            ended: Ended = arguments[0]
            return ended
        getattr(worker.shown, method)(*arguments)
        return None

    def _died(self, worker: _Worker) -> Ended:
        worker.process.join()
        if worker.asked:
            return Ended("stopped", "what was finished is kept")
        code = worker.process.exitcode or 0
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        if code == -signal.SIGKILL:
            how += ", which the system also sends when memory runs out"
        reason = f"its process has ended ({how})"
        ConsoleLog(worker.job.folder.log(CONSOLE), Silent()).close(f"failed: {reason}")
        return failed(worker.job, reason)

    def _release(self, pipe: Connection) -> Job:
        worker = self.busy.pop(pipe)
        worker.shown.close_all()
        worker.process.join()
        pipe.close()
        self.free.append(worker.share)
        return worker.job

    def ask_to_stop(self) -> None:
        """Let every worker save a checkpoint and end."""
        for worker in self.busy.values():
            if not worker.asked:
                worker.asked = True
                worker.process.terminate()

    def dismiss(self) -> None:
        """End whoever is still at work."""
        for pipe, worker in list(self.busy.items()):
            worker.process.kill()
            self._release(pipe)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Let a process that is started here never hear Ctrl-C: its parent tells it, once."""
    resource_tracker.ensure_running()  # the first process starts it, which would lift the block
    old = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
