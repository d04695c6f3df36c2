"""Pairs: split, ceiling, retry, equal bits for equal seeds, and files held against the manifest."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from bank_world import drifting, settings, write_bank, write_world

from gonogo.core.errors import UserError
from gonogo.data.next_vector.bank import open_bank
from gonogo.data.next_vector.pairs import content_hash, make_pairs, write_pairs
from gonogo.data.next_vector.sequences import context_slices, open_pairs

LENGTHS = [12, 9, 14, 11, 10, 13, 12, 9, 11, 10]


def test_what_is_written_reads_back(tmp_path):
    folder = write_world(tmp_path, LENGTHS)
    frame = pl.read_parquet(folder / "pairs.parquet")
    pairs = open_pairs(folder)
    assert len(pairs) == frame.height == pairs.manifest["pairs"]
    assert frame["pair"].n_unique() == frame.height
    assert pairs.contexts.shape == (len(pairs), 4)
    np.testing.assert_array_equal(pairs.contexts[:, -1] + 1, pairs.targets)
    bank = open_bank(pairs.bank_path)
    for number in range(len(pairs)):
        rows = [*pairs.contexts[number], pairs.targets[number]]
        assert {bank.article_of(row) for row in rows} == {pairs.articles[number]}
    assert set(pairs.articles[pairs.train]).isdisjoint(pairs.articles[pairs.validation])
    assert len(set(pairs.articles[pairs.validation])) == 3  # three tenths of ten


def test_an_id_names_article_and_place_whatever_the_stride(tmp_path):
    folder = write_world(tmp_path, LENGTHS)
    pairs = open_pairs(folder)
    bank = open_bank(pairs.bank_path)
    for key, article, target in zip(pairs.ids, pairs.articles, pairs.targets, strict=True):
        start = bank.articles.starts[bank.articles.ids.index(article)]
        assert key == f"{article}:{target - start}"
    finer = make_pairs(bank, settings(rule={"stride": 1}))
    assert set(pairs.ids) < set(finer.windows.pair_ids)


def test_equal_seeds_give_equal_content_and_other_settings_do_not(tmp_path):
    bank = write_bank(tmp_path / "bank", LENGTHS)
    hashes = {}
    for name, chosen in {
        "first": settings(),
        "again": settings(),
        "seed": settings(seed=43),
        "stride": settings(rule={"stride": 3}),
    }.items():
        made = make_pairs(bank, chosen)
        hashes[name] = write_pairs(tmp_path / name, bank, made, chosen)["content"]
        assert hashes[name] == content_hash(made)
    assert hashes["first"] == hashes["again"]
    assert len(set(hashes.values())) == 3
    same = [(tmp_path / name / "manifest.json").read_bytes() for name in ("first", "again")]
    assert same[0] == same[1]  # no time, no host


def test_short_articles_give_padded_contexts_when_asked(tmp_path):
    lengths = [12, 4, 3, 12, 2, 12]
    folder = write_world(tmp_path, lengths, rule={"least": 2}, validation=0.4)
    pairs = open_pairs(folder)
    short = {name: pairs.contexts[pairs.articles == name].tolist() for name in set(pairs.articles)}
    assert short["article 1"] == [[-1, 12, 13, 14]]  # its last row is the target
    assert short["article 2"] == [[-1, -1, 16, 17]]
    assert "article 4" not in short
    without = make_pairs(open_bank(pairs.bank_path), settings(validation=0.4))
    assert {without.windows.articles.ids[n] for n in without.windows.article} == {
        "article 0",
        "article 3",
        "article 5",
    }


def test_slices_are_padded_in_front():
    rows = context_slices(np.array([5, 9]), np.array([3, 1]))
    assert rows.tolist() == [[5, 6, 7], [-1, -1, 9]]


def test_a_training_target_that_validation_also_has_is_left_out(tmp_path):
    vectors = drifting(LENGTHS)
    clean = open_pairs(write_world(tmp_path / "clean", LENGTHS, vectors))
    train, held_out = (np.flatnonzero(side)[0] for side in (clean.train, clean.validation))
    vectors[clean.targets[train]] = vectors[clean.targets[held_out]]
    # cosine 1 to a recent one would be dropped anyway: here nothing counts as near
    folder = write_world(tmp_path / "copied", LENGTHS, vectors, near_duplicate=2.0)
    pairs = open_pairs(folder)
    assert clean.ids[train] not in pairs.ids
    assert clean.ids[held_out] in pairs.ids
    assert pairs.manifest["repeated_across_split"] == 1


def test_two_revisions_of_an_article_stay_on_one_side(tmp_path):
    lengths = [12] * 10
    vectors = drifting(lengths)
    vectors[12:24] = vectors[108:120]  # article 1 is article 9
    vectors[20] = drifting([1], seed=9)[0]  # but for one chunk
    for seed in range(12):
        bank = write_bank(tmp_path / str(seed), lengths, vectors)
        made = make_pairs(bank, settings(seed=seed, near_duplicate=2.0))
        windows = made.windows
        assert made.copies == 1
        sides = [set(windows.validation[windows.article == number]) for number in (1, 9)]
        assert sides[0] == sides[1]


def test_a_retry_lowers_the_stride_and_raises_the_cap_only_when_short(tmp_path):
    bank = write_bank(tmp_path / "bank", [200] * 4)
    said = []
    short = settings(rule={"stride": 32, "most": 3}, target_pairs=100, auto_retry=True)
    made = make_pairs(bank, short, say=said.append)
    assert (made.ceiling.rule.stride, made.ceiling.rule.most) == (25, 40)
    assert len(made) == 4 * 8  # (200 - 4 - 1) // 25 + 1
    assert said == ["12 pairs: trying stride 25 and up to 40 an article"]
    assert any("stride 8 instead of 25" in line for line in made.remedies)
    enough = replace(short, target_pairs=13)  # 12 is above nine tenths of it
    assert len(make_pairs(bank, enough, say=said.append)) == 12
    without = replace(short, auto_retry=False)
    assert len(make_pairs(bank, without)) == 12


def test_no_more_is_promised_than_the_ceiling(tmp_path):
    bank = write_bank(tmp_path / "bank", [200] * 4)
    made = make_pairs(bank, settings(rule={"stride": 32, "most": 30}, target_pairs=50_000))
    assert len(made) == made.ceiling.pairs == 4 * 7
    assert made.remedies


def test_sequences_of_rows_take_the_place_of_articles(tmp_path):
    vectors = drifting([40])
    np.save(tmp_path / "bank.npy", vectors)
    draws = np.random.default_rng(0)
    order = np.stack([draws.permutation(40)[:8] for _ in range(6)])
    np.savez(tmp_path / "rows.npz", sequences=order)
    bank, chosen = open_bank(tmp_path / "bank.npy"), settings(near_duplicate=2.0)
    made = make_pairs(bank, chosen, sequences=tmp_path / "rows.npz")
    write_pairs(tmp_path / "pairs", bank, made, chosen, tmp_path / "rows.npz")
    pairs = open_pairs(tmp_path / "pairs")
    for number in range(len(pairs)):
        sequence = order[int(str(pairs.articles[number]).split()[1])].tolist()
        place = int(str(pairs.ids[number]).split(":")[1])
        assert pairs.targets[number] == sequence[place]
        assert pairs.contexts[number].tolist() == sequence[place - 4 : place]


def test_sequences_that_overlap_stay_on_one_side(tmp_path):
    """Windows of overlapping sequences share vectors: splitting by sequence alone would leak."""
    np.save(tmp_path / "bank.npy", drifting([400]))
    starts = [0, 6, 12, 100, 106, 200, 206, 300, 306, 340]
    lines = [str(list(range(start, start + 12))) for start in starts]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines) + "\n")
    bank = open_bank(tmp_path / "bank.npy")
    for seed in range(8):
        chosen = settings(seed=seed, near_duplicate=2.0, validation=0.4)
        windows = make_pairs(bank, chosen, sequences=tmp_path / "rows.jsonl").windows
        side = [set(windows.validation[windows.article == n].tolist()) for n in range(10)]
        assert side[0] == side[1] == side[2]
        assert side[3] == side[4]
        assert side[7] == side[8]


def test_training_refuses_data_that_changed(tmp_path):
    folder = write_world(tmp_path, LENGTHS)
    vectors = np.lib.format.open_memmap(tmp_path / "bank" / "vectors.npy", mode="r+")
    vectors[3, 0] += 1
    vectors.flush()
    with pytest.raises(UserError, match=r"vectors.npy of the bank .* no longer matches"):
        open_pairs(folder)
    assert len(open_pairs(folder, check=False)) > 0
    other = write_world(tmp_path / "other", LENGTHS)
    (other / "pairs.parquet").write_bytes((other / "pairs.parquet").read_bytes() + b" ")
    with pytest.raises(UserError, match=r"pairs.parquet no longer matches"):
        open_pairs(other)


def test_a_moved_bank_is_found_when_it_is_named(tmp_path):
    folder = write_world(tmp_path, LENGTHS)
    (tmp_path / "bank").rename(tmp_path / "elsewhere")
    with pytest.raises(UserError, match=r"no such bank \(put it back; or name where"):
        open_pairs(folder)
    assert open_pairs(folder, bank=tmp_path / "elsewhere").bank_path == tmp_path / "elsewhere"


def test_other_folders_are_left_alone(tmp_path):
    bank, chosen = write_bank(tmp_path / "bank", LENGTHS), settings()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    with pytest.raises(UserError, match="something other than a pairs folder"):
        write_pairs(tmp_path / "mine", bank, make_pairs(bank, chosen), chosen)
    with pytest.raises(UserError, match="something other than a pairs folder"):
        write_pairs(tmp_path / "bank", bank, make_pairs(bank, chosen), chosen)
    assert (tmp_path / "bank" / "vectors.npy").exists()
    with pytest.raises(UserError, match="above the context"):
        settings(rule={"least": 5})
