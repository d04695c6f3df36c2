"""Names of measures: one spelling each, and nothing that a reader could misread."""

from __future__ import annotations

import math

import pytest

from gonogo.core.errors import UserError
from gonogo.core.metrics import canonical_metric, metric_range, parse_measure


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("nDCG@10", "nDCG@10"),
        ("ndcg@10", "nDCG@10"),
        ("MRR@10", "RR@10"),
        ("Recall@100", "R@100"),
        ("MAP", "AP"),
        ("MAP@100", "AP@100"),
        ("Precision@5", "P@5"),
        ("success@1", "Success@1"),
        ("Rprec", "Rprec"),
        ("R(rel=2)@50", "R(rel=2)@50"),
        ("AP(rel=1)", "AP"),
        ("ndcg_cut_10", "nDCG@10"),
        ("ndcg_cut.10", "nDCG@10"),
        ("ndcg_at_10", "nDCG@10"),
        ("nDCG_10", "nDCG@10"),
        ("ndcg10", "nDCG@10"),
        ("map", "AP"),
        ("map_cut_100", "AP@100"),
        ("recip_rank", "RR"),
        ("mrr_at_10", "RR@10"),
        ("P_5", "P@5"),
        ("recall_100", "R@100"),
        ("success_1", "Success@1"),
        ("HitRate@1", "Success@1"),
        ("hits@3", "Success@3"),
        ("acc@1", "Success@1"),
        ("R-Precision", "Rprec"),
        ("bpref", "Bpref"),
        ("iprec_at_recall_0.10", "IPrec@0.1"),
        ("num_rel_ret", "NumRet(rel=1)"),
        ("Judged@10", "Judged@10"),
        ("nDCG(dcg='exp-log2')@10", "nDCG(dcg='exp-log2')@10"),
    ],
)
def test_every_spelling_has_one_name(written: str, canonical: str) -> None:
    assert canonical_metric(written) == canonical
    assert canonical_metric(canonical) == canonical


@pytest.mark.parametrize("name", ["recall", "R", "P", "Success"])
def test_a_measure_that_needs_a_cutoff_is_refused_without(name: str) -> None:
    with pytest.raises(UserError, match="needs a cutoff"):
        parse_measure(name)


@pytest.mark.parametrize("name", ["nDCG@0", "Rprec@5", "nDCG(rel=2)@10", "AP(rel=0)"])
def test_impossible_parameters_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="impossible"):
        parse_measure(name)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("ndgc@10", "nDCG@10"), ("MPA", "MAP"), ("R@x", "R@10"), ("", "nDCG"), ("@10", "nDCG")],
)
def test_unknown_names_say_what_is_near(name: str, hint: str) -> None:
    with pytest.raises(UserError, match="unknown measure") as caught:
        parse_measure(name)
    assert hint in str(caught.value)


@pytest.mark.parametrize("name", ["loss", "mean_rank", "latency_ms", "WER"])
def test_what_is_far_from_any_measure_gets_no_suggestion(name: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_measure(name)
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize("name", ["nDCG@10.5", "nDCG@-1", "nDCG@10@5", "nDCG@ten", "Judged@0"])
def test_a_broken_cutoff_is_refused(name: str) -> None:
    with pytest.raises(UserError):
        parse_measure(name)


def test_what_no_installed_package_computes_is_refused_at_once() -> None:
    with pytest.raises(UserError, match="nothing here computes"):
        parse_measure("alpha_nDCG@10")


def test_ranges() -> None:
    assert metric_range("MRR@10") == (0.0, 1.0)
    assert metric_range("ndcg_cut_10") == (0.0, 1.0)
    assert metric_range("seconds") == (-math.inf, math.inf)
