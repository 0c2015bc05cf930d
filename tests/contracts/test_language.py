"""The contract language: every feature has a tiny file with a row that is right, and one that is not.

A feature is tried as a contributor would try it, by a dry run over a file (`check_file`): reader, door, inspection and
parsing take part, and nothing is written. What the publishers' own contracts make of their files is told elsewhere
(`pipeline/test_samples.py`).
"""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
import samples
import xlsxwriter
from pydantic import ValidationError

from illicit_flows.source.check import Checked, check_file
from pipelines.staging.make import STAGED
from schemas.registry import LookupRow, Registry

D = Decimal
PLAIN = "2020-03-14,heroin,1,kilogram"
"""A sound row of `samples.PLAIN_COLUMNS`."""

Ending = Mapping[str, Any] | list[Mapping[str, Any]] | tuple[str, str] | str
"""Of a record: cells of its staged line or lines, the rule and column that it broke, or why it is declared."""


class Feature(NamedTuple):
    """A contract that uses one feature, a file, and what becomes of its records, in their order; any more are sound."""

    contract: Mapping[str, Any]
    content: bytes
    ends: list[Ending]
    unmapped: Mapping[str, str] = {}
    """Words that have no code, by column; their rows stay."""


LOOKUPS = {
    "drug": {"heroína": "heroin", "Drugs|white": "cocaine", "Plants|white": "cannabis_herb"},
    "unit": {"kg": "kilogram", "g": "gram", "": "unit"},
    "area": {"Kenia": "KEN", "Etiopía": "ETH", "Senegal": "SEN"},
}


def xlsx(
    sheets: Mapping[str, list[list[Any]]], merged: Mapping[str, list[tuple[int, int, int, int, str]]] = {}
) -> bytes:
    """A workbook of sheets with rows of cells; dates are true ones. Merged ranges name rows and columns from 0."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, cells in enumerate(rows):
                for place, cell in enumerate(cells):
                    sheet.write(number, place, cell, day if isinstance(cell, date) else None)
            for first, left, last, right, text in merged.get(name, []):
                sheet.merge_range(first, left, last, right, text)
    return stream.getvalue()


def zipped(members: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def parquet(**columns: list[Any]) -> bytes:
    stream = io.BytesIO()
    pl.DataFrame(columns).write_parquet(stream)
    return stream.getvalue()


def csv_of(**changed: Any) -> dict[str, Any]:
    return {"format": {**samples.CSV, **changed}}


def leg(**changed: Any) -> dict[str, Any]:
    return {"to": "departure", "lookup": "planted.area", "role_word": "desde", "not_known": [""], **changed}


def dated(*patterns: str, **changed: Any) -> dict[str, Any]:
    """A contract whose days are written in some patterns."""
    column = {"to": "seized", "date_format": list(patterns), **changed}
    return {"columns": {**samples.PLAIN_COLUMNS, "Day": column}}


def days(*texts: str) -> bytes:
    """Rows of some days; the first one stands four times more, as one wrong date in two rows would be a wrong file."""
    return samples.table_of(*(f'"{text}",heroin,1,kilogram' for text in (*texts, *[texts[0]] * 4)))


def extra(header: str, *cells: str) -> bytes:
    """Rows that are sound but for one or more columns behind the others."""
    return samples.table_of(*(f"{PLAIN},{row}" for row in cells), header=f"Day,Drug,Amount,Unit,{header}")


def on(first: date, last: date, precision: str) -> dict[str, Any]:
    return {"seized_from": first, "seized_to": last, "date_precision": precision}


def spot(column: str, place: Mapping[str, Any]) -> dict[str, Any]:
    return {"extra": {column: place}}


OBJECT = {"Day": "2020-03-14", "Drug": "heroin", "Amount": 1.50, "Unit": "kilogram"}
WORDS = {"en": "x", "es": "x", "fr": "x", "pt": "x"}
WIDE = {
    "columns": {"Day": samples.DAY, "Place": {"to": "place_text"}},
    "lines": [
        {"columns": {"Heroin": {"to": "quantity"}}, "constants": {"commodity": "heroin", "unit": "kilogram"}},
        {
            "columns": {"Cash": {"to": "quantity"}},
            "constants": {"commodity": "cash_currency", "unit": "currency_unit", "currency": "EUR"},
            "absent": ["", "0", "none"],
        },
    ],
}
TOTALS = {
    "kind": "totals",
    "restates": "snapshot",
    "constants": {"reporter": "USA", "unit": "pound"},
    "columns": {
        "Year": {"to": "year"},
        "Drug": samples.DRUG,
        "Pounds": {"to": "quantity"},
        "Events": {"to": "n_events", "not_known": [""], "optional": True},
    },
}
OUTCOMES = {
    "kind": "outcomes",
    "numbers": {"decimal": ",", "thousands": "."},
    "columns": {
        "Case": {"to": "case_id"},
        "Date": {"to": "stage_date", "date_format": ["%d-%m-%Y", "%m-%Y"]},
        "Stage": {"to": "stage", "lookup": "@code"},
        "Result": {"to": "stage_state", "lookup": "@code", "not_known": ["", "?"], "not_known_code": "unknown"},
        "Women": {"to": "persons_f", "not_known": [""]},
        "Proceeds": {"to": "proceeds", "not_known": [""]},
        "Currency": {"to": "currency", "lookup": "@code", "not_known": [""], "not_known_code": "XXX"},
    },
}
CROPS = {
    "kind": "cultivation",
    "restates": "snapshot",
    "constants": {"reporter": "COL", "commodity": "coca_plant"},
    "columns": {"Departamento": {"to": "admin1"}},
    "lines": [
        {"columns": {year: {"to": "hectares"}}, "constants": {"year": year}, "absent": [""]}
        for year in ("2021", "2022")
    ],
}

FEATURES: dict[str, Feature] = {
    # --- formats
    "cp1252": Feature(
        csv_of(encoding="cp1252") | spot("X", {"to": "place_text"}),
        samples.table_of(
            f"{PLAIN},Œuvre d’été", "2020-03-14,héroïne,1,kilogram,", header="Day,Drug,Amount,Unit,X", encoding="cp1252"
        ),
        [{"place_text": "Œuvre d’été"}, ("unknown_code", "Drug")],
    ),
    "latin-1": Feature(
        csv_of(encoding="iso-8859-1") | spot("Año", {"to": "place_text"}),
        samples.table_of(
            f"{PLAIN},Peñón", "2020-03-14,heroína,1,kilogram,", header="Day,Drug,Amount,Unit,Año", encoding="latin-1"
        ),
        [{"place_text": "Peñón"}, ("unknown_code", "Drug")],
    ),
    "UTF-16, tabs and CRLF, as a spreadsheet's Unicode text": Feature(
        csv_of(encoding="utf-16", delimiter="\t") | spot("X", {"to": "place_text"}),
        samples.table_of(
            *(row.replace(",", "\t") for row in (f"{PLAIN},Ñ ✓", f"{PLAIN}")),
            header="Day\tDrug\tAmount\tUnit\tX",
            encoding="utf-16",
            end="\r\n",
        ),
        [{"place_text": "Ñ ✓"}, ("too_few_cells", "")],
    ),
    "title lines above the header": Feature(
        csv_of(header_row=3),
        b"Seizures of 2020\nas of today\n" + samples.table_of(PLAIN, "2020-13-14,heroin,1,kilogram", *[PLAIN] * 3),
        [{"commodity": "heroin"}, ("not_a_date", "Day")],
    ),
    "repeated headers, numbered": Feature(
        csv_of(repeated_headers="numbered")
        | {"extra": {"País": leg(to="origin"), "País (2)": leg(), "País (3)": {"drop": "a third"}}},
        extra("País,País,País", "Kenia,Senegal,x", "Atlantis,Senegal,x"),
        [{"origins": ["KEN"], "departures": ["SEN"]}, {"origins": ["unmapped"], "departures": ["SEN"]}],
        {"País": "Atlantis"},
    ),
    "a workbook with two header rows, merged": Feature(
        {
            "format": {"type": "xlsx", "header_row": 4, "header_rows": 2},
            "columns": {
                "N°": {"to": "record_id"},
                "Date": samples.DAY,
                "Produit / Nature": samples.DRUG,
                "Produit / Quantité": samples.AMOUNT,
                "Unité": samples.UNIT,
            },
        },
        xlsx(
            {
                "A": [
                    ["Saisies"],
                    [],
                    ["", "", "Produit", "", ""],
                    ["", "", "Nature", "Quantité", ""],
                    ["1", date(2020, 3, 14), "heroin", 1.5, "gram"],
                    [],
                    ["2", "14/03/2020", "heroin", 2, "gram"],
                    *[["3", date(2020, 3, 14), "heroin", 1, "gram"]] * 3,
                ]
            },
            {"A": [(2, 0, 3, 0, "N°"), (2, 1, 3, 1, "Date"), (2, 2, 2, 3, "Produit"), (2, 4, 3, 4, "Unité")]},
        ),
        [{"record_id": "1", "quantity_reported": D("1.5"), "seized_from": date(2020, 3, 14)}, ("not_a_date", "Date")],
    ),
    "merged cells of the body, filled": Feature(
        {"format": {"type": "xlsx", "merged": "fill"}},
        xlsx(
            {
                "A": [
                    ["Day", "Drug", "Amount", "Unit"],
                    ["", "heroin", 1, "gram"],
                    ["", "tea", 2, "gram"],
                    ["", "cocaine", 3, "gram"],
                ]
            },
            {"A": [(1, 0, 2, 0, "2020-03-14")]},
        ),
        [{"seized_from": date(2020, 3, 14)}, ("unknown_code", "Drug"), ("missing_value", "Day")],
    ),
    "merged cells of the body, as they are": Feature(
        {"format": {"type": "xlsx"}},
        xlsx(
            {"A": [["Day", "Drug", "Amount", "Unit"], ["", "heroin", 1, "gram"], ["", "heroin", 2, "gram"]]},
            {"A": [(1, 0, 2, 0, "2020-03-14")]},
        ),
        [{"seized_from": date(2020, 3, 14)}, ("missing_value", "Day")],
    ),
    "sheets by name, and the name as a column": Feature(
        {
            "format": {"type": "xlsx", "sheets": ["Year *"]},
            "columns": {
                "@part": {"drop": "read with the month"},
                "Month": {"to": "seized", "date_format": "Year %Y|%m", "also_with": "@part"},
                **{name: samples.PLAIN_COLUMNS[name] for name in ("Drug", "Amount", "Unit")},
            },
        },
        xlsx(
            {
                "Read me": [["nothing"]],
                "Year 2020": [["Month", "Drug", "Amount", "Unit"], ["03", "heroin", 1, "gram"]],
                "Year 2022": [["Month", "Drug", "Amount", "Unit"], *[["03", "heroin", 1, "gram"]] * 3],
                "Year 2021": [["Unit", "Month", "Drug", "Amount"], ["gram", "13", "heroin", 1]],
            }
        ),
        [
            on(date(2020, 3, 1), date(2020, 3, 31), "month") | {"part": "Year 2020"},
            *[{"part": "Year 2022"}] * 3,
            ("not_a_date", "Month"),
        ],
    ),
    "JSON at a path, with objects inside objects": Feature(
        {
            "format": {"type": "json", "encoding": "utf-8", "records": "report.rows"},
            "extra": {
                "route.from": leg(lookup="@iso2"),
                "route.via": leg(to="transit", lookup="@iso2", split=";"),
                "notes": {"drop": "free text", "optional": True},
            },
        },
        json.dumps(
            {
                "report": {
                    "rows": [
                        {**OBJECT, "route": {"from": "SN", "via": ["GH", "NG"]}, "notes": None},
                        {**OBJECT, "route": {"from": None, "via": []}, "Amount": "some"},
                    ]
                }
            }
        ).encode(),
        [
            {"departures": ["SEN"], "transits": ["GHA", "NGA"], "quantity_reported": D("1.5"), "part": "report.rows"},
            ("not_a_number", "Amount"),
        ],
    ),
    "NDJSON": Feature(
        {"format": {"type": "ndjson", "encoding": "utf-8"}},
        "\n".join(json.dumps(row) for row in (OBJECT, {**OBJECT, "Unit": "handful"})).encode(),
        [{"quantity_reported": D("1.5")}, ("unknown_code", "Unit")],
    ),
    "Parquet with typed columns": Feature(
        {"format": {"type": "parquet"}, "extra": {"Sure": {"to": "place_text"}}},
        parquet(
            Day=[date(2020, 3, 14), None],
            Drug=["heroin", "heroin"],
            Amount=[1.5, 2.0],
            Unit=["gram", "gram"],
            Sure=[True, False],
        ),
        [{"quantity_reported": D("1.5"), "place_text": "true"}, ("missing_value", "Day")],
    ),
    "a zip of files of one format": Feature(
        {"format": {"type": "zip", "members": "*.csv", "content": samples.CSV}},
        zipped(
            {"b.csv": samples.table_of("2020-03-14,tea,1,gram"), "a.csv": samples.table_of(PLAIN), "x.txt": b"\xff"}
        ),
        [{"part": "a.csv"}, ("unknown_code", "Drug")],
    ),
    # --- texts
    "an optional column that is absent": Feature(
        spot("X", {"to": "place_text", "optional": True}),
        samples.table_of(PLAIN, "2020-03-14,heroin,1,"),
        [{"place_text": None}, ("missing_value", "Unit")],
    ),
    "an empty cell that repeats the one above": Feature(
        {"columns": {**samples.PLAIN_COLUMNS, "Day": {**samples.DAY, "fill_down": True}}},
        samples.table_of(",heroin,1,gram", PLAIN, ",cocaine,1,gram", "2020-03-15,heroin,1,gram", ",heroin,2,gram"),
        [
            ("missing_value", "Day"),
            *({"seized_from": date(2020, 3, day)} for day in (14, 14, 15, 15)),
        ],
    ),
    "a correction": Feature(
        {
            "corrections": [
                {
                    "id": "typo",
                    "column": "Drug",
                    "pattern": "^heroine?$",
                    "becomes": "heroin",
                    "reason": "a typo",
                    "since": "2020-01-01",
                    "expect": {"at_least": 1, "at_most": 2},
                }
            ]
        },
        samples.table_of("2020-03-14,heroine,1,gram", "2020-03-14,heroines,1,gram"),
        [{"commodity": "heroin"}, ("unknown_code", "Drug")],
    ),
    # --- dates
    "several forms of dates": Feature(
        dated("%Y-%m-%d", "%d/%m/%Y", "serial"),
        days("2020-03-04", "04/03/2020", "43894", "03-04-2020"),
        [*[on(date(2020, 3, 4), date(2020, 3, 4), "day")] * 3, ("not_a_date", "Day")],
    ),
    "months named in English": Feature(
        dated("%b %d, %Y"),
        days("Mar 3, 2022", "Mars 3, 2022"),
        [{"seized_from": date(2022, 3, 3)}, ("not_a_date", "Day")],
    ),
    "months named in French": Feature(
        dated("%d %b %Y", month_names=["fr"]),
        days("3 août 2022", "12 févr. 2022", "3 agosto 2022"),
        [{"seized_from": date(2022, 8, 3)}, {"seized_from": date(2022, 2, 12)}, ("not_a_date", "Day")],
    ),
    "months named in Spanish, by the source's language": Feature(
        dated("%d de %B de %Y") | {"language": "es"},
        days("3 de agosto de 2022", "3 de août de 2022"),
        [{"seized_from": date(2022, 8, 3)}, ("not_a_date", "Day")],
    ),
    "months named in Portuguese": Feature(
        dated("%d de %B de %Y", month_names=["pt"]),
        days("3 de março de 2022", "3 de mars de 2022"),
        [{"seized_from": date(2022, 3, 3)}, ("not_a_date", "Day")],
    ),
    "dates of months and years": Feature(
        dated("%d/%m/%Y", "%m/%Y", "%Y"),
        days("04/03/2020", "02/2020", "2020", "2/20/20"),
        [
            on(date(2020, 3, 4), date(2020, 3, 4), "day"),
            on(date(2020, 2, 1), date(2020, 2, 29), "month"),
            on(date(2020, 1, 1), date(2020, 12, 31), "year"),
            ("not_a_date", "Day"),
        ],
    ),
    "a date in two columns": Feature(
        {
            "columns": {
                "Year": {"drop": "read with the day"},
                **samples.PLAIN_COLUMNS,
                "Day": {"to": "seized", "date_format": "%Y|%d.%m.", "also_with": "Year"},
            }
        },
        samples.table_of(
            "2020,04.03.,heroin,1,gram",
            ",04.03.,heroin,1,gram",
            *["2020,05.03.,heroin,1,gram"] * 3,
            header="Year,Day,Drug,Amount,Unit",
        ),
        [{"seized_from": date(2020, 3, 4)}, ("not_a_date", "Day")],
    ),
    "dates of a reporter that are less precise than they look": Feature(
        {
            "constants": {},
            "date_precision": [
                {"reporter": "NZL", "day_of_month": 1, "precision": "month", "reason": "all are on day 1"}
            ],
            "extra": {"By": {"to": "reporter", "lookup": "@iso3"}},
        },
        samples.table_of(
            "2020-02-01,heroin,1,gram,NZL",
            "2020-02-01,heroin,1,gram,KEN",
            "2020-02-01,heroin,1,gram,ATL",
            header="Day,Drug,Amount,Unit,By",
        ),
        [
            on(date(2020, 2, 1), date(2020, 2, 29), "month"),
            on(date(2020, 2, 1), date(2020, 2, 1), "day"),
            ("unknown_code", "By"),
        ],
    ),
    "a weekday that proves the date": Feature(
        spot("Weekday", {"to": "weekday", "lookup": "@code"}),
        extra("Weekday", "6", "7"),
        [{"seized_from": date(2020, 3, 14)}, ("weekday_disagrees", "Weekday")],
    ),
    "bounds of dates": Feature(
        {"dates": {"earliest": "2020-01-01", "latest": "2020-12-31"}},
        days("2020-12-31", "2021-01-01"),
        [{"seized_from": date(2020, 12, 31)}, ("date_out_of_bounds", "Day")],
    ),
    # --- numbers
    "a thousands mark": Feature(
        {"numbers": {"decimal": ",", "thousands": "."}},
        samples.table_of('2020-03-14,heroin,"1.250.000,50",gram', "2020-03-14,heroin,1.25,gram"),
        [{"quantity_reported": D("1250000.5")}, ("not_a_number", "Amount")],
    ),
    "a space between thousands, of whatever width": Feature(
        {"numbers": {"decimal": ",", "thousands": " "}},
        samples.table_of(
            '2020-03-14,heroin,"1 250,5",gram',
            '2020-03-14,heroin,"1\u202f250\u00a0000",gram',
            "2020-03-14,heroin,1 25,gram",
        ),
        [{"quantity_reported": D("1250.5")}, {"quantity_reported": D(1250000)}, ("not_a_number", "Amount")],
    ),
    "numbers of one column written in another way": Feature(
        {
            "numbers": {"decimal": ","},
            "extra": {"Lat": {"to": "lat", "numbers": {"decimal": "."}}, "Lon": {"to": "lon"}},
        },
        extra("Lat,Lon", '-1.5,"36,8"', '"-1,5",36.8'),
        [{"lat": -1.5, "lon": 36.8}, {"lat": None, "lon": None}],
        {"Lat": "-1,5", "Lon": "36.8"},
    ),
    "a quantity with its unit": Feature(
        {
            "numbers": {"decimal": ",", "thousands": " "},
            "columns": {
                "Day": samples.DAY,
                "Drug": samples.DRUG,
                "Amount": {"to": "quantity_with_unit", "unit_lookup": "planted.unit"},
            },
        },
        samples.table_of(
            '2020-03-14,heroin,"2,35 kg"',
            '2020-03-14,heroin,"694 147,53g"',
            "2020-03-14,heroin,7",
            "2020-03-14,heroin,5 stone",
            "2020-03-14,heroin,kg",
            header="Day,Drug,Amount",
        ),
        [
            {"quantity_reported": D("2.35"), "unit_reported": "kilogram"},
            {"quantity_reported": D("694147.53"), "unit_reported": "gram"},
            {"quantity_reported": D(7), "unit_reported": "unit"},
            ("unknown_code", "Amount"),
            ("not_a_number", "Amount"),
        ],
        {"Amount": "stone"},
    ),
    "a quantity with its unit, where nothing may stand for either": Feature(
        {
            "columns": {
                "Day": samples.DAY,
                "Drug": samples.DRUG,
                "Amount": {
                    "to": "quantity_with_unit",
                    "unit_lookup": "planted.weight",
                    "not_known": ["", "-"],
                    "not_known_code": "unspecified",
                },
            },
        },
        samples.table_of(
            "2020-03-14,heroin,-", "2020-03-14,heroin,2", "2020-03-14,heroin,- kg", header="Day,Drug,Amount"
        ),
        [
            {"quantity_reported": None, "unit_reported": "unspecified"},
            {"quantity_reported": D(2), "unit_reported": "unspecified"},
            ("not_a_number", "Amount"),
        ],
    ),
    "a quantity that must have its unit": Feature(
        {
            "columns": {
                "Day": samples.DAY,
                "Drug": samples.DRUG,
                "Amount": {"to": "quantity_with_unit", "unit_lookup": "planted.weight"},
            },
        },
        samples.table_of("2020-03-14,heroin,2 kg", "2020-03-14,heroin,2", header="Day,Drug,Amount"),
        [{"unit_reported": "kilogram"}, ("missing_unit", "Amount")],
    ),
    "sums of money, which may be larger than weights": Feature(
        {
            "constants": {"reporter": "COL", "commodity": "cash_currency", "unit": "currency_unit", "currency": "COP"},
            "columns": {"Day": samples.DAY, "Amount": samples.AMOUNT},
        },
        samples.table_of("2020-03-14,5000000000", "2020-03-14,100000000000", header="Day,Amount"),
        [{"quantity_reported": D(5_000_000_000)}, ("number_out_of_bounds", "Amount")],
    ),
    "weights, which may not": Feature(
        {},
        samples.table_of("2020-03-14,heroin,999999999,kilogram", "2020-03-14,heroin,1000000000,kilogram"),
        [{"quantity_reported": D(999_999_999)}, ("number_out_of_bounds", "Amount")],
    ),
    "a declared sum in the marks of its own column": Feature(
        {
            "columns": {**samples.PLAIN_COLUMNS, "Amount": {**samples.AMOUNT, "numbers": {"decimal": ","}}},
            "declared": [
                {
                    "id": "total",
                    "column": "Day",
                    "equals": "Total",
                    "reason": WORDS,
                    "compare_sum": {"column": "Amount"},
                }
            ],
        },
        samples.table_of('2020-03-14,heroin,"1,5",gram', "2020-03-14,heroin,1.5,gram", 'Total,,"1,5",'),
        [{"quantity_reported": D("1.5")}, ("not_a_number", "Amount"), "total"],
    ),
    # --- codes
    "a lookup of two columns together": Feature(
        {
            "columns": {
                **samples.PLAIN_COLUMNS,
                "Group": {"drop": "read with the drug"},
                "Drug": {"to": "commodity", "lookup": "planted.drug", "also_with": "Group"},
            }
        },
        extra("Group", "Drugs").replace(b"heroin", b"white")
        + b"2020-03-14,white,1,gram,Plants\n2020-03-14,white,1,gram,Sugars\n",
        [{"commodity": "cocaine"}, {"commodity": "cannabis_herb"}, ("unknown_code", "Drug")],
        {"Drug": "Sugars|white"},
    ),
    "a spelling that holds for some years": Feature(
        {"constants": {}, "extra": {"By": {"to": "reporter", "lookup": "planted.dated"}}},
        samples.table_of(
            "2012-03-14,heroin,1,gram,Oldland", "2014-03-14,heroin,1,gram,Oldland", header="Day,Drug,Amount,Unit,By"
        ),
        [{"reporter": "KEN"}, ("unknown_code", "By")],
        {"By": "Oldland"},
    ),
    "several places in one cell": Feature(
        spot("Via", leg(to="transit", split=";", not_known=["", "?"])),
        extra("Via", "Kenia; Etiopía", "Kenia;;Kenia", "Kenia; Atlantis", "?", ""),
        [
            {"transits": ["KEN", "ETH"]},
            {"transits": ["KEN"]},
            {"transits": ["KEN", "unmapped"]},
            {"transits": None},
            {"transits": None},
        ],
        {"Via": "Atlantis"},
    ),
    "countries by ISO 3166-1 alpha-2": Feature(
        spot("From", leg(lookup="@iso2", not_known=["", "XX"])),
        extra("From", "NA", "na", "XK", "XX", "QQ"),
        [
            {"departures": ["NAM"]},
            {"departures": ["NAM"]},
            {"departures": ["XKX"]},
            {"departures": None},
            {"departures": ["unmapped"]},
        ],
        {"From": "QQ"},
    ),
    "countries by ISO 3166-1 alpha-3": Feature(
        spot("Flag", {"to": "vessel_flag", "lookup": "@iso3", "not_known": [""]}),
        extra("Flag", "PAN", "", "ATL"),
        [{"vessel_flag": "PAN"}, {"vessel_flag": None}, {"vessel_flag": "unmapped"}],
        {"Flag": "ATL"},
    ),
    "countries by the code of an airport": Feature(
        spot("From", leg(lookup="@iata")),
        extra("From", "GRU", "dss", "QQ1"),
        [{"departures": ["BRA"]}, {"departures": ["SEN"]}, {"departures": ["unmapped"]}],
        {"From": "QQ1"},
    ),
    "countries by the code of a seaport": Feature(
        spot("From", leg(lookup="@locode")),
        extra("From", "ECGYE", "nawvb", "EC", "QQSSZ"),
        [{"departures": ["ECU"]}, {"departures": ["NAM"]}, *[{"departures": ["unmapped"]}] * 2],
        {"From": "EC QQSSZ"},
    ),
    "codes of the house with their label": Feature(
        {},
        samples.table_of("2020-03-14,heroin · Heroin,1,gram", "2020-03-14,Heroin · heroin,1,gram"),
        [{"commodity": "heroin"}, ("unknown_code", "Drug")],
        {"Drug": "Heroin · heroin"},
    ),
    "an unknown word and the code that stands for not known": Feature(
        {
            "columns": {
                **samples.PLAIN_COLUMNS,
                "Unit": {**samples.UNIT, "not_known": ["", "?"], "not_known_code": "unspecified"},
            }
        },
        samples.table_of("2020-03-14,heroin,1,?", "2020-03-14,heroin,1,??"),
        [{"unit_reported": "unspecified"}, ("unknown_code", "Unit")],
        {"Unit": "??"},
    ),
    "a place code of a register": Feature(
        spot("Municipio", {"to": "place_code", "prefix": "DANE:", "not_known": [""]}),
        extra("Municipio", "05001", "") + b"2020-03-14,heroin,x,gram,05001\n",
        [{"place_code": "DANE:05001"}, {"place_code": None}, ("not_a_number", "Amount")],
    ),
    # --- coordinates
    "degrees, minutes and seconds, west as O in French": Feature(
        spot("Position", {"to": "position", "coordinates": "dms", "not_known": ["", "?"]}) | {"language": "fr"},
        extra("Position", "14°32'N 020°15'O", "?", "14°60'N 020°15'O"),
        [{"lat": 14.533333, "lon": -20.25}, {"lat": None, "lon": None}, {"lat": None, "lon": None}],
        {"Position": "14°60'N 020°15'O"},
    ),
    "degrees and minutes, east as L in Portuguese": Feature(
        {
            "language": "pt",
            "extra": {"Lat": {"to": "lat", "coordinates": "dms"}, "Lon": {"to": "lon", "coordinates": "dms"}},
        },
        extra("Lat,Lon", "14°32'S,020°15'L", "14°32'S,020°15'Q"),
        [{"lat": -14.533333, "lon": 20.25}, {"lat": -14.533333, "lon": None}],
        {"Lon": "020°15'Q"},
    ),
    "latitude and longitude in one cell": Feature(
        spot("Position", {"to": "position"}),
        extra("Position", '"14.5, -20.25"', '"91, -20.25"'),
        [{"lat": 14.5, "lon": -20.25}, {"lat": None, "lon": None}],
        {"Position": "91, -20.25"},
    ),
    # --- lines side by side
    "several lines in a row": Feature(
        WIDE,
        samples.table_of(
            '2020-03-14,A,"2",500',
            "2020-03-14,B,0,10",
            "2020-03-14,C,,none",
            "2020-03-14,D,0,few",
            "2020-03-14,E,few,500",
            "2020-13-14,F,1,1",
            header="Day,Place,Heroin,Cash",
        ),
        [
            [
                {
                    "line_no": 1,
                    "commodity": "heroin",
                    "quantity_reported": D(2),
                    "unit_reported": "kilogram",
                    "currency": None,
                },
                {
                    "line_no": 2,
                    "commodity": "cash_currency",
                    "quantity_reported": D(500),
                    "currency": "EUR",
                    "place_text": "A",
                },
            ],
            {"line_no": 2, "quantity_reported": D(10), "place_text": "B"},
            "no_line",
            ("not_a_number", "Cash"),
            ("not_a_number", "Heroin"),
            ("not_a_date", "Day"),
        ],
    ),
    # --- rows that are no report
    "rows that are declared by a text": Feature(
        {
            "declared": [
                {
                    "id": "total",
                    "column": "Day",
                    "equals": "Total",
                    "reason": WORDS,
                    "expect": {"at_least": 1, "at_most": 1},
                }
            ]
        },
        samples.table_of(PLAIN, "Total,,1,", "Totals,heroin,1,gram", *[PLAIN] * 3),
        [{"commodity": "heroin"}, "total", ("not_a_date", "Day")],
    ),
    "rows that are declared by any other text": Feature(
        {
            "extra": {"Kind": {"drop": "only seizures are reports"}, "By": {"drop": "importers report"}},
            "declared": [
                {"id": "trade", "column": "Kind", "not_in": ["I"], "reason": WORDS},
                {"id": "exporter", "column": "By", "not_in": ["I", "J"], "reason": WORDS},
            ],
        },
        extra("Kind,By", "I,I", "I,E", "W,E", ",I", "I,J") + b"2020-03-14,tea,1,gram,I,I\n",
        [{"commodity": "heroin"}, "exporter", "trade", "trade", {"commodity": "heroin"}, ("unknown_code", "Drug")],
    ),
    # --- other kinds
    "totals of years in kilograms": Feature(
        {
            **TOTALS,
            "columns": {"Year": {"to": "year"}, "Drug": samples.DRUG, "Kg": {"to": "kg", "not_known": [""]}},
            "constants": {"reporter": "USA"},
        },
        samples.table_of("2020,heroin,1.5", "2020,heroin,", "2020/21,heroin,1", "2021,heroin,1", header="Year,Drug,Kg"),
        [
            {
                "kg": D("1.5"),
                "period_type": "year",
                "period_start": date(2020, 1, 1),
                "period_end": date(2020, 12, 31),
                "year": 2020,
            },
            ("missing_value", "Kg"),
            ("not_a_date", "Year"),
        ],
    ),
    "totals of months of fiscal years in pounds": Feature(
        {
            **TOTALS,
            "columns": {
                **TOTALS["columns"],
                "Year": {"drop": "read with the month"},
                "Month": {"to": "period", "date_format": "FY%Y|%b", "also_with": "Year", "fiscal_year_from_month": 10},
            },
        },
        samples.table_of(
            "FY2019,OCT,heroin,2,1",
            "FY2019,SEP,heroin,2,",
            "FY2019,ALL,heroin,2,1",
            "FY2019,OCT,heroin,2,1.5",
            header="Year,Month,Drug,Pounds,Events",
        ),
        [
            {
                "period_type": "month",
                "period_start": date(2018, 10, 1),
                "period_end": date(2018, 10, 31),
                "year": 2018,
                "quantity_reported": D(2),
                "unit_reported": "pound",
                "n_events": 1,
                "kg": None,
            },
            {"period_start": date(2019, 9, 1), "n_events": None},
            ("not_a_date", "Month"),
            ("not_a_whole_number", "Events"),
        ],
    ),
    "totals of fiscal years": Feature(
        {**TOTALS, "columns": {**TOTALS["columns"], "Year": {"to": "year", "fiscal_year_from_month": 10}}},
        samples.table_of("2019,heroin,2", "2019,heroin,-2", header="Year,Drug,Pounds"),
        [
            {
                "period_type": "fiscal_year",
                "period_start": date(2018, 10, 1),
                "period_end": date(2019, 9, 30),
                "year": 2019,
            },
            ("negative_number", "Pounds"),
        ],
    ),
    "outcomes of cases": Feature(
        OUTCOMES,
        samples.table_of(
            'A-1,14-03-2022,conviction,yes,2,"1.250.000,50",USD',
            "A-1,03-2022,trial,?,,,",
            "A-1,03-2022,trial,perhaps,,,",
            "A-1,03-2022,trial,no,1.5,,",
            ",03-2022,trial,no,1,,",
            "A-1,03-2022,tea,no,1,,",
            "A-1,03-2022,trial,no,-1,,",
            'A-1,03-2022,trial,no,,"1,5",Peso',
            header="Case,Date,Stage,Result,Women,Proceeds,Currency",
        ),
        [
            {
                "stage": "conviction",
                "stage_state": "yes",
                "stage_date": date(2022, 3, 14),
                "stage_date_precision": "day",
                "persons_f": 2,
                "persons_m": None,
                "proceeds": D("1250000.5"),
                "currency": "USD",
            },
            {"stage_state": "unknown", "stage_date_precision": "month", "persons_f": None, "currency": "XXX"},
            ("unknown_code", "Result"),
            ("not_a_number", "Women"),
            ("missing_value", "Case"),
            ("unknown_code", "Stage"),
            ("negative_number", "Women"),
            ("unknown_code", "Currency"),
        ],
        {"Result": "perhaps", "Stage": "tea", "Currency": "Peso"},
    ),
    "a count of persons that is no whole number": Feature(
        OUTCOMES,
        samples.table_of(
            "A-1,03-2022,trial,no,3,,",
            'A-1,03-2022,trial,no,"1,5",,',
            header="Case,Date,Stage,Result,Women,Proceeds,Currency",
        ),
        [{"persons_f": 3}, ("not_a_whole_number", "Women")],
    ),
    "areas under crops, a year a column": Feature(
        CROPS,
        samples.table_of("Nariño,10.5,11", "Cauca,,12", "Meta,,", "Huila,many,1", header="Departamento,2021,2022"),
        [
            [
                {"admin1": "Nariño", "year": 2021, "hectares": D("10.5")},
                {"admin1": "Nariño", "year": 2022, "hectares": D(11)},
            ],
            {"admin1": "Cauca", "year": 2022, "line_no": 2, "commodity": "coca_plant"},
            "no_line",
            ("not_a_number", "2021"),
        ],
    ),
    # --- other columns of a seizure
    "grades of a report": Feature(
        {
            "extra": {
                "Source": {"to": "source_reliability", "lookup": "@code", "not_known": [""]},
                "Info": {"to": "info_accuracy", "lookup": "@code", "not_known": [""]},
            }
        },
        extra("Source,Info", "B,2", ",", "Z,2"),
        [
            {"source_reliability": "B", "info_accuracy": "2"},
            {"source_reliability": None, "info_accuracy": None},
            {"source_reliability": "unmapped", "info_accuracy": "2"},
        ],
        {"Source": "Z"},
    ),
    "agencies, seals, bills, calibres, medicines": Feature(
        {
            "extra": {
                "Agency": {"to": "agency", "lookup": "@code", "not_known": [""]},
                "Seal": {"to": "seal_state", "lookup": "@code", "not_known": [""]},
                "Bill": {"to": "bill_of_lading", "lookup": "@code", "not_known": [""]},
                "Calibre": {"to": "calibre_class", "lookup": "@code", "not_known": [""]},
                "INN": {"to": "inn", "not_known": [""]},
            }
        },
        extra("Agency,Seal,Bill,Calibre,INN", "customs,cloned,switch,rifle,artemether", ",,,,", "spies,,,,"),
        [
            {
                "agency_id": "customs",
                "seal_state": "cloned",
                "bill_of_lading": "switch",
                "calibre_class": "rifle",
                "inn": "artemether",
            },
            {"agency_id": None, "seal_state": None, "bill_of_lading": None, "calibre_class": None, "inn": None},
            {"agency_id": "unmapped"},
        ],
        {"Agency": "spies"},
    ),
    "money seized in a currency": Feature(
        {
            "constants": {"reporter": "KEN", "commodity": "cash_currency", "unit": "currency_unit"},
            "columns": {
                "Day": samples.DAY,
                "Amount": samples.AMOUNT,
                "Currency": {"to": "currency", "lookup": "@code"},
            },
        },
        samples.table_of("2020-03-14,12500.5,EUR", "2020-03-14,5,Taler", "2020-03-14,5,", header="Day,Amount,Currency"),
        [
            {"currency": "EUR", "quantity_reported": D("12500.5"), "unit_reported": "currency_unit"},
            ("unknown_code", "Currency"),
            ("missing_value", "Currency"),
        ],
        {"Currency": "Taler"},
    ),
}

REFUSED: dict[str, tuple[Mapping[str, Any], bytes, str]] = {
    "a byte that cp1252 does not have": (
        csv_of(encoding="cp1252"),
        samples.table_of(PLAIN) + b"\x81\n",
        "wrong_encoding",
    ),
    "UTF-8 instead of UTF-16": (csv_of(encoding="utf-16"), samples.table_of(PLAIN), "wrong_encoding"),
    "commas instead of tabs": (csv_of(delimiter="\t"), samples.table_of(PLAIN), "header_not_found"),
    "a header in the first row, not in the agreed one": (
        csv_of(header_row=3),
        samples.table_of(PLAIN, PLAIN),
        "header_not_found",
    ),
    "repeated headers that nobody agreed to": (
        {},
        samples.table_of(PLAIN + ",x", header="Day,Drug,Amount,Unit,Unit"),
        "repeated_column",
    ),
    "no sheet of the agreed name": (
        {"format": {"type": "xlsx", "sheets": ["Year *"]}},
        xlsx({"Years": [["Day", "Drug", "Amount", "Unit"], ["x"]]}),
        "no_sheet",
    ),
    "a sheet among several whose columns drifted": (
        {"format": {"type": "xlsx"}},
        xlsx(
            {
                "A": [["Day", "Drug", "Amount", "Unit"], ["2020-03-14", "heroin", 1, "gram"]],
                "B": [["Day", "Drug", "Amount"], ["x"]],
            }
        ),
        "missing_column",
    ),
    "a JSON document without the agreed path": (
        {"format": {"type": "json", "encoding": "utf-8", "records": "report.rows"}},
        b'{"report": {"lines": []}}',
        "no_such_path",
    ),
    "a list of objects in an object": (
        {"format": {"type": "json", "encoding": "utf-8"}},
        b'[{"Day": [{"y": 2020}]}]',
        "not_plain_value",
    ),
    "a line of NDJSON that is cut off": (
        {"format": {"type": "ndjson", "encoding": "utf-8"}},
        json.dumps(OBJECT).encode() + b'\n{"Day": ',
        "not_json",
    ),
    "a list in a column of Parquet": ({"format": {"type": "parquet"}}, parquet(Day=[["2020"]]), "not_plain_column"),
    "no member of the agreed name": (
        {"format": {"type": "zip", "members": "*.csv", "content": samples.CSV}},
        zipped({"a.txt": b"x"}),
        "no_member",
    ),
    "a column that is not optional": (
        {},
        samples.table_of("2020-03-14,heroin,1", header="Day,Drug,Amount"),
        "missing_column",
    ),
    "a correction that touches too many rows": (
        {
            "corrections": [
                {
                    "id": "typo",
                    "column": "Drug",
                    "pattern": "e",
                    "becomes": "e",
                    "reason": "a typo",
                    "since": "2020-01-01",
                    "expect": {"at_most": 1},
                }
            ]
        },
        samples.table_of(PLAIN, PLAIN),
        "correction_not_met",
    ),
    "a declared row that stands twice": (
        {"declared": [{"id": "total", "column": "Day", "equals": "Total", "reason": WORDS, "expect": {"at_most": 1}}]},
        samples.table_of(PLAIN, "Total,,1,", "Total,,1,"),
        "declaration_not_met",
    ),
    "dates in the other order": (
        dated("%d/%m/%Y"),
        days("03/14/2020", "03/15/2020", "03/04/2020"),
        "dates_of_another_form",
    ),
    "months of a language that was not agreed": (dated("%d %B %Y"), days("3 août 2022"), "dates_of_another_form"),
    "more rows than agreed": ({"rows": {"min": 1, "max": 2}}, samples.table_of(PLAIN, PLAIN, PLAIN), "too_many_rows"),
    "fewer rows than agreed": ({"rows": {"min": 2, "max": 3}}, samples.table_of(PLAIN), "too_few_rows"),
}


@pytest.fixture(scope="module")
def words(registry: Registry) -> Registry:
    """The project's contracts with the lookups of the features."""
    made = samples.known(registry, **LOOKUPS)
    dated_row = LookupRow("Oldland", "KEN", date(2012, 1, 1), date(2013, 12, 31))
    weight = tuple(row for row in made.lookups["planted.unit"] if row.value)
    airports = {"@iata": (LookupRow("GRU", "BRA"), LookupRow("DSS", "SEN")), **registry.lookups}
    own = {"planted.dated": (dated_row,), "planted.weight": weight, "@iata": airports["@iata"]}
    return dataclasses.replace(made, lookups={**made.lookups, **own})


def tried(words: Registry, folder: Path, contract: Mapping[str, Any], content: bytes) -> Checked:
    file = folder / "file"
    file.write_bytes(content)
    return check_file(words, samples.contract(**contract), file)


def ends_of(found: Checked, expected: list[Ending]) -> list[Ending]:
    """What became of each record, in the shape of what is expected of it."""
    assert found.staged is not None, (found.inspection.rule, found.inspection.params)
    tables = found.staged.tables
    staged = tables[STAGED[found.source.kind]]
    ends: list[Ending] = []
    records = found.inspection.records
    for record, wanted in zip(records.head(len(expected)).iter_rows(named=True), expected, strict=True):
        key = {"part": record["part"], "row_no": record["row_no"]}
        lines = staged.filter(**key).sort("line_no").to_dicts()
        broken = tables["staging.quarantine"].filter(**key).select("rule_id", "column").rows()
        declared = tables["staging.declared"].filter(**key)["reason"].to_list()
        assert sum(map(bool, (lines, broken, declared))) == 1, (key, lines, broken, declared)
        if broken or declared:
            ends += broken or declared
            continue
        asked = wanted if isinstance(wanted, list) else [wanted] * len(lines)
        seen = [
            {name: line.get(name) for name in cells} if isinstance(cells, Mapping) else line
            for line, cells in zip(lines, asked, strict=True)
        ]
        ends.append(seen if isinstance(wanted, list) or len(seen) > 1 else seen[0])
    return ends


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_of_the_language_does_what_it_says_to_good_and_bad_rows(
    words: Registry, tmp_path: Path, name: str
) -> None:
    feature = FEATURES[name]
    found = tried(words, tmp_path, feature.contract, feature.content)
    assert ends_of(found, feature.ends) == feature.ends
    listed: dict[str, list[str]] = {}
    for row in found.unmapped():
        listed.setdefault(str(row["column"]), []).append(str(row["value"]))
    assert feature.unmapped.items() <= {column: " ".join(values) for column, values in listed.items()}.items()
    endings = found.endings()
    assert endings["records"] == endings["staged"] + endings["quarantined"] + endings["declared"]


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_not_as_its_contract_says_is_withheld(words: Registry, tmp_path: Path, name: str) -> None:
    contract, content, rule = REFUSED[name]
    found = tried(words, tmp_path, contract, content)
    assert (found.inspection.rule, found.staged, found.endings()["records"]) == (rule, None, 0)


def test_a_declared_sum_is_held_against_the_rows_in_the_marks_of_its_column(words: Registry, tmp_path: Path) -> None:
    feature = FEATURES["a declared sum in the marks of its own column"]
    staged = tried(words, tmp_path, feature.contract, feature.content).staged
    assert staged is not None
    declared = staged.tables["staging.declared"].select("declared_value", "computed_value")
    assert declared.rows() == [(D("1.5"), D("1.5"))]


def test_every_feature_has_a_good_row_and_a_bad_one() -> None:
    for name, feature in FEATURES.items():
        good = [ending for ending in feature.ends if isinstance(ending, (dict, list))]
        bad = [ending for ending in feature.ends if not isinstance(ending, (dict, list))]
        assert good, name
        assert bad or feature.unmapped, name


# --- contracts that contradict themselves -------------------------------------------------------------------

CONTRADICTIONS: dict[str, tuple[Mapping[str, Any], str]] = {
    "a column mapped and dropped": ({"extra": {"X": {"to": "admin1", "drop": "why"}}}, "either mapped"),
    "a split of what is no leg": ({"extra": {"X": {"to": "admin1", "split": ";"}}}, "`split` belongs to"),
    "degrees of what is no coordinate": (
        {"extra": {"X": {"to": "admin1", "coordinates": "dms"}}},
        "`coordinates` belongs to",
    ),
    "a fiscal year of a seizure": (
        {"extra": {"X": {"to": "admin1", "fiscal_year_from_month": 10}}},
        "belongs to period, year",
    ),
    "a quantity with a unit that no lookup reads": (
        {"columns": {"Day": samples.DAY, "Drug": samples.DRUG, "X": {"to": "quantity_with_unit"}}},
        "needs a `unit_lookup`",
    ),
    "days before and behind the month": (dated("%d/%m/%Y", "%m/%d/%Y"), "both before and after its month"),
    "no date format at all": (dated(), "at least 1 item"),
    "a declaration with two conditions": (
        {"declared": [{"id": "a", "column": "Day", "equals": "x", "not_in": ["y"], "reason": WORDS}]},
        "one of `equals`, `not_in` and `matches`",
    ),
    "a declaration with none": (
        {"declared": [{"id": "a", "column": "Day", "reason": WORDS}]},
        "one of `equals`, `not_in` and `matches`",
    ),
    "totals that restate nothing": ({**TOTALS, "restates": "nothing"}, "two figures of one period would add up"),
    "records without an id": ({"restates": "record"}, "needs a column for `record_id`"),
    "a target of another kind": ({"extra": {"X": {"to": "hectares"}}}, "seizures have no such targets: hectares"),
    "outcomes among totals": (
        {**TOTALS, "constants": {**TOTALS["constants"], "stage": "trial"}},
        "totals have no such targets: stage",
    ),
    "a line that fills nothing": (
        {**WIDE, "lines": [{"columns": {"Heroin": {"to": "quantity"}}, "constants": {"unit": "gram"}}]},
        "line 1: targets that nothing fills: commodity",
    ),
    "a line that fills what the row fills": (
        {
            **WIDE,
            "lines": [
                {
                    "columns": {"X": {"to": "place_text"}, "Y": {"to": "quantity"}},
                    "constants": {"commodity": "heroin", "unit": "gram"},
                }
            ],
        },
        "line 1: targets filled twice: place_text",
    ),
    "an identity of a column that is not there": ({"identity": ["Nothing"]}, "does not describe: Nothing"),
    "a vintage of a column that is not there": (
        {"vintage": {"column": "As of", "date_format": "%Y"}},
        "does not describe: As of",
    ),
    "a delimiter of two characters": (csv_of(delimiter="::"), "at most 1 character"),
    "an archive in an archive": (
        {"format": {"type": "zip", "members": "*", "content": {"type": "zip", "members": "*", "content": samples.CSV}}},
        "does not match",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_contract_that_contradicts_itself_is_refused(name: str) -> None:
    changes, said = CONTRADICTIONS[name]
    with pytest.raises(ValidationError, match=said):
        samples.contract(**changes)
