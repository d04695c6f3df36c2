"""How a mixture weighed its experts, a line a task or data set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gonogo.analysis.records.routing import DEAD, Routing
from gonogo.report.cells.tables import Cell, Column, Number, Row, Table, Text, columns
from gonogo.report.words.judged import ordered


def routing_table(routing: Sequence[Routing]) -> Table:
    """One line a trial and task, in training, and one a data set, in evaluation."""
    experts = ordered(name for one in routing for name in one.experts)
    idle = [
        f"{name} ({arm}, seed {seed})"
        for (arm, seed), own in _by_trial(routing).items()
        for name in experts
        if all(name in one.dead for one in own)
    ]
    told = f" Without work (mean gate below {DEAD:g} everywhere): {', '.join(idle)}."
    return Table(
        name="routing",
        title="Gates of experts",
        columns=(
            *columns("arm", "seed", "task", "texts"),
            *(Column(name, note="gate") for name in experts),
            *columns("entropy", "active", "balance"),
        ),
        rows=tuple(Row(tuple(_cells(one, experts))) for one in routing),
        caption="Means over layers; of training, over the last quarter of its steps. Entropy: 1 "
        "where a token's gates are all equal, 0 where one expert has everything. Active: experts "
        "with a gate above zero. Balance: 1 where all experts have equal work, more where not."
        + (told if idle else ""),
    )


def _by_trial(routing: Sequence[Routing]) -> dict[tuple[str, int], list[Routing]]:
    found: dict[tuple[str, int], list[Routing]] = {}
    for one in routing:
        found.setdefault((one.arm, one.seed), []).append(one)
    return found


def _cells(one: Routing, experts: Sequence[str]) -> Iterator[Cell]:
    gates = dict(zip(one.experts, one.gates, strict=True))
    yield Text(one.arm)
    yield Number(one.seed, "plain")
    yield Text(one.task)
    yield Text("training" if one.dataset is None else one.dataset)
    for name in experts:
        yield Number(gates.get(name), "score")
    yield Number(one.entropy, "score")
    yield Number(one.active, "score")
    yield Number(one.balance, "score")
