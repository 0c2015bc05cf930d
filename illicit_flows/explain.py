"""Why a seizure's places are forecast as they are: taken apart, by name, from the fitted model in the release.

Belongs here: the forecast of one seizure made again from the tables `inferred.route_effects`, `route_slopes`,
`route_geography`, `route_mentions`, `route_pairs` and `route_pools`, and its parts. Does not belong here: fitting, or
anything of ours (the reader stands alone). A second hand that makes the same forecast from what is told checks both.

Of evidence e of reporter R, for each role that no report names (symbols as in `pipelines/inferred/model`):

    home     log h / (1 − h)        = Σ_ℓ u_ℓ                 how much likelier R itself is than all places abroad
    place k  log P(k) − mean log P  = Σ_ℓ u'_ℓ[k] + Σ_f θ'_f x_f[k] + escape[k] + legs[k]

against the average place abroad, each summand less its own mean over the places abroad: u' = β (κ u_own + (1 − κ)
u_shared) and θ' likewise, escape = log((1 − ε) q + ε q₀) − log q, legs = what the other reported places change by the
joint. So the contributions of a place sum to its log-odds, with nothing left over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Evidence = Mapping[str, Any]
ROLES = ("origin", "departure", "destination")
ORIGIN, DEPARTURE, DESTINATION = ROLES
HOME, OWN, SHARED = "home", "own", "shared"
EVERYTHING, UNKNOWN = "all", "-"
LEAST = 1e-300
PIECES: Mapping[str, Mapping[str, str | None]] = {
    "commodity": {"commodity": None, "commodity_group": None},
    "size_class": {"size_class": "unknown"},
    "border_class": {"border_class": "unknown"},
    "mode_class": {"mode_class": None},
    "concealment": {"concealment": None},
    "facility": {"facility": None},
    "direction": {"direction": None},
    "place": {"place": None},
    **{role: {role: None} for role in ROLES},
}
"""Each single piece of evidence, and what stands in its columns where it is not known."""
OWN_WORDS = "what the reporter has named before"
"""One more piece: without it, the reporter is one that was never heard of, at the same spot of the map."""
KINDS = {
    "distance_squared": "distance", "near": "distance", "few_people": "people", "mirror_group": "mirror flows",
    "mirror_all": "mirror flows", "named_group": "what others name", "named_all": "what others name",
    "neighbours_near": "neighbours", "neighbours_far": "neighbours",
}  # fmt: skip
"""Features that say one thing in several numbers; others stand by their own name."""
NEEDED = ("inferred.route_effects", "inferred.evidence", "inferred.seizure_evidence", "inferred.route_posteriors")


class NotExplained(LookupError):
    """There is no such seizure, or nothing about it is forecast; the message says which."""


@dataclass(frozen=True)
class Contribution:
    """A summand of the log-odds. `by` names the evidence; its value stands beside it, none for what lies on the map."""

    by: str
    value: str | None
    log_odds: float


@dataclass(frozen=True)
class Place:
    """A place, its probability, and its log-odds against `against`: the sum of the contributions, the largest first."""

    country: str
    prob_label: float
    prob_true: float | None
    """As published; None where the place stands in no list."""
    against: str
    log_odds: float
    contributions: list[Contribution]


@dataclass(frozen=True)
class Similar:
    """Evidence that names the role and shares most terms of the model with the seizure's."""

    evidence_id: str
    country: str
    n_lines: float
    terms_shared: int
    shares: list[str]
    seizure_ids: list[str]
    """At most three of them, to trace on."""


@dataclass(frozen=True)
class Change:
    """What the forecast would be without one piece of evidence."""

    without: str
    value: str | None
    total_variation: float
    """½ Σ |P − P'| over all places: the probability that moves."""
    country: str
    """The likeliest place then."""
    prob_label: float


@dataclass(frozen=True)
class Role:
    """One role. Where a report names the place, nothing is taken apart: `places` holds the reporter's word alone."""

    basis: str
    places: list[Place]
    home: Place | None = None
    """The reporter itself against all places abroad."""
    similar: list[Similar] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    behind: list[Place] = field(default_factory=list)
    """The likeliest places that may stand behind a doubtful word of a report, as published."""
    off_by: float = 0.0
    """Largest difference from the published probabilities: rounding, else the release holds another model."""


@dataclass(frozen=True)
class Explanation:
    """Of one seizure: what the model saw, and each role. Transit is of the network, not of this model."""

    seizure_id: str
    evidence_id: str
    model_id: str
    evidence: dict[str, Any]
    roles: dict[str, Role]


def explain(con: duckdb.DuckDBPyConnection, seizure_id: str, top: int = 3, alike: int = 5) -> Explanation:
    """Explain the `top` likeliest places of each role, with `alike` similar records. Raises `NotExplained`."""
    _check_tables(con)
    found = _records(
        con, "SELECT e.* FROM inferred.evidence AS e JOIN inferred.seizure_evidence USING (evidence_id) "
        "WHERE seizure_id = $id", {"id": seizure_id},
    )  # fmt: skip
    if not found:
        raise NotExplained(f"there is no seizure {seizure_id}")
    evidence = found[0]
    published = _published(con, evidence["evidence_id"])
    known = {name: value for name, value in evidence.items() if value is not None}
    without = {
        name: {**evidence, **unknown}
        for name, unknown in PIECES.items()
        if any(known.get(column, unknown[column]) != unknown[column] for column in unknown)
    }
    model = _Model.read(con, evidence["reporter"], [evidence, *without.values()])
    if evidence["reporter"] not in model.at:
        raise NotExplained(f"{evidence['reporter']} is no country or territory of today: nothing is forecast for it")
    forecast = _Forecast(model, evidence)
    changed = {name: _Forecast(model, other) for name, other in without.items()}
    changed[OWN_WORDS] = _Forecast(model, evidence, heard=False)
    roles = {}
    for role in ROLES:
        stated = published.get(role, {})
        if evidence[role] is not None:
            behind = sorted(set(stated) - {evidence[role]}, key=lambda name: (-stated[name][1], name))
            roles[role] = Role(
                "reported", [_word(evidence[role], stated)], behind=[_word(name, stated) for name in behind[:top]]
            )
            continue
        roles[role] = Role(
            "inferred",
            [_place(forecast, role, country, stated) for country in _likeliest(forecast, role)[:top]],
            _place(forecast, role, evidence["reporter"], stated),
            _similar(con, model, role, evidence, alike),
            _changes(forecast, changed, role),
            off_by=max((abs(forecast.at(role, name) - label) for name, (label, _) in stated.items()), default=0.0),
        )
    model_id = next((row["model_id"] for row in _records(con, MODEL_ID, {"id": evidence["evidence_id"]})), "")
    return Explanation(seizure_id, evidence["evidence_id"], model_id, known, roles)


# --- the model, as published ------------------------------------------------------------------------------------

MODEL_ID = "SELECT model_id FROM inferred.route_posteriors WHERE evidence_id = $id LIMIT 1"
AREAS = "SELECT area FROM reference.areas WHERE area_type IN ('country', 'territory')"
NAMED = "WHERE concat(term, '=', term_group) IN (SELECT unnest($named))"


@dataclass(frozen=True)
class _Model:
    """What the tables hold for one reporter and a few evidences."""

    at: dict[str, int]
    """Position of each place."""
    terms: dict[tuple[str, str], list[str]]
    """Terms by role and part."""
    effects: dict[tuple[str, str, str, str], Floats]
    """u by role, part, term and group, shape (places,); in the part `home` one number."""
    slopes: dict[tuple[str, str, str, str], dict[str, float]]
    """θ by feature."""
    x: dict[tuple[str, str], dict[str, Floats]]
    """By role and commodity group, then feature: shape (places,)."""
    pools: dict[tuple[str, str], float]
    """By role and parameter; `history` is the reporter's."""
    ratios: dict[tuple[str, str, str], Floats]
    """log r by pair of roles, term and group, shape (places, places)."""
    relations: dict[tuple[str, str], float]

    @classmethod
    def read(cls, con: duckdb.DuckDBPyConnection, reporter: str, evidences: Sequence[Evidence]) -> _Model:
        at = {area: number for number, (area,) in enumerate(con.execute(f"{AREAS} ORDER BY area").fetchall())}
        terms: dict[tuple[str, str], list[str]] = {}
        for role, part, term in con.execute(
            "SELECT DISTINCT role, model_part, term FROM inferred.route_effects ORDER BY ALL"
        ).fetchall():
            terms.setdefault((role, part), []).append(term)
        slope_terms = con.execute("SELECT DISTINCT term FROM inferred.route_slopes").fetchall()
        all_terms = {term for names in terms.values() for term in names} | {term for (term,) in slope_terms}
        named = {"named": sorted({f"{term}={_group(term, one)}" for term in all_terms for one in evidences})}
        groups = sorted({one["commodity_group"] or UNKNOWN for one in evidences})
        return cls(
            at, terms, *_effects(con, named, at), _x(con, reporter, groups, at), _pools(con, reporter),
            *_ratios(con, reporter, groups, at),
        )  # fmt: skip

    def kernel(self, pair: str, reporter: str, group: str, *, heard: bool) -> Floats:
        """K up to a constant, shape (places, places)."""
        n, r = len(self.at), self.at[reporter]
        logs = np.zeros((n, n))
        np.fill_diagonal(logs, self.relations.get((pair, "same_place"), 0.0))
        logs[r, :] = self.relations.get((pair, "first_home"), 0.0)
        logs[:, r] = self.relations.get((pair, "second_home"), 0.0)
        logs[r, r] = self.relations.get((pair, "both_home"), 0.0)
        of_reporter = ("reporter+commodity_group", f"{reporter}|{group}")
        for key in (("commodity_group", group), *([of_reporter] if heard else [])):
            logs += self.ratios.get((pair, *key), 0.0)
        kernel: Floats = np.exp(logs)
        return kernel


def _group(term: str, evidence: Evidence) -> str:
    """The group of a term that evidence is in."""
    if term == EVERYTHING:
        return EVERYTHING
    return "|".join(UNKNOWN if evidence[name] is None else str(evidence[name]) for name in term.split("+"))


def _effects(con: duckdb.DuckDBPyConnection, named: dict[str, list[str]], at: dict[str, int]) -> tuple[Any, Any]:
    effects: dict[tuple[str, str, str, str], Floats] = {}
    for *key, candidate, effect in con.execute(
        f"SELECT role, model_part, term, term_group, candidate, effect::DOUBLE FROM inferred.route_effects {NAMED}",
        named,
    ).fetchall():
        role, part, term, group = key
        values = effects.setdefault((role, part, term, group), np.zeros(1 if part == HOME else len(at)))
        values[0 if part == HOME else at[candidate]] = effect
    slopes: dict[tuple[str, str, str, str], dict[str, float]] = {}
    for *key, feature, effect in con.execute(
        f"SELECT role, model_part, term, term_group, feature, effect::DOUBLE FROM inferred.route_slopes {NAMED}", named
    ).fetchall():
        role, part, term, group = key
        slopes.setdefault((role, part, term, group), {})[feature] = effect
    return effects, slopes


def _x(
    con: duckdb.DuckDBPyConnection, reporter: str, groups: list[str], at: dict[str, int]
) -> dict[tuple[str, str], dict[str, Floats]]:
    found: dict[tuple[str, str], dict[str, Floats]] = {(role, group): {} for role in ROLES for group in groups}
    for feature, candidate, value in con.execute(
        "SELECT feature, candidate, feature_value::DOUBLE FROM inferred.route_geography WHERE reporter = $r",
        {"r": reporter},
    ).fetchall():
        for features in found.values():
            features.setdefault(feature, np.zeros(len(at)))[at[candidate]] = value
    for role, group, feature, candidate, value in con.execute(
        "SELECT role, evidence_group, feature, candidate, feature_value::DOUBLE FROM inferred.route_mentions "
        "WHERE reporter = $r AND evidence_group IN (SELECT unnest($groups))", {"r": reporter, "groups": groups},
    ).fetchall():  # fmt: skip
        found[role, group].setdefault(feature, np.zeros(len(at)))[at[candidate]] = value
    return found


def _pools(con: duckdb.DuckDBPyConnection, reporter: str) -> dict[tuple[str, str], float]:
    return {
        (role, parameter): effect
        for role, parameter, effect in con.execute(
            "SELECT role, parameter, effect::DOUBLE FROM inferred.route_pools WHERE term_group IN ('all', $r)",
            {"r": reporter},
        ).fetchall()
    }


def _ratios(con: duckdb.DuckDBPyConnection, reporter: str, groups: list[str], at: dict[str, int]) -> tuple[Any, Any]:
    ratios: dict[tuple[str, str, str], Floats] = {}
    relations: dict[tuple[str, str], float] = {}
    asked = [*groups, *(f"{reporter}|{group}" for group in groups)]
    for pair, term, group, first, second, effect in con.execute(
        "SELECT role_pair, term, term_group, candidate, other_candidate, effect::DOUBLE FROM inferred.route_pairs "
        "WHERE term = 'relation' OR term_group IN (SELECT unnest($groups))", {"groups": asked},
    ).fetchall():  # fmt: skip
        if term == "relation":
            relations[pair, group] = effect
        else:
            ratios.setdefault((pair, term, group), np.zeros((len(at), len(at))))[at[first], at[second]] = effect
    return ratios, relations


# --- one forecast, in parts -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Alone:
    """The forecast of one role before other reported places are looked at."""

    home: list[tuple[str, str | None, float]]
    """Summands of log h / (1 − h)."""
    abroad: list[tuple[str, str | None, Floats]]
    """Summands of the score of each place, shape (places,); those of the pooled parts, then the escape."""
    probability: Floats
    """Shape (places,), the reporter itself included; sums to 1."""


class _Forecast:
    """The forecast of one evidence; `heard` is whether the reporter's own history is looked at."""

    def __init__(self, model: _Model, evidence: Evidence, *, heard: bool = True) -> None:
        self.model, self.evidence, self.heard = model, evidence, heard
        self.reporter = model.at[evidence["reporter"]]
        self.group = evidence["commodity_group"] or UNKNOWN
        self.alone = {role: self._alone(role) for role in ROLES}

    def at(self, role: str, country: str) -> float:
        """Probability of a place in a role."""
        return float(self.probabilities[role][self.model.at[country]])

    @cached_property
    def named(self) -> dict[str, int]:
        """Position of the place that is reported in each role that has one."""
        return {role: self.model.at[self.evidence[role]] for role in ROLES if self.evidence[role] in self.model.at}

    @cached_property
    def probabilities(self) -> dict[str, Floats]:
        """By role, given the reported others: shape (places,)."""
        found = {}
        for role in ROLES:
            logs = np.log(np.maximum(self.alone[role].probability, LEAST)) + sum(
                values for _, _, values in self.legs[role]
            )
            found[role] = _softmax(logs)
        return found

    @cached_property
    def legs(self) -> dict[str, list[tuple[str, str | None, Floats]]]:
        """What each reported place adds to the logarithm of the other roles' forecasts, shape (places,)."""
        if not self.named or len(self.named) == len(ROLES):
            return {role: [] for role in ROLES}
        first, second = (
            self.model.kernel(pair, self.evidence["reporter"], self.group, heard=self.heard)
            for pair in ("origin_departure", "departure_destination")
        )
        p = {role: self.alone[role].probability for role in ROLES}
        a, b, c = self._coupled(p, first, second)
        given_a, given_b, given_c = (
            _only(one, self.named.get(role)) for role, one in zip(ROLES, (a, b, c), strict=True)
        )
        ahead, behind = given_a @ first, given_c @ second.T
        of_departure = [
            (ORIGIN, _log(ahead) - _log(a @ first)),
            (DESTINATION, _log(behind) - _log(c @ second.T)),
        ]
        # the departure stands between: once it is told, the other end says nothing more
        nearest = DEPARTURE if DEPARTURE in self.named else None
        of_origin = _log(given_a * (first @ (given_b * behind))) - _log(p[ORIGIN])
        of_destination = _log(given_c * ((given_b * ahead) @ second)) - _log(p[DESTINATION])
        found = {
            ORIGIN: [(nearest or DESTINATION, of_origin)],
            DEPARTURE: [leg for leg in of_departure if leg[0] in self.named],
            DESTINATION: [(nearest or ORIGIN, of_destination)],
        }
        return {
            role: [(f"{leg} reported", str(self.evidence[leg]), values) for leg, values in legs]
            if role not in self.named
            else []
            for role, legs in found.items()
        }

    def _coupled(self, p: Mapping[str, Floats], first: Floats, second: Floats) -> tuple[Floats, Floats, Floats]:
        """Factors a, b, c of the joint: iterative proportional fitting to the three forecasts."""
        a, b, c = (np.where(p[role] > 0, p[role], LEAST) for role in ROLES)
        for _ in range(int(self.model.pools[DEPARTURE, "sweeps"])):
            b = p[DEPARTURE] / np.maximum((a @ first) * (second @ c), LEAST)
            a = p[ORIGIN] / np.maximum(first @ (b * (second @ c)), LEAST)
            c = p[DESTINATION] / np.maximum((b * (a @ first)) @ second, LEAST)
        return a, p[DEPARTURE] / np.maximum((a @ first) * (second @ c), LEAST), c

    def _alone(self, role: str) -> _Alone:
        n = len(self.model.at)
        pool = {name: self.model.pools.get((role, f"pool_{name}"), 0.0) for name in POOL}
        history = self.model.pools.get((role, "history"), 0.0) if self.heard else 0.0
        kappa = pool["own"] * history / (history + pool["half"]) if history > 0 else 0.0
        beta = pool["sharpness"] if history > 0 else pool["sharpness_new"]
        home = [(by, value, float(u[0])) for by, value, u in self._levels(role, HOME)]
        abroad: dict[tuple[str, str | None], Floats] = {}
        for part, share in ((OWN, kappa), (SHARED, 1 - kappa)):
            for by, value, values in (*self._levels(role, part), *self._features(role, part)):
                abroad[by, value] = abroad.get((by, value), np.zeros(n)) + beta * share * values
        shared = beta * sum(
            (values for *_, values in (*self._levels(role, SHARED), *self._features(role, SHARED))), np.zeros(n)
        )
        mixed = sum(abroad.values(), np.zeros(n))
        q, q_shared = self._abroad(mixed), self._abroad(shared)
        escaped = (1 - pool["escape"]) * q + pool["escape"] * q_shared
        h = 1 / (1 + np.exp(-sum(value for *_, value in home)))
        probability = (1 - h) * escaped
        probability[self.reporter] = h
        items = [(by, value, values) for (by, value), values in abroad.items()]
        return _Alone(home, [*items, ("escape", None, _log(escaped) - _log(q))], probability)

    def _levels(self, role: str, part: str) -> Iterable[tuple[str, str | None, Floats]]:
        for term in self.model.terms.get((role, part), []):
            columns = [] if term == EVERYTHING else term.split("+")
            values = self.model.effects.get((role, part, term, _group(term, self.evidence)))
            if values is None or ("reporter" in columns and not self.heard):
                continue
            value = ", ".join(str(self.evidence[name] or "not known") for name in columns)
            yield " + ".join(columns) or "any seizure", value or None, values

    def _features(self, role: str, part: str) -> Iterable[tuple[str, str | None, Floats]]:
        x = self.model.x[role, self.group]
        total: dict[str, float] = {}
        for (of_role, of_part, term, group), slope in self.model.slopes.items():
            if (of_role, of_part) == (role, part) and group == _group(term, self.evidence):
                for feature, effect in slope.items():
                    total[feature] = total.get(feature, 0.0) + effect
        for feature, effect in sorted(total.items()):
            if feature in x:
                yield KINDS.get(feature, feature), None, effect * x[feature]

    def _abroad(self, scores: Floats) -> Floats:
        """exp s / Σ exp s over the places abroad."""
        barred = scores.copy()
        barred[self.reporter] = -np.inf
        return _softmax(barred)


POOL = ("own", "half", "escape", "sharpness", "sharpness_new")


def _softmax(scores: Floats) -> Floats:
    scaled = np.exp(scores - scores.max())
    shares: Floats = scaled / scaled.sum()
    return shares


def _log(values: Floats) -> Floats:
    logs: Floats = np.log(np.maximum(values, LEAST))
    return logs


def _only(factor: Floats, at: int | None) -> Floats:
    if at is None:
        return factor
    kept = np.zeros_like(factor)
    kept[at] = 1.0
    return kept


# --- what is told of it -----------------------------------------------------------------------------------------


def _likeliest(forecast: _Forecast, role: str) -> list[str]:
    places = list(forecast.model.at)
    return [places[number] for number in np.argsort(-forecast.probabilities[role], kind="stable")]


def _place(forecast: _Forecast, role: str, country: str, stated: Mapping[str, tuple[float, float]]) -> Place:
    p, alone, legs = forecast.probabilities[role], forecast.alone[role], forecast.legs[role]
    k, reporter = forecast.model.at[country], forecast.reporter
    if k == reporter:
        log_odds = float(_log(p[k : k + 1])[0] - np.log(max(1 - p[k], LEAST)))
        items = list(alone.home)
        if legs:
            at_first = sum(value for *_, value in items)
            items.append(
                (" and ".join(by for by, *_ in legs), ", ".join(str(v) for _, v, _ in legs), log_odds - at_first)
            )
        against = "all places abroad"
    else:
        abroad = np.arange(len(p)) != reporter
        log_odds = float(_log(p)[k] - _log(p)[abroad].mean())
        items = [(by, value, float(v[k] - v[abroad].mean())) for by, value, v in (*alone.abroad, *legs)]
        against = "the average place abroad"
    contributions = [Contribution(*item) for item in sorted(items, key=lambda item: -abs(item[2])) if item[2] != 0]
    return Place(country, float(p[k]), stated.get(country, (0.0, None))[1], against, log_odds, contributions)


def _word(country: str, stated: Mapping[str, tuple[float, float]]) -> Place:
    label, true = stated.get(country, (1.0, None))
    return Place(country, label, true, "", float("inf"), [])


def _changes(forecast: _Forecast, changed: Mapping[str, _Forecast], role: str) -> list[Change]:
    found = []
    for name, other in changed.items():
        moved = 0.5 * float(np.abs(forecast.probabilities[role] - other.probabilities[role]).sum())
        likeliest = _likeliest(other, role)[0]
        value = forecast.evidence.get(name)
        found.append(Change(name, None if value is None else str(value), moved, likeliest, other.at(role, likeliest)))
    return sorted(found, key=lambda change: (-change.total_variation, change.without))


def _similar(con: duckdb.DuckDBPyConnection, model: _Model, role: str, evidence: Evidence, alike: int) -> list[Similar]:
    """Evidence that names the role, by the number of terms in which it is in the same known group."""
    terms = {term for part in (HOME, OWN) for term in model.terms.get((role, part), []) if term != EVERYTHING}
    terms |= {other for other in ROLES if other != role}
    known = [term for term in sorted(terms) if not {evidence[name] for name in term.split("+")} & {None, "unknown"}]
    columns = sorted({name for term in known for name in term.split("+")})
    if not known:
        return []
    same = " + ".join(
        "CAST(coalesce(" + " AND ".join(f'"{name}" = ${name}' for name in term.split("+")) + ", false) AS INTEGER)"
        for term in known
    )
    query = f"""
        WITH alike AS (
            SELECT *, {same} AS terms_shared FROM inferred.evidence
            WHERE "{role}" IN ({AREAS}) AND n_lines > 0  -- a former state teaches the model nothing
            ORDER BY terms_shared DESC, n_lines DESC, evidence_id LIMIT {int(alike)}
        )
        SELECT a.*, list_slice(list_sort(list(s.seizure_id)), 1, 3) AS seizure_ids
        FROM alike AS a JOIN inferred.seizure_evidence AS s USING (evidence_id)  -- 1:n
        GROUP BY ALL ORDER BY terms_shared DESC, n_lines DESC, evidence_id
    """
    return [
        Similar(
            row["evidence_id"], row[role], float(row["n_lines"]), row["terms_shared"],
            [name for name in columns if row[name] == evidence[name]], row["seizure_ids"],
        )
        for row in _records(con, query, {name: evidence[name] for name in columns})
    ]  # fmt: skip


def _published(con: duckdb.DuckDBPyConnection, evidence_id: str) -> dict[str, dict[str, tuple[float, float]]]:
    """prob_label and prob_true by role and place, as the release has them."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for row in _records(
        con, "SELECT role, country, prob_label, prob_true FROM inferred.route_posteriors WHERE evidence_id = $id "
        "AND country <> 'rest'", {"id": evidence_id},
    ):  # fmt: skip
        found.setdefault(row["role"], {})[row["country"]] = (float(row["prob_label"]), float(row["prob_true"]))
    return found


def _check_tables(con: duckdb.DuckDBPyConnection) -> None:
    held = {
        f"{schema}.{name}"
        for schema, name in con.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
    }
    missing = [name for name in NEEDED if name not in held]
    if missing:
        raise NotExplained(f"this release cannot be explained: it has no {', '.join(missing)}")


def _records(con: duckdb.DuckDBPyConnection, query: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = con.execute(query, dict(params)).fetchall()
    names = [column[0] for column in con.description or []]
    return [dict(zip(names, row, strict=True)) for row in found]
