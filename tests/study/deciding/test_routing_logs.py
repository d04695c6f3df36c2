from __future__ import annotations

import pytest

from gonogo.study.deciding.routing_logs import logged_routing


def row(step: int, task: str, first: float, **others: float) -> dict[str, object]:
    gates = {"gate.a": first, "gate.b": 1 - first}
    blocks = {f"{name}.layer_{n}": v + n / 100 for name, v in gates.items() for n in (10, 2)}
    return {"step": step, "task": task, "loss": 1.0, **gates, **blocks, **others}


def test_gates_of_the_last_quarter_by_task_block_and_step() -> None:
    rows = [row(n, "embed", n / 10, gate_entropy=0.5, active_experts=2.0) for n in range(8)]
    rows += [row(8, "rerank", 0.9, router_balance=1.5), {"step": 9, "task": "rerank", "loss": 2.0}]
    embed, rerank = logged_routing("moe", 42, rows, list)
    assert (embed.arm, embed.seed, embed.task, embed.dataset) == ("moe", 42, "embed", None)
    assert embed.experts == ("a", "b")
    assert embed.gates == pytest.approx((0.65, 0.35))  # steps 6 and 7
    assert (embed.entropy, embed.active, embed.balance) == (0.5, 2.0, None)
    assert embed.blocks == (2, 10)
    assert embed.block_gates[1] == pytest.approx((0.75, 0.45))
    assert embed.steps == tuple(range(8))
    assert embed.step_gates[0] == tuple(n / 10 for n in range(8))
    assert rerank.gates == pytest.approx((0.9, 0.1))
    assert (rerank.balance, rerank.steps) == (1.5, (8,))


def test_a_curve_is_thinned_and_a_log_without_gates_has_nothing() -> None:
    rows = [row(n, "embed", 0.5) for n in range(9)]
    [one] = logged_routing("moe", 1, rows, lambda all_rows: list(all_rows[::4]))
    assert one.steps == (0, 4, 8)
    assert len(one.step_gates[0]) == 3
    plain = [{"step": 1, "task": "embed", "loss": 1.0, "gradient_norm": 2.0}]
    assert list(logged_routing("lora", 1, plain, list)) == []
