"""Names as keys: spellings of one name meet, and what kind of place it is stands apart from the name."""

from __future__ import annotations

import csv

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.names import WORDS, core, in_latin, name_key, parts, pieces, runs


def key(name: str) -> str:
    found: str = pl.select(name_key(pl.lit(name))).item()
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Bogotá, D.C.", "bogota d c"), ("Łódź", "lodz"), ("Nyagan'", "nyagan"), ("d´Ivoire", "divoire"),
        ("г. Йошкар-Ола", "г иошкар ола"),
        ("  SÃO   JOÃO\n", "sao joao"), ("القاهرة", "القاهرة"), ("Ağcabədi", "agcabadi"),
        ("Straße", "strasse"), ("—", ""),
    ],
)  # fmt: skip
def test_a_key_is_lower_case_without_accents_or_punctuation(name: str, expected: str) -> None:
    assert key(name) == expected


@given(st.text(max_size=40))
@example("𝑨ᴬ℃ϓ")
def test_a_key_is_its_own_key(name: str) -> None:
    assert key(key(name)) == key(name)


def test_generic_words_are_written_as_keys_and_stand_once() -> None:
    with WORDS.open(encoding="utf-8", newline="") as stream:
        words = [row["words"] for row in csv.DictReader(stream)]
    assert len(set(words)) == len(words)
    assert [word for word in words if key(word) != word] == []


@pytest.mark.parametrize(
    ("words", "name", "kinds"),
    [
        ("aeropuerto internacional el dorado", "el dorado", {"airport"}), ("port of spain", "spain", {"seaport"}),
        ("municipio de soacha", "soacha", {"city"}), ("sverdlovsk region", "sverdlovsk", {"admin"}),
        ("bogota d c", "bogota", {"city"}), ("провинция", "провинция", set()), ("город", "", {"city"}),
        ("dirkou", "dirkou", set()), ("zangiata district", "zangiata", {"district"}),
    ],
)  # fmt: skip
def test_generic_words_are_taken_off_the_ends_of_a_name(words: str, name: str, kinds: set[str]) -> None:
    assert core(words) == (name, frozenset(kinds))


def test_what_separators_set_apart_are_parts_and_a_hyphen_within_a_name_sets_nothing_apart() -> None:
    assert parts("Puerto de Cartagena, Bolívar") == ["Puerto de Cartagena", "Bolívar"]
    assert parts("Kumasi - Ashanti") == ["Kumasi", "Ashanti"]
    assert parts("Sogd province. Some district") == ["Sogd province", "Some district"]
    assert parts("Bobo-Dioulasso") == parts("St. Louis") == []
    assert pieces("Bobo-Dioulasso") == ["Bobo", "Dioulasso"]
    assert pieces("Dakar") == []


def test_runs_are_the_words_within_a_text_longest_first_and_never_the_whole() -> None:
    found = list(runs("via al puerto nuevo"))
    assert found[0] == "via al puerto"
    assert "via al puerto nuevo" not in found
    assert not any(run.startswith("del ") or run.endswith(" de") for run in runs("rio del sur de"))


def test_cyrillic_keys_read_in_latin_letters_as_iso_3166_2_spells_them() -> None:
    assert in_latin(key("Астраханская")) == "astrakhanskaya"
    assert in_latin("dakar") == "dakar"
