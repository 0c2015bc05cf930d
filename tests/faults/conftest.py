"""The shared simulated homes, for the tests of this folder."""

from nights import nights, simulated, twin

__all__ = ["nights", "simulated", "twin"]
