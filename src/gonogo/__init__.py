"""Train retrieval models as experiments that end in a defensible go / no-go decision."""

__version__ = "0.1.0"
