"""The blank form: that what is filled into it is read alike in all languages, and that nothing else comes out of it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import python_calamine
import samples
from nights import flows_here

from illicit_flows.source.check import Checked, check_file
from illicit_flows.source.phrases import catalogue
from illicit_flows.source.template import PREPARED_ROWS, Row, blank_form, form_contract
from pipelines.conformed.make import make_legs, make_lines
from pipelines.conformed.places.candidates import make_places
from pipelines.deliveries.receive import receive
from pipelines.store import Home
from schemas.contracts import LANGUAGES, Language
from schemas.registry import CODES_OF_TARGET, Registry

ROWS: tuple[Row, ...] = (
    {
        "seized_on": date(2023, 2, 14), "country": "GNB", "agency": "police", "incident_number": "2023/001",
        "commodity": "cocaine", "quantity": 12.5, "unit": "kilogram", "origin": "COL", "departure": "BRA",
        "transit": "SEN; GMB", "destination": "PRT", "transport_mode": "sea_private", "concealment": "vessel",
        "facility": "seaport", "region": "Invented region", "place": "Invented port", "latitude": 11.86,
        "longitude": -15.6, "case_number": "INV-77/23", "stage": "charge", "stage_state": "yes",
        "stage_date": date(2023, 4, 2), "instrument": "convention_1988", "persons_f": 1, "persons_m": 3,
    },
    {
        "seized_on": date(2023, 3, 3), "country": "GNB", "agency": "customs", "incident_number": "2023/001",
        "commodity": "cash_currency", "quantity": 18500, "unit": "currency_unit", "currency": "EUR",
    },
    {"seized_on": date(2023, 5, 21), "country": "CPV", "commodity": "tramadol", "unit": "unspecified"},
)  # fmt: skip


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key for case numbers, as an operator sets it."""
    (tmp_path / "key").write_text("0" * 64)
    monkeypatch.setenv("FLOWS_KEY_FILE", str(tmp_path / "key"))


def checked(registry: Registry, tmp_path: Path, content: bytes) -> Checked:
    file = tmp_path / "form.xlsx"
    file.write_bytes(content)
    return check_file(registry, form_contract(registry), file)


def staged(found: Checked, table: str) -> list[dict[str, object]]:
    assert found.staged is not None
    rows = found.staged.tables[f"staging.{table}"]
    named = [name for name in rows.columns if not name.startswith("word:") and name not in ("delivery_id", "case_key")]
    return rows.select(pl.col(named)).drop("identity", "file_name", strict=False).to_dicts()


def changed(row: Row, **cells: str | float | date) -> dict[str, str | float | date]:
    return {**row, **cells}


# --- reading it back ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_that_is_filled_in_is_read_alike_in_every_language(
    registry: Registry, tmp_path: Path, language: Language
) -> None:
    found = checked(registry, tmp_path, blank_form(registry, language, rows=ROWS))
    assert found.endings() == {"records": 3, "staged": 3, "quarantined": 0, "declared": 0}
    assert found.unmapped() == []
    english = checked(registry, tmp_path, blank_form(registry, "en", rows=ROWS))
    for table in ("reports", "outcomes"):
        assert staged(found, table) == staged(english, table)
    first = staged(found, "reports")[0]
    assert (first["origins"], first["transits"], first["destinations"]) == (["COL"], ["SEN", "GMB"], ["PRT"])
    assert (first["reporter"], first["agency_id"], first["commodity"]) == ("GNB", "police", "cocaine")
    assert first["seized_from"] == date(2023, 2, 14)


def test_what_became_of_the_case_is_an_outcome_of_its_own_and_need_not_be_known(
    registry: Registry, tmp_path: Path
) -> None:
    found = checked(registry, tmp_path, blank_form(registry, "fr", rows=ROWS))
    (outcome,) = staged(found, "outcomes")
    assert (outcome["stage"], outcome["stage_state"], outcome["stage_date"]) == ("charge", "yes", date(2023, 4, 2))
    assert (outcome["persons_f"], outcome["persons_m"], outcome["persons_x"]) == (1, 3, None)


def test_a_form_that_nobody_filled_in_holds_no_record(registry: Registry, tmp_path: Path) -> None:
    found = checked(registry, tmp_path, blank_form(registry, "pt"))
    assert (found.inspection.rule, found.inspection.params["rows"]) == ("too_few_rows", "0")


def test_the_number_of_a_case_leaves_the_form_as_a_hash_alone(registry: Registry, tmp_path: Path) -> None:
    found = checked(registry, tmp_path, blank_form(registry, "en", rows=ROWS))
    assert found.staged is not None
    (case,) = found.staged.tables["staging.outcomes"]["case_key"].to_list()
    assert re.fullmatch("[0-9a-f]{32}", case)
    told = [str(frame.to_dicts()) for frame in (*found.staged.tables.values(), found.inspection.records)]
    assert not any("INV-77" in text for text in told)


@pytest.mark.usefixtures("key")
def test_a_form_that_is_sent_again_restates_its_own_incidents_and_no_other_agencys(
    home: Home, registry: Registry
) -> None:
    samples.reference(home, registry)
    police, customs, _ = ROWS
    inbox = form_contract(registry).publisher.inbox
    forms = {
        f"{inbox}/a.xlsx": blank_form(registry, "es", rows=[police]),
        f"{inbox}/b.xlsx": blank_form(registry, "fr", rows=[customs]),
    }
    samples.stage(home, registry, forms)
    # the newer form has a later row, so that it is the newer vintage
    later = changed(police, incident_number="2023/002", seized_on=date(2023, 9, 1))
    grown = [changed(police, quantity=14), later]
    samples.stage(home, registry, {f"{inbox}/a.xlsx": blank_form(registry, "es", rows=grown)})
    make_places(home, registry)
    make_lines(home, registry)
    make_legs(home, registry)
    lines = samples.table(home, registry, "conformed.lines").sort("record_id")
    standing = {str(row["record_id"]): float(row["quantity_reported"]) for row in lines.to_dicts()}
    assert standing == {"GNB-customs-2023/001": 18500, "GNB-police-2023/001": 14, "GNB-police-2023/002": 12.5}


# --- the workbook ---------------------------------------------------------------------------------------------


def sheet_xml(content: bytes, number: int) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(f"xl/worksheets/sheet{number}.xml").decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_people_read_their_language_and_the_contract_reads_a_hidden_row(registry: Registry, language: Language) -> None:
    content = blank_form(registry, language)
    book = python_calamine.load_workbook(io.BytesIO(content))
    words = catalogue().sentences[language]
    source = form_contract(registry)
    rows = book.get_sheet_by_name("Seizures").to_python(skip_empty_area=False)
    assert rows[2] == list(source.columns)
    labels = [str(label).removesuffix(" *") for label in rows[1]]
    assert labels == [words[f"form_column_{name}"] for name in source.columns]
    assert [name for name, label in zip(rows[2], rows[1], strict=True) if str(label).endswith(" *")] == [
        "seized_on", "country", "commodity", "unit",
    ]  # fmt: skip
    assert '<row r="3" hidden="1"' in sheet_xml(content, 2).replace(' spans="1:31"', "")
    told = " ".join(str(cell) for row in book.get_sheet_by_index(0).to_python() for cell in row)
    asked = ("role_origin", "role_departure", "role_transit", "role_seizure", "role_destination", "never_names",
             "never_numbers", "never_plates", "send_back", "row", "case_number_note")  # fmt: skip
    assert [name for name in asked if words[f"form_{name}"] not in told] == []
    assert "{" not in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_list_offers_each_code_once_with_words_of_the_language(registry: Registry, language: Language) -> None:
    content = blank_form(registry, language)
    book = python_calamine.load_workbook(io.BytesIO(content))
    columns = list(zip(*book.get_sheet_by_name("Lists").to_python(skip_empty_area=False), strict=True))
    offered: Mapping[str, list[str]] = {
        str(column[0]): [str(cell) for cell in column[1:] if cell] for column in columns
    }
    for codes, choices in offered.items():
        found = [choice.split(" · ")[0] for choice in choices]
        assert len(set(found)) == len(found)
        assert set(found) <= registry.codes[codes].codes
        assert all(choice.split(" · ")[1].strip() for choice in choices)
        assert "unmapped" not in found
    source = form_contract(registry)
    asked = {CODES_OF_TARGET[str(column.to)] for column in source.columns.values() if column.lookup}
    assert set(offered) == asked
    name = {"en": "Cape Verde", "es": "Cabo Verde", "fr": "Cap-Vert", "pt": "Cabo Verde"}[language]
    assert f"CPV · {name}" in offered["areas"]
    assert not any(choice.startswith("SUN ") for choice in offered["areas"])


def test_cells_accept_what_the_contract_reads(registry: Registry) -> None:
    xml = sheet_xml(blank_form(registry, "en"), 2)
    rules = re.findall(r'<dataValidation type="(\w+)"[^>]*sqref="([A-Z]+)4:\2([0-9]+)"', xml)
    source = form_contract(registry)
    assert {last for _, _, last in rules} == {str(3 + PREPARED_ROWS)}
    kinds = [kind for kind, _, _ in rules]
    assert kinds.count("date") == 2
    assert kinds.count("list") == sum(column.lookup is not None for column in source.columns.values())
    assert kinds.count("whole") == 4
    assert kinds.count("decimal") == 4


def test_the_form_has_the_same_bytes_each_time_and_names_whom_to_send_it_to(registry: Registry) -> None:
    one, two = (blank_form(registry, "fr", contact="donnees@example.org", rows=ROWS) for _ in range(2))
    assert one == two
    first = python_calamine.load_workbook(io.BytesIO(one)).get_sheet_by_index(0).to_python()
    assert any("donnees@example.org" in str(cell) for row in first for cell in row)


def test_the_command_writes_the_form(registry: Registry, tmp_path: Path) -> None:
    for language in LANGUAGES:
        out = tmp_path / "forms" / f"{language}.xlsx"
        said = flows_here("source", "template", "--lang", language, "--out", out)
        assert said.code == 0, said.err
        assert said.out.strip() == str(out)
        assert out.read_bytes() == blank_form(registry, language)
    assert flows_here("source", "template", "--lang", "de", "--out", tmp_path / "x.xlsx").code == 2


def test_the_inbox_takes_a_form_of_any_name(home: Home, registry: Registry) -> None:
    inbox = form_contract(registry).publisher.inbox
    received = receive(
        home, registry, samples.put(home.inbox, {f"{inbox}/Saisies mars.xlsx": blank_form(registry, "fr")})
    )
    assert received.new == (f"{inbox}/Saisies mars.xlsx",)
