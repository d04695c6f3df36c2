"""What a worker shows arrives at its parent, under the name of its job."""

from __future__ import annotations

import multiprocessing

from gonogo.core.progress import Bar, Progress
from gonogo.study.running.relayed_progress import RelayedProgress, Shown


class Recorded:
    """Writes down every call."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def bar(self, label: str, total: int, *, done: int = 0) -> Bar:
        self.calls.append(("bar", label, total, done))
        return self

    def advance(self, count: int = 1, **figures: float | str) -> None:
        self.calls.append(("advance", count, figures))

    def close(self) -> None:
        self.calls.append(("close",))

    def say(self, message: str) -> None:
        self.calls.append(("say", message))


def work(progress: Progress) -> None:
    progress.say("loading")
    bar = progress.bar("train", 10, done=4)
    bar.advance(2, loss=0.5)
    bar.close()
    progress.say("arm/seed_1: done")
    progress.bar("arm/seed_1 scores", 3)


def test_everything_is_shown_under_the_name_of_the_job() -> None:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    recorded = Recorded()
    shown = Shown(recorded, "arm/seed_1")
    work(RelayedProgress(theirs))
    while ours.poll():
        method, arguments = ours.recv()
        getattr(shown, method)(*arguments)
    shown.close_all()
    assert recorded.calls == [
        ("say", "arm/seed_1: loading"),
        ("bar", "arm/seed_1 train", 10, 4),
        ("advance", 2, {"loss": 0.5}),
        ("close",),
        ("say", "arm/seed_1: done"),
        ("bar", "arm/seed_1 scores", 3, 0),
        ("close",),
    ]
    assert not shown.bars
