"""Every record is staged, quarantined with the rules it broke, or declared; and is told so in its publisher's words."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import polars as pl
import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st
from test_deliveries import WITHHELD

from pipelines.staging import make
from pipelines.store import Home, StoreError
from schemas.contracts import LANGUAGES
from schemas.registry import PROJECT, LookupRow, Registry


class Planted(NamedTuple):
    """A record that breaks one rule in one column (none: the record as a whole)."""

    source: str
    rule: str
    column: str
    cells: Mapping[str, str] | bytes
    seen: str | None = None


PLANTED = {
    "a country that nobody knows": Planted("unodc_ids", "unknown_code", "COUNTRY", {"COUNTRY": "Atlantis"}, "Atlantis"),
    "a drug that nobody knows": Planted("unodc_ids", "unknown_code", "DRUG_NAME", {"DRUG_NAME": "Soma"}, "Soma"),
    "a unit that nobody knows": Planted("unodc_ids", "unknown_code", "DRUG_UNIT", {"DRUG_UNIT": "Handful"}, "Handful"),
    "no country": Planted("unodc_ids", "missing_value", "COUNTRY", {"COUNTRY": ""}, ""),
    "no drug": Planted("unodc_ids", "missing_value", "DRUG_NAME", {"DRUG_NAME": "  "}, "  "),
    "no date": Planted("unodc_ids", "missing_value", "SEIZURE_DATE", {"SEIZURE_DATE": ""}, ""),
    "the 31st of February": Planted("unodc_ids", "not_a_date", "SEIZURE_DATE", {"SEIZURE_DATE": "2014-02-31"}),
    "a date of another form": Planted("unodc_ids", "not_a_date", "SEIZURE_DATE", {"SEIZURE_DATE": "05/05/2014"}),
    "a date long ago": Planted("unodc_ids", "date_out_of_bounds", "SEIZURE_DATE", {"SEIZURE_DATE": "1914-05-05"}),
    "a date far ahead": Planted("unodc_ids", "date_out_of_bounds", "SEIZURE_DATE", {"SEIZURE_DATE": "2214-05-05"}),
    "a word for a number": Planted("unodc_ids", "not_a_number", "AMOUNT", {"AMOUNT": "plenty"}, "plenty"),
    "a comma for a point": Planted("unodc_ids", "not_a_number", "AMOUNT", {"AMOUNT": "1,5"}),
    "less than nothing": Planted("unodc_ids", "negative_number", "AMOUNT", {"AMOUNT": "-5.0"}, "-5.0"),
    "more than there is": Planted("unodc_ids", "number_out_of_bounds", "AMOUNT", {"AMOUNT": "1000000000"}),
    "more than a million tonnes": Planted(
        "unodc_ids", "weight_out_of_bounds", "AMOUNT", {"AMOUNT": "2000000", "DRUG_UNIT": "Tonne"}, "2000000"
    ),
    "more than a column holds": Planted("unodc_ids", "number_out_of_bounds", "AMOUNT", {"AMOUNT": "1e30"}),
    "a point for a comma": Planted("brazil_pf", "not_a_number", "QUANTIDADE", {"QUANTIDADE": "1.500"}, "1.500"),
    "day before month": Planted("brazil_pf", "not_a_date", "DATA", {"DATA": "28/03/2019"}, "28/03/2019"),
    "a droga that nobody knows": Planted("brazil_pf", "unknown_code", "DROGA", {"DROGA": "po de arroz"}),
    "a weekday of another day": Planted("colombia_policia", "weekday_disagrees", "DIA", {"DIA": "Jueves"}, "Jueves"),
    "a unidad that nobody knows": Planted(
        "colombia_policia", "unknown_code", "UNIDAD DE MEDIDA", {"UNIDAD DE MEDIDA": "PUÑADO"}, "PUÑADO"
    ),
    "a total that is no number": Planted("unodc_annual", "not_a_number", "KG Equivalent", {"KG Equivalent": "n/a"}),
    "a total below nothing": Planted("unodc_annual", "negative_number", "KG Equivalent", {"KG Equivalent": "-1"}),
    "a year that is none": Planted("unodc_annual", "not_a_date", "Year", {"Year": "2010/11"}),
    "a year long ago": Planted("unodc_annual", "date_out_of_bounds", "Year", {"Year": "1910"}),
    "a drug in the wrong group": Planted(
        "unodc_annual", "unknown_code", "Drug", {"Drug Group": "Cannabis-type"}, "Heroin"
    ),
    # the last record of a file is at its end, so these two stand there
    "too few cells": Planted("unodc_ids", "too_few_cells", "", b"Africa;East Africa;Kenya\n"),
    "too many cells": Planted("brazil_pf", "too_many_cells", "", b"SP;;;;03/28/2019;cocaina;1;gramas;porto;;;;;\n"),
    "a file that ends too early": Planted("colombia_policia", "truncated_record", "", b"03/14/2018 12:00:00 AM,ANTIOQ"),
}


def rows_of(source: str) -> dict[str, int]:
    """Names of the planted records of a source → row number."""
    own = [name for name, planted in PLANTED.items() if planted.source == source]
    inside = [name for name in own if not isinstance(PLANTED[name].cells, bytes)]
    last = {"unodc_ids": 101, "brazil_pf": 21, "colombia_policia": 22}
    return {name: inside.index(name) + 1 if name in inside else last[source] for name in own}


@pytest.fixture(scope="module")
def planted_home(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Home:
    """A home whose staging holds one delivery of each source with all its planted records."""
    home = Home.at(tmp_path_factory.mktemp("planted")).make()
    files = {}
    for source in ("unodc_ids", "brazil_pf", "colombia_policia", "unodc_annual"):
        planted = [PLANTED[name].cells for name in rows_of(source)]
        inside = [cells for cells in planted if not isinstance(cells, bytes)]
        tail = b"".join(cells for cells in planted if isinstance(cells, bytes))
        files[f"{source}/ids_2014.csv"] = samples.BUILDERS[source](*inside) + tail
    for source, counts in samples.stage(home, registry, files).items():
        assert counts["quarantined"] == len(rows_of(source))
        assert counts["records"] == counts["staged"] + counts["quarantined"] + counts["declared"]
    return home


def quarantine(home: Home, registry: Registry, source: str) -> pl.DataFrame:
    return samples.table(home, registry, "staging.quarantine").filter(source_id=source)


def staged(home: Home, registry: Registry, *rows: Mapping[str, str], source: str = "unodc_ids") -> pl.DataFrame:
    """Stage the given rows of one source, all of them sound, and return them in their order."""
    contract = registry.sources[source]
    counts = samples.stage(
        home, registry, {f"{contract.publisher.inbox}/ids_2014.csv": samples.BUILDERS[source](*rows)}
    )
    assert counts[source]["quarantined"] == 0
    found = samples.table(home, registry, "staging.totals" if contract.kind == "totals" else "staging.reports")
    return found.sort("row_no").head(len(rows))


# --- quarantine ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLANTED)
def test_a_bad_record_is_quarantined_under_its_rule_alone(planted_home: Home, registry: Registry, name: str) -> None:
    planted = PLANTED[name]
    found = samples.by_row(quarantine(planted_home, registry, planted.source), rows_of(planted.source)[name])
    assert [(row["rule_id"], row["column"]) for row in found] == [(planted.rule, planted.column)]
    if planted.seen is not None:
        assert found[0]["value_seen"] == planted.seen


@pytest.mark.parametrize("name", PLANTED)
def test_its_message_is_in_the_publishers_language_and_complete(
    planted_home: Home, registry: Registry, name: str
) -> None:
    planted = PLANTED[name]
    language = registry.sources[planted.source].language
    (row,) = samples.by_row(quarantine(planted_home, registry, planted.source), rows_of(planted.source)[name])
    params = dict(row["params"])
    said = registry.messages.render(planted.rule, language, params)
    assert "{" not in said
    assert planted.column in said
    assert said.split()[0] == registry.messages.sentences[language][planted.rule].split()[0]


@pytest.mark.parametrize("source", ["unodc_ids", "brazil_pf", "colombia_policia", "unodc_annual"])
def test_exactly_the_bad_records_are_in_quarantine_and_all_records_are_accounted_for(
    planted_home: Home, registry: Registry, source: str
) -> None:
    ended = {
        name: set(samples.table(planted_home, registry, f"staging.{name}").filter(source_id=source)["row_no"])
        for name in ("reports", "totals", "quarantine", "declared")
    }
    assert ended["quarantine"] == set(rows_of(source).values())
    delivered = samples.table(planted_home, registry, "deliveries.rows").filter(source_id=source)
    assert sum(map(len, ended.values())) == delivered.height
    assert set().union(*ended.values()) == set(delivered["row_no"])


def test_every_rule_of_the_catalogue_has_a_planted_file_or_record(registry: Registry) -> None:
    files, records = {case.rule for case in WITHHELD.values()}, {planted.rule for planted in PLANTED.values()}
    assert not files & records
    assert files | records <= registry.messages.rule_ids
    # the others belong to formats and to parts of the contract language that no source here uses
    elsewhere = [path.read_text(encoding="utf-8") for path in (PROJECT / "tests").rglob("*.py")]
    missing = [
        rule
        for rule in sorted(registry.messages.rule_ids - files - records)
        if not any(f'"{rule}"' in text for text in elsewhere)
    ]
    assert missing == []


def test_a_record_that_breaks_three_rules_is_one_quarantined_record_with_three_reasons(
    home: Home, registry: Registry
) -> None:
    bad = {"COUNTRY": "Atlantis", "SEIZURE_DATE": "2014-02-31", "AMOUNT": "-1"}
    counts = samples.stage(home, registry, {"unodc_ids/ids_2014.csv": samples.ids(bad)})["unodc_ids"]
    assert counts == {"records": 100, "staged": 99, "quarantined": 1, "declared": 0}
    rules = quarantine(home, registry, "unodc_ids")["rule_id"].to_list()
    assert rules == ["negative_number", "not_a_date", "unknown_code"]


def test_a_long_value_is_shown_in_part(home: Home, registry: Registry) -> None:
    samples.stage(home, registry, {"unodc_ids/ids_2014.csv": samples.ids({"DRUG_NAME": "x" * 500})})
    assert quarantine(home, registry, "unodc_ids")["value_seen"].to_list() == ["x" * 80]


# what a cell may be: right, wrong, empty, strange; a row of other shape; a row that is declared
CELLS = {
    "Day": ["2020-03-14", "2020-02-31", "", "1999-01-01", "Total", "\u200b2020-03-14"],
    "Drug": ["heroin", "tea", "", " heroin "],
    "Amount": ["1", "-1", "", "many", "1e30", "0"],
    "Unit": ["gram", "?", ""],
    "Cash": ["", "0", "5", "x"],
    "Via": ["", "KE;NG", "QQ;", ";;"],
}
WIDE = samples.contract(
    rows={"min": 1, "max": 100},
    columns={
        "Day": samples.DAY,
        "Via": {"to": "transit", "lookup": "@iso2", "split": ";", "role_word": "via", "not_known": [""]},
    },
    lines=[
        {"columns": {"Drug": samples.DRUG, "Amount": samples.AMOUNT, "Unit": samples.UNIT}},
        {
            "columns": {"Cash": {"to": "quantity"}},
            "constants": {"commodity": "cash_currency", "unit": "currency_unit", "currency": "EUR"},
        },
    ],
    declared=[
        {"id": "total", "column": "Day", "equals": "Total", "reason": dict.fromkeys(LANGUAGES, "x")},
        {"id": "none", "column": "Day", "equals": "", "reason": dict.fromkeys(LANGUAGES, "x")},
    ],
)
ROW = st.tuples(*(st.sampled_from(cells) for cells in CELLS.values())).map(list)
SHORT = st.lists(st.sampled_from(["heroin", ""]), max_size=len(CELLS) - 1)
LONG = st.lists(st.sampled_from(["heroin", ""]), min_size=len(CELLS) + 1, max_size=len(CELLS) + 2)


@settings(derandomize=True, deadline=None, max_examples=80, database=None)
@given(
    st.lists(st.tuples(st.one_of(ROW, ROW, SHORT, LONG), st.sampled_from([None, None, "truncated_record"])), max_size=9)
)
def test_whatever_the_rows_each_one_is_staged_quarantined_or_declared(
    registry: Registry, rows: list[tuple[list[str], str | None]]
) -> None:
    records = [
        {
            "delivery_id": "d", "file_name": "f", "part": "pq"[number % 2], "row_no": number, "contract_version": 1,
            "header": list(CELLS), "cells": cells, "damage": damage,
        }
        for number, (cells, damage) in enumerate(rows, start=1)
    ]  # fmt: skip
    texts = pl.List(pl.String)
    schema = {
        "delivery_id": pl.String, "file_name": pl.String, "part": pl.String, "row_no": pl.Int64,
        "contract_version": pl.Int64, "header": texts, "cells": texts, "damage": pl.String,
    }  # fmt: skip
    made = make.stage(registry, WIDE, pl.DataFrame(records, schema=schema))
    assert made.endings["records"] == len(rows)
    ended = {
        name: set(made.tables[name].select("part", "row_no").rows())
        for name in ("staging.reports", "staging.quarantine", "staging.declared")
    }
    assert sum(map(len, ended.values())) == len(set().union(*ended.values())) == len(rows)
    assert [len(found) for found in ended.values()] == [
        made.endings[name] for name in ("staged", "quarantined", "declared")
    ]
    lines = made.tables["staging.reports"].select("part", "row_no", "line_no")
    assert lines.is_unique().all()
    assert set(made.tables["staging.quarantine"]["rule_id"]) <= registry.messages.rule_ids


def test_records_that_are_lost_stop_the_source(home: Home, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    samples.deliver(home, registry, {"unodc_ids/ids_2014.csv": samples.ids()})
    whole = make.corrected
    monkeypatch.setattr(make, "corrected", lambda source, records: whole(source, records).head(99))
    with pytest.raises(StoreError, match="the records do not add up"):
        make.parse_source(home, registry, "unodc_ids")
    assert not (home.tables / "staging").exists()


# --- codes --------------------------------------------------------------------------------------------------


def test_a_word_without_code_in_a_lesser_column_stays_as_unmapped_and_is_listed(home: Home, registry: Registry) -> None:
    rows = staged(home, registry, {"TRANSPORT": "Hot-air balloon"}, {"TRANSPORT": "Commercial air"}, {})
    assert rows["transport_mode"].to_list() == ["unmapped", "air_commercial", None]
    assert json.loads(rows["words"][0])["TRANSPORT"] == "Hot-air balloon"
    listed = samples.table(home, registry, "staging.unmapped").to_dicts()
    assert listed == [{"source_id": "unodc_ids", "column": "TRANSPORT", "value": "Hot-air balloon", "n_rows": 1}]
    mapping = samples.table(home, registry, "staging.mappings").filter(column="TRANSPORT").to_dicts()[0]
    assert (mapping["n_given"], mapping["n_mapped"], mapping["n_unmapped"], mapping["n_not_known"]) == (2, 1, 1, 98)
    assert mapping["share_mapped"] == Decimal("0.5")


def test_the_four_spellings_of_not_known_are_no_leg_and_no_category(home: Home, registry: Registry) -> None:
    spellings = ("", "Unknown", "Other", "None")
    rows = staged(home, registry, *({"DEPARTURE_COUNTRY": word, "TRANSPORT": word} for word in spellings))
    assert rows["departures"].to_list() == rows["transport_mode"].to_list() == [None] * 4
    assert samples.table(home, registry, "staging.unmapped").is_empty()


def test_a_name_that_a_library_would_miss_has_its_area(home: Home, registry: Registry) -> None:
    names = {"Kosovo under UNSCR 1244": "XKX", "Namibia": "NAM", "Multiple Countries": "XMU", "Swaziland": "SWZ"}
    rows = staged(home, registry, *({"DEPARTURE_COUNTRY": name} for name in names))
    assert rows["departures"].to_list() == [[area] for area in names.values()]
    assert staged(home, registry, {"COUNTRY": "Namibia"})["reporter"].to_list() == ["NAM"]


def test_the_netherlands_antilles_end_on_the_day_they_were_dissolved(home: Home, registry: Registry) -> None:
    days = ("2010-10-09", "2010-10-10", "2013-01-01")
    rows = staged(home, registry, *({"COUNTRY": "Netherlands Antilles", "SEIZURE_DATE": day} for day in days))
    assert rows["reporter"].to_list() == ["ANT", "CUW", "CUW"]


def test_a_former_state_in_annual_totals_is_the_state_of_that_year(home: Home, registry: Registry) -> None:
    named = (
        ("Czechoslovakia", "1990"),
        ("Netherlands Antilles", "2009"),
        ("Netherlands Antilles", "2011"),
        ("Kosovo", "2015"),
    )
    rows = staged(home, registry, *({"country": name, "Year": year} for name, year in named), source="unodc_annual")
    assert rows["reporter"].to_list() == ["CSK", "ANT", "CUW", "XKX"]


def test_a_spelling_whose_time_is_over_is_unknown_from_the_next_day_on(home: Home, registry: Registry) -> None:
    ended = LookupRow("Oldland", "KEN", date(2012, 1, 1), date(2013, 12, 31))
    lookups = {**registry.lookups, "areas.en": (*registry.lookups["areas.en"], ended)}
    days = ("2011-12-31", "2012-01-01", "2013-12-31", "2014-01-01")
    content = samples.ids(*({"COUNTRY": "Oldland", "SEIZURE_DATE": day} for day in days))
    samples.stage(home, dataclasses.replace(registry, lookups=lookups), {"unodc_ids/ids_2014.csv": content})
    assert quarantine(home, registry, "unodc_ids").select("row_no", "rule_id").rows() == [
        (1, "unknown_code"),
        (4, "unknown_code"),
    ]


def test_a_missing_unit_is_a_number_without_unit_and_not_a_fault(home: Home, registry: Registry) -> None:
    rows = staged(home, registry, {"DRUG_UNIT": ""}, {"DRUG_UNIT": "Other"}, {"AMOUNT": ""})
    assert rows["unit_reported"].to_list() == ["unspecified", "unspecified", "gram"]
    assert rows["quantity_reported"].to_list() == [Decimal(5), Decimal(5), None]


# --- numbers, dates, texts ----------------------------------------------------------------------------------


def test_a_date_of_new_zealands_first_of_month_is_a_month(home: Home, registry: Registry) -> None:
    told = (("New Zealand", "2014-02-01"), ("New Zealand", "2014-02-02"), ("Kenya", "2014-02-01"))
    rows = staged(home, registry, *({"COUNTRY": country, "SEIZURE_DATE": day} for country, day in told))
    assert rows["date_precision"].to_list() == ["month", "day", "day"]
    assert rows["seized_to"].to_list() == [date(2014, 2, 28), date(2014, 2, 2), date(2014, 2, 1)]
    assert rows["seized_from"].to_list() == [date(2014, 2, 1), date(2014, 2, 2), date(2014, 2, 1)]


def test_decimal_commas_and_month_before_day_are_read_as_the_contract_says(home: Home, registry: Registry) -> None:
    row = {"DATA": "03/04/2019", "QUANTIDADE": "1027,5", "lat": "-9,868888855", "lon": "-67,89805603"}
    (found,) = staged(home, registry, row, source="brazil_pf").to_dicts()
    assert found["seized_from"] == date(2019, 3, 4)
    assert found["quantity_reported"] == Decimal("1027.5")
    assert (found["lat"], found["lon"]) == (-9.868888855, -67.89805603)
    assert (found["reporter"], found["facility"], found["place_code"]) == ("BRA", "airport", "GRU")


def test_a_coordinate_off_the_globe_is_no_coordinate_and_the_row_stays(home: Home, registry: Registry) -> None:
    (found,) = staged(home, registry, {"lat": "91,0", "lon": "nowhere"}, source="brazil_pf").to_dicts()
    assert (found["lat"], found["lon"]) == (None, None)


def test_a_municipality_code_gets_its_lost_zero_back_and_the_word_stays(home: Home, registry: Registry) -> None:
    rows = staged(home, registry, {"CÓDIGO DANE": "5999000"}, {"CÓDIGO DANE": "91999000"}, source="colombia_policia")
    assert rows["place_code"].to_list() == ["DANE:05999000", "DANE:91999000"]
    assert json.loads(rows["words"][0])["CÓDIGO DANE"] == "5999000"


def test_the_stated_total_is_declared_compared_with_the_sum_and_its_difference_kept(
    home: Home, registry: Registry
) -> None:
    unusable = {"CANTIDAD": "100", "CLASE DE ESTUPEFACIENTE": "POLVO DE HADAS"}
    content = samples.colombia(unusable, {"CANTIDAD": "3"}, total="90")
    counts = samples.stage(home, registry, {"colombia_policia/a.csv": content})["colombia_policia"]
    assert counts == {"records": 21, "staged": 19, "quarantined": 1, "declared": 1}
    (found,) = samples.table(home, registry, "staging.declared").to_dicts()
    assert (found["row_no"], found["reason"]) == (21, "total_row")
    assert (found["declared_value"], found["computed_value"]) == (Decimal(90), Decimal(100 + 3 + 18 * 7))


def test_a_figure_that_is_not_given_is_declared_and_never_zero(home: Home, registry: Registry) -> None:
    content = samples.annual({"KG Equivalent": "NULL"}, {"KG Equivalent": "0"})
    counts = samples.stage(home, registry, {"unodc_annual/a.csv": content})["unodc_annual"]
    assert counts == {"records": 10, "staged": 9, "quarantined": 0, "declared": 1}
    (found,) = samples.table(home, registry, "staging.declared").to_dicts()
    assert (found["reason"], found["declared_value"], found["computed_value"]) == ("no_figure", None, None)
    totals = samples.table(home, registry, "staging.totals")
    assert [row["kg"] for row in samples.by_row(totals, 2)] == [Decimal(0)]


def test_the_same_events_by_file_and_by_interface_parse_to_the_same_values(home: Home, registry: Registry) -> None:
    csv_row = {"CANTIDAD": "14776", "CLASE DE SITIO": "AEROPUERTO", "CLASE DE ESTUPEFACIENTE": "HEROINA"}
    api_row = {"cantidad": "14776", "clase_de_sitio": "AEROPUERTO", "clase_de_estupefaciente": "HEROINA"}
    samples.stage(
        home,
        registry,
        {"colombia_policia/a.csv": samples.colombia(csv_row), "colombia_policia/a.json": samples.api(api_row)},
    )
    reports = samples.table(home, registry, "staging.reports")
    own = {"seizure_id", "source_id", "delivery_id", "file_name", "words"}
    file, interface = (
        samples.by_row(reports.filter(source_id=source).select(pl.exclude(own)), 1)
        for source in ("colombia_policia", "colombia_policia_api")
    )
    assert file == interface
    assert file[0]["commodity"] == "heroin"


def test_a_line_break_in_a_quoted_text_is_part_of_the_text(home: Home, registry: Registry) -> None:
    rows = staged(home, registry, {"PLACE": "Invented\nvillage"}, {"PLACE": 'Say "hi"; then go'})
    assert rows["place_text"].to_list() == ["Invented\nvillage", 'Say "hi"; then go']
    assert samples.table(home, registry, "deliveries.files")["rows_delivered"].to_list() == [100]


def test_white_space_at_the_edge_is_trimmed_in_values_and_kept_in_words(home: Home, registry: Registry) -> None:
    row = {"PLACE": "  Invented  ", "DRUG_NAME": " Cocaine\t", "AMOUNT": " 7 ", "SEIZURE_DATE": "2014-05-06 "}
    (found,) = staged(home, registry, row).to_dicts()
    assert (found["place_text"], found["commodity"], found["quantity_reported"]) == ("Invented", "cocaine", Decimal(7))
    assert found["seized_from"] == date(2014, 5, 6)
    assert json.loads(found["words"])["PLACE"] == "  Invented  "


def test_accents_written_in_two_ways_are_the_same_word(home: Home, registry: Registry) -> None:
    rows = staged(home, registry, {"COUNTRY": "Côte d'Ivoire"}, {"COUNTRY": "Co\u0302te d'Ivoire"})
    assert rows["reporter"].to_list() == ["CIV", "CIV"]


# --- identity -----------------------------------------------------------------------------------------------


def test_the_same_row_twice_in_a_file_is_two_seizures_and_again_in_a_later_file_is_the_same_two(
    home: Home, registry: Registry
) -> None:
    twice = [{"PLACE": "Twin"}] * 2
    files = {
        "unodc_ids/ids_2014.csv": samples.ids(*twice),
        "unodc_ids/ids_2015.csv": samples.ids({"PLACE": "News"}, *twice),
    }
    samples.stage(home, registry, files)
    twins = samples.table(home, registry, "staging.reports").filter(place_text="Twin")
    by_file = [set(group["seizure_id"]) for _, group in twins.group_by("delivery_id")]
    assert len(by_file[0]) == 2
    assert by_file[0] == by_file[1]


def test_edge_space_does_not_make_another_seizure_but_any_other_letter_does(home: Home, registry: Registry) -> None:
    files = {
        "unodc_ids/ids_2014.csv": samples.ids({"PLACE": "Same"}, {"PLACE": "Other "}),
        "unodc_ids/ids_2015.csv": samples.ids({"PLACE": " Same "}, {"PLACE": "other"}),
    }
    samples.stage(home, registry, files)
    reports = samples.table(home, registry, "staging.reports").filter(pl.col("row_no") <= 2)
    ids = [list(group.sort("row_no")["seizure_id"]) for _, group in reports.group_by("delivery_id")]
    assert ids[0][0] == ids[1][0]
    assert ids[0][1] != ids[1][1]


def test_staging_the_same_deliveries_again_gives_the_same_bytes(home: Home, registry: Registry) -> None:
    files = {"unodc_ids/ids_2014.csv": samples.ids({"AMOUNT": "plenty"}), "colombia_policia/a.csv": samples.colombia()}
    samples.stage(home, registry, files)
    before = samples.table_bytes(home)
    samples.stage(home, registry, {})
    assert samples.table_bytes(home) == before
