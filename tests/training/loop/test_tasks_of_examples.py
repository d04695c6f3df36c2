"""Tasks: batches by number, masks by id and text, budgets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training_toys import (
    make_config,
    make_embed,
    make_model,
    make_rerank,
    make_tasks,
    relevance_data,
    retrieval_data,
)

from gonogo.core.errors import UserError
from gonogo.core.progress import Silent
from gonogo.core.workplace import Workplace
from gonogo.data.examples.examples import RetrievalExample
from gonogo.models.build.build import build_model, load_model
from gonogo.objectives.infonce import infonce
from gonogo.spec.study import TrialConfig
from gonogo.training.loop.tasks import build_tasks, task_budgets
from gonogo.training.loop.trainer import train
from gonogo.training.parts.stream import ExampleStream


def example(number: int, **changes: object) -> RetrievalExample:
    return replace(retrieval_data(number + 1)[number], **changes)


def test_each_epoch_sees_every_example_once_in_another_order() -> None:
    stream = ExampleStream(10, 4, seed=3, name="embed")
    seen = np.concatenate([stream.batch(index) for index in range(5)])
    first, second = seen[:10].tolist(), seen[10:].tolist()
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_batch_is_a_function_of_its_number() -> None:
    one, other = (ExampleStream(10, 4, seed=3, name="embed") for _ in range(2))
    forward = [one.batch(index).tolist() for index in range(8)]
    backward = [other.batch(index).tolist() for index in reversed(range(8))]
    assert forward == backward[::-1]
    assert forward != [
        ExampleStream(10, 4, seed=4, name="embed").batch(n).tolist() for n in range(8)
    ]
    with pytest.raises(ValueError, match="from 0"):
        one.batch(-1)


def test_few_examples_make_a_smaller_batch() -> None:
    assert ExampleStream(3, 8, seed=1, name="embed").batch_size == 3
    with pytest.raises(UserError, match="no training examples"):
        ExampleStream(0, 8, seed=1, name="embed")


def test_loss_is_infonce_on_separately_embedded_texts() -> None:
    """The oracle embeds each text alone and calls the objective by hand."""
    model = make_model(0.0)
    examples = retrieval_data(6)
    task = make_embed(model, examples=examples, batch_size=6)
    picked = [examples[n] for n in task._stream.batch(0)]

    def embed(text: str) -> torch.Tensor:
        ids = torch.tensor(model.bi_encoder.tokenize([text], "passage"))
        return model.bi_encoder(ids, torch.ones_like(ids))[0]

    filled = [(*e.negatives, e.positive)[:2] for e in picked]
    expected = infonce(
        torch.stack([embed(e.query) for e in picked]),
        torch.stack([embed(e.positive) for e in picked]),
        torch.stack([torch.stack([embed(text) for text in texts]) for texts in filled]),
        temperature=0.05,
        false_negative_margin=0.1,
        negative_kept=torch.tensor([[True, len(e.negatives) > 1] for e in picked]),
    )
    result = task.loss(task.batch(0))
    assert result.loss.item() == pytest.approx(expected.item(), rel=1e-4)
    assert result.examples == 6


def test_judged_and_equal_documents_are_not_negatives() -> None:
    base = retrieval_data(4)
    examples = [
        replace(base[0], relevant_ids=frozenset({"d0", "d1"})),
        base[1],
        replace(base[2], positive=base[3].positive),  # another id, the same text
        base[3],
        replace(base[1], dataset="other", query_id="q9", query="of its own", positive="alone here"),
    ]
    task = make_embed(make_model(), examples=examples, batch_size=5)
    batch, order = task.batch(0), task._stream.batch(0).tolist()
    relevant = {
        (order[row], order[column]) for row, column in zip(*batch.relevant.nonzero(), strict=True)
    }
    diagonal = {(n, n) for n in range(5)}
    # q0 is judged for d1 of its own data set only: "d1" of the other set is another document.
    assert relevant - diagonal == {(0, 1), (2, 3), (3, 2)}
    assert diagonal <= relevant


def test_equal_queries_are_marked() -> None:
    base = retrieval_data(3)
    examples = [base[0], replace(base[1], query=base[0].query), base[2]]
    task = make_embed(make_model(), examples=examples, batch_size=3)
    order = task._stream.batch(0).tolist()
    same = task.batch(0).same_query
    for row in range(3):
        for column in range(3):
            pair = {order[row], order[column]}
            assert same[row, column] == (len(pair) == 1 or pair == {0, 1})


def test_relevant_or_equal_negatives_are_dropped_and_short_rows_filled() -> None:
    base = retrieval_data(3)
    examples = [
        replace(
            base[0],
            negative_ids=("d1", "d7"),
            negatives=("one", "two"),
            relevant_ids=frozenset({"d0", "d7"}),
        ),
        replace(base[1], negative_ids=("d5", "d6"), negatives=(base[1].positive, "fine")),
        replace(base[2], negative_ids=(), negatives=()),
    ]
    task = make_embed(make_model(), examples=examples, batch_size=3)
    batch, order = task.batch(0), task._stream.batch(0).tolist()
    kept = {order[row]: batch.negative_kept[row].tolist() for row in range(3)}
    assert kept == {0: [True, False], 1: [False, True], 2: [False, False]}


def test_no_negatives_at_all() -> None:
    examples = [replace(e, negative_ids=(), negatives=()) for e in retrieval_data(6)]
    task = make_embed(make_model(), examples=examples)
    result = task.loss(task.batch(0))
    assert torch.isfinite(result.loss)
    assert result.loss > 0


def test_relevance_loss_is_the_mean_over_pairs() -> None:
    model = make_model(0.0)
    task = make_rerank(model)
    examples = relevance_data()
    picked = [examples[n] for n in task._stream.batch(1)]
    terms = []
    for pair in picked:
        ids = torch.tensor(model.cross_encoder.tokenize([(pair.query, pair.document)]))
        score = model.cross_encoder(ids, torch.ones_like(ids))
        terms.append(torch.nn.functional.softplus(score if pair.label == 0 else -score))
    expected = torch.cat(terms).mean().item()
    assert task.loss(task.batch(1)).loss.item() == pytest.approx(expected, rel=1e-5)


def test_accumulated_batches_equal_one_large_batch() -> None:
    """Pointwise losses are means, so four small batches weigh as much as one of four times."""
    gradients = []
    for batch_size, count in ((3, 4), (12, 1)):
        model = make_model(0.0)
        task = make_rerank(model, batch_size=batch_size)
        for index in range(count):
            (task.loss(task.batch(index)).loss / count).backward()
        gradients.append(model.body.layer.weight.grad)
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ({"epochs": 1}, {"embed": 3, "rerank": 3}),  # 24 / (4 * 2), 36 / (6 * 2)
        ({"epochs": 1.1}, {"embed": 4, "rerank": 4}),
        ({"epochs": 0.01}, {"embed": 1, "rerank": 1}),
        ({"epochs": 10, "max_steps": 7}, {"embed": 7, "rerank": 7}),
        ({"epochs": 3, "accumulation": 3}, {"embed": 6, "rerank": 6}),
    ],
)
def test_task_budgets(training: dict[str, float], expected: dict[str, int]) -> None:
    config = make_config(**training)
    assert task_budgets(config, make_tasks(make_model())) == expected


def test_a_task_has_its_own_bound_below_that_of_the_training() -> None:
    values = make_config(epochs=10, max_steps=7).model_dump(mode="json", by_alias=True)
    for own, expected in ((4, 4), (9, 7)):
        values["tasks"]["embed"]["max_steps"] = own
        config = TrialConfig.model_validate(values)
        budgets = task_budgets(config, make_tasks(make_model()))
        assert budgets == {"embed": expected, "rerank": 7}


def write_beir(folder: Path, count: int) -> None:
    (folder / "qrels").mkdir(parents=True)
    documents = [
        {"_id": f"d{n}", "title": f"topic {n}", "text": f"word{n} shared passage {n % 3}"}
        for n in range(count)
    ]
    queries = [{"_id": f"q{n}", "text": f"word{n} shared"} for n in range(count)]
    for name, rows in (("corpus", documents), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    judged = "".join(f"q{n}\td{n}\t1\n" for n in range(count))
    (folder / "qrels/train.tsv").write_text("query-id\tcorpus-id\tscore\n" + judged)


def test_build_tasks_from_files_and_train_a_real_model(
    tmp_path: Path, tiny_encoder_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    write_beir(tmp_path / "toy", 12)
    negatives = {"kind": "bm25", "count": 2, "ranks": [1, 6]}
    common = {"data": ["toy"], "negatives": negatives}
    config = TrialConfig.model_validate(
        {
            "model": {"backbone": str(tiny_encoder_folder), "adapter": {"kind": "lora", "rank": 2}},
            "tasks": {
                "embed": {"kind": "retrieval", "batch_size": 4, **common},
                "rerank": {"kind": "relevance", "batch_size": 6, **common},
            },
            "training": {"accumulation": 1, "learning_rate": 0.01, "epochs": 1},
            "monitors": [{"kind": "gradient_conflict", "every": 2}],
            "evaluation": {"datasets": ["toy"]},
        }
    )
    model = build_model(config.model, 1)
    tasks = build_tasks(config, 1, model, Workplace(tmp_path))
    assert {name: task.examples_per_epoch for name, task in tasks.items()} == {
        "embed": 12,
        "rerank": 36,
    }
    result = train(config, 1, model, tasks, tmp_path / "trial", progress=Silent())
    assert result.examples == {"embed": 12, "rerank": 36}
    log = (tmp_path / "trial/logs/gradient_conflicts.jsonl").read_text().splitlines()
    assert len(log) == 5  # steps 1, 2, 4, 6, 8
    final = tmp_path / "trial/checkpoints/final"
    again = load_model(final)
    ids = torch.tensor([[5, 6, 7, 8]])
    model.eval()
    with torch.no_grad():
        ours = model.bi_encoder(ids, torch.ones_like(ids))
        theirs = again.bi_encoder(ids, torch.ones_like(ids))
    torch.testing.assert_close(ours, theirs)
