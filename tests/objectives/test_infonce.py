import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy, normalize

from gonogo.objectives.infonce import infonce

OFF = {"query_query": False, "document_document": False}


def embeddings(batch=5, negatives=3, width=8, seed=0, dtype=torch.float64):
    draws = torch.Generator().manual_seed(seed)
    shapes = [(batch, width), (batch, width), (batch, negatives, width)]
    return [normalize(torch.randn(shape, generator=draws, dtype=dtype), dim=-1) for shape in shapes]


def naive(
    queries, positives, negatives, *, temperature, margin, query_query=True,
    document_document=True, relevant=None, kept=None, same_query=None, euclidean=False,
    others=False, answering=None,
):  # fmt: skip
    """The equation, one term after another, in Python's double precision."""

    def s(left, right):
        return -math.dist(left, right) if euclidean else sum(map(float.__mul__, left, right))

    def masked(i, j, symmetric):
        tables = [table for table in (relevant, same_query) if table is not None]
        return any(table[i][j] or (symmetric and table[j][i]) for table in tables)

    q, p, n = queries.tolist(), positives.tolist(), negatives.tolist()
    total = 0.0
    for i in range(len(q)):
        own = s(q[i], p[i])
        terms = [s(q[i], d) for k, d in enumerate(n[i]) if kept is None or kept[i][k]]
        for j in range(len(q)):
            if j == i:
                continue
            terms += [] if masked(i, j, False) else [s(q[i], p[j])]
            if not masked(i, j, True):
                terms += [s(q[i], q[j])] if query_query else []
                terms += [s(p[i], p[j])] if document_document else []
            if others:
                terms += [
                    s(q[i], d)
                    for k, d in enumerate(n[j])
                    if (kept is None or kept[j][k])
                    and (answering is None or not answering[i][j][k])
                ]
        terms = [term for term in terms if margin is None or term <= own + margin]
        z = math.fsum(math.exp(term / temperature) for term in [own, *terms])
        total += math.log(z) - own / temperature
    return total / len(q)


def test_two_queries_by_hand():
    queries = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    positives = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    negatives = torch.tensor([[[0.0, 1.0]], [[1.0, 0.0]]])
    loss = infonce(queries, positives, negatives, temperature=1.0, false_negative_margin=None)
    # query 0: own 1, hard 0, other positive .6, other query 0, documents .6
    # query 1: own .8, hard 0, other positive 0, other query 0, documents .6
    first = math.log(math.e + 1 + math.exp(0.6) + 1 + math.exp(0.6)) - 1
    second = math.log(math.exp(0.8) + 1 + 1 + 1 + math.exp(0.6)) - 0.8
    assert loss.shape == ()
    assert loss.item() == pytest.approx((first + second) / 2, rel=1e-6)


@settings(deadline=None, max_examples=60)
@given(
    batch=st.integers(1, 5),
    negatives=st.integers(0, 3),
    seed=st.integers(0, 99),
    temperature=st.sampled_from([0.02, 0.05, 1.0]),
    margin=st.sampled_from([None, -0.2, 0.0, 0.1, 5.0]),
    query_query=st.booleans(),
    document_document=st.booleans(),
    tables=st.booleans(),
    others=st.booleans(),
    similarity=st.sampled_from(["cosine", "dot", "euclidean"]),
)
def test_equals_the_naive_loop(
    batch, negatives, seed, temperature, margin, query_query, document_document, tables, others,
    similarity,
):  # fmt: skip
    q, p, n = embeddings(batch, negatives, seed=seed)
    draws = torch.Generator().manual_seed(seed)
    relevant = torch.rand(batch, batch, generator=draws) < 0.3 if tables else None
    same = torch.rand(batch, batch, generator=draws) < 0.2 if tables else None
    kept = torch.rand(batch, negatives, generator=draws) < 0.7 if tables else None
    answering = torch.rand(batch, batch, negatives, generator=draws) < 0.3 if tables else None
    blocks = {"query_query": query_query, "document_document": document_document}
    loss = infonce(
        q, p, n, temperature=temperature, false_negative_margin=margin, **blocks,
        relevant=relevant, negative_kept=kept, same_query=same, similarity=similarity,
        other_negatives=others, negative_relevant=answering,
    )  # fmt: skip
    expected = naive(
        q, p, n, temperature=temperature, margin=margin, **blocks,
        relevant=relevant, kept=kept, same_query=same, euclidean=similarity == "euclidean",
        others=others, answering=answering,
    )  # fmt: skip
    assert loss.item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_other_queries_negatives_by_hand():
    queries = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    positives = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    negatives = torch.tensor([[[0.0, 1.0]], [[0.8, 0.6]]])
    told = {"temperature": 1.0, "false_negative_margin": None, "other_negatives": True, **OFF}
    loss = infonce(queries, positives, negatives, **told)
    # query 0: own 1, hard 0, other positive .6, the other's negative .8
    # query 1: own .8, hard .6, other positive 0, the other's negative 1
    first = math.log(math.e + 1 + math.exp(0.6) + math.exp(0.8)) - 1
    second = math.log(math.exp(0.8) + math.exp(0.6) + 1 + math.e) - 0.8
    assert loss.item() == pytest.approx((first + second) / 2, rel=1e-6)
    answering = torch.zeros(2, 2, 1, dtype=torch.bool)
    answering[0, 1, 0] = True  # the second query's negative answers the first one
    masked = infonce(queries, positives, negatives, negative_relevant=answering, **told)
    first = math.log(math.e + 1 + math.exp(0.6)) - 1
    assert masked.item() == pytest.approx((first + second) / 2, rel=1e-6)


def test_with_other_queries_negatives_it_is_the_peers_own_loss():
    """MultipleNegativesRankingLoss: cross-entropy over all positives and all negatives."""
    q, p, n = embeddings()
    told = {"temperature": 0.05, "false_negative_margin": None, "other_negatives": True, **OFF}
    logits = torch.cat([q @ p.T, q @ n.flatten(0, 1).T], dim=1) / 0.05
    expected = cross_entropy(logits, torch.arange(len(q)))
    torch.testing.assert_close(infonce(q, p, n, **told), expected)


@pytest.mark.parametrize("others", [False, True])
@pytest.mark.parametrize("pairs", [1, 14, 15, 34])
def test_blocks_of_queries_change_neither_loss_nor_gradient(monkeypatch, pairs, others):
    draws = torch.Generator().manual_seed(3)
    tables = {
        "relevant": torch.rand(7, 7, generator=draws) < 0.3,
        "same_query": torch.rand(7, 7, generator=draws) < 0.2,
        "negative_kept": torch.rand(7, 3, generator=draws) < 0.7,
    }
    found = []
    for most in (1 << 20, pairs):
        monkeypatch.setattr("gonogo.objectives.infonce._PAIRS", most)
        inputs = [each.requires_grad_() for each in embeddings(7)]
        loss = infonce(
            *inputs,
            temperature=0.05,
            false_negative_margin=0.1,
            other_negatives=others,
            **tables,
        )
        found.append((loss, *torch.autograd.grad(loss, inputs)))
    for whole, blocks in zip(*found, strict=True):
        torch.testing.assert_close(blocks, whole, rtol=1e-12, atol=1e-14)


def test_with_query_document_terms_alone_it_is_cross_entropy():
    q, p, _ = embeddings()
    none = q.new_zeros(5, 0, 8)
    loss = infonce(q, p, none, temperature=0.05, false_negative_margin=None, **OFF)
    torch.testing.assert_close(loss, cross_entropy(q @ p.T / 0.05, torch.arange(5)))


def test_with_every_block_off_the_hard_negatives_remain():
    q, p, n = embeddings(batch=1, negatives=6)
    loss = infonce(q, p, n, temperature=0.1, false_negative_margin=None)
    logits = torch.cat([q @ p.T, q @ n[0].T], dim=1) / 0.1
    torch.testing.assert_close(loss, cross_entropy(logits, torch.tensor([0])))


def test_alone_without_negatives_there_is_nothing_to_learn():
    q, p, _ = embeddings(batch=1)
    loss = infonce(q, p, q.new_zeros(1, 0, 8), temperature=0.05, false_negative_margin=0.1)
    assert loss.item() == 0.0


def test_the_order_of_the_batch_and_of_the_negatives_means_nothing():
    q, p, n = embeddings()
    turn, swap = torch.tensor([3, 1, 4, 0, 2]), torch.tensor([2, 0, 1])
    settings = {"temperature": 0.05, "false_negative_margin": 0.1}
    torch.testing.assert_close(
        infonce(q, p, n, **settings), infonce(q[turn], p[turn], n[turn][:, swap], **settings)
    )


@pytest.mark.parametrize("similarity", ["cosine", "euclidean"])
def test_gradients_equal_finite_differences(similarity):
    parts = [part.requires_grad_() for part in embeddings(batch=3, negatives=2, width=4)]
    kept = torch.tensor([[True, False], [True, True], [False, False]])

    def loss(q, p, n):
        return infonce(
            q, p, n, temperature=0.5, false_negative_margin=0.3, negative_kept=kept,
            similarity=similarity,
        )  # fmt: skip

    assert torch.autograd.gradcheck(loss, parts)


def test_a_masked_negative_changes_neither_loss_nor_gradient():
    q, p, n = embeddings(batch=3, negatives=2)
    extra = torch.cat([n, p.unsqueeze(1)], dim=1)  # the positive itself, as a negative
    kept = torch.tensor([[True, True, False]]).expand(3, 3)
    results = []
    for negatives, mask in ((n, None), (extra, kept)):
        leaf = q.clone().requires_grad_()
        loss = infonce(
            leaf, p, negatives, temperature=0.05, false_negative_margin=None, negative_kept=mask
        )
        results.append((loss.detach(), *torch.autograd.grad(loss, leaf)))
    torch.testing.assert_close(results[0], results[1])


def test_a_positive_that_answers_another_query_is_masked_in_all_three_blocks():
    q, p, n = embeddings(batch=2)
    q[1], p[1] = q[0], p[0]
    equal = torch.ones(2, 2, dtype=torch.bool)
    settings = {"temperature": 0.05, "false_negative_margin": None}
    expected = torch.stack(
        [infonce(q[i : i + 1], p[i : i + 1], n[i : i + 1], **settings) for i in range(2)]
    ).mean()
    for table in ("relevant", "same_query"):
        torch.testing.assert_close(infonce(q, p, n, **settings, **{table: equal}), expected)
    assert infonce(q, p, n, **settings) > expected + 0.5


def test_a_judgement_in_one_direction_masks_only_that_query_document_term():
    q, p, n = embeddings(batch=2)
    one_way = torch.tensor([[False, True], [False, False]])
    settings = {"temperature": 0.05, "false_negative_margin": None, **OFF}
    rows = [(q[0], [p[0], *n[0]]), (q[1], [p[1], p[0], *n[1]])]
    expected = torch.stack(
        [cross_entropy(torch.stack(d) @ query / 0.05, torch.tensor(0)) for query, d in rows]
    ).mean()
    torch.testing.assert_close(infonce(q, p, n, **settings, relevant=one_way), expected)


def test_the_margin_is_in_units_of_similarity_and_inclusive():
    q = torch.tensor([[1.0, 0.0]])
    p = torch.tensor([[0.5, 0.0]])
    for height, masked in ((0.75, False), (0.7501, True)):
        n = torch.tensor([[[height, 0.0]]])
        loss = infonce(q, p, n, temperature=0.05, false_negative_margin=0.25)
        assert (loss.item() == 0.0) is masked


def test_document_document_terms_are_masked_by_the_margin_too():
    q = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    p = torch.tensor([[0.1, 0.0, 0.995], [0.0, 0.1, 0.995]])  # near each other, far from q
    none = q.new_zeros(2, 0, 3)
    settings = {"temperature": 0.05, "query_query": False}
    masked = infonce(q, p, none, **settings, false_negative_margin=0.1)
    without = infonce(q, p, none, **settings, false_negative_margin=0.1, document_document=False)
    assert masked == without
    assert infonce(q, p, none, **settings, false_negative_margin=None) > masked + 10


@pytest.mark.parametrize("temperature", [1e-3, 1e-2])
def test_large_logits_do_not_overflow(temperature):
    parts = [part.requires_grad_() for part in embeddings(dtype=torch.float32)]
    loss = infonce(*parts, temperature=temperature, false_negative_margin=None)
    assert torch.isfinite(loss)
    assert all(torch.isfinite(part).all() for part in torch.autograd.grad(loss, parts))


def test_autocast_does_not_round_similarities():
    q, p, n = embeddings(dtype=torch.float32)
    settings = {"temperature": 0.05, "false_negative_margin": 0.1}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = infonce(q, p, n, **settings)
    assert inside == infonce(q, p, n, **settings)


def test_half_precision_embeddings_are_compared_in_fp32():
    q, p, n = embeddings(dtype=torch.float32)
    low = [part.bfloat16() for part in (q, p, n)]
    settings = {"temperature": 0.05, "false_negative_margin": None}
    loss = infonce(*low, **settings)
    assert loss.dtype == torch.float32
    assert loss == infonce(*[part.float() for part in low], **settings)


def test_wrong_shapes_are_refused():
    q, p, n = embeddings()
    with pytest.raises(Exception, match="n"):
        infonce(q, p[:-1], n, temperature=0.05, false_negative_margin=None)
