"""The old place of `gonogo.spec.checks.resolve.resolve`, kept for scripts written before 0.2.0.

New code opens studies through ``gonogo.study``; nothing in the package imports this.
"""

from gonogo.spec.checks.resolve import resolve

__all__ = ["resolve"]
