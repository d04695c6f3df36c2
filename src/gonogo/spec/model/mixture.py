"""A mixture of low-rank experts: which experts there are, and what routes between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from gonogo.core.errors import nearest
from gonogo.spec.base import Count, Fraction, Positive, Spec
from gonogo.spec.model.any_adapter import AnyAdapter

ExpertName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]


class Expert(Spec):
    """One low-rank update, on every linear layer of the backbone's blocks."""

    name: ExpertName
    """What it is called in the logs, and in ``frozen``: letters, digits, '_', '-'."""
    rank: Count = 8
    """Its rank."""
    alpha: Positive | None = None
    """Scale numerator: the update is scaled by alpha / rank. Equal to the rank when not given."""

    @property
    def scaling(self) -> float:
        """Return alpha / rank."""
        return 1.0 if self.alpha is None else self.alpha / self.rank


class Routing(Spec):
    """What every router answers about itself."""

    def named(self) -> dict[str, tuple[str, ...]]:
        """Return the experts that it names, by key."""
        return {}

    def idle(self, experts: Collection[str]) -> set[str]:  # noqa: ARG002
        """Return the experts that it never uses."""
        return set()

    def counts(self) -> dict[str, int | None]:
        """Return numbers of experts that it asks for, by key."""
        return {}

    def terms(self, count: int) -> set[str]:  # noqa: ARG002
        """Return the names of its losses, with so many experts."""
        return set()

    def figures(self, count: int) -> set[str]:  # noqa: ARG002
        """Return the names of its figures, beside gates and active experts."""
        return set()


class LearnedRouting(Routing):
    """What all routers that read their input have in common."""

    level: Literal["token", "sequence"] = "token"
    """Each token has gates of its own, or all tokens of a text share those of their mean. The
    latter lets a decoder's token depend on later ones, so that prompts are not read once for
    many documents."""
    jitter: Fraction = 0.01
    """Noise on the router's input while training, relative: as if every value were multiplied by a
    factor drawn from 1 - jitter to 1 + jitter."""


class BalancedRouting(LearnedRouting):
    """A router that could leave experts without work."""

    balance: Literal["loss", "bias", "none"] = "loss"
    """loss: experts x sum of (share of choices x mean gate), 1 where all are alike, is minimised in
    every pass, which of several tasks pulls each by itself. bias: no loss, but the choice itself is
    shifted towards idle experts, over all tasks of a step together."""
    balance_weight: float = Field(default=0.01, ge=0.0)
    """Weight of the loss."""

    def terms(self, count: int) -> set[str]:
        """Return the names of its losses; one expert alone has no router."""
        if count == 1 or self.balance == "none":
            return set()
        if self.balance == "bias":
            return {"router_bias"}
        return {"router_balance"} if self.balance_weight else set()

    def figures(self, count: int) -> set[str]:
        """Return the names of its figures."""
        return {"gate_entropy", "router_balance"} if count > 1 else set()


class ChoosingRouting(BalancedRouting):
    """A router whose gates are never zero, unless it is told to choose."""

    top: Count | None = None
    """How many experts a token has, those with the largest gates; all when not given."""

    def counts(self) -> dict[str, int | None]:
        """Return numbers of experts that it asks for."""
        return {"top": self.top}

    @model_validator(mode="after")
    def _bias_needs_a_choice(self) -> Self:
        if self.balance == "bias" and self.top is None:
            raise ValueError("balance: bias shifts which experts are chosen, but all are; give top")
        return self


class SparsegenRouting(BalancedRouting):
    """A projection onto the simplex whose sparsity is learned, token by token (LD-MoLE)."""

    kind: Literal["sparsegen"] = "sparsegen"
    hidden: Count = 16
    """Width of the network that says how sparse a token's gates are."""
    most: Count | None = None
    """Experts that a token shall have at most; more cost a loss. When not given, the task decides
    alone."""
    most_weight: Positive = 0.01
    """Weight of that loss."""

    def counts(self) -> dict[str, int | None]:
        """Return numbers of experts that it asks for."""
        return {"most": self.most}

    def terms(self, count: int) -> set[str]:
        """Return the names of its losses."""
        fewer = self.most is not None and self.most < count
        return super().terms(count) | ({"router_active"} if fewer else set())


class SoftmaxRouting(ChoosingRouting):
    """Softmax over all experts, or over the largest few."""

    kind: Literal["softmax"] = "softmax"


class EntropyRouting(BalancedRouting):
    """All experts where the gates are undecided, else the likeliest ones (DynMoLE)."""

    kind: Literal["entropy"] = "entropy"
    index: Positive = 1.2
    """Index q of the Tsallis entropy; 1 is Shannon's."""
    threshold: Fraction = 0.9
    """Share of the largest possible entropy above which a token has all experts."""
    top_p: Fraction = 0.75
    """Below it a token has the likeliest experts that reach this sum; the one that crosses it is
    kept."""
    least: Count = 1
    """Experts that a token has at least."""
    entropy_weight: float = Field(default=0.01, ge=0.0)
    """Weight of the mean entropy in the loss, so that gates become decided."""

    def counts(self) -> dict[str, int | None]:
        """Return numbers of experts that it asks for."""
        return {"least": self.least}

    def terms(self, count: int) -> set[str]:
        """Return the names of its losses."""
        moved = count > 1 and self.entropy_weight > 0
        return super().terms(count) | ({"router_entropy"} if moved else set())


class HardRouting(Routing):
    """The pass decides: some experts when texts are embedded, others when pairs are scored."""

    kind: Literal["hard"] = "hard"
    embedding: Annotated[tuple[ExpertName, ...], Field(min_length=1)] = ("embed", "shared")
    """Experts that are on, with gate 1, where texts are embedded."""
    scoring: Annotated[tuple[ExpertName, ...], Field(min_length=1)] = ("rerank", "shared")
    """Experts that are on where pairs are scored. One that is in both lists is shared."""

    def named(self) -> dict[str, tuple[str, ...]]:
        """Return the experts that it names, by key."""
        return {"embedding": self.embedding, "scoring": self.scoring}

    def idle(self, experts: Collection[str]) -> set[str]:
        """Return the experts that are on in no pass."""
        return set(experts) - {*self.embedding, *self.scoring}


class SimilarityRouting(ChoosingRouting):
    """Softmax over cosines with pilot vectors of the experts (RouterRetriever)."""

    kind: Literal["similarity"] = "similarity"
    pilots: dict[ExpertName, Annotated[tuple[str, ...], Field(min_length=1)]] | None = None
    """Texts of each expert. Their mean vectors before each layer of the pretrained backbone are its
    pilots and stay as they are. When not given, each expert has one pilot a layer that learns."""
    temperature: Positive = 0.1
    """What cosines are divided by."""

    def named(self) -> dict[str, tuple[str, ...]]:
        """Return the experts that have pilots."""
        return {} if self.pilots is None else {"pilots": tuple(self.pilots)}

    def idle(self, experts: Collection[str]) -> set[str]:
        """Return the experts without pilots, where any have them."""
        return set() if self.pilots is None else set(experts) - set(self.pilots)


RouterSpec = Annotated[
    SparsegenRouting | SoftmaxRouting | EntropyRouting | HardRouting | SimilarityRouting,
    Field(discriminator="kind"),
]
"""The closed union of routers."""


class MixtureAdapter(AnyAdapter):
    """Low-rank experts beside every linear layer of the blocks, and a router that weighs them."""

    kind: Literal["mixture"] = "mixture"
    experts: Annotated[tuple[Expert, ...], Field(min_length=1)] = (
        Expert(name="embed", rank=8),
        Expert(name="rerank", rank=8),
        Expert(name="shared", rank=16),
    )
    """The experts."""
    router: RouterSpec = SparsegenRouting()
    """What weighs them; each layer has one of its own."""
    frozen: tuple[ExpertName, ...] = ()
    """Experts that do not learn. One that has never learned changes nothing."""
    dropout: Fraction = 0.05
    """Dropout on the experts' input, the same for all; the router sees everything."""

    @property
    def expert_names(self) -> tuple[str, ...]:
        """Return the experts' names in order."""
        return tuple(expert.name for expert in self.experts)

    @property
    def total_rank(self) -> int:
        """Return the rank of a plain LoRA with as many parameters beside the routers'."""
        return sum(expert.rank for expert in self.experts)

    def figures(self) -> frozenset[str]:
        """Return the figures that its routers log, those of single layers left out."""
        count = len(self.experts)
        gates = {*(f"gate.{name}" for name in self.expert_names), "active_experts"}
        terms = self.router.terms(count)
        # A loss with terms in it is logged without them, too.
        alone = {"objective"} if terms else set()
        return frozenset({*gates, *self.router.figures(count), *terms, *alone})

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        twice = [name for name, count in Counter(self.expert_names).items() if count > 1]
        if twice:
            raise ValueError(f"two experts are called {twice[0]!r}")
        named = {f"router.{key}": names for key, names in self.router.named().items()}
        for place, names in {"frozen": self.frozen, **named}.items():
            for name in names:
                if name not in self.expert_names:
                    raise ValueError(
                        f"{place}: no expert {name!r}; {nearest(name, self.expert_names)}"
                    )
        if set(self.frozen) == set(self.expert_names):
            raise ValueError("frozen: at least one expert has to learn")
        return self

    @model_validator(mode="after")
    def _router_fits(self) -> Self:
        count = len(self.experts)
        for key, asked in self.router.counts().items():
            if asked is not None and asked > count:
                raise ValueError(f"router.{key} ({asked}) is more than there are experts ({count})")
        for name in sorted(self.router.idle(self.expert_names)):
            raise ValueError(f"router: expert {name!r} is used in no pass; name it there, too")
        return self
