"""The parts of a report, in reading order: what the page, its contents and report.md share."""

from __future__ import annotations

SECTIONS: dict[str, str] = {
    "why": "Why",
    "next": "What to do",
    "effects": "Each data set",
    "checks": "Learning, guardrails and judgements",
    "comparison": "All rows",
    "runs": "Runs",
    "scores": "Scores",
    "significance": "Significance",
    "conflict": "Gradient conflict",
    "routing": "Routing between experts",
    "training": "Exposure, compute and curves",
    "gate": "The frozen gate",
    "again": "Make it again",
}
"""Anchor and title."""
