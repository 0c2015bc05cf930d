"""A cell is read as its contract says and in no other way: numbers, dates of four languages, degrees."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from pipelines.forms import (
    DateForm,
    dates,
    latitude,
    longitude,
    month_names,
    number,
    number_part,
    plain_number,
    plain_text,
    position,
    unit_part,
)
from schemas.contracts import LANGUAGES, Language, NumberFormat

POINT, COMMA = NumberFormat(decimal="."), NumberFormat(decimal=",")


def read(expression: pl.Expr, *texts: str | None) -> list[object]:
    """What an expression over the column `text` makes of some texts."""
    return pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(expression.alias("read"))["read"].to_list()


TEXT = pl.col("text")


# --- plain text ---------------------------------------------------------------------------------------------


def test_what_cannot_be_seen_is_no_part_of_a_text() -> None:
    seen = read(
        plain_text(TEXT), " coca\u00efne ", "coc\u200baine", "\ufeffheroin", "12\u00a0kg", "12\u202fkg", "coca\u0308"
    )
    assert seen == ["cocaïne", "cocaine", "heroin", "12 kg", "12 kg", "cocä"]


# --- numbers ------------------------------------------------------------------------------------------------

NUMBERS = [
    (POINT, "1250.5", "1250.5"),
    (POINT, "-3", "-3"),
    (POINT, "+3", "3"),
    (POINT, "1.5E2", "150"),
    (POINT, "0.000001", "0.000001"),
    (POINT, "1,250", None),
    (POINT, "1 250", None),
    (POINT, ".5", None),
    (POINT, "5.", None),
    (POINT, "1.2.3", None),
    (POINT, "", None),
    (POINT, "NaN", None),
    (POINT, "inf", None),
    (POINT, "0x10", None),
    (POINT, "١٢", None),
    (COMMA, "1250,5", "1250.5"),
    (COMMA, "1250.5", None),
    (COMMA, "1,2,3", None),
    (NumberFormat(decimal=",", thousands="."), "1.250.000,50", "1250000.5"),
    (NumberFormat(decimal=",", thousands="."), "1.250", "1250"),
    (NumberFormat(decimal=",", thousands="."), "1250", "1250"),
    (NumberFormat(decimal=",", thousands="."), "1.25", None),
    (NumberFormat(decimal=",", thousands="."), "1250.000", None),
    (NumberFormat(decimal=",", thousands="."), "1.250.00,5", None),
    (NumberFormat(decimal=",", thousands=" "), "694 147,53", "694147.53"),
    (NumberFormat(decimal=",", thousands=" "), "69 41", None),
    (NumberFormat(decimal=".", thousands=","), "1,250.5", "1250.5"),
    (NumberFormat(decimal=".", thousands=","), "1,25", None),
    (NumberFormat(decimal=".", thousands=","), "1.250", "1.25"),
]


@pytest.mark.parametrize(
    ("form", "text", "expected"), NUMBERS, ids=[f"{f.decimal}{f.thousands}|{t}" for f, t, _ in NUMBERS]
)
def test_a_number_has_the_agreed_marks_or_is_none(form: NumberFormat, text: str, expected: str | None) -> None:
    assert read(number(TEXT, form), text) == [None if expected is None else Decimal(expected)]


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("2,35 kg", "2,35", "kg"),
        ("694 147,53 g", "694 147,53", "g"),
        ("12 ovules", "12", "ovules"),
        ("12kg", "12", "kg"),
        ("12", "12", ""),
        ("1.250 unités", "1.250", "unités"),
        ("5 l (litres)", "5", "l (litres)"),
        ("-3 kg", "-3", "kg"),
        ("non pesé", None, ""),
        ("kg 5", None, ""),
        ("", None, ""),
    ],
)
def test_a_cell_with_a_unit_is_split_behind_its_number(text: str, amount: str | None, unit: str) -> None:
    assert (read(number_part(TEXT), text), read(unit_part(TEXT), text)) == ([amount], [unit])


# --- dates --------------------------------------------------------------------------------------------------


def day(text: str, *patterns: str, languages: tuple[Language, ...] = ("en",), fiscal: int | None = None) -> object:
    """First day, last day and precision of a text."""
    first, last, precision = (read(part, text)[0] for part in dates(TEXT, DateForm(patterns, languages, fiscal)))
    assert (first is None) == (last is None) == (precision is None)
    return (first, last, precision) if first is not None else None


def test_patterns_are_tried_in_their_order() -> None:
    both = ("%Y-%m-%d", "%d/%m/%Y")
    assert day("2020-02-03", *both) == (date(2020, 2, 3), date(2020, 2, 3), "day")
    assert day("03/02/2020", *both) == (date(2020, 2, 3), date(2020, 2, 3), "day")
    assert day("02-03-2020", *both) is None
    assert day("31/02/2020", *both) is None
    assert day("02-2020", "%d-%m-%Y", "%m-%Y") == (date(2020, 2, 1), date(2020, 2, 29), "month")
    assert day("14-02-2020", "%d-%m-%Y", "%m-%Y") == (date(2020, 2, 14), date(2020, 2, 14), "day")


def test_a_text_behind_a_date_is_no_date() -> None:
    assert day("2020-02-03 or so", "%Y-%m-%d") is None
    assert day("20200", "%Y") is None


def test_without_a_day_a_date_is_a_month_and_without_a_month_a_year() -> None:
    assert day("2020-12", "%Y-%m") == (date(2020, 12, 1), date(2020, 12, 31), "month")
    assert day("2020", "%Y") == (date(2020, 1, 1), date(2020, 12, 31), "year")
    assert day("2020-02-03", "%Y-%m") is None


def test_a_spreadsheets_day_number_is_a_day_and_a_small_or_broken_one_none() -> None:
    assert day("43831", "serial") == (date(2020, 1, 1), date(2020, 1, 1), "day")
    assert day("43831.75", "serial") == (date(2020, 1, 1), date(2020, 1, 1), "day")
    assert [day(text, "serial") for text in ("0", "-5", "9e15", "NaN", "soon", "")] == [None] * 6


NAMED: list[tuple[Language, str, str, int]] = [
    ("en", "%b %d, %Y", "Mar 3, 2022", 3),
    ("en", "%d %B %Y", "3 September 2022", 9),
    ("en", "%d %b %Y", "3 Sept. 2022", 9),
    ("en", "%d %B %Y", "3 MAY 2022", 5),
    ("fr", "%d %b %Y", "3 févr. 2022", 2),
    ("fr", "%d %B %Y", "3 février 2022", 2),
    ("fr", "%d %B %Y", "3 août 2022", 8),
    ("fr", "%d %B %Y", "3 AOUT 2022", 8),
    ("fr", "%d %b %Y", "3 juil. 2022", 7),
    ("es", "%d de %B de %Y", "3 de setiembre de 2022", 9),
    ("es", "%d-%b-%Y", "3-ene-2022", 1),
    ("es", "%d de %B de %Y", "3 de diciembre de 2022", 12),
    ("pt", "%d de %B de %Y", "3 de março de 2022", 3),
    ("pt", "%d de %B de %Y", "3 de marco de 2022", 3),
    ("pt", "%d/%b/%Y", "3/fev./2022", 2),
]


@pytest.mark.parametrize(("language", "pattern", "text", "month"), NAMED, ids=[text for _, _, text, _ in NAMED])
def test_a_month_may_be_named_in_the_four_languages(language: Language, pattern: str, text: str, month: int) -> None:
    assert day(text, pattern, languages=(language,)) == (date(2022, month, 3), date(2022, month, 3), "day")


def test_a_month_of_another_language_is_no_month() -> None:
    assert day("3 août 2022", "%d %B %Y", languages=("en",)) is None
    assert day("3 août 2022", "%d %B %Y", languages=("en", "fr")) is not None
    assert day("3 maybe 2022", "%d %B %Y") is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_month_of_every_language_has_names_and_no_name_means_two_months(language: Language) -> None:
    names = [set(month.replace("\\.?", "").split("|")) for month in month_names((language,))]
    assert len(names) == 12
    assert all(names)
    assert sum(map(len, names)) == len(set().union(*names))


def test_a_fiscal_year_is_the_one_in_which_it_ends() -> None:
    assert day("FY2019|OCT", "FY%Y|%b", fiscal=10) == (date(2018, 10, 1), date(2018, 10, 31), "month")
    assert day("2019|SEP", "%Y|%b", fiscal=10) == (date(2019, 9, 1), date(2019, 9, 30), "month")
    assert day("2019", "%Y", fiscal=10) == (date(2018, 10, 1), date(2019, 9, 30), "year")
    assert day("2020", "%Y", fiscal=3) == (date(2019, 3, 1), date(2020, 2, 29), "year")


# --- coordinates --------------------------------------------------------------------------------------------


def degrees(text: str, language: Language = "en", form: NumberFormat = POINT) -> tuple[object, object]:
    lat, lon = position(TEXT, "dms", form, language)
    return read(lat, text)[0], read(lon, text)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("14°32'N 020°15'W", (14.533333, -20.25)),
        ("14°32'10\"N 020°15'42\"W", (14.536111, -20.261667)),
        ("14°32′10″S 020°15′42″E", (-14.536111, 20.261667)),
        ("14° 32.5' N, 020° 15' W", (14.541667, -20.25)),
        ("14°32,5'N 020°15'W", (14.541667, -20.25)),
        ("14ºN 20ºW", (14.0, -20.0)),
        ("14°32'N 020°15'O", (14.533333, -20.25)),
        ("90°00'S 180°00'E", (-90.0, 180.0)),
        ("14°60'N 020°15'W", (None, -20.25)),
        ("14°32'61\"N 020°15'W", (None, -20.25)),
        ("91°00'N 181°00'W", (None, None)),
        ("14°32' 020°15'", (None, None)),
        ("14.5 -20.25", (None, None)),
    ],
)
def test_degrees_minutes_and_seconds_are_read_with_their_letter(text: str, expected: tuple[object, object]) -> None:
    assert degrees(text) == expected


def test_l_is_east_in_portuguese_alone_and_o_is_west_everywhere() -> None:
    assert degrees("14°32'S 020°15'L", "pt") == (-14.533333, 20.25)
    assert degrees("14°32'S 020°15'L", "es") == (-14.533333, None)
    assert {degrees("1°0'N 2°0'O", language) for language in LANGUAGES} == {(1.0, -2.0)}


def test_decimal_degrees_have_the_files_marks_and_lie_on_the_globe() -> None:
    assert read(latitude(TEXT, "decimal", COMMA), "-9,868888855", "9.5", "90,1", "x") == [
        -9.868888855,
        None,
        None,
        None,
    ]
    assert read(longitude(TEXT, "decimal", POINT, "en"), "-180", "180.5", "1e2") == [-180.0, None, 100.0]


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        (POINT, "14.5, -20.25", (14.5, -20.25)),
        (POINT, "14.5 -20.25", (14.5, -20.25)),
        (POINT, "14.5;-20.25", (14.5, -20.25)),
        (COMMA, "14,5; -20,25", (14.5, -20.25)),
        (COMMA, "14,5 -20,25", (14.5, -20.25)),
        (POINT, "14.5", (None, None)),
        (POINT, "14.5, -20.25, 3", (None, None)),
        (POINT, "-20.25 14.5 m", (None, None)),
    ],
)
def test_two_decimal_degrees_in_one_cell_are_latitude_and_longitude(
    form: NumberFormat, text: str, expected: tuple[object, object]
) -> None:
    lat, lon = position(TEXT, "decimal", form, "en")
    assert (read(lat, text)[0], read(lon, text)[0]) == expected


@pytest.mark.parametrize(
    ("text", "number"),
    [("0.500", None), ("0.050", None), ("00.500", None), ("1.500", "1500"), ("999.999", "999999"), ("1.50", None)],
)
def test_a_thousands_mark_stands_behind_one_to_three_digits_that_begin_with_none_of_zero(
    text: str, number: str | None
) -> None:
    marks = NumberFormat(decimal=",", thousands=".")
    found = pl.DataFrame({"text": [text]}).select(plain_number(pl.col("text"), marks)).item()
    assert found == number


@pytest.mark.parametrize(
    ("text", "lat", "lon"),
    [
        ("14.5°N 17.25°W", 14.5, -17.25),
        ("14°41'N 17°26'W", 14 + 41 / 60, -(17 + 26 / 60)),
        ("-12°30'N 17°26'E", None, None),
        ("12°30'N, 1179°W", None, None),
    ],
)
def test_a_position_in_degrees_is_read_whole_or_not_at_all(text: str, lat: float | None, lon: float | None) -> None:
    marks = NumberFormat(decimal=".")
    read = position(pl.col("text"), "dms", marks, "en")
    found = pl.DataFrame({"text": [text]}).select(lat=read[0], lon=read[1]).row(0)
    assert found == (pytest.approx(lat, abs=1e-6) if lat else None, pytest.approx(lon, abs=1e-6) if lon else None)


def test_a_comma_between_two_numbers_is_no_separator_of_a_position() -> None:
    read = position(pl.col("text"), "decimal", NumberFormat(decimal="."), "en")
    found = pl.DataFrame({"text": ["12,5", "12.5,5.25", "12.5, 5"]}).select(lat=read[0], lon=read[1]).rows()
    assert found == [(None, None), (12.5, 5.25), (12.5, 5.0)]
