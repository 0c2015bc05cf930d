"""The forms that publishers write values in: dates, numbers and coordinates, as Polars expressions over plain text.

Part of the floor: the rooms that receive and that parse read a cell in the same way. Belongs here: how one cell is
read, given what its contract says of it. Does not belong here: which column it is, or what follows from a value that
cannot be read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl
from babel import Locale

from schemas.contracts import EXCEL_SERIAL, Declaration, Language, NumberFormat

DECIMAL = pl.Decimal(18, 6)
DIGITS = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
NUMBER_AND_REST = r"^([+-]?[0-9][0-9 .,]*?)\s*([^0-9\s.,].*)?$"
"""A number, and what stands behind it."""
DAYS_TO_1970 = 25_569
"""A spreadsheet's number of the day 1970-01-01; it counts from 1899-12-30."""
DMS = (
    r"([0-9]{1,3}(?:[.,][0-9]+)?)\s*[°º]\s*(?:([0-9]{1,2}(?:[.,][0-9]+)?)\s*['’′]?\s*)?"
    r"(?:([0-9]{1,2}(?:[.,][0-9]+)?)\s*(?:[\"”″]|'')?\s*)?"
)
"""Degrees, perhaps minutes, perhaps seconds, before the letter."""
NORTH_SOUTH, EAST_WEST = "([NSns])", "([EWOLewol])"


UNSEEN = "[\u0000\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
"""Characters that show nothing: NUL, soft hyphen, zero-width and direction marks, the byte order mark."""
SPACES = "[\u00a0\u2000-\u200a\u202f\u205f\u3000]"
"""Spaces that are not the plain one."""


def plain_text(words: pl.Expr) -> pl.Expr:
    """Words in NFC and trimmed, without characters that show nothing and with plain spaces."""
    return words.str.replace_all(UNSEEN, "").str.replace_all(SPACES, " ").str.normalize("NFC").str.strip_chars()


def declares(text: pl.Expr, declaration: Declaration) -> pl.Expr:
    """Whether a plain text of the declaration's column says that its row is no report."""
    if declaration.equals is not None:
        return text == declaration.equals
    if declaration.matches is not None:
        return text.str.contains(declaration.matches)
    return ~text.is_in(declaration.not_in or [])


# --- numbers ------------------------------------------------------------------------------------------------


def number(text: pl.Expr, form: NumberFormat) -> pl.Expr:
    """Decimal number of a text under the publisher's marks; null where it is none."""
    return plain_number(text, form).cast(DECIMAL, strict=False)


def plain_number(text: pl.Expr, form: NumberFormat) -> pl.Expr:
    """A number's text with a point as decimal mark and no thousands mark; null where it is no number.

    A thousands mark stands before three digits, or it is none: `1.25` in a file with decimal comma is not 125.
    """
    bare = text
    if form.thousands:
        mark, point = re.escape(form.thousands), re.escape(form.decimal)
        grouped = rf"^[+-]?[1-9][0-9]{{0,2}}({mark}[0-9]{{3}})+({point}[0-9]+)?$"
        bare = (
            pl.when(text.str.contains(grouped))
            .then(text.str.replace_all(form.thousands, "", literal=True))
            .when(~text.str.contains(form.thousands, literal=True))
            .then(text)
        )
    if form.decimal != ".":
        # a point is no decimal mark here: taking it for one would make grams of kilograms
        bare = pl.when(~bare.str.contains(".", literal=True)).then(bare.str.replace(form.decimal, ".", literal=True))
    return pl.when(bare.str.contains(DIGITS)).then(bare)


def number_part(text: pl.Expr) -> pl.Expr:
    """The number of a cell like `694 147,53 kg`."""
    return text.str.extract(NUMBER_AND_REST, 1).str.strip_chars()


def unit_part(text: pl.Expr) -> pl.Expr:
    """What stands behind the number of a cell; empty where nothing does."""
    return text.str.extract(NUMBER_AND_REST, 2).fill_null("").str.strip_chars()


# --- dates --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DateForm:
    """How the dates of one column are written."""

    patterns: Sequence[str]
    languages: tuple[Language, ...]
    fiscal_year_from_month: int | None = None


def dates(text: pl.Expr, form: DateForm) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """First day, last day and precision (day, month, year) of a text; null where no pattern fits.

    The patterns are tried in their order. A fiscal year that begins in month m is the one that ends before m.
    """
    first = last = pl.lit(None, pl.Date)
    precision = pl.lit(None, pl.String)
    for pattern in reversed(form.patterns):
        start, kind = _dates_of(text, pattern, form)
        end = {
            "day": start,
            "month": start.dt.month_end(),
            "year": start.dt.offset_by("12mo").dt.offset_by("-1d"),
        }[kind]
        fits = start.is_not_null()
        first = pl.when(fits).then(start).otherwise(first)
        last = pl.when(fits).then(end).otherwise(last)
        precision = pl.when(fits).then(pl.lit(kind)).otherwise(precision)
    return first, last, precision


def _dates_of(text: pl.Expr, pattern: str, form: DateForm) -> tuple[pl.Expr, str]:
    """First day of a text under one pattern, and the pattern's precision."""
    if pattern == EXCEL_SERIAL:
        days = text.cast(pl.Float64, strict=False)
        whole = pl.when(days.is_between(1, 2_000_000)).then(days.floor().cast(pl.Int32) - DAYS_TO_1970)
        return whole.cast(pl.Date), "day"
    if "%B" in pattern or "%b" in pattern:
        text = _numbered_months(text, form.languages)
        pattern = pattern.replace("%B", "%m").replace("%b", "%m")
    kind = "day" if re.search("%[dejFDx]", pattern) else "month" if "%m" in pattern else "year"
    for missing in {"day": (), "month": ("%d",), "year": ("%m", "%d")}[kind]:
        text, pattern = text + "|01", f"{pattern}|{missing}"
    start = text.str.strptime(pl.Date, pattern, strict=False)
    month = form.fiscal_year_from_month
    if month is not None and kind == "year":
        start = start.dt.offset_by("-1y").dt.offset_by(f"{month - 1}mo")
    elif month is not None:
        start = pl.when(start.dt.month() >= month).then(start.dt.offset_by("-1y")).otherwise(start)
    return start, kind


def _numbered_months(text: pl.Expr, languages: tuple[Language, ...]) -> pl.Expr:
    """A text with the names of months replaced by two digits."""
    for month, names in enumerate(month_names(languages), start=1):
        text = text.str.replace(rf"(?i)(^|[^\p{{L}}])(?:{names})($|[^\p{{L}}])", rf"${{1}}{month:02d}${{2}}")
    return text


@cache
def month_names(languages: tuple[Language, ...]) -> tuple[str, ...]:
    """For each month an alternation of its names in some languages: wide and short, with and without accents and dots.

    The names are those of the Unicode CLDR. Raises ValueError where one name means two months.
    """
    months: dict[str, int] = {}
    for language in languages:
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for month, name in Locale(language).months[context][width].items():
                    bare = str(name).rstrip(".").lower()
                    for spelling in (bare, _without_accents(bare), *SHORT_NAMES.get(language, {}).get(int(month), ())):
                        if months.setdefault(spelling, int(month)) != int(month):
                            raise ValueError(f"{spelling} means two months in {', '.join(languages)}")
    return tuple(
        "|".join(
            rf"{re.escape(name)}\.?"
            for name in sorted((n for n, m in months.items() if m == month), key=lambda n: -len(n))
        )
        for month in range(1, 13)
    )


SHORT_NAMES: dict[Language, dict[int, tuple[str, ...]]] = {
    "en": {9: ("sept",)},
    "es": {9: ("set", "setiembre")},
    "fr": {1: ("jan",), 2: ("fev", "fév"), 4: ("avr",), 7: ("juil", "jul"), 9: ("sep",)},
}
"""Short names in common use that CLDR does not list."""


def _without_accents(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


# --- coordinates --------------------------------------------------------------------------------------------


def latitude(text: pl.Expr, written: str, form: NumberFormat) -> pl.Expr:
    """Degrees north of a text, null where it is none or outside ±90."""
    return _within(_sexagesimal(text, rf"^{DMS}{NORTH_SOUTH}$", 1) if written == "dms" else _decimal(text, form), 90)


def longitude(text: pl.Expr, written: str, form: NumberFormat, language: Language) -> pl.Expr:
    """Degrees east of a text, null where it is none or outside ±180. O is west; L is east in Portuguese."""
    return _within(
        _sexagesimal(text, rf"^{DMS}{EAST_WEST}$", 1, language) if written == "dms" else _decimal(text, form), 180
    )


def position(text: pl.Expr, written: str, form: NumberFormat, language: Language) -> tuple[pl.Expr, pl.Expr]:
    """Latitude and longitude of a text that holds both, the latitude first."""
    if written == "dms":
        both = rf"^{DMS}{NORTH_SOUTH}\s*[,;/|]?\s*{DMS}{EAST_WEST}$"
        return _within(_sexagesimal(text, both, 1), 90), _within(_sexagesimal(text, both, 5, language), 180)
    # a comma between two numbers is no separator where it may be a decimal mark
    separator = r"[;/|]|\s+" if form.decimal == "," else r"[;/|]|,\s+|\s+"
    bare = text.str.replace(r"^([+-]?[0-9]+\.[0-9]+),([+-]?[0-9]+\.[0-9]+)$", "${1};${2}")
    pair = bare.str.replace_all(rf"\s*(?:{separator})\s*", ";").str.split(";")
    whole = pl.when(pair.list.len() == 2).then(pair)
    return _within(_decimal(whole.list.get(0), form), 90), _within(_decimal(whole.list.get(1), form), 180)


def _decimal(text: pl.Expr, form: NumberFormat) -> pl.Expr:
    return plain_number(text, form).cast(pl.Float64, strict=False)


def _sexagesimal(text: pl.Expr, pattern: str, first: int, language: Language = "en") -> pl.Expr:
    """Degrees of four groups of a pattern that fits the whole text: degrees, minutes, seconds, letter.

    Decimal degrees have no minutes, decimal minutes no seconds; a sign in front fits no pattern: the letter is it.
    """

    def part(group: int) -> pl.Expr:
        return text.str.extract(pattern, first + group).str.replace(",", ".", literal=True)

    def value(group: int) -> pl.Expr:
        return part(group).cast(pl.Float64, strict=False)

    minutes, seconds = value(1).fill_null(0), value(2).fill_null(0)
    whole = ~(part(0).str.contains(".", literal=True) & part(1).is_not_null())
    whole = whole & ~(part(1).str.contains(".", literal=True) & part(2).is_not_null())
    degrees = pl.when((minutes < 60) & (seconds < 60) & whole.fill_null(True)).then(
        value(0) + minutes / 60 + seconds / 3600
    )
    letter = part(3).str.to_uppercase()
    known = letter.is_not_null() if language == "pt" else letter != "L"
    return pl.when(known).then(pl.when(letter.is_in(["S", "W", "O"])).then(-degrees).otherwise(degrees)).round(6)


def _within(degrees: pl.Expr, limit: int) -> pl.Expr:
    return pl.when(degrees.is_between(-limit, limit)).then(degrees)
