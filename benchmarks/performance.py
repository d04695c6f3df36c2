"""Run the benchmarks one after the other and write docs/performance.md.

    python benchmarks/performance.py                       all of them
    python benchmarks/performance.py --only search mining  some; the other rows keep their date
    python benchmarks/performance.py --render              none: only write the page anew

Each script runs in a process of its own and leaves its figures in a JSON file; the last ones of
each are kept in docs/performance.json. Run it on a machine that does nothing else: two threads
beside a competitor run at a tenth of their speed. Peers that are no dependency
(benchmarks/peers.txt) are found on PYTHONPATH; ``make bench`` installs them into ``.peers``. Run by
themselves are coverage.py, coverage_edges.py, coverage_sets.py, best_baseline.py, watching.py,
looks.py, stopping.py, model_judges.py and
gate_error_rates.py, which ask how often an interval or a verdict is right (docs/statistics.md),
preflight_memory.py, which writes 800 MB first (docs/data.md), and install_size.py, which counts
what an environment holds (docs/installing.md).
What another machine measured, such as one with a GPU, is taken in by --add:

    python benchmarks/training.py --device cuda --json FILE    there
    python benchmarks/performance.py --add training_gpu FILE   here
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
RECORDS = PAGE.with_suffix(".json")

LORA = ("--model", "smollm2-135m", "--lora")
BENCHMARKS: dict[str, tuple[str, ...]] = {
    "peak": ("peak.py",),
    "training": ("training.py",),
    "training_lengths": ("training.py", "--data", "insuranceqa_v2"),
    "training_lora": ("training.py", *LORA, "--batch-size", "8", "--examples", "8"),
    "gradcache": ("gradcache.py",),
    "gradcache_lora": ("gradcache.py", *LORA, "--length", "6", "--budget", "784"),
    "quality": ("quality.py",),
    "encoding": ("encoding.py",),
    "search": ("search.py",),
    "search_500": ("search.py", "--k", "500"),
    "mining": ("mining.py",),
    "cascade": ("cascade.py",),
    "cascade_768": ("cascade.py", "--dimension", "768"),
    "reranking": ("reranking.py",),
    "frozen_backbone": ("frozen_backbone.py",),
    "isotropy_overhead": ("isotropy_overhead.py",),
    "mixture_overhead": ("mixture.py",),
    "mixture_loop": ("mixture.py", "--against", "loop"),
    "distillation": ("distillation.py", "--steps", "60"),
    "aso": ("aso.py", "--systems", "0"),
    "light_commands": ("light_commands.py",),
    "decide": ("decide.py",),
    "decide_9m": ("decide.py", "--queries", "10000", "--growth"),
}
"""Script and arguments by name, in the order of the page."""

COLUMNS = ("ratio", "fraction of peak", "MB")
HEAD = """\
# Performance

What gonogo takes beside its peers: same machine, same weights and data, each contender in a fresh
process (frozen_backbone, isotropy_overhead, distillation and aso run both sides in one). *Ratio*:
the fastest peer's clock time over gonogo's. *Of the peak*: the arithmetic that the work needs over
what the fastest square matrix product of the same format did in the same run, on the same device
(`benchmarks/peak.py`); int8 counts against bf16, and a format that the device only emulates has no
peak. *MB*: memory beyond what the process held before, memory-mapped files left out, or on a GPU
what torch holds there. `make bench` measures again (`make bench ONLY="search mining"` some of it);
a row that was not measured again keeps its date. Rows that end in _half_rate repeat
another on a machine whose bf16 products are twice, not four times, as fast as its fp32 ones. This
page is written by `benchmarks/performance.py`.
"""

Record = dict[str, Any]


def run(name: str) -> Record | None:
    """Run one benchmark; None, and a line on the error stream, where it fails."""
    script, *arguments = BENCHMARKS[name]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "record.json"
        command = [sys.executable, "-W", "ignore", str(HERE / script), *arguments]
        print(f"== {name}", flush=True)
        done = subprocess.run([*command, "--json", str(file)], check=False)
        if done.returncode or not file.exists():
            print(f"{name}: not measured (exit code {done.returncode})", file=sys.stderr)
            return None
        record: Record = json.loads(file.read_text(encoding="utf-8"))
        return record


def render(records: dict[str, Record]) -> str:
    """Write the page: a table of all, then the figures of each."""
    rows = [
        "| | ratio | of the peak | MB | against | measured |",
        "|:--|--:|--:|--:|:--|:--|",
    ]
    parts = []
    for name in [*BENCHMARKS, *sorted(set(records) - set(BENCHMARKS))]:
        if name in records:
            rows.append(_row(name, records[name]))
            parts.append(_part(name, records[name]))
    return "\n".join([HEAD, *rows, "", *parts])


def _row(name: str, record: Record) -> str:
    figures, cells = record["figures"], []
    for column, form in zip(COLUMNS, ("{:.2f}", "{:.0%}", "{:.0f}"), strict=True):
        value = figures.get(column)
        cells.append("" if value is None else form.format(value).replace("%", " %"))
    return f"| [{name}](#{name}) | {' | '.join(cells)} | {record['peer']} | {record['date']} |"


def _part(name: str, record: Record) -> str:
    peaks = ", ".join(f"{rate:.0f} GFLOP/s {form}" for form, rate in record["peaks"].items())
    machine = record["hardware"] + (f"; peak {peaks}" if peaks else "")
    lines = [
        f"## {name}\n\n{record['question']}\n",
        f"`{record['command']}`, {record['date']}, {record['minutes']:.1f} minutes, {machine}\n",
        "| figure | |\n|:--|--:|",
        *(f"| {figure} | {_short(value)} |" for figure, value in record["figures"].items()),
    ]
    return "\n".join(lines) + "\n"


def _short(value: float) -> str:
    """Write four digits, never with an exponent for what a reader can count."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=BENCHMARKS)
    parser.add_argument("--render", action="store_true", help="measure nothing")
    parser.add_argument("--add", nargs=2, metavar=("NAME", "FILE"), help="take a record as it is")
    options = parser.parse_args()
    known: dict[str, Record] = json.loads(RECORDS.read_text()) if RECORDS.exists() else {}
    failed = 0
    if options.add:
        name, file = options.add
        known[name] = json.loads(Path(file).read_text(encoding="utf-8"))
    for name in [] if options.render or options.add else options.only or BENCHMARKS:
        record = run(name)
        failed += record is None
        if record:
            known[name] = record
    RECORDS.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(render(known), encoding="utf-8")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
