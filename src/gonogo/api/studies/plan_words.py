"""A plan as lines of text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gonogo.spec.study import ResolvedStudy
    from gonogo.study.planning.forecast import Forecast
    from gonogo.study.planning.plan import Plan
    from gonogo.study.planning.sensitivity import Sensitivity


def plan_lines(plan: Plan) -> list[str]:
    """Say for each trial what will happen and why."""
    from gonogo.core.extras import install_command, missing
    from gonogo.study.tracking.run_ids import is_whole

    study = plan.study
    names = [*(trial.name for trial in plan.trials), *(row.name for row in plan.references)]
    actions = [*(t.action for t in plan.trials), *(row.action for row in plan.references)]
    width = max(map(len, names))
    size = f"{len(study.arms)} arms x {len(study.seeds)} seed{'s' * (len(study.seeds) > 1)}"
    if study.experiments:
        rows = sum(is_whole(row, plan) for row in study.experiments.values())
        trials = f"{len(plan.trials)} trial{'s' * (len(plan.trials) != 1)}"
        size = f"{rows} experiment{'s' * (rows != 1)}, which share {trials}"
    lines = [
        f"study {study.study}, tier {study.tier}: {size}",
        f"folder {plan.folder.path}",
    ]
    lines += [f"  {trial.name:{width}}  {trial.action:8}  {trial.reason}" for trial in plan.trials]
    lines += [f"  {row.name:{width}}  {row.action:8}  reference row" for row in plan.references]
    counts = Counter(actions)
    lines += _untrained(study)
    lines += [f"  not here yet: {name}: {why}" for name, why in plan.missing.items()]
    lines += [f"  to make first: {name}: {what}" for name, what in plan.to_make.items()]
    if missing("train") and not plan.is_finished:
        lines.append(f"  to install first: {install_command('train')}")
    lines.append(", ".join(f"{count} to {action}" for action, count in sorted(counts.items())))
    return lines + warmup_lines(plan) + plateau_lines(plan) + stop_lines(plan)


def plateau_lines(plan: Plan) -> list[str]:
    """Say of which specialists nobody will know whether they have reached their plateau."""
    from gonogo.study.planning.looked_at import never_looked_at

    arms = never_looked_at(plan.study)
    if not arms:
        return []
    return [
        f"no plateau check of {', '.join(arms)}: no look late in its training; gonogo learn tells"
        " beforehand, training: {validation: {at: [0.75]}} within the study"
    ]


def _untrained(study: ResolvedStudy) -> list[str]:
    """Name arms and experiments that nothing is done for, and why."""
    from gonogo.spec.checks.twins import twin_of

    lines = []
    for arm in study.idle_arms:
        twin = twin_of(arm, study)
        why = f"it has the settings of {twin}" if twin else "no experiment names it"
        lines.append(f"  never trained, for {why}: {arm}")
    asked = [name for name, row in study.experiments.items() if row.on_request]
    return lines + [f"  runs only when it is named by `only`: {name}" for name in asked]


def warmup_lines(plan: Plan) -> list[str]:
    """Say which warm-ups are clamped to a whole run, a line for all arms of one length."""
    from gonogo.study.planning.forecast import clamped_warmups

    arms: dict[str, list[str]] = {}
    for arm, words in clamped_warmups(plan).items():
        if arm in plan.study.idle_arms:
            continue
        arms.setdefault(words, []).append(arm)
    return [f"{words}: {', '.join(names)}" for words, names in arms.items()]


def stop_lines(plan: Plan) -> list[str]:
    """Say that a study stopped early, if it did."""
    if not plan.folder.stopped.exists():
        return []
    from gonogo.study.deciding.stopping import read_stop

    stop = read_stop(plan)
    return (
        [] if stop is None else [f"{stop.sentence}; a run that does not stop when decided goes on"]
    )


def cost_lines(
    plan: Plan, forecast: Forecast | None, workers: int, price_per_hour: float | None
) -> list[str]:
    """Say how long the rest takes, what it costs, and whether the disk holds it."""
    from gonogo.api.showing.progress import duration

    if plan.is_finished:
        return ["time left   none: everything is finished"]
    if forecast is None:
        return _unmeasured(plan, workers, price_per_hour)
    counts = list(dict.fromkeys((1, workers)))
    times = {count: forecast.elapsed(count) for count in counts}
    said = ", ".join(f"{duration(times[count])} with {_workers(count)}" for count in counts)
    lines = [f"time left   about {said} (from {forecast.source})"]
    if price_per_hour is not None:
        prices = {count: count * times[count] / 3600 * price_per_hour for count in counts}
        said = ", ".join(f"{prices[count]:,.2f} with {_workers(count)}" for count in counts)
        lines.append(f"cost        about {said}, at {price_per_hour:g} an hour and worker")
    short = "" if forecast.free_mb > forecast.disk_mb else ": NOT ENOUGH"
    needed, free = _megabytes(forecast.disk_mb), _megabytes(forecast.free_mb)
    return [*lines, f"disk        about {needed} more, {free} free{short}"]


def _unmeasured(plan: Plan, workers: int, price_per_hour: float | None) -> list[str]:
    """Tell hours from what the study states of a GPU, where it does."""
    from gonogo.api.showing.progress import duration
    from gonogo.study.planning.stated import stated_seconds

    way = "nothing was measured yet: calibrating measures a few steps on this device"
    seconds, stated = stated_seconds(plan), plan.study.throughput
    if seconds is None or stated is None:
        return [f"time left   unknown, for {way}"]
    counts = list(dict.fromkeys((1, workers)))
    said = ", ".join(f"{duration(seconds / count)} with {count}" for count in counts)
    lines = [f"time left   about {said} x {stated.gpu}, as the study states; {way}"]
    if price_per_hour is not None:
        cost = f"{seconds / 3600 * price_per_hour:,.2f}"
        lines.append(f"cost        about {cost}, at {price_per_hour:g} an hour and worker")
    return [*lines, f"            stated: {stated.basis}"]


def _workers(count: int) -> str:
    return "one worker" if count == 1 else f"{count} workers"


def _megabytes(amount: float) -> str:
    return f"{amount:,.0f} MB" if amount < 10_240 else f"{amount / 1024:,.0f} GB"


def sensitivity_lines(plan: Plan, found: Sensitivity) -> list[str]:
    """Say which effect the study would detect, and how often each verdict would be given."""
    from gonogo.analysis.gates.build import build_gate

    gate = build_gate(plan.study.gate)
    seeds = f"{found.seeds} seed{'s' * (found.seeds != 1)}"
    lines = [
        f"can detect  {gate.effect_words(found.detectable)} on {found.task} with a power of 80 %: "
        f"{seeds} x {found.queries:,} queries"
    ]
    if found.seeds == 1:
        lines.append("            (at best: with one seed the interval is blind to seed noise)")
    needed = (
        f"{gate.line_words(effect)}: {f'{count} seeds' if count else 'no number of seeds'}"
        for effect, count in found.needed.items()
    )
    lines.append(f"to detect   {', '.join(needed)}, with these queries")
    lines.append(f"            {found.source}")
    if found.uncounted:
        names = ", ".join(found.uncounted)
        lines.append(f"            300 queries each assumed for what is not here yet: {names}")
    for true, rates in found.rates.items():
        words = "PASS", "MARGINAL", "FAIL", "INCONCLUSIVE"
        shares = rates.passed, rates.marginal, rates.failed, rates.inconclusive
        means = rates.point_passed, rates.point_marginal, rates.point_failed
        said, alone = (
            ", ".join(f"{word} {share:.0%}" for word, share in zip(words, each, strict=False))
            for each in (shares, means)
        )
        lines.append(f"if truly    {gate.line_words(true):>12}: {said}")
        lines.append(f"            {'':>12}  (by the point estimate alone: {alone})")
    return lines
