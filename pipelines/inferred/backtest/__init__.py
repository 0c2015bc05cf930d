"""Back-test: what a route model is worth on reports whose places it was not shown.

Belongs here: folds, what is hidden, the metrics, the baselines that a model has to beat, and the guard that keeps last
night's model where tonight's is worse. Does not belong here: the route model itself, and peers that are not part of the
product (`bench/`).
"""
