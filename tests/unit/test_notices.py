"""A column that is kept as text and looks personal is named: which one and how often, never a value."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest
import samples

from pipelines.deliveries.notices import LEAST_ROWS, Notice, looks_like, notices_of

PLACE = samples.contract(extra={"Place": {"to": "place_text", "not_known": [""]}, "Officer": {"drop": "a name"}})


def noticed(*cells: str) -> tuple[Notice, ...]:
    """What is noticed of a column of places that holds some cells."""
    records = pl.DataFrame(
        {"part": [""] * len(cells), "cells": [[cell, "Juan Carlos"] for cell in cells]},
        schema={"part": pl.String, "cells": pl.List(pl.String)},
    )
    return notices_of(PLACE, {"": ("Place", "Officer")}, records)


PERSONAL = {
    "an honorific in English": ("Mr. X", "name"),
    "an honorific in Spanish": ("casa del Sr. Invented", "name"),
    "an honorific in French": ("chez Mme Invented", "name"),
    "an honorific in Portuguese": ("Senhor Invented", "name"),
    "two given names": ("Juan Carlos", "name"),
    "given names and another word": ("Maria José Invented", "name"),
    "a given name and another word": ("Mamadou Invented", "name"),
    "given names in capitals": ("JOSÉ MANUEL INVENTED", "name"),
    "an address of mail": ("write to somebody@example.org", "email"),
    "a phone with country code": ("+221 33 000 00 00", "phone"),
    "a phone with area code": ("(868) 555-0100", "phone"),
    "a Brazilian CPF": ("000.000.000-00", "document"),
    "a Chilean RUT": ("1.000.000-K", "document"),
    "a passport": ("Passport no. X1234567", "document"),
    "a cédula": ("cédula 00000000", "document"),
    "a plate of Mercosur": ("ABC1D23", "plate"),
    "a plate of West Africa": ("AB 123 CD", "plate"),
}


@pytest.mark.parametrize("name", PERSONAL)
def test_a_text_that_looks_personal_is_noticed_as_what_it_looks_like(name: str) -> None:
    text, kind = PERSONAL[name]
    assert kind in looks_like(text)
    assert Notice("Place", kind, LEAST_ROWS) in noticed(*[text] * LEAST_ROWS)


@pytest.mark.parametrize(
    "text",
    [
        "", "Nairobi", "São Paulo", "Santa Marta", "San José", "San Juan de los Morros", "Port Louis",
        "Invented village 7", "Puerto Limón", "Rio de Janeiro", "Saint-Louis du Sénégal", "CCU-2021-004", "2023/017",
        "GRU", "BRSSZ", "DANE:05999000", "14/03/2018", "1250,5", "Km 12 road to the coast", "1 250 000",
        "José de San Martín", "Juan de Acosta", "María la Baja", "artemether/lumefantrine",
    ],
)  # fmt: skip
def test_a_place_a_number_or_a_code_does_not_look_personal(text: str) -> None:
    assert list(looks_like(text)) == []


def test_a_column_is_named_from_three_rows_and_two_per_cent_on() -> None:
    personal = "somebody@example.org"
    assert noticed(personal, personal) == ()
    assert noticed(*[personal] * 3) == (Notice("Place", "email", 3),)
    assert noticed(*[personal] * 3, *(f"Village {number}" for number in range(147))) == (Notice("Place", "email", 3),)
    assert noticed(*[personal] * 3, *(f"Village {number}" for number in range(148))) == ()
    assert noticed(*[personal] * 3, *[""] * 1000) == (Notice("Place", "email", 3),)


def test_a_column_that_is_dropped_or_coded_is_not_looked_at() -> None:
    assert noticed("Nairobi") == noticed() == ()
    assert [notice.column for notice in noticed(*["Juan Carlos"] * 5)] == ["Place"]


def test_a_dropped_column_whose_text_another_key_of_the_contract_keeps_is_looked_at() -> None:
    kept = samples.contract(extra={"Officer": {"drop": "tells rows apart"}}, identity=["Day", "Officer"])
    records = pl.DataFrame({"part": [""] * 3, "cells": [["Juan Carlos"]] * 3})
    assert [notice.column for notice in notices_of(kept, {"": ("Officer",)}, records)] == ["Officer"]


def test_a_notice_holds_no_value() -> None:
    assert {field.name for field in dataclasses.fields(Notice)} == {"column", "looks_like", "n_rows"}


def test_every_kind_of_notice_is_a_code_of_its_list(registry) -> None:
    assert {kind for _, kind in PERSONAL.values()} == registry.codes["personal_kinds"].codes
