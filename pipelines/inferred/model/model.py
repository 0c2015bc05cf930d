"""The route model as a whole: fitted on all partial records, scored for any evidence.

For evidence e the forecasts of the three roles (`pooling`), sharpened and pooled (`calibration`), are joined by the
kernels (`joint`); what the report names is put in, and each hidden role follows by conditioning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from pipelines.inferred.model.calibration import Calibration, calibrate, held_out
from pipelines.inferred.model.conventions import Conventions, fit_conventions
from pipelines.inferred.model.geography import Geography
from pipelines.inferred.model.joint import Joint, Kernel, Pairs, couple, fit_kernel, flat_kernel
from pipelines.inferred.model.likelihood import Floats, Whole
from pipelines.inferred.model.pooling import ROLES, Parts, RoleModel, contexts_of, fit_role

MODEL = "loglinear-2"
"""Name of this kind of model; what it was fitted on is added where its forecasts stand."""
THREADS = 2
ORIGIN, DEPARTURE, DESTINATION = ROLES
BLOCK = ["reporter", "commodity_group"]
Forecasts = Mapping[str, Floats]


@dataclass(frozen=True)
class Asked:
    """Evidence as the model looks at it: each role's parts of its distinct contexts, and the context of each row."""

    evidence: pl.DataFrame
    row: Whole
    parts: Mapping[str, Parts]


@dataclass(frozen=True)
class RouteModel:
    """A fitted model. Its forecasts are of what this reporter would write (`prob_label`)."""

    at: Geography
    roles: Mapping[str, RoleModel]
    calibrations: Mapping[str, Calibration]
    kernels: tuple[Kernel, Kernel]
    """Origin with departure, departure with destination."""
    conventions: Conventions | None = None

    def ask(self, evidence: pl.DataFrame) -> Asked:
        """Look at the evidence once: all forecasts of it start here."""
        contexts, columns = contexts_of(evidence)
        parts = {role: model.parts(contexts) for role, model in self.roles.items()}
        return Asked(evidence, _rows(evidence, contexts, columns), parts)

    def alone(self, asked: Asked, roles: Sequence[str] = ROLES) -> Forecasts:
        """Forecast of each role when no other is looked at: shape (evidence rows, places)."""
        return {role: asked.parts[role].pooled(self.calibrations[role].pool)[asked.row] for role in roles}

    @cached_property
    def of_all(self) -> RouteModel:
        """The same without what is the reporter's own: effects on the place abroad, and its pairs."""
        strange = {role: replace(known, pool=replace(known.pool, own=0.0)) for role, known in self.calibrations.items()}
        first, second = self.kernels
        return replace(self, calibrations=strange, kernels=(first.of_all(), second.of_all()))

    def meant(self, asked: Asked, role: str) -> Floats:
        """P₀: forecast of a role as if another had reported, without its own word; shape (evidence rows, places).

        An origin is conditional on the other places that are reported, for most goods leave where they were made.
        """
        if role != ORIGIN:
            return self.of_all.alone(asked, [role])[role]
        hidden = asked.evidence.with_columns(pl.lit(None, pl.String).alias(role))
        return self.of_all.score(replace(asked, evidence=hidden))[role]

    def true(self, asked: Asked, role: str, label: Floats) -> Floats:
        """`prob_true` of a role from its `prob_label`, shape (evidence rows, places)."""
        if self.conventions is None:
            return label
        meant = self.meant(asked, role)
        departure = positions(asked.evidence, DEPARTURE, self.at)
        q = np.where(departure >= 0, meant[np.arange(len(meant)), departure], 0.0)
        doubt = self.conventions.doubt(asked.evidence, role, q)[:, None]
        believed: Floats = (1 - doubt) * label + doubt * meant
        return believed

    def score(self, asked: Asked) -> Forecasts:
        """Forecast of each role given the reported others; a reported role has probability 1 at its place."""
        reported = np.column_stack([positions(asked.evidence, role, self.at) for role in ROLES])
        # what is asked in the same words is answered once
        _, first, row = np.unique(
            np.column_stack([asked.row, reported]), axis=0, return_index=True, return_inverse=True
        )
        once = replace(asked, evidence=asked.evidence[first.tolist()], row=asked.row[first])
        with threadpool_limits(1):
            return {role: forecast[row] for role, forecast in self._score(once, reported[first]).items()}

    def _score(self, asked: Asked, reported: Whole) -> Forecasts:
        """`score`; `reported` holds the position of each role's place, or −1: shape (evidence rows, roles)."""
        forecasts = dict(self.alone(asked))
        n_reported = (reported >= 0).sum(axis=1)
        partly = np.flatnonzero((n_reported > 0) & (n_reported < len(ROLES)))
        for rows, block in self._blocks(asked.evidence, partly, forecasts):
            for role, forecast in zip(ROLES, block.marginals(*reported[rows].T), strict=True):
                forecasts[role][rows] = forecast
        for role, at in zip(ROLES, reported.T, strict=True):
            named = np.flatnonzero(at >= 0)
            forecasts[role][named] = 0.0
            forecasts[role][named, at[named]] = 1.0
        return forecasts

    def _blocks(self, evidence: pl.DataFrame, rows: Whole, alone: Forecasts) -> list[tuple[Whole, Joint]]:
        """The joint of each reporter's and commodity group's evidence among `rows`."""
        keyed = evidence[rows.tolist()].select(BLOCK).with_columns(pl.Series("row", rows))
        found = []
        for (reporter, group), block in keyed.group_by(BLOCK, maintain_order=True):
            at = block["row"].to_numpy()
            place = self.at.position[str(reporter)]
            kernels = [kernel.differences(place, str(group)) for kernel in self.kernels]
            found.append((at, couple(*(alone[role][at] for role in ROLES), *kernels)))
        return found


def fit(evidence: pl.DataFrame, at: Geography) -> RouteModel:
    """Fit the model on all evidence that names any place. Rows may come in any order."""
    # what a former state reports is in its words alone: nothing is known of where it lies
    known = evidence.filter(pl.col("reporter").is_in(at.places))
    evidence = known.sort("evidence_id").with_columns(pl.col("n_lines").cast(pl.Float64))
    # more threads of a matrix product would add in another order; those of different roles share nothing
    with threadpool_limits(1), ThreadPoolExecutor(THREADS) as threads:
        set_by = {role: threads.submit(lambda role: calibrate(*held_out(evidence, role, at)), role) for role in ROLES}
        fitted = {role: threads.submit(fit_role, evidence, role, at) for role in ROLES}
        calibrations = {role: done.result() for role, done in set_by.items()}
        roles = {role: done.result() for role, done in fitted.items()}
        nothing = flat_kernel(len(at.places))
        # a forecast that has learnt a reporter's lines expects its pairs already; that of all does not
        uncoupled = RouteModel(at, roles, calibrations, (nothing, nothing)).of_all
        kernels = tuple(
            _kernel(uncoupled, evidence, first, second)
            for first, second in ((ORIGIN, DEPARTURE), (DEPARTURE, DESTINATION))
        )
        model = RouteModel(at, roles, calibrations, (kernels[0], kernels[1]))
        return replace(model, conventions=_conventions(model, evidence))


def positions(evidence: pl.DataFrame, role: str, at: Geography) -> Whole:
    """Position of the place that is reported in the role, −1 where none of today's countries or territories is."""
    found: Whole = (
        evidence[role].replace_strict(at.position, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()
    )
    return found


def _kernel(model: RouteModel, evidence: pl.DataFrame, first: str, second: str) -> Kernel:
    both = evidence.filter(
        pl.col(first).is_in(model.at.places) & pl.col(second).is_in(model.at.places) & (pl.col("n_lines") > 0)
    )
    alone = model.alone(model.ask(both))
    pairs = Pairs(
        both["reporter"].replace_strict(model.at.position, return_dtype=pl.Int64).to_numpy(),
        both["commodity_group"].to_numpy(),
        positions(both, first, model.at),
        positions(both, second, model.at),
        alone[first],
        alone[second],
        both["n_lines"].to_numpy(),
    )
    return fit_kernel(pairs, len(model.at.places))


def _conventions(model: RouteModel, evidence: pl.DataFrame) -> Conventions:
    places = model.at.places
    abroad = [pl.col(role).is_in(places) & (pl.col(role) != pl.col("reporter")) for role in (ORIGIN, DEPARTURE)]
    both = evidence.filter(*abroad, pl.col("n_lines") > 0)
    meant = model.meant(model.ask(both), ORIGIN)
    return fit_conventions(evidence, both, meant[np.arange(both.height), positions(both, DEPARTURE, model.at)])


def _rows(evidence: pl.DataFrame, contexts: pl.DataFrame, columns: Sequence[str]) -> Whole:
    """Row of each evidence's context."""
    numbered = contexts.with_row_index("row")
    found = evidence.select(columns).join(
        numbered, on=list(columns), how="left", nulls_equal=True, maintain_order="left"
    )  # n:1
    return found["row"].to_numpy().astype(np.int64)
