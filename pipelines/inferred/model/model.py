"""The route model as a whole: fitted on all partial records, scored for any evidence.

For evidence e the forecasts of the three roles (`pooling`), sharpened and pooled (`calibration`), are joined by the
kernels (`joint`); what the report names is put in, and each hidden role follows by conditioning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from pipelines.inferred.model.calibration import Calibration, calibrate, held_out
from pipelines.inferred.model.conventions import Conventions, fit_conventions
from pipelines.inferred.model.geography import Geography
from pipelines.inferred.model.joint import Kernel, Pairs, Ratios, couple, fit_kernel, flat_kernel
from pipelines.inferred.model.likelihood import Contexts, Floats, Whole, once
from pipelines.inferred.model.pooling import ROLES, Parts, Pool, RoleModel, fit_role

MODEL = "loglinear-2"
"""Name of this kind of model; what it was fitted on is added where its forecasts stand."""
THREADS = 2
ORIGIN, DEPARTURE, DESTINATION = ROLES
BLOCK = 4096
"""Evidences whose roles are joined at a time."""


@dataclass(frozen=True)
class Asked:
    """Evidence as the model looks at it. Arrays have a row for each of its rows."""

    evidence: pl.DataFrame
    reporter: Whole
    group: Whole
    groups: Sequence[str]
    """Commodity groups, and which each row is of."""
    reported: Whole
    """Position of each role's place, or −1 where none of today's countries or territories is: shape (rows, roles)."""
    parts: Mapping[str, Parts]
    row: Mapping[str, Whole]
    """For each role the parts of its forecasts, each once, and which is whose."""
    pooled: dict[tuple[str, Pool], Floats] = field(default_factory=dict)
    """What was made of the parts so far."""

    def place(self, role: str) -> Whole:
        """Position of the role's place, −1 where there is none: shape (rows,)."""
        at: Whole = self.reported[:, ROLES.index(role)]
        return at


@dataclass(frozen=True)
class Answers:
    """Forecasts, each once: `of`, shape (distinct, places); `row`, shape (evidence rows,), says which is whose."""

    of: Floats
    row: Whole

    @property
    def each(self) -> Floats:
        """Shape (evidence rows, places)."""
        return self.of[self.row]


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
        contexts = Contexts(evidence)
        first, group = contexts.kinds("commodity_group")
        parts, row = {}, {}
        for role, model in self.roles.items():
            parts[role], row[role] = model.parts(contexts)
        return Asked(
            evidence,
            evidence["reporter"].replace_strict(self.at.position, return_dtype=pl.Int64).to_numpy(),
            group,
            [str(name) for name in evidence["commodity_group"][first]],
            np.column_stack([positions(evidence, role, self.at) for role in ROLES]),
            parts,
            row,
        )

    def alone(self, asked: Asked, role: str) -> Answers:
        """Forecast of a role when no other is looked at."""
        pool, parts, of_all = self.calibrations[role].pool, asked.parts[role], None
        for one in (replace(pool, own=0.0), pool):
            if (role, one) not in asked.pooled:
                asked.pooled[role, one] = parts.pooled(one, of_all)
            of_all = asked.pooled[role, one]
        return Answers(asked.pooled[role, pool], asked.row[role])

    @cached_property
    def of_all(self) -> RouteModel:
        """The same without what is the reporter's own: effects on the place abroad, and its pairs."""
        strange = {role: replace(known, pool=replace(known.pool, own=0.0)) for role, known in self.calibrations.items()}
        first, second = self.kernels
        return replace(self, calibrations=strange, kernels=(first.of_all(), second.of_all()))

    def meant(self, asked: Asked, role: str) -> Answers:
        """P₀: forecast of a role as if another had reported, without its own word.

        An origin is conditional on the other places that are reported, for most goods leave where they were made.
        """
        if role != ORIGIN:
            return self.of_all.alone(asked, role)
        hidden = np.where(np.array(ROLES) == role, -1, asked.reported)
        return self.of_all.score(replace(asked, reported=hidden), [role])[role]

    def true(self, asked: Asked, role: str, label: Answers) -> Answers:
        """`prob_true` of a role, which goes with `prob_label`: evidence that shares the first shares the second."""
        if self.conventions is None:
            return label
        meant = self.meant(asked, role)
        departure = asked.place(DEPARTURE)
        q = np.where(departure >= 0, meant.of[meant.row, departure], 0.0)
        doubt = self.conventions.doubt(asked.evidence, role, q)
        # two doubts are one where their bits are
        first, row = once(np.column_stack([label.row, meant.row, doubt.view(np.int64)]))
        believed, written = meant.of[meant.row[first]], label.of[label.row[first]]
        believed *= doubt[first, None]
        written *= 1 - doubt[first, None]
        believed += written
        return Answers(believed, row)

    def score(self, asked: Asked, roles: Sequence[str] = ROLES) -> Mapping[str, Answers]:
        """Forecast of each of `roles` given the reported others; a reported role has probability 1 at its place."""
        reported = asked.reported
        alone = {role: self.alone(asked, role) for role in ROLES}
        n_reported = (reported >= 0).sum(axis=1)
        partly = np.flatnonzero((n_reported > 0) & (n_reported < len(ROLES)))
        # what is asked in the same words is answered once
        questions = np.column_stack([asked.reporter, *(alone[role].row for role in ROLES), reported])[partly]
        first, question = once(questions)
        found, given = {}, {}
        for role in roles:
            places = asked.place(role)
            named, answered = np.unique(places[places >= 0], return_inverse=True)
            start, end = len(alone[role].of), len(alone[role].of) + len(first)
            of = np.empty((end + len(named), len(self.at.places)))
            of[:start], given[role], of[end:] = alone[role].of, of[start:end], 0.0
            of[np.arange(end, len(of)), named] = 1.0
            row = alone[role].row.copy()
            row[partly] = start + question
            row[places >= 0] = end + answered
            found[role] = Answers(of, row)
        with threadpool_limits(1):
            self._give(asked, partly[first], alone, given)
        return found

    def _give(self, asked: Asked, rows: Whole, alone: Mapping[str, Answers], found: Mapping[str, Floats]) -> None:
        """Write forecasts of roles given the others into `found`, shape (rows, places) for each role.

        Rows of one reporter, and such whose roles have the same forecasts, stand together. Where a role is reported,
        nothing is written of it.
        """
        for group in np.unique(asked.group[rows]):
            of_group = np.flatnonzero(asked.group[rows] == group)
            for start in range(0, len(of_group), BLOCK):
                at = of_group[start : start + BLOCK]
                which = np.column_stack([alone[role].row[rows[at]] for role in ROLES])
                is_new = (np.diff(which, axis=0, prepend=-1) != 0).any(axis=1)
                forecasts = (alone[role].of[at_role] for role, at_role in zip(ROLES, which[is_new].T, strict=True))
                joint, same = couple(*forecasts, *self._ratios(asked, rows[at[is_new]])), np.cumsum(is_new) - 1
                for role, of in found.items():
                    hidden = np.flatnonzero(asked.place(role)[rows[at]] < 0)
                    if len(hidden):
                        here = rows[at[hidden]]
                        given = joint.take(same[hidden], *self._ratios(asked, here)).given(*asked.reported[here].T)
                        of[at[hidden]] = given.marginal(ROLES.index(role))

    def _ratios(self, asked: Asked, rows: Whole) -> list[tuple[Ratios, Ratios]]:
        """The kernels of rows of one commodity group, and the same turned."""
        return [kernel.ratios(asked.groups[asked.group[rows[0]]], asked.reporter[rows]) for kernel in self.kernels]


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
    asked = model.ask(both)
    pairs = Pairs(
        both["reporter"].replace_strict(model.at.position, return_dtype=pl.Int64).to_numpy(),
        both["commodity_group"].to_numpy(),
        positions(both, first, model.at),
        positions(both, second, model.at),
        model.alone(asked, first).each,
        model.alone(asked, second).each,
        both["n_lines"].to_numpy(),
    )
    return fit_kernel(pairs, len(model.at.places))


def _conventions(model: RouteModel, evidence: pl.DataFrame) -> Conventions:
    places = model.at.places
    abroad = [pl.col(role).is_in(places) & (pl.col(role) != pl.col("reporter")) for role in (ORIGIN, DEPARTURE)]
    both = evidence.filter(*abroad, pl.col("n_lines") > 0)
    meant = model.meant(model.ask(both), ORIGIN)
    return fit_conventions(evidence, both, meant.of[meant.row, positions(both, DEPARTURE, model.at)])
