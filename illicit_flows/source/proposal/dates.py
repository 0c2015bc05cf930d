"""The forms that the dates of a column are written in.

Belongs here: the forms that are tried, and which of them read the most cells. A form counts as fitting only where
`pipelines.forms` reads the cell with it, so that what is guessed is what a night would do. Does not belong here:
whether day or month comes first (`day_or_month`), or which column holds the date of seizure (`roles`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from illicit_flows.source.proposal.cells import Column
from illicit_flows.source.proposal.day_or_month import DAY_FIRST, MONTH_FIRST, find_order, order_of
from pipelines.forms import DateForm, dates, month_names
from schemas.contracts import EXCEL_SERIAL, LANGUAGES, Language

NAMED = (
    "%d %B %Y", "%d de %B de %Y", "%d de %B del %Y", "%d de %B %Y", "%d %B, %Y", "%B %d, %Y", "%B %d %Y", "%d-%B-%Y",
    "%d-%B-%y", "%d %B %y", "%d/%B/%Y", "%d/%B/%y", "%d.%B.%Y", "%Y-%B-%d", "%Y %B %d", "%der %B %Y",
)  # fmt: skip
YEAR_FIRST = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")
COARSE = (
    "%Y-%m", "%Y/%m", "%m/%Y", "%m-%Y", "%B %Y", "%B de %Y", "%B-%Y", "%B-%y", "%B %y", "%B del %Y", "%B/%Y", "%Y",
)  # fmt: skip
TIMES = (
    "", " %H:%M", " %H:%M:%S", "T%H:%M:%S", "T%H:%M:%S%.f", " %H:%M:%S%.f", "T%H:%M", "T%H:%M:%SZ", "T%H:%M:%S%.fZ",
    "T%H:%M:%S%:z", " %I:%M:%S %p", " %I:%M %p", " %Hh%M",
)  # fmt: skip
PLAUSIBLE = (date(1950, 1, 1), date(2060, 12, 31))
SERIAL_YEARS = (date(1990, 1, 1), date(2050, 12, 31))
"""Narrower: any figure of five digits is a day of some year."""


@dataclass(frozen=True)
class Dates:
    """Forms of a column's dates, and what speaks for them."""

    forms: tuple[str, ...]
    languages: tuple[Language, ...]
    share: float
    evidence: str
    sure: bool
    first: date
    last: date
    unread: int = 0
    undecided: bool = False
    """Whether nothing says if day or month comes first."""


def dates_of(column: Column, language: Language, weekday: Column | None = None) -> Dates | None:
    """The forms that read the most cells; the order of day and month by what leaves no choice. None: no dates."""
    if column.share(text for text in column.counts if re.search("[0-9].*[0-9]", text)) < 0.7:
        return None
    others = [other for other in LANGUAGES if other != language and _names_months(column.counts, other)]
    return next((found for one in (language, *others) if (found := _dates_in(column, language, one, weekday))), None)


def _dates_in(column: Column, language: Language, of_months: Language, weekday: Column | None) -> Dates | None:
    """The dates of a column where the names of months are those of one language."""
    read = _read(column, of_months)
    order = find_order(column, read, language, weekday)
    usable = {form: found for form, found in read.items() if order_of(form) in (None, order.first)}
    chosen = _cover(column, usable)
    days = {text: day for form in reversed(chosen) for text, day in usable[form].items()}
    share = column.share(days)
    if share < 0.7 or (of_months != language and not any("%B" in form for form in chosen)):
        return None
    unread = column.n - sum(column.counts[text] for text in days)
    says = [f"{column.n - unread} of {column.n} filled cells are such dates"]
    depends = any(order_of(form) for form in chosen)
    if depends:
        says.append(order.evidence)
    if any("%y" in form for form in chosen):
        says.append("years of two digits")
    if any("%H" in form or "%I" in form for form in chosen):
        says.append("the time of day is read over")
    return Dates(
        tuple(chosen), (of_months,), share, "; ".join(says), (order.sure or not depends) and share > 0.98,
        min(days.values()), max(days.values()), unread, depends and order.undecided,
    )  # fmt: skip


def years_of(column: Column, form: str) -> Dates:
    """A column of years as the dates of its rows, under a form that may have a month from another column."""
    years = sorted(int(text) for text in column.counts if re.fullmatch("[0-9]{4}", text)) or [2000]
    return Dates((form,), ("en",), 1.0, "years", False, date(years[0], 1, 1), date(years[-1], 12, 31))


def _read(column: Column, language: Language) -> dict[str, dict[str, date]]:
    """For each form, the spellings that it reads and their days; times and names of months only where some stand."""
    texts = list(column.counts)
    shapes = {re.sub("[0-9]+", "9", text) for text in texts[:2000]}
    timed = any(":" in shape or "9h9" in shape for shape in shapes)
    named = _names_months(shapes, language)
    forms = [
        form + time
        for form in (*YEAR_FIRST, *DAY_FIRST, *MONTH_FIRST, *(NAMED if named else ()), *COARSE)
        for time in (TIMES if timed and form not in COARSE else ("",))
        if named or "%B" not in form
    ]
    forms += [EXCEL_SERIAL] if column.numeric > 0.9 else []
    days = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(
        "text", *(dates(pl.col("text"), DateForm([form], (language,)))[0].alias(form) for form in forms)
    )
    found = {}
    for form in forms:
        fits = pl.col(form).is_between(*(SERIAL_YEARS if form == EXCEL_SERIAL else PLAUSIBLE))
        if form == "%Y%m%d":
            fits &= pl.col("text").str.contains("^[0-9]{8}$")
        if read := dict(days.filter(fits).select("text", form).iter_rows()):
            found[form] = read
    return found


def _names_months(texts: Iterable[str], language: Language) -> bool:
    """Whether some texts name a month in a language."""
    names = "|".join(month_names((language,)))
    return any(re.search(rf"(?i)(?:^|[\W\d_])(?:{names})(?:$|[\W\d_])", text) for text in texts)


def _cover(column: Column, read: Mapping[str, Mapping[str, date]]) -> list[str]:
    """The fewest forms that read the most cells, the strongest first; a form for less than 1 % of them is none."""
    chosen: list[str] = []
    left = set(column.counts)
    while read and len(chosen) < 4:
        gains = {form: sum(column.counts[text] for text in found if text in left) for form, found in read.items()}
        best = max(gains, key=lambda form: (gains[form], -len(form)))
        if gains[best] < max(1, 0.01 * column.n) or (best == EXCEL_SERIAL and chosen):
            break
        chosen.append(best)
        left -= set(read[best])
    return chosen
