from __future__ import annotations

from pathlib import Path

from gonogo.data.judged.coverage import Coverage
from gonogo.study.folder.judged import judged_run, read_judged, write_judged
from gonogo.study.folder.layout import TrialFolder

FOUND = Coverage(
    judged=9, ranked=8, absent=("q",), foreign=(), depth=(3, 7), documents=30, found=20,
    judged_at=0.4, pooled=True,
)  # fmt: skip


def test_all_that_is_told_comes_back_and_what_is_broken_is_passed_over(tmp_path: Path) -> None:
    run = judged_run(FOUND, "arm", 4, "embed", "left")
    assert (run.arm, run.seed, run.task, run.dataset) == ("arm", 4, "embed", "left")
    assert (run.judged, run.ranked, run.depth) == (9, 8, (3, 7))
    assert (run.documents, run.found, run.judged_at, run.pooled) == (30, 20, 0.4, True)
    folder = TrialFolder(tmp_path)
    assert list(read_judged(folder)) == []
    write_judged(tmp_path / "parts" / "embed" / "left.judged.json", run)
    (tmp_path / "parts" / "embed" / "right.judged.json").write_text("{")
    assert list(read_judged(folder)) == [run]
