"""How rankings and tables are read: all that the verb decide can do, Python can, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

import gonogo as gg
from gonogo.cli.main import app
from gonogo.core.files import read_json

QUERIES = [f"q{number}" for number in range(12)]
GATE = {"kind": "improvement", "task": "run", "candidate": "new", "baseline": "old"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write runs in a layout of their own, judgements, a gate and clusters."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gonogo.report.pages.writing.figures", lambda verdict: iter(()))
    (tmp_path / "runs").mkdir()
    for arm in ("old", "new"):
        for seed in (1, 2):
            lines = []
            for number, query in enumerate(QUERIES):
                first = arm == "new" and number % 3 != seed
                order = ["good", "odd"] if first else ["odd", "good"]
                order.insert(number % 2, "nobody")  # whom nobody judged
                lines += [f"{query} Q0 {d} {r + 1} {9 - r} x\n" for r, d in enumerate(order)]
            (tmp_path / f"runs/{arm}_seed{seed}_birds.res").write_text("".join(lines))
    judged = [f"{q} 0 good 1\n{q} 0 odd 0\n" for q in QUERIES]
    (tmp_path / "birds.qrels").write_text("".join(judged))
    (tmp_path / "rule.yaml").write_text(yaml.safe_dump({"gate": GATE}))
    groups = [f"{query}\tg{number // 2}\n" for number, query in enumerate(QUERIES)]
    (tmp_path / "groups.tsv").write_text("query_id\tcluster\n" + "".join(groups))
    return tmp_path


PATTERN = "{arm}_seed{seed}_{dataset}.res"


def by_face(**more: Any) -> gg.Verdict:
    how = {"runs": "runs", "qrels": "birds.qrels", "pattern": PATTERN}
    return gg.decide(gate="rule.yaml", **how, **more)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("flags", "settings"),
    [
        ([], {}),
        (["--condensed", "--empty-is-zero"], {"condensed": True, "empty_is_zero": True}),
        (["--set", "gate.pass=0.5", "--clusters", "groups.tsv"],
         {"set": {"gate.pass": 0.5}, "clusters": "groups.tsv"}),
    ],
)  # fmt: skip
def test_the_verb_and_python_say_the_same(flags: list[str], settings: dict[str, Any]) -> None:
    words = ["decide", "rule.yaml", "--runs", "runs", "--qrels", "birds.qrels"]
    done = CliRunner().invoke(app, [*words, "--pattern", PATTERN, "--out", "v", *flags])
    assert done.exit_code == 0, done.output
    mine, verbs = by_face(**settings).to_dict(), read_json(Path("v/verdict.json"))
    for one in (mine, verbs):
        del one["created"], one["command"]
    assert mine == verbs


@pytest.mark.usefixtures("world")
def test_unjudged_documents_are_left_out_where_asked() -> None:
    """The relevant document is second or third without them, first or second with them gone."""
    plain, condensed = by_face(metrics=["RR@10"]), by_face(metrics=["RR@10"], condensed=True)
    means = [
        v.to_frame("scores").filter(arm="old", metric="RR@10")["mean"] for v in (plain, condensed)
    ]
    assert means[0].to_list()[0] == pytest.approx(1 / 3)
    assert means[1].to_list()[0] == pytest.approx(1 / 2)


@pytest.mark.usefixtures("world")
def test_clusters_come_from_a_file_a_frame_or_a_column() -> None:
    groups = {"query_id": QUERIES, "cluster": [n // 2 for n in range(len(QUERIES))]}
    found = [by_face(clusters=given) for given in ("groups.tsv", groups)]
    assert found[0].effects == found[1].effects
    assert found[0].effects != by_face().effects
    rows = [
        {"arm": arm, "metric": "AP", "query_id": q, "value": n / 20 + gain, "cluster": f"g{n // 2}"}
        for arm, gain in (("old", 0.0), ("new", 0.1))
        for n, q in enumerate(QUERIES)
    ]
    held = gg.decide(rows, gg.improvement("AP", "new", over="old"))
    assert "6 clusters" in held.sentence


@pytest.mark.usefixtures("world")
def test_what_was_read_is_told() -> None:
    told: list[str] = []
    by_face(say=told.append)
    assert len(told) == 4
    assert told[0].startswith("new seed 1, run, birds: 12 of 12 judged queries ranked")
    Path("s.csv").write_text("arm;metric;query_id;value\nold;AP;q;0,5\nnew;AP;q;0,7\n")
    gg.decide("s.csv", gg.improvement("AP", "new", over="old"), say=told.append)
    assert told[-1] == "s.csv: read with the separator ';'"


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"scores": [], "pattern": "x"}, "pattern: only rankings are read so"),
        ({"scores": [], "condensed": True}, "condensed: only rankings are read so"),
        ({"clusters": "groups.tsv"}, "`clusters` belongs to `scores` or `runs`"),
        ({"runs": {"old": {}}, "qrels": {}, "pattern": "x"}, "pattern: only paths below a folder"),
        ({"scores": [], "runs": "runs", "qrels": "q"}, "both scores and runs"),
        (
            {"scores": [], "gate": GATE, "set": {"gate.pass": 1}},
            "only keys of a file",
        ),
        ({"scores": [], "gate": GATE, "tier": "quick"}, "this gate has no tier 'quick'"),
        ({"scores": [], "set": "gate.pass=1"}, "is no mapping"),
        ({"scores": [], "set": {"training.epochs": 2}}, "unknown key 'training'"),
    ],
)
def test_what_contradicts_itself_is_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(gg.UserError) as caught:
        gg.decide(**{"gate": "rule.yaml", **settings})
    assert told in str(caught.value)


def test_an_opened_study_keeps_its_tier_and_its_keys(tiny_study: Path) -> None:
    opened = gg.study(tiny_study, tier="quick")
    for more, told in (({"tier": "full"}, "no tier 'full'"), ({"set": ["a=1"]}, "only keys of a")):
        with pytest.raises(gg.UserError, match=told):
            gg.decide([], opened, **more)
