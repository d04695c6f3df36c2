import torch
from torch.nn.functional import normalize

from gonogo.objectives.build import build_embedding_objective, build_score_objective
from gonogo.objectives.infonce import infonce
from gonogo.objectives.yes_no import yes_no_cross_entropy
from gonogo.spec.objectives import InfoNce, YesNoCrossEntropy


def test_every_setting_of_infonce_arrives():
    draws = torch.Generator().manual_seed(0)
    q, p = (normalize(torch.randn(4, 6, generator=draws), dim=1) for _ in range(2))
    n = normalize(torch.randn(4, 2, 6, generator=draws), dim=2)
    base = {"temperature": 0.05, "false_negative_margin": 0.1}
    values = {build_embedding_objective(InfoNce())(q, p, n).item()}
    assert values == {infonce(q, p, n, **base).item()}
    changes = [
        {"temperature": 0.2},
        {"false_negative_margin": -0.5},
        {"query_query": False},
        {"document_document": False},
    ]
    for change in changes:
        loss = build_embedding_objective(InfoNce(**change))(q, p, n)
        assert loss == infonce(q, p, n, **{**base, **change})
        values.add(loss.item())
    assert len(values) == 5


def test_every_setting_of_yes_no_arrives():
    margins, labels = torch.tensor([0.5, -1.0]), torch.tensor([1, 0])
    for weight in (1.0, 3.0):
        loss = build_score_objective(YesNoCrossEntropy(positive_weight=weight))(margins, labels)
        assert loss == yes_no_cross_entropy(margins, labels, positive_weight=weight)
