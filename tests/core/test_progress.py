from __future__ import annotations

import pytest

from gonogo.core.progress import Progress, Silent


def test_silent_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    progress: Progress = Silent()
    bar = progress.bar("train", 10, done=3)
    bar.advance(2, loss=0.5)
    bar.close()
    progress.say("done")
    assert capsys.readouterr() == ("", "")
