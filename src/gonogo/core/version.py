"""The version of the package, for whatever is stamped with it."""

from __future__ import annotations

__version__ = "0.2.0"
