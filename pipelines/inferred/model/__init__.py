"""The route model: which places a seizure came from and went to, learnt from partial reports.

Belongs here: the terms of the model, its likelihood, pooling, conventions, the joint over roles, calibration and
explanation, as pure functions of evidence and geography. Does not belong here: reading or writing tables, the network
of transit (`pipelines/inferred/network`), scores beside other methods (`pipelines/inferred/backtest`).
"""
