"""Each check of the pre-flight: green on sound data, and the planted fault by name."""

import re
import shlex
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from bank_world import drifting, write_bank, write_world
from planted_sequences import write_sequences
from typer.testing import CliRunner

from gonogo.cli.main import app
from gonogo.core.errors import UserError
from gonogo.core.files import read_json, sha256_file, write_json
from gonogo.data.next_vector.bank import open_bank
from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.data.next_vector.sequences import open_pairs
from gonogo.data.preflight.preflight_curriculum import Schedule, check_curriculum, check_filters
from gonogo.data.preflight.preflight_leakage import check_leakage
from gonogo.data.preflight.preflight_sanity import check_sanity
from gonogo.data.preflight.preflight_windows import measure
from gonogo.data.vectors.vectors import unit_length
from gonogo.evaluation.next_vector.next_vector_mining import mine_next
from gonogo.spec.next_vector.curriculum import parse_curriculum
from gonogo.study.next_vector.preflight import PreflightSettings, check_alignment, run_preflight

LENGTHS = [14, 12, 14, 11, 10, 13, 12, 14, 11, 10]
SCHEDULE = parse_curriculum("0-2:none;3-4:2@0.1-0.9")
SETTINGS = PreflightSettings(curriculum=SCHEDULE, epochs=4)


def schedule(text, window="cosine", epochs=None):
    return Schedule(parse_curriculum(text), window, epochs)


def opened(folder):
    pairs = open_pairs(folder, check=False)
    return open_bank(pairs.bank_path), pairs


def sound(bank, pairs):
    return check_sanity(bank, pairs)[1]


def test_sound_data_are_green_and_both_files_tell_all(tmp_path):
    folder = write_world(tmp_path, LENGTHS)
    done = run_preflight(folder, SETTINGS)
    names = ["data sanity", "leakage", "alignment", "curriculum", "filters", "manifest"]
    assert [finding.check for finding in done.findings] == names
    assert [one.status for one in done.findings if one.check != "filters"] == ["green"] * 5
    report = read_json(folder / "preflight" / "preflight.json")
    assert [check["check"] for check in report["checks"]] == names
    assert report["checks"][0]["facts"]["recall_ceiling"] == 1.0
    manifest = read_json(folder / "preflight" / "manifest.json")
    assert manifest["inputs"] == {
        "bank/chunks.parquet": sha256_file(tmp_path / "bank" / "chunks.parquet"),
        "bank/vectors.npy": sha256_file(tmp_path / "bank" / "vectors.npy"),
        "pairs/pairs.parquet": sha256_file(folder / "pairs.parquet"),
    }
    again = (folder / "preflight" / "preflight.json").read_bytes()
    run_preflight(folder, SETTINGS)
    assert (folder / "preflight" / "preflight.json").read_bytes() == again


@pytest.mark.parametrize(
    ("value", "told"), [(np.nan, "NaN or infinity"), (np.inf, "NaN or infinity"), (0.0, "are zero")]
)
def test_rows_without_a_direction_block_and_are_named(value, told, tmp_path):
    vectors = drifting(LENGTHS)
    vectors[17], vectors[90, 0 if value else slice(None)] = vectors[17], value
    folder = write_world(tmp_path, LENGTHS)
    np.save(tmp_path / "bank" / "vectors.npy", vectors)
    done = run_preflight(folder, SETTINGS)
    sanity = done.findings[0]
    assert done.status == sanity.status == "blocker"
    (found,) = [one for one in sanity.problems if told in one.text]
    assert found.rows == ("90",)
    assert sanity.facts["recall_ceiling"] <= 1.0


def test_targets_that_are_not_in_the_bank_lower_the_recall_ceiling(tmp_path):
    folder = write_world(tmp_path, LENGTHS)
    bank, pairs = opened(folder)
    lost = np.flatnonzero(pairs.validation)[:2]
    pairs.targets[lost] = 5_000
    finding, usable = check_sanity(bank, pairs)
    held_out = pairs.validation.sum()
    assert finding.status == "blocker"
    assert finding.facts["recall_ceiling"] == pytest.approx((held_out - 2) / held_out)
    assert finding.problems[0].rows == tuple(pairs.ids[lost])
    assert not usable.pairs[lost].any()
    assert check_leakage(bank, pairs, usable).status == "green"  # read without the lost ones


def test_faults_of_the_pairs_themselves(tmp_path):
    bank, pairs = opened(write_world(tmp_path, LENGTHS))
    faults = {
        "hold their own target": lambda p: p.contexts.__setitem__((0, 2), p.targets[0]),
        "torn by padding": lambda p: p.contexts.__setitem__((0, 2), -1),
        "more than once": lambda p: p.ids.__setitem__(1, p.ids[0]),
        "does not have": lambda p: p.contexts.__setitem__((0, 2), -2),
        "without any pair": lambda p: p.validation.__setitem__(slice(None), False),
    }
    for told, plant in faults.items():
        broken = replace(
            pairs,
            ids=pairs.ids.copy(),
            contexts=pairs.contexts.copy(),
            validation=pairs.validation.copy(),
        )
        plant(broken)
        finding, _ = check_sanity(bank, broken)
        assert finding.status == "blocker", told
        assert [one for one in finding.problems if told in one.text], told


def test_stored_lengths_other_than_one_are_a_warning(tmp_path):
    vectors = drifting(LENGTHS)
    vectors[7] *= 3
    bank, pairs = opened(write_world(tmp_path, LENGTHS, vectors))
    finding, _ = check_sanity(bank, pairs)
    assert finding.status == "warning"
    assert finding.problems[0].rows == ("7",)
    assert finding.facts["row_length_most"] == pytest.approx(3)


def test_a_target_of_both_sides_blocks_and_is_named(tmp_path):
    folder = write_world(tmp_path, LENGTHS)
    bank, pairs = opened(folder)
    train, held_out = (np.flatnonzero(side)[3] for side in (pairs.train, pairs.validation))
    vectors = np.array(bank.vectors)
    vectors[pairs.targets[train]] = vectors[pairs.targets[held_out]]
    copied = replace(bank, vectors=vectors)
    finding = check_leakage(copied, pairs, sound(copied, pairs))
    assert finding.status == "blocker"
    assert finding.facts["exact_duplicates"] == 1
    assert finding.problems[0].rows == (f"{pairs.ids[held_out]} (row {pairs.targets[held_out]})",)


def test_a_split_by_pair_leaks_and_a_split_by_article_does_not(tmp_path):
    """Windows at stride 32 share 68 of 100 vectors."""
    lengths, rule = [420] * 8, {"context": 100, "stride": 32}
    bank, pairs = opened(write_world(tmp_path, lengths, rule=rule, near_duplicate=2.0))
    by_article = check_leakage(bank, pairs, sound(bank, pairs))
    assert by_article.status == "green"
    assert by_article.facts["shared_vector_rate"] == 0
    by_pair = replace(pairs, validation=np.random.default_rng(0).random(len(pairs)) < 0.1)
    leaky = check_leakage(bank, by_pair, sound(bank, by_pair))
    assert leaky.status == "blocker"
    assert leaky.facts["articles_on_both_sides"] > 0
    assert leaky.facts["shared_window_rate"] > 0.9
    assert leaky.facts["shared_vector_rate"] > 0.68


def test_near_duplicates_across_the_split_are_a_rate(tmp_path):
    folder = write_world(tmp_path, LENGTHS)
    bank, pairs = opened(folder)
    train, held_out = (np.flatnonzero(side) for side in (pairs.train, pairs.validation))
    vectors = np.array(bank.vectors)
    noise = 0.02 * np.random.default_rng(0).standard_normal((2, 24))
    vectors[pairs.targets[train[:2]]] = vectors[pairs.targets[held_out[:2]]] + noise
    near = replace(bank, vectors=unit_length(vectors))
    finding = check_leakage(near, pairs, sound(near, pairs))
    assert finding.status == "warning"
    assert finding.facts["near_duplicate_rate"] == pytest.approx(2 / len(held_out))
    assert finding.facts["exact_duplicates"] == 0
    assert set(finding.problems[0].rows) == set(pairs.ids[held_out[:2]])


def test_a_common_direction_is_told_with_the_remedy(tmp_path):
    vectors = drifting([600])
    pull = np.zeros(24)
    pull[0] = 0.5
    bank = write_bank(tmp_path / "bank", [600], unit_length(vectors * 0.8 + pull))
    lengths = np.ones(600, dtype=bool)
    usable = type("Usable", (), {"rows": lengths})()
    cosines = bank.take(np.arange(600)) @ bank.take(np.arange(600)).T
    expected = (cosines.sum() - np.trace(cosines)) / (600 * 599)
    finding = check_alignment(bank, usable)
    assert finding.facts["mean_cosine"] == pytest.approx(expected, abs=1e-5)
    assert expected > 0.10
    assert finding.status == "warning"
    told = re.search(r"\((gonogo data whiten .*)\)", finding.problems[0].text)[1]
    verb, *arguments = shlex.split(told)
    assert verb == "gonogo"
    assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
    assert len(open_bank(tmp_path / "bank_white")) == 600
    assert check_alignment(bank, usable, most=0.99).status == "green"


def test_a_curriculum_too_short_for_the_epochs_blocks_at_its_last_segment():
    finding = check_curriculum(Schedule(SCHEDULE, epochs=6), None, 0.98)
    assert finding.status == "blocker"
    assert finding.problems[0].rows == ("3-4:2@0.1-0.9",)
    assert "ends at epoch 4" in finding.problems[0].text
    assert check_curriculum(Schedule(SCHEDULE, epochs=4), None, 0.98).status == "green"
    assert check_curriculum(Schedule(SCHEDULE, epochs=2), None, 0.98).status == "warning"


def test_windows_that_hold_nothing_are_told_with_one_that_does(tmp_path):
    bank, pairs = opened(write_world(tmp_path, [40] * 10))
    near = measure(bank, pairs, sound(bank, pairs), sample=40)
    empty = check_curriculum(schedule("0-9:4@0.97-0.99"), near, 0.98)
    assert empty.status == "warning"
    (facts,) = empty.facts["windows"]
    assert max(facts["filled"].values()) < 0.5
    low = facts["low_that_fills"]
    wide = check_curriculum(schedule(f"0-9:4@{low:.2f}-0.99"), near, 0.98)
    assert wide.status == "green"
    assert max(wide.facts["windows"][0]["filled"].values()) >= 0.9


def test_the_rows_of_a_window_are_counted_by_hand(tmp_path):
    bank, pairs = opened(write_world(tmp_path, [40] * 10))
    near = measure(bank, pairs, sound(bank, pairs), sample=10_000)
    (facts,) = check_curriculum(Schedule(SCHEDULE), near, 0.98).facts["windows"]
    unit = bank.take(np.arange(len(bank)))
    train = np.flatnonzero(pairs.train)
    counts = []
    for pair in train:
        target = pairs.targets[pair]
        query, positive = unit[pairs.contexts[pair, -1]] @ unit.T, unit[target] @ unit.T
        inside = (query >= 0.1) & (query <= 0.9) & (positive <= 0.98)
        inside[[target, *pairs.contexts[pair]]] = False
        counts.append(inside.sum())
    assert facts["median_rows"]["last vector"] == np.median(counts)
    assert facts["filled"]["last vector"] == pytest.approx(np.mean(np.array(counts) >= 2))


@pytest.mark.parametrize(
    ("window", "text"),
    [
        ("quantile", "0-9:4@0.9-0.99"),
        ("quantile", "0-9:8@0.98-0.999"),
        ("quantile", "0-9:38@0.9-1"),
        ("cosine", "0-9:4@0.3-0.9"),
        ("cosine", "0-9:8@0.5-0.95"),
    ],
)
def test_windows_are_filled_as_the_mining_fills_them(window, text, tmp_path):
    """The stand-ins' vectors, mined for as training does, on a bank full of near-copies."""
    bank, pairs = opened(write_world(tmp_path, [40] * 10))
    vectors, train = np.array(bank.vectors), np.flatnonzero(pairs.train)
    spare = np.setdiff1d(np.arange(len(bank)), [*pairs.contexts.ravel(), *pairs.targets])
    draws = np.random.default_rng(0)
    for pair, rows in zip(train[:3], np.array_split(spare, 3), strict=True):
        noise = 0.01 * draws.standard_normal((len(rows), 24))
        vectors[rows] = unit_length(vectors[pairs.targets[pair]] + noise)
    bank = replace(bank, vectors=vectors)
    near = measure(bank, pairs, sound(bank, pairs), sample=10_000)
    chosen = schedule(text, window)
    (facts,) = check_curriculum(chosen, near, 0.98).facts["windows"]
    (segment,) = chosen.mining
    queries = {"target": pairs.targets[train], "last vector": pairs.contexts[train, -1]}
    filled = {
        name: mine_next(
            bank.take(rows),
            NextVectors(bank, pairs),
            train,
            count=segment.count,
            window=segment.window,
            unit=window,
            duplicate_above=0.98,
        ).mask.all(axis=1)
        for name, rows in queries.items()
    }
    assert facts["filled"] == {name: pytest.approx(rows.mean()) for name, rows in filled.items()}
    if segment.count == 38:  # of 40 ranks: all that have copies are short of it, and nobody else
        assert 0 < facts["filled"]["target"] < 1


def test_quantiles_are_no_cosines(tmp_path):
    """The same numbers: no row has such a cosine, and every pair has rows of such ranks."""
    bank, pairs = opened(write_world(tmp_path, [40] * 10))
    near, text = measure(bank, pairs, sound(bank, pairs), sample=40), "0-9:8@0.95-0.99"
    assert check_curriculum(schedule(text), near, 0.98).status == "warning"
    ranked = check_curriculum(schedule(text, "quantile"), near, 0.98)
    assert ranked.status == "green"
    assert ranked.summary.endswith("filled for 100% (quantiles)")
    assert ranked.facts["windows"][0]["median_rows"] == {"target": 16, "last vector": 16}
    assert check_filters(schedule("0-9:8@0.84-0.96"), near, 0.98).status == "warning"
    ranked = check_filters(schedule("0-9:8@0.84-0.96", "quantile"), near, 0.98)
    assert ranked.status == "green"
    assert ranked.facts["both_can_fire"] is False  # no other row is as near to the last vector


def test_quantiles_too_narrow_for_this_bank_or_eaten_by_copies_are_told(tmp_path):
    bank, pairs = opened(write_world(tmp_path, [40] * 10))
    near = measure(bank, pairs, sound(bank, pairs), sample=40)
    narrow = check_curriculum(schedule("0-9:8@0.98-0.99", "quantile"), near, 0.98)  # ranks 4 to 7
    assert "it holds 4 ranks of this bank" in narrow.problems[0].text
    assert narrow.facts["windows"][0]["filled"] == {"target": 0, "last vector": 0}
    copies = np.tile(bank.take(pairs.targets[:1]), (400, 1))
    copied = replace(bank, vectors=copies)
    near = measure(copied, pairs, sound(copied, pairs), sample=40)
    eaten = check_curriculum(schedule("0-9:8@0.9-1", "quantile"), near, 0.98)
    assert "has 0 and 0 rows there that do not repeat its positive" in eaten.problems[0].text
    filters = check_filters(schedule("0-9:8@0.9-1", "quantile"), near, 0.98)
    assert filters.facts["both_can_fire"] is True
    nothing = check_curriculum(schedule("0-9:8@0.9-1", "quantile"), None, 0.98)
    assert nothing.summary == "epochs 1 to 9; nothing to measure it with"
    assert check_filters(schedule("0-9:8@0.9-1", "quantile"), None, 0.98).facts == {
        "cosine": 0.98,
        "both_can_fire": None,
    }


def test_every_schedule_that_trains_on_the_pairs_is_looked_at(tmp_path):
    folder = write_world(tmp_path, LENGTHS)
    more = (schedule("0-2:2@0.9-1", "quantile", 2), schedule("0-2:none", epochs=9))
    done = run_preflight(folder, replace(SETTINGS, more=more))
    checks = [one for one in done.findings if one.check == "curriculum"]
    assert [one.facts["curriculum"] for one in checks] == [
        "0-2:none;3-4:2@0.1-0.9",
        "0-2:2@0.9-1.0",
        "0-2:none",
    ]
    assert [one.status for one in checks] == ["green", "green", "blocker"]
    assert [one.facts["window"] for one in checks] == ["cosine", "quantile", "cosine"]
    settings = read_json(folder / "preflight" / "manifest.json")["settings"]
    assert settings["schedules"] == [
        {"curriculum": "0-2:none;3-4:2@0.1-0.9", "window": "cosine", "epochs": 4},
        {"curriculum": "0-2:2@0.9-1.0", "window": "quantile", "epochs": 2},
        {"curriculum": "0-2:none", "window": "cosine", "epochs": 9},
    ]


def test_a_filter_that_cannot_fire_is_told():
    """Above 0.98 to both query and positive is nothing in a window that ends at 0.96."""
    never = check_filters(schedule("0-5:none;6-9:8@0.84-0.96"), None, 0.98)
    assert never.status == "warning"
    assert "cannot fire" in never.problems[0].text
    assert check_filters(schedule("0-9:8@0.84-0.99"), None, 0.98).status == "green"
    assert check_filters(schedule("0-9:none"), None, 0.98).status == "green"


def test_what_each_filter_would_drop_is_counted(tmp_path):
    lengths = [40] * 10
    bank, pairs = opened(write_world(tmp_path, lengths))
    vectors = np.array(bank.vectors)
    train = np.flatnonzero(pairs.train)
    spare = np.setdiff1d(np.arange(len(bank)), [*pairs.contexts.ravel(), *pairs.targets])
    vectors[spare[: len(spare)]] = vectors[pairs.targets[train[0]]]  # copies of one positive
    copied = replace(bank, vectors=vectors)
    near = measure(copied, pairs, sound(copied, pairs), sample=10_000)
    finding = check_filters(schedule("0-9:1@-1-1"), near, 0.98)
    (dropped,) = finding.facts["dropped"].values()
    assert dropped["near_positive"] == len(spare) > 0
    assert dropped["near_both"] == 0  # its last context vector is another one
    assert finding.facts["pairs_with_near_positive"] == pytest.approx(1 / len(train))


def test_changed_files_block_by_name(tmp_path):
    folder = write_world(tmp_path, LENGTHS)
    frame = pl.read_parquet(folder / "pairs.parquet")
    frame.reverse().write_parquet(folder / "pairs.parquet")
    finding = run_preflight(folder, SETTINGS).findings[-1]
    assert finding.status == "blocker"
    assert finding.problems[0].rows == ("pairs.parquet",)
    other = write_world(tmp_path / "other", LENGTHS)
    chunks = tmp_path / "other" / "bank" / "chunks.parquet"
    pl.read_parquet(chunks).with_columns(text=pl.lit("x")).write_parquet(chunks)
    finding = run_preflight(other, SETTINGS).findings[-1]
    assert finding.problems[0].rows == ("chunks.parquet",)


def test_another_bank_than_the_pairs_were_cut_from_blocks(tmp_path):
    folder = write_world(tmp_path, LENGTHS)
    write_bank(tmp_path / "second", LENGTHS, drifting(LENGTHS, seed=1))
    finding = run_preflight(folder, SETTINGS, bank=tmp_path / "second").findings[-1]
    assert finding.status == "blocker"
    assert "not those that the pairs were cut from" in finding.problems[0].text


def test_a_bank_without_a_manifest_is_a_warning_and_no_difference(tmp_path):
    folder = write_sequences(tmp_path)
    finding = run_preflight(folder, SETTINGS).findings[-1]
    assert finding.status == "warning"
    assert finding.summary == "2 files hashed; pairs and bank are as recorded"
    (tmp_path / "bank.npz").write_bytes((tmp_path / "bank.npz").read_bytes() + b" ")
    finding = run_preflight(folder, SETTINGS).findings[-1]
    assert finding.status == "blocker"
    assert finding.summary == "2 files hashed; pairs and bank differ"


def test_a_bank_that_is_gone_is_told_with_the_option_that_names_another(tmp_path):
    folder = write_world(tmp_path, LENGTHS)
    (tmp_path / "bank").rename(tmp_path / "moved")
    with pytest.raises(UserError, match=r"no such bank .*`bank`"):
        run_preflight(folder, SETTINGS)
    done = run_preflight(folder, SETTINGS, bank=tmp_path / "moved")
    assert done.findings[-1].status == "green"


def test_a_manifest_of_the_future_is_refused(tmp_path):
    folder = write_world(tmp_path, LENGTHS)
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", {**manifest, "format": 99})
    with pytest.raises(Exception, match="unknown format 99"):
        run_preflight(folder, SETTINGS)
