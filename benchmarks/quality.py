"""Quality: nDCG@10 after the same training by gonogo and by sentence-transformers' trainer.

    python benchmarks/quality.py                       half an hour on 2 cores
    python benchmarks/quality.py --documents 1500      ten minutes
    python benchmarks/quality.py --model smollm2-135m --lora --batch-size 8 --device cuda
    python benchmarks/quality.py --scores FILE         goes on where an interrupted run stopped
    python benchmarks/quality.py --systems "gonogo, others' negatives" sentence-transformers

MiniLM learns the same triples from SciFact's training queries in as many steps of the same batch
size, both in the same format. Then both sets of weights are evaluated by the same code on SciFact's
test queries, over the whole corpus or, with --documents, over every judged document and a fixed
sample of the others. The peer's trainer is given gonogo's loss, and for comparison keeps its own,
which sets each query against the other queries' hard negatives, too; so does gonogo with
``other_negatives``. Intervals are over seeds and queries (docs/statistics.md); quality is unchanged
where one holds 0.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import paired
import peak
from contrastive import Ours, Setting, add_options, triples
from contrastive_peer import PeerSetting, peer

from gonogo.analysis.estimates.estimates import difference_estimate
from gonogo.core.files import read_json, write_json
from gonogo.core.seeds import generator
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.data.sources.loading import load_dataset
from gonogo.evaluation.encoding.encoding import encode
from gonogo.evaluation.search.search import top_k
from gonogo.evaluation.text.metrics import per_query
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.data.text_data import BeirData

SAME_LOSS, OWN_LOSS = "sentence-transformers, gonogo's loss", "sentence-transformers"
OTHERS = "gonogo, others' negatives"
SYSTEMS = ("gonogo", OTHERS, SAME_LOSS, OWN_LOSS, "untrained")
PAIRS = (("gonogo", SAME_LOSS), (OTHERS, OWN_LOSS), ("gonogo", OWN_LOSS))
"""What is compared: each loss with its like, and gonogo's default with the peer's."""
Scores = dict[str, float]


def trained(system: str, seed: int, options: argparse.Namespace) -> RetrievalModel:
    """Train one of them, and return its weights in gonogo's model."""
    chosen = replace(Setting.of(options), other_negatives=system == OTHERS)
    ours = Ours(chosen, seed)
    if system in ("gonogo", OTHERS):
        ours.epoch()
    elif system in (SAME_LOSS, OWN_LOSS):
        how = PeerSetting(same_loss=system == SAME_LOSS)
        model, train = peer(chosen, how, triples(chosen), seed)
        train()
        own = ours.model.backbone.transformer
        theirs = model[0].auto_model.state_dict()
        own.load_state_dict({name: theirs[name] for name in own.state_dict()})
    return ours.model.eval()


def test_data(options: argparse.Namespace) -> RetrievalDataset:
    return load_dataset(BeirData(folder=Setting.of(options).folder), "test")


def searched(data: RetrievalDataset, documents: int | None) -> list[int]:
    """Return the corpus rows that are searched: all, or the judged ones and a sample of others."""
    if documents is None:
        return list(range(len(data.corpus.ids)))
    judged = {document for grades in data.qrels.values() for document in grades}
    others = [row for row, name in enumerate(data.corpus.ids) if name not in judged]
    drawn = generator(0, "quality", "documents").permutation(others)
    wanted = max(0, documents - len(judged))
    rows = [row for row, name in enumerate(data.corpus.ids) if name in judged]
    return sorted([*rows, *drawn[:wanted].tolist()])


def evaluate(model: RetrievalModel, options: argparse.Namespace) -> Scores:
    """Return nDCG@10 of each test query."""
    data = test_data(options)
    rows, queries = searched(data, options.documents), list(data.queries)

    def embed(texts: list[str], side: Any) -> Any:
        return encode(model.bi_encoder, texts, side, device=model.device, autocast=model.autocast)

    documents = embed([data.corpus.texts[row] for row in rows], "passage")
    asked = embed([data.queries[query] for query in queries], "query")
    scores, found = top_k(asked, documents, 10)
    ranking = {
        query: [
            (data.corpus.ids[rows[place]], float(score)) for place, score in zip(*both, strict=True)
        ]
        for query, *both in zip(queries, found, scores, strict=True)
    }
    return {query: value for _, query, value in per_query(ranking, data.qrels, ["nDCG@10"])}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser)
    parser.set_defaults(examples=320, length=128, learning_rate=1e-4)
    parser.add_argument("--documents", type=int, help="a sample of so many; by default all")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--scores", type=Path, help="keep each model's scores there, and reuse them"
    )
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS)
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        system, seed = options.child
        print(json.dumps(evaluate(trained(system, int(seed), options), options)))
        return
    start = time.perf_counter()
    corpus = corpus_figures(options)
    print(f"{peak.machine()}\n\n{named(corpus)}\n", flush=True)
    figures = report(collect(options)) | corpus
    if options.json:
        minutes = (time.perf_counter() - start) / 60
        paired.write_record(
            options.json,
            (parser.description or "").splitlines()[0],
            f"{SAME_LOSS}, {Setting.of(options).form}",
            figures,
            minutes,
        )


def corpus_figures(options: argparse.Namespace) -> dict[str, float]:
    data = test_data(options)
    return {
        "documents searched": float(len(searched(data, options.documents))),
        "documents of the corpus": float(len(data.corpus.ids)),
    }


def named(corpus: dict[str, float]) -> str:
    """Say which documents are searched."""
    some, all_of_them = corpus.values()
    if some == all_of_them:
        return f"the whole corpus of {some:,.0f} documents"
    return f"a sample of {some:,.0f} documents, all judged ones in it, of {all_of_them:,.0f}"


def collect(options: argparse.Namespace) -> dict[str, list[Scores]]:
    """Train and evaluate each system and seed in a process of its own."""
    kept: dict[str, Scores] = {}
    how = f"{Setting.of(options)}, documents={options.documents}"
    if options.scores and options.scores.exists():
        kept = read_json(options.scores)
    found: dict[str, list[Scores]] = {}
    for system in options.systems:
        for seed in range(1, 2 if system == "untrained" else options.seeds + 1):
            key = f"{system}, seed {seed}, {how}"
            if key not in kept:
                kept[key] = _child(system, seed)
                if options.scores:
                    write_json(options.scores, kept)
            print(f"{system}, seed {seed}: {np.mean(list(kept[key].values())):.4f}", flush=True)
            found.setdefault(system, []).append(kept[key])
    return found


def _child(system: str, seed: int) -> Scores:
    command = [sys.executable, "-W", "ignore", *sys.argv, "--child", system, str(seed)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    scores: Scores = json.loads(done.stdout.strip().splitlines()[-1])
    return scores


def report(found: dict[str, list[Scores]]) -> dict[str, float]:
    """Print and return means, spreads, and the difference with its interval."""
    figures: dict[str, float] = {}
    values = {}
    for system, seeds in found.items():
        values[system] = np.array([[one[query] for query in sorted(seeds[0])] for one in seeds])
        means = values[system].mean(1)
        figures[f"nDCG@10, {system}"] = float(means.mean())
        if len(means) > 1:
            figures[f"sd over seeds, {system}"] = float(means.std(ddof=1))
    for ours, theirs in PAIRS:
        if ours in values and theirs in values:
            figures |= _difference(ours, theirs, values)
    print("\n" + "\n".join(f"{name}: {value:.4f}" for name, value in figures.items()))
    return figures


def _difference(ours: str, theirs: str, values: dict[str, np.ndarray]) -> dict[str, float]:
    """Return the difference of two systems and its interval; the first pair's has short names."""
    name = "difference" if (ours, theirs) == PAIRS[0] else f"{ours} less {theirs}"
    estimate = difference_estimate([(values[theirs], values[ours])], bootstrap_draws=0)
    figures = {} if estimate.value is None else {name: estimate.value}
    if estimate.interval:
        figures[f"{name}, low"] = estimate.interval.low
        figures[f"{name}, high"] = estimate.interval.high
    return figures


if __name__ == "__main__":
    main()
