from __future__ import annotations

import gonogo as gg
from gonogo.api.studies.shipped import shipped


def test_what_a_shipped_study_says_of_itself() -> None:
    found = shipped()
    assert gg.studies() == {name: one.question for name, one in found.items()}
    one = found["interference"]
    assert one.file.name == "interference.yaml"
    assert "smoke" in one.tiers
    opened = gg.study("interference", tier="smoke").resolved
    assert set(opened.arms) <= set(one.arms)
