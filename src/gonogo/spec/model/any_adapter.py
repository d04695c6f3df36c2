"""What every adapter's specification answers about itself."""

from __future__ import annotations

from gonogo.spec.base import Spec


class AnyAdapter(Spec):
    """What of a backbone learns; the members of ``AdapterSpec`` are such."""

    def figures(self) -> frozenset[str]:
        """Return the figures that it adds to those of a task's steps."""
        return frozenset()

    @property
    def expert_names(self) -> tuple[str, ...]:
        """Return the names of its experts, in order; most adapters have none."""
        return ()
