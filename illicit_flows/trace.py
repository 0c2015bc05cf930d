"""From a figure down to the files and rows that it rests on.

A published table's contract says which measure its rows add up to and how (`trace:`). Tables of single seizures lead
to their row by their own provenance columns. A forecast of places leads to what it is made of (`explain`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import duckdb

from illicit_flows.explain import Explanation, NotExplained
from illicit_flows.reader import Release
from schemas.contracts import PROVENANCE, TableContract
from schemas.registry import Registry
from schemas.render import TYPES, quoted

LEGS = """
    SELECT s.*, g.origin, g.departure, g.transit, g.destination
    FROM conformed.seizures AS s
    LEFT JOIN (
        SELECT
            seizure_id,
            max(area) FILTER (WHERE role = 'origin') AS origin,
            max(area) FILTER (WHERE role = 'departure') AS departure,
            max(area) FILTER (WHERE role = 'transit') AS transit,
            max(area) FILTER (WHERE role = 'destination') AS destination
        -- of several places in one role none is the one
        FROM (SELECT *, count(*) OVER (PARTITION BY seizure_id, role) AS n FROM conformed.legs)
        WHERE n = 1
        GROUP BY seizure_id
    ) AS g USING (seizure_id)
"""
WHERE_FROM = ("source_id", "file_name", "part", "row_no", "line_no", "delivery_id", "seizure_id")
WHAT = (
    "reporter",
    "seized_from",
    "commodity",
    "quantity_reported",
    "unit_reported",
    "kg_mid",
    "line_weight",
    "factor_id",
)

EXPLAINED = ("inferred.route_posteriors", "inferred.seizure_posteriors")
"""Tables whose rows are forecasts."""
TOLD = ("role", "tells", "country", "by", "value", "figure")


class NotTraceable(ValueError):
    """The question names a table, a column or a row that leads nowhere; the message says which and what would."""


@dataclass(frozen=True)
class Trail:
    """What a figure rests on. `stated` and `summed` are equal where the way down is whole."""

    table: str
    row: dict[str, Any]
    measure: str | None
    stated: Any
    summed: Any
    rests_on: list[dict[str, Any]]


def trace(release: Release, registry: Registry, table: str, keys: dict[str, str]) -> Trail:
    """Follow one row of a table down to report rows.

    `keys` are column values that name exactly one row of a published table, or any rows of a table of single
    seizures. Raises `NotTraceable`.
    """
    contract = _contract(registry, set(release.index["tables"]), table, keys)
    con = release.connect()
    conditions = " AND ".join(
        f"p.{quoted(column)} = CAST(${column} AS {TYPES[registry.fields[column].type].sql})" for column in keys
    )
    if contract.trace is None:
        found = _records(con, f"SELECT * FROM {_name(contract)} AS p WHERE {conditions}", keys)
        if not found:
            raise NotTraceable(f"{table} has no row with {_said(keys)}")
        return Trail(table, found[0], None, None, None, [_provenance(row) for row in found])
    found = _records(con, f"SELECT * FROM {_name(contract)} AS p WHERE {conditions} LIMIT 2", keys)
    if len(found) != 1:
        which = "no row" if not found else "more than one row"
        raise NotTraceable(f"{table} has {which} with {_said(keys)}; its key is {', '.join(contract.primary_key)}")
    return _follow(con, contract, found[0], conditions, keys)


def why(release: Release, keys: dict[str, str]) -> Explanation:
    """What the forecasts of one seizure are made of; `keys` are its seizure_id, and a role if only one is asked for.

    Raises `NotTraceable`.
    """
    if "seizure_id" not in keys or set(keys) - {"seizure_id", "role"}:
        raise NotTraceable("a forecast is explained by seizure_id=…, and role=… if only one is asked for")
    try:
        told = release.explain(keys["seizure_id"])
    except NotExplained as error:
        raise NotTraceable(str(error)) from None
    if keys.get("role", next(iter(told.roles))) not in told.roles:
        raise NotTraceable(f"role is one of {', '.join(told.roles)}; transits follow from the network")
    roles = {name: role for name, role in told.roles.items() if name == keys.get("role", name)}
    return replace(told, roles=roles)


def as_lines(told: Explanation, limit: int) -> list[dict[str, Any]]:
    """An explanation as rows of `TOLD`; of each list the `limit` largest."""
    lines: list[tuple[Any, ...]] = []
    for name, role in told.roles.items():
        for basis, place in [
            *((role.basis, place) for place in role.places),
            *(("behind", one) for one in role.behind),
        ]:
            true = "" if place.prob_true is None else f"prob_true {place.prob_true:.3f}"
            lines.append((name, basis, place.country, "prob_label", true, f"{place.prob_label:.3f}"))
        for place in [*role.places, *([role.home] if role.home and role.home not in role.places else [])]:
            if place.against:
                lines.append((name, "log-odds", place.country, place.against, "", f"{place.log_odds:+.2f}"))
            lines += [
                (name, "because of", place.country, part.by, part.value, f"{part.log_odds:+.2f}")
                for part in place.contributions[:limit]
            ]
        lines += [
            (name, "without", one.country, one.without, one.value, f"{one.total_variation:.3f}")
            for one in role.changes[:limit]
        ]
        lines += [
            (name, "similar", one.country, ", ".join(one.shares), " ".join(one.seizure_ids), f"{one.n_lines:g}")
            for one in role.similar[:limit]
        ]
    return [dict(zip(TOLD, line, strict=True)) for line in lines]


def _follow(con: Any, contract: TableContract, row: dict[str, Any], conditions: str, keys: dict[str, str]) -> Trail:
    way = contract.trace
    assert way is not None
    joined = " AND ".join(f"{expression} = p.{quoted(column)}" for column, expression in way.keys.items())
    columns = ", ".join(f"s.{quoted(column)}" for column in (*WHERE_FROM, *WHAT))
    rests_on = _records(
        con,
        f"""
        WITH p AS (SELECT * FROM {_name(contract)} AS p WHERE {conditions}), s AS ({LEGS})
        SELECT {columns}, {way.line_measure} AS contributes
        FROM p {way.through} JOIN s ON {joined} AND ({way.where})
        ORDER BY contributes DESC, s.source_id, s.file_name, s.part, s.row_no
        """,
        keys,
    )
    summed = round(sum((line["contributes"] for line in rests_on), start=0), 6)
    return Trail(contract.qualified, row, way.measure, row[way.measure], summed, rests_on)


def _contract(registry: Registry, released: set[str], table: str, keys: dict[str, str]) -> TableContract:
    contract = registry.tables.get(table)
    traceable = [
        name
        for name, known in registry.tables.items()
        if name in released and (known.trace is not None or "row_no" in known.fields)
    ]
    if contract is None or table not in traceable:
        raise NotTraceable(f"{table} cannot be traced; these can: {', '.join((*traceable, *EXPLAINED))}")
    unknown = sorted(set(keys) - set(contract.fields))
    if unknown or not keys:
        raise NotTraceable(
            f"{table} has no column {', '.join(unknown) or '(none given)'}; it has {', '.join(contract.fields)}"
        )
    return contract


def _provenance(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in dict.fromkeys((*WHERE_FROM, *WHAT, *PROVENANCE)) if name in row}


def _records(con: Any, query: str, params: dict[str, str]) -> list[dict[str, Any]]:
    try:
        found = con.execute(query, params).fetchall()
    except duckdb.ConversionException as error:
        raise NotTraceable(str(error).splitlines()[0]) from None
    names = [column[0] for column in con.description]
    return [dict(zip(names, row, strict=True)) for row in found]


def _name(contract: TableContract) -> str:
    return f"{quoted(contract.layer)}.{quoted(contract.name)}"


def _said(keys: dict[str, str]) -> str:
    return ", ".join(f"{column}={value}" for column, value in keys.items())
