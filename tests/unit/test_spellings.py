"""The nearest known spellings: what is offered to whoever maintains a lookup, and what never is."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

import pytest

from pipelines.spellings import AT_MOST, LEAST_LIKENESS, Spellings, comparable, offers
from schemas.contracts import LANGUAGES
from schemas.registry import SUGGESTED, Registry

MISSPELLED: Mapping[str, str] = {
    "Clorhidrato de cocayna": "cocaine_hcl",
    "MARIGUANA": "cannabis_herb",
    "metanfetmina": "methamphetamine",
    "Résine de canabis": "cannabis_resin",
    "Anidrido acetico 99%": "acetic_anhydride",
    "chifre de rinocerontes": "rhino_horn",
    "hashish, resin": "cannabis_resin",
    "Marfil": "ivory_raw",
}


@pytest.fixture(scope="module")
def spellings(registry: Registry) -> Spellings:
    return Spellings(registry, "en")


@pytest.mark.parametrize("spelling", MISSPELLED)
def test_a_misspelled_name_in_any_language_finds_its_code_first(spellings: Spellings, spelling: str) -> None:
    near = spellings.nearest("commodity", spelling)
    assert near[0].code == MISSPELLED[spelling]
    assert len(near) <= AT_MOST
    assert len({found.code for found in near}) == len(near)
    scores = [found.score for found in near]
    assert scores == sorted(scores, reverse=True)
    assert all(LEAST_LIKENESS <= score <= 1 for score in scores)


def test_accents_capitals_and_marks_do_not_count(spellings: Spellings) -> None:
    assert spellings.nearest("commodity", "anhidrido-ACETICO")[0].score == 1


def test_every_label_of_every_commodity_finds_its_own_code(registry: Registry, spellings: Spellings) -> None:
    for number, row in enumerate(registry.codes["commodities"].rows):
        label = row[f"label_{LANGUAGES[number % 4]}"]
        near = spellings.nearest("commodity", label)
        assert len(comparable(label)) < 4 or near[0].score == 1, label
        assert near == [] or near[0].code in (row["code"], spellings.code("commodity", label)), label


@pytest.mark.parametrize("spelling", ["", "-", "kg", "xyz", "Juan Pérez Gómez", "zzzzzz zzzzzz"])
def test_what_is_like_nothing_has_no_suggestion(spellings: Spellings, spelling: str) -> None:
    assert spellings.nearest("commodity", spelling) == []


def offered(registry: Registry, source: str, column: str, value: str) -> list[dict[str, object]]:
    return offers(registry, [{"source_id": source, "column": column, "value": value, "n_rows": 2}])


def test_an_offer_is_a_row_of_its_lookup_that_counts_for_nothing_until_its_mark_is_taken_away(
    registry: Registry,
) -> None:
    first, *_ = offered(registry, "unodc_ids", "DRUG_NAME", 'Herroin,\n"HCL"')
    assert (first["lookup"], first["code"], first["n_rows"]) == ("unodc_ids.drug_name", "heroin_hcl", 2)
    assert list(csv.reader(io.StringIO(str(first["row"]), newline=""))) == [
        [f'{SUGGESTED}Herroin,\n"HCL"', "heroin_hcl"]
    ]


def test_of_several_places_in_a_cell_each_is_looked_at_alone(registry: Registry) -> None:
    source = next(
        (name, column, mapping.split)
        for name, contract in registry.sources.items()
        for column, mapping in contract.all_columns.items()
        if mapping.split and mapping.lookup and not mapping.lookup.startswith("@")
    )
    name, column, split = source
    found = offered(registry, name, column, f"Colombbia{split}Venezuella")
    assert {row["value"]: row["code"] for row in reversed(found)} == {"Colombbia": "COL", "Venezuella": "VEN"}


def test_nothing_is_offered_for_columns_without_a_lookup_of_their_own(registry: Registry) -> None:
    columns = {
        (name, column): mapping
        for name, contract in registry.sources.items()
        for column, mapping in contract.all_columns.items()
    }
    rows = [{"source_id": name, "column": column, "value": "Cocainna", "n_rows": 1} for name, column in columns]
    found = offers(registry, rows)
    assert {row["code"] for row in found} >= {"cocaine"}
    for row in found:
        mapping = columns[row["source_id"], row["column"]]
        assert row["lookup"] == (mapping.unit_lookup if mapping.to == "quantity_with_unit" else mapping.lookup)
        assert not row["lookup"].startswith("@")
        assert not any((mapping.personal, mapping.keyed, mapping.drop))
