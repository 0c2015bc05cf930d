"""The steps from lines to pairs that may be of one seizure, and from pairs to sets, incidents and weights."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping

import polars as pl

from pipelines.conformed.duplicates.model import Weights, splink_settings, weights
from pipelines.conformed.duplicates.sets import weigh
from pipelines.store import Connection, frame, sql

COUNTED = ("date", "amount", "place")
"""Comparisons whose level is kept beside its bits; that of desks tells the kind of pair."""


def compare(con: Connection, mirrors: Mapping[str, str], model: Weights | None = None) -> None:
    """Make the tables `mirrored`, `tellings` and `chances`: every pair that is looked at, with its agreements.

    `con` has views of `conformed.lines` and `conformed.legs`; `mirrors` names the source that a source mirrors.
    """
    con.register("mirrors", pl.DataFrame(list(mirrors.items()), ["source_id", "mirrored_source"], orient="row"))
    con.execute(sql(__file__, "stated"))
    for step in ("mirrored", "tellings", "blocks"):
        con.execute(f"CREATE OR REPLACE TABLE {step} AS {sql(__file__, step)}")
    _agreements(con, model or weights())
    con.execute(f"CREATE OR REPLACE TABLE chances AS {sql(__file__, 'chances')}")


def pairs_query(con: Connection, model: Weights | None = None) -> tuple[str, dict[str, float]]:
    """The query of `conformed.duplicate_pairs` over the tables of `compare`, and its parameters.

    Makes the tables `weighed`, what two rows say alone, and `rivals`, what other pairs say about them.
    """
    model = model or weights()
    con.register("weights", pl.DataFrame(model.by_kind()))
    for step in ("weighed", "rivals"):
        con.execute(f"CREATE OR REPLACE TABLE {step} AS {sql(__file__, step)}")
    return sql(__file__, "pairs"), {"least": model.bounds["kept"]}


def _agreements(con: Connection, model: Weights) -> None:
    """Compare the pairs of `blocks` with Splink; makes the table `compared`."""
    from splink import DuckDBAPI, Linker

    api = DuckDBAPI(connection=con)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        linker = Linker(api.register("tellings"), splink_settings(model), log_level=logging.ERROR)
        linker.table_management.register_blocked_pairs_for_predict(api.register("blocks"))
        predicted = linker.inference.predict(warning_mode="never").physical_name
    con.execute(f'CREATE OR REPLACE VIEW predicted AS FROM "{predicted}"')
    told = {name: model.levels(name) for name in (*COUNTED, "own_desk")}
    bits = {f"{name}_bits": [round(1000 * one.bits) for one in levels] for name, levels in told.items()}
    names = {f"{name}_levels": [one.level for one in told[name]] for name in COUNTED}
    kinds = {"kinds": [one.kind for one in told["own_desk"]], "kind_bits": bits.pop("own_desk_bits")}
    con.execute(f"CREATE OR REPLACE TABLE compared AS {sql(__file__, 'compared')}", {**names, **bits, **kinds})
    con.execute(f'DROP VIEW predicted; DROP TABLE "{predicted}"; DROP TABLE blocks')


def groups_query(con: Connection, model: Weights | None = None) -> str:
    """The query of `conformed.groups`; `con` has views of lines, legs and pairs."""
    model = model or weights()
    pairs = frame(con, "SELECT seizure_id, other_seizure_id, probability FROM conformed.duplicate_pairs")
    con.register("weighed", weigh(pairs, model.bounds["same"], model.bounds["kept"]))
    con.execute(sql(__file__, "stated"))
    con.execute(f"CREATE OR REPLACE TEMP VIEW incidents AS {sql(__file__, 'incidents')}")
    return sql(__file__, "groups")
