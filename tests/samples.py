"""Tiny invented deliveries in each publisher's format, and the few steps that carry them through the first rooms.

Belongs here: builders that return a file's bytes, and helpers that two test modules share. Does not belong here: a row
of a real report (nothing here is copied from one), or an assertion.

A builder takes the rows that matter as cells to override, puts them first (so they are rows 1, 2, …) and fills up with
harmless rows to the least number that the contract asks for.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.conformed.cases.make import make_cases
from pipelines.conformed.make import (
    make_contradictions,
    make_cultivation,
    make_duplicate_pairs,
    make_groups,
    make_legs,
    make_lines,
    make_outliers,
    make_reconciliation,
    make_seizures,
    make_totals,
)
from pipelines.conformed.places.candidates import make_places
from pipelines.deliveries.inspect import read_source, summarise
from pipelines.deliveries.receive import Received, deliveries, receive
from pipelines.reference.make import make_reference
from pipelines.staging.make import parse_source
from pipelines.store import Home, connect, frame
from schemas.contracts import SourceContract
from schemas.registry import LookupRow, Registry
from schemas.registry import registry as load_registry

Cells = Mapping[str, str]

IDS: Cells = {
    "REGION": "Africa", "SUBREGION": "East Africa", "COUNTRY": "Kenya", "ADMINISTRATIVE_DIVISION": "",
    "PLACE": "Invented village", "SEIZURE_DATE": "2014-05-05", "DRUG_NAME": "Heroin", "AMOUNT": "5.0",
    "DRUG_UNIT": "Gram", "HIDING_PLACE": "", "INSTALLATION": "", "TRANSPORT": "", "PRODUCING_COUNTRY": "",
    "DEPARTURE_COUNTRY": "", "DESTINATION_COUNTRY": "", "ROUTING": "",
}  # fmt: skip
BRAZIL: Cells = {
    "UF": "SP", "UNIDADE": "SR/PF/SP", "UNIDADE_PADRAO_AEROPORTUARIO": "GRU", "CIDADE_APREENSAO": "CIDADE INVENTADA",
    "DATA": "03/28/2019", "DROGA": "cocaina", "QUANTIDADE": "1500", "UNIDADE_MEDIDA": "gramas",
    "ORIGEM": "aeroporto", "lat": "", "lon": "",
}  # fmt: skip
COLOMBIA: Cells = {
    "FECHA": "03/14/2018 12:00:00 AM", "DEPARTAMENTO": "ANTIOQUIA", "MUNICIPIO": "PUEBLO INVENTADO",
    "DIA": "Miércoles", "CLASE DE ESTUPEFACIENTE": "COCAINA", "CLASE DE SITIO": "APARTAMENTO", "ZONA": "URBANA",
    "UNIDAD DE MEDIDA": "GRAMO", "CÓDIGO DANE": "5999000", "CANTIDAD": "7",
}  # fmt: skip
API: Cells = {
    "fecha": "2018-03-14T00:00:00.000", "departamento": "ANTIOQUIA", "municipio": "PUEBLO INVENTADO",
    "dia": "Miércoles", "clase_de_estupefaciente": "COCAINA", "clase_de_sitio": "APARTAMENTO", "zona": "URBANA",
    "unidad_de_medida": "GRAMO", "c_digo_dane": "5999000", "cantidad": "7",
}  # fmt: skip
ANNUAL: Cells = {
    "Region": "Africa", "country": "Kenya", "ISO Code": "KEN", "Drug Group": "Opioids", "Drug": "Heroin",
    "Year": "2010", "KG Equivalent": "3",
}  # fmt: skip


# --- one file ---------------------------------------------------------------------------------------------------


def ids(*rows: Cells, least: int = 100) -> bytes:
    """UNODC's single seizures: semicolons, UTF-8, English."""
    return delimited(filled(IDS, rows, least, "PLACE"), ";")


def brazil(*rows: Cells, least: int = 20) -> bytes:
    """Polícia Federal: semicolons, byte order mark, decimal comma, month before day."""
    return b"\xef\xbb\xbf" + delimited(filled(BRAZIL, rows, least, "CIDADE_APREENSAO"), ";")


def colombia(*rows: Cells, least: int = 20, total: str | None = "sum") -> bytes:
    """Policía Nacional: commas, month before day, and a last row TOTAL (`sum`: of the column; None: no such row)."""
    records = filled(COLOMBIA, rows, least, "MUNICIPIO")
    if total is not None:
        summed = str(sum(int(row["CANTIDAD"]) for row in records if row["CANTIDAD"].isdigit()))
        last = {**dict.fromkeys(COLOMBIA, ""), "FECHA": "TOTAL", "CANTIDAD": summed if total == "sum" else total}
        records.append(last)
    return delimited(records, ",")


def api(*rows: Cells, least: int = 3) -> bytes:
    """Policía Nacional's interface: one JSON array, every value a string."""
    return json.dumps(filled(API, rows, least, "municipio"), ensure_ascii=False, indent=0).encode()


def annual(*rows: Cells, least: int = 10) -> bytes:
    """UNODC's annual totals: commas, kilograms. The harmless rows are one of each year from 1980 on."""
    years = [{"Year": str(1980 + number)} for number in range(max(0, least - len(rows)))]
    return delimited([{**ANNUAL, **row} for row in (*rows, *years)], ",")


BUILDERS = {
    "unodc_ids": ids, "brazil_pf": brazil, "colombia_policia": colombia, "colombia_policia_api": api,
    "unodc_annual": annual,
}  # fmt: skip


def filled(plain: Cells, rows: Sequence[Cells], least: int, told_apart_by: str) -> list[dict[str, str]]:
    """The given rows over a plain one, then numbered plain ones up to `least`."""
    fill = [{told_apart_by: f"{plain[told_apart_by]} {number}"} for number in range(max(0, least - len(rows)))]
    return [{**plain, **row} for row in (*rows, *fill)]


def delimited(records: Sequence[Cells], delimiter: str) -> bytes:
    """RFC 4180 with the header that the records' keys give, lines ended by LF."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(records[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return stream.getvalue().encode()


# --- an inbox, and the steps behind it --------------------------------------------------------------------------


def put(inbox: Path, files: Mapping[str, bytes]) -> Path:
    """Write `<publisher>/<file>` → bytes into an inbox; returns the inbox."""
    inbox.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        (inbox / name).write_bytes(content)
    return inbox


def deliver(home: Home, registry: Registry, files: Mapping[str, bytes]) -> Received:
    """Receive files from the home's own inbox and read the sources that delivered."""
    received = receive(home, registry, put(home.inbox, files))
    for source in delivering(home):
        read_source(home, registry, source)
    summarise(home, registry)
    return received


def stage(home: Home, registry: Registry, files: Mapping[str, bytes]) -> dict[str, dict[str, int]]:
    """Deliver files and parse the sources that delivered; returns how many records ended where, by source."""
    deliver(home, registry, files)
    return {source: endings(parse_source(home, registry, source)) for source in delivering(home)}


def endings(counts: Mapping[str, int]) -> dict[str, int]:
    """The part of what staging counts that tells where the records ended."""
    return {name: counts[name] for name in ("records", "staged", "quarantined", "declared")}


STANDING = ("places", "place_names", "gazetteer.json", "area_pairs", "network_nodes", "network_legs", "network.json")


@cache
def _places() -> Path:
    """The tables of places and ways, made once a session: they do not depend on what is delivered."""
    home = Home.at(Path(tempfile.mkdtemp(prefix="places."))).make()
    make_reference(home, load_registry())
    return home.tables / "reference"


def reference(home: Home, registry: Registry) -> None:
    """The reference tables; those that stand are copied in, and made anew only where the registry's differ."""
    for name in STANDING:
        source, target = _places() / name, home.tables / "reference" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target)
    make_reference(home, registry)


def conform(home: Home, registry: Registry, files: Mapping[str, bytes]) -> dict[str, dict[str, int]]:
    """From files to `conformed.seizures`; returns how many records ended where, by source."""
    reference(home, registry)
    counts = stage(home, registry, files)
    conformed(home, registry)
    return counts


def conformed(home: Home, registry: Registry) -> None:
    """The tables of the conformed layer, in their order."""
    make_places(home, registry)
    make_lines(home, registry)
    make_legs(home, registry)
    make_contradictions(home, registry)
    make_cases(home, registry)
    make_totals(home, registry)
    make_cultivation(home, registry)
    make_outliers(home, registry)
    make_duplicate_pairs(home, registry)
    make_groups(home, registry)
    make_seizures(home, registry)
    make_reconciliation(home, registry)


def delivering(home: Home) -> list[str]:
    """Sources that have delivered something."""
    return sorted({delivery.source_id for delivery in deliveries(home)})


def table(home: Home, registry: Registry, name: str) -> pl.DataFrame:
    """A table as it was written."""
    return frame(connect(home, registry, [name]), f"SELECT * FROM {name}")


def by_row(rows: pl.DataFrame, row_no: int) -> list[dict[str, object]]:
    """Rows of a table that come from one data record."""
    return rows.filter(row_no=row_no).to_dicts()


def table_bytes(home: Home, layers: Iterable[str] = ("deliveries", "staging", "conformed")) -> dict[str, bytes]:
    """Bytes of every Parquet file of some layers, by path."""
    return {
        path.relative_to(home.tables).as_posix(): path.read_bytes()
        for layer in layers
        for path in sorted((home.tables / layer).rglob("*.parquet"))
    }


# --- contracts of the test's own --------------------------------------------------------------------------------

DAY: Any = {"to": "seized", "date_format": "%Y-%m-%d"}
DRUG: Any = {"to": "commodity", "lookup": "@code"}
AMOUNT: Any = {"to": "quantity", "not_known": [""]}
UNIT: Any = {"to": "unit", "lookup": "@code"}
PLAIN_COLUMNS: Any = {"Day": DAY, "Drug": DRUG, "Amount": AMOUNT, "Unit": UNIT}
CSV: Any = {"type": "csv", "encoding": "utf-8", "delimiter": ",", "final_newline": True}


def contract(**changes: Any) -> SourceContract:
    """A small sound contract of an invented publisher, with some of its keys changed.

    `columns` replaces those of `PLAIN_COLUMNS`; `extra` adds to them.
    """
    stated: dict[str, Any] = {
        "source": "planted", "version": 1, "kind": "seizures", "publisher": {"name": "Invented", "inbox": "planted"},
        "title": "Planted rows", "language": "en", "licence": "Invented", "citation": "Invented", "tlp": "CLEAR",
        "cadence": "irregular", "files": "*", "format": CSV, "rows": {"min": 1, "max": 1000},
        "numbers": {"decimal": "."}, "dates": {"earliest": "2000-01-01", "latest": "2040-12-31"},
        "restates": "nothing", "reporter_role": "seizing_authority", "constants": {"reporter": "KEN"},
        "scope": {"territory": "national", "completeness": "partial"}, "privacy": "Nothing about persons.",
    }  # fmt: skip
    columns = changes.pop("columns", PLAIN_COLUMNS) | changes.pop("extra", {})
    return SourceContract.model_validate(stated | {"columns": columns} | changes)


def known(registry: Registry, *sources: SourceContract, **lookups: Mapping[str, str]) -> Registry:
    """The project's contracts with some more sources, and lookups named `planted.<name>` from spelling to code."""
    rows = {
        f"planted.{name}": tuple(LookupRow(value, code) for value, code in codes.items())
        for name, codes in lookups.items()
    }
    return dataclasses.replace(
        registry,
        sources={**registry.sources, **{source.source: source for source in sources}},
        lookups={**registry.lookups, **rows},
    )


def table_of(*rows: str, header: str = "Day,Drug,Amount,Unit", encoding: str = "utf-8", end: str = "\n") -> bytes:
    """Lines of delimited text below a header."""
    return "".join(line + end for line in (header, *rows)).encode(encoding)
