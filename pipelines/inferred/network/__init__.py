"""The network that goods move on: legs by mode, how likely each is taken, transits, and whole routes as lines."""
