"""Whether the day or the month comes first in dates of figures, and columns of weekdays and months.

Belongs here: what decides it, the strongest first: a weekday beside the date, a number above 12, the order of the rows.
Does not belong here: the forms (`dates`). Names are those of the Unicode CLDR.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from babel import Locale

from illicit_flows.source.proposal.cells import Column
from illicit_flows.source.proposal.words import folded
from pipelines.forms import month_names
from schemas.contracts import LANGUAGES, Language


@cache
def weekdays(language: Language) -> Mapping[str, int]:
    """Names of weekdays, wide and short, to their ISO number: Monday is 1."""
    found: dict[str, int] = {}
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in Locale(language).days[context][width].items():
                word = _word(str(name))
                found.setdefault(word, int(number) + 1)
                found.setdefault(word.removesuffix("-feira"), int(number) + 1)
    return found


def _word(text: str) -> str:
    return folded(text).rstrip(".")


def weekday_numbers(column: Column) -> dict[str, int]:
    """ISO numbers of the weekdays that a column names; empty where it names other things."""
    for language in LANGUAGES:
        names = weekdays(language)
        found = {text: names[_word(text)] for text in column.counts if _word(text) in names}
        if column.n and column.share(found) >= 0.9 and len(set(found.values())) >= min(3, len(column.counts)):
            return found
    return {}


def all_weekdays(column: Column) -> dict[str, int]:
    """The weekdays that a column names, and the others of the week in the same language and capitals."""
    found = weekday_numbers(column)
    language = max(LANGUAGES, key=lambda name: sum(_word(text) in weekdays(name) for text in found))
    style = str.upper if all(map(str.isupper, found)) else str
    if style is str and all(text[:1].isupper() for text in found):
        style = str.capitalize
    width = "wide" if max(map(len, found), default=0) > 5 else "abbreviated"
    names = Locale(language).days["format"][width]
    return {style(str(name)): int(number) + 1 for number, name in names.items()} | found


def holds_months(column: Column, language: Language) -> bool:
    """Whether a column holds months, as figures or names."""
    names = "|".join(month_names((language,)))
    return max(column.like("0?[1-9]|1[0-2]"), column.like(rf"(?i)(?:{names})\.?")) >= 0.95


DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d-%m-%y", "%d.%m.%y", "%d %m %Y")
MONTH_FIRST = tuple(form.replace("%d", "#").replace("%m", "%d").replace("#", "%m") for form in DAY_FIRST)

Days = Mapping[str, Mapping[str, date]]
"""For `day` and `month` first, the day of each spelling that can be read so."""


class Order(NamedTuple):
    """Which comes first, `day` or `month` or None where nothing depends on it, and what speaks for it."""

    first: str | None
    evidence: str
    sure: bool
    undecided: bool = False


def order_of(form: str) -> str | None:
    """`day` or `month`, whichever comes first in a form of figures alone; None where nothing depends on it."""
    head = form[:8]
    return "day" if head in DAY_FIRST else "month" if head in MONTH_FIRST else None


def find_order(
    column: Column, read: Mapping[str, Mapping[str, date]], language: Language, weekday: Column | None
) -> Order:
    """The order of a column's dates. `read`: for each form the spellings that it reads."""
    days: dict[str, dict[str, date]] = {"day": {}, "month": {}}
    for form, found in read.items():
        if (order := order_of(form)) is not None:
            days[order] = dict(found) | days[order]
    if not days["day"] and not days["month"]:
        return Order(None, "", sure=True)
    usual = "month" if language == "en" else "day"
    return (
        (_by_weekday(column, days, weekday) if weekday else None)
        or _by_number(column, days)
        or _by_sorting(column, days)
        or Order(usual, f"no cell has a number above 12: both orders fit all; {usual} first is usual in {language}",
                 sure=False, undecided=True)
    )  # fmt: skip


def _by_weekday(column: Column, days: Days, weekday: Column) -> Order | None:
    """The order under which the dates have the weekdays that stand beside them."""
    numbers = weekday_numbers(weekday)
    agree: Counter[str] = Counter()
    stated = 0
    for (text, name), n in Counter(zip(column.cells, weekday.cells, strict=True)).items():
        read = [order for order in days if text in days[order]]
        if name in numbers and read:
            stated += n
            agree.update({order: n for order in read if numbers[name] == days[order][text].isoweekday()})
    if agree["day"] == agree["month"]:
        return None
    order, other = ("day", "month") if agree["day"] > agree["month"] else ("month", "day")
    says = (
        f"the column {weekday.name} names the weekday of the date in {agree[order]} of {stated} rows with the {order} "
        f"first, and in {agree[other]} with the {other} first"
    )
    return Order(order, says, sure=agree[order] >= 0.95 * stated and stated >= 3)


def _by_number(column: Column, days: Days) -> Order | None:
    """The order of cells with a number above 12, which can be read in one order alone."""
    day, month = (
        sum(column.counts[text] for text in days[order] if text not in days[other])
        for order, other in (("day", "month"), ("month", "day"))
    )
    if day and month:
        says = f"{day} cells have their day first and {month} their month: they contradict each other"
        return Order("day" if day >= month else "month", says, sure=False)
    if not day and not month:
        return None
    order, place = ("day", "first") if day else ("month", "second")
    return Order(order, f"{day or month} cells have a number above 12 in the {place} place", sure=True)


def _by_sorting(column: Column, days: Days) -> Order | None:
    """The order under which the rows of a file stand sorted by date, where they do under one alone."""
    texts = [text for text in column.cells if text in days["day"] and text in days["month"]]
    if len(texts) < 8:
        return None
    back = {order: _steps_back([days[order][text] for text in texts]) for order in days}
    order, other = ("day", "month") if back["day"] < back["month"] else ("month", "day")
    if back[order] > 0.02 * len(texts) or back[other] < 0.15 * len(texts):
        return None
    says = f"with the {order} first {len(texts)} rows stand sorted ({back[order]} steps back), else not ({back[other]})"
    return Order(order, says, sure=len(texts) >= 20)


def _steps_back(days: list[date]) -> int:
    """Steps against the order, rising or falling, in which most of some days stand."""
    steps = [(one > two) - (one < two) for one, two in pairwise(days)]
    return min(steps.count(1), steps.count(-1))
