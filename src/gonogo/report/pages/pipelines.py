"""A verdict for pipelines: JSON for programs, JUnit XML for test reports, a Markdown summary."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.formats import one_line
from gonogo.report.cells.table_markdown import escape, markdown
from gonogo.report.pages.contents import contents

_LEFT_OUT = {"scores", "groups", "evidence", "runs", "extra"}
"""What verdict.json has beside the decision; nobody reads it from a pipe."""


def decision_json(verdict: VerdictFile) -> str:
    """Write the decision with the effects, measurements and guardrails that it rests on.

    What is not ASCII is escaped: a terminal obeys more than JSON must escape.
    """
    kept: dict[str, Any] = verdict.model_dump(mode="json", by_alias=True, exclude=_LEFT_OUT)
    kept["decision"] |= {
        "word": verdict.decision.word,
        "counts_as": verdict.decision.counts_as,
    }
    return json.dumps(kept, indent=1) + "\n"


def junit(verdict: VerdictFile, *, failed: bool) -> str:
    """Write one test case: a failure where the pipeline is to stop, else its text as output.

    Args:
        verdict: the decision.
        failed: whether its word was named as one that fails.
    """
    decision = verdict.decision
    name = one_line(verdict.study) or "gate"
    suite = ElementTree.Element(
        "testsuite", name="gonogo", tests="1", failures=str(int(failed)), errors="0", skipped="0"
    )
    case = ElementTree.SubElement(suite, "testcase", classname=f"gonogo.{name}", name="gate")
    lines = [decision.answer, decision.sentence, decision.opposite, decision.needs]
    lines += [*decision.reasons, *decision.missing, *decision.warnings]
    text = "\n".join(one_line(line) for line in lines if line)
    if failed:
        failure = ElementTree.SubElement(
            case, "failure", type=decision.counts_as, message=one_line(decision.sentence)
        )
        failure.text = text
    else:
        ElementTree.SubElement(case, "system-out").text = text
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def step_summary(verdict: VerdictFile) -> str:
    """Write the verdict and its judged effects as Markdown, for a pipeline's summary page."""
    decision = verdict.decision
    tables = contents(verdict)
    lists = [
        ("Missing", decision.missing),
        ("Next", decision.next_actions),
        ("Warnings", decision.warnings),
    ]
    parts = [
        f"## {decision.word}: {escape(verdict.question or verdict.study)}",
        f"**{escape(decision.answer)}**" if decision.answer else "",
        escape(decision.sentence),
        f"{escape(decision.opposite)}." if decision.opposite else "",
        f"What would decide: {escape(decision.needs)}." if decision.needs else "",
        *(f"**{title}**\n\n{_points(lines)}" for title, lines in lists if lines),
        *(markdown(table) for table in (*tables.effects, *tables.checks)),
    ]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _points(lines: tuple[str, ...]) -> str:
    return "\n".join(f"- {escape(line)}" for line in lines)
