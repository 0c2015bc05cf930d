"""Guesses how the cells of one column are written: dates, numbers, coordinates, codes.

Belongs here: what can be said of a column from its cells, counted over all of them. Does not belong here: which target
a column fills (`guess_columns`). A form counts as fitting only where `pipelines.forms` reads the cell with it, so that
what is guessed here is what a night would do.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise

import polars as pl
from babel import Locale

from illicit_flows.source.guess_words import OTHER, SPELLINGS, folded, is_not_known, weekdays
from pipelines.forms import DateForm, dates, month_names, number_part, position, unit_part
from schemas.contracts import LANGUAGES, Language, NumberFormat
from schemas.registry import CODES_OF_TARGET, CodeList, Registry


@dataclass(frozen=True)
class Column:
    """One column: its cells as plain text, and how often each spelling stands there."""

    name: str
    cells: pl.Series

    @cached_property
    def counts(self) -> Counter[str]:
        """Spellings that are neither empty nor a word for "not known", with the number of rows."""
        return Counter({text: n for text, n in self._all.items() if not self._says_nothing(text)})

    def _says_nothing(self, text: str) -> bool:
        return is_not_known(text, among_codes=self._has_codes)

    @cached_property
    def _has_codes(self) -> bool:
        """Whether most cells are two letters, as codes of countries are."""
        filled = {text: n for text, n in self._all.items() if text}
        return sum(n for text, n in filled.items() if len(text) == 2 and text.isalpha()) > 0.5 * sum(filled.values())

    @cached_property
    def _all(self) -> dict[str, int]:
        counted = self.cells.value_counts().sort(self.cells.name or "")
        return {str(text): int(n) for text, n in counted.iter_rows()}

    @cached_property
    def not_known(self) -> list[str]:
        """Spellings of "not known" that stand in the column, the empty cell included."""
        return sorted(text for text in self._all if self._says_nothing(text))

    @cached_property
    def others(self) -> list[str]:
        return sorted(text for text in self._all if folded(text) in OTHER)

    @cached_property
    def n(self) -> int:
        """Rows that say something."""
        return sum(self.counts.values())

    @cached_property
    def n_empty(self) -> int:
        return self._all.get("", 0)

    @cached_property
    def distinct(self) -> pl.Series:
        return pl.Series("text", list(self.counts), dtype=pl.String)

    def share(self, fitting: Iterable[str]) -> float:
        """Share of the rows that say something whose spelling is among some."""
        return sum(self.counts[text] for text in set(fitting)) / self.n if self.n else 0.0


# --- numbers ------------------------------------------------------------------------------------------------

NUMERIC = re.compile(r"^[+-]?[0-9][0-9 .,']*([eE][+-]?[0-9]+)?$")
GROUPED = re.compile(r"^[+-]?[1-9][0-9]{0,2}([ .,'])[0-9]{3}((\1[0-9]{3})*)(?:([.,])([0-9]+))?$")
FRACTION = re.compile(r"^[+-]?([0-9]+)([.,])([0-9]+)$")


@dataclass
class Marks:
    """How often cells speak for one mark or another."""

    decimal: Counter[str] = field(default_factory=Counter)
    thousands: Counter[str] = field(default_factory=Counter)
    either: Counter[str] = field(default_factory=Counter)
    """A mark before exactly three digits: it may be both."""
    plain: int = 0
    other: int = 0

    def add(self, text: str, n: int) -> None:
        if re.fullmatch(r"[+-]?[0-9]+([eE][+-]?[0-9]+)?", text):
            self.plain += n
        elif grouped := GROUPED.match(text):
            mark, more, point = grouped.group(1), grouped.group(2), grouped.group(4)
            if point:
                self.thousands[mark] += n
                self.decimal[point] += n
            elif more or mark in " '":
                self.thousands[mark] += n
            else:
                self.either[mark] += n
        elif fraction := FRACTION.match(text):
            self.decimal[fraction.group(2)] += n
        else:
            self.other += n

    def __add__(self, other: Marks) -> Marks:
        return Marks(
            self.decimal + other.decimal, self.thousands + other.thousands, self.either + other.either,
            self.plain + other.plain, self.other + other.other,
        )  # fmt: skip


@dataclass(frozen=True)
class Numbers:
    """Marks of numbers, and what speaks for them."""

    form: NumberFormat
    evidence: str
    sure: bool
    told: bool
    """Whether any cell has a mark at all: the marks of a column of plain digits are anybody's."""


def marks_of(counts: Mapping[str, int]) -> Marks:
    marks = Marks()
    for text, n in counts.items():
        marks.add(text, n)
    return marks


def numbers_of(marks: Marks, language: Language) -> Numbers:
    """Decimal and thousands marks, from cells that leave no choice; else as the language is used to."""
    point, comma = (marks.decimal[mark] + sum(n for m, n in marks.thousands.items() if m == other) for mark, other in
                    ((".", ","), (",", ".")))  # fmt: skip
    usual = "." if language == "en" else ","
    said = [f"{n} cells with {word} as decimal mark" for word, n in (("comma", comma), ("point", point)) if n]
    said += [f"{n} with {_word(mark)} as thousands mark" for mark, n in sorted(marks.thousands.items())]
    decimal = "," if comma > point else "." if point > comma else usual
    sure = bool(comma) != bool(point)
    if comma and point:
        said.append("the two contradict each other")
    unclear = sum(marks.either.values())
    if unclear and not (comma or point):
        decimal, sure = usual, False
        said.append(f"{unclear} cells have one mark before three digits, which may be either; read as in {language}")
    elif unclear:
        said.append(f"{unclear} cells have one mark before three digits, read by the others")
    if not (comma or point or unclear):
        sure = True
        said.append("no cell has a mark")
    thousands = _thousands(marks, decimal)
    if marks.thousands["'"]:
        said.append("an apostrophe cannot be read as thousands mark: it needs a correction")
    form = NumberFormat.model_validate({"decimal": decimal, "thousands": thousands})
    return Numbers(form, "; ".join(said), sure, bool(comma or point or unclear or marks.thousands))


def _thousands(marks: Marks, decimal: str) -> str:
    found = Counter({mark: n for mark, n in marks.thousands.items() if mark not in (decimal, "'")})
    for mark, n in marks.either.items():
        if mark != decimal:
            found[mark] += n
    return max(sorted(found), key=lambda mark: found[mark]) if found else ""


def _word(mark: str) -> str:
    return {",": "comma", ".": "point", " ": "space", "'": "apostrophe"}.get(mark, mark)


def numeric_share(column: Column) -> float:
    return column.share(text for text in column.counts if NUMERIC.match(text))


def quantities_with_unit(column: Column) -> tuple[Counter[str], Counter[str]]:
    """Numbers and units of cells like `2,35 kg`, each with its number of rows; empty where most are none."""
    table = pl.DataFrame(column.distinct).select(
        "text", number=number_part(pl.col("text")), unit=unit_part(pl.col("text"))
    )
    numbers: Counter[str] = Counter()
    units: Counter[str] = Counter()
    for text, number, unit in table.iter_rows():
        if number and (not unit or re.match(r"^[^\W\d]", unit)) and len(unit) <= 40:
            numbers[number] += column.counts[text]
            units[unit] += column.counts[text]
    with_unit = sum(n for unit, n in units.items() if unit)
    if not column.n or sum(numbers.values()) < 0.8 * column.n or with_unit < 0.5 * column.n:
        return Counter(), Counter()
    return numbers, units


# --- dates --------------------------------------------------------------------------------------------------

DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d-%m-%y", "%d.%m.%y", "%d %m %Y")
MONTH_FIRST = tuple(form.replace("%d", "#").replace("%m", "%d").replace("#", "%m") for form in DAY_FIRST)
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
SERIAL = "serial"
PLAUSIBLE = (date(1950, 1, 1), date(2060, 12, 31))
SERIAL_YEARS = (date(1990, 1, 1), date(2050, 12, 31))
"""Narrower: any figure of five digits is a day of some year."""
DIGITS_OF_A_DATE = re.compile(r"[0-9].*[0-9]")


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
    unread: int
    ambiguous: bool = False


def dates_of(column: Column, language: Language, weekday: Column | None = None) -> Dates | None:
    """The forms that read the most cells; the order of day and month by what leaves no choice. None: no dates."""
    if column.share(text for text in column.counts if DIGITS_OF_A_DATE.search(text)) < 0.7:
        return None
    for languages in ((language,), *((other,) for other in LANGUAGES if other != language)):
        if languages != (language,) and not _names_months(column.counts, languages):
            continue
        read = _read(column, languages)
        order, evidence, sure, ambiguous = _order(column, read, language, weekday)
        usable = {form: found for form, found in read.items() if _order_of(form) in (None, order)}
        chosen = _cover(column, usable)
        covered = {text for form in chosen for text in usable[form]}
        share = column.share(covered)
        named = any("%B" in form for form in chosen)
        if share >= 0.7 and (languages == (language,) or named):
            days = [next(usable[form][text] for form in chosen if text in usable[form]) for text in covered]
            unread = column.n - sum(column.counts[text] for text in covered)
            says = [f"{column.n - unread} of {column.n} filled cells are such dates"]
            if order and any(_order_of(form) for form in chosen):
                says.append(evidence)
            else:
                sure, ambiguous = True, False
            if any(re.search("%y", form) for form in chosen):
                says.append("years of two digits")
            if any("%H" in form or "%I" in form for form in chosen):
                says.append("the time of day is read over")
            return Dates(
                tuple(chosen), languages, share, "; ".join(says), sure and share > 0.98, min(days), max(days), unread,
                ambiguous,
            )  # fmt: skip
    return None


def _read(column: Column, languages: tuple[Language, ...]) -> dict[str, dict[str, date]]:
    """For each form, the spellings that it reads and their days; times and names of months only where some stand."""
    texts = column.distinct
    shapes = {re.sub("[0-9]+", "9", text) for text in texts.head(2000)}
    timed = any(":" in shape or re.search(r"9h9", shape) for shape in shapes)
    named = _names_months(shapes, languages)
    forms = [
        form + time
        for form in (*YEAR_FIRST, *DAY_FIRST, *MONTH_FIRST, *(NAMED if named else ()), *COARSE)
        for time in (TIMES if timed and form not in COARSE else ("",))
        if named or "%B" not in form
    ]
    forms += [SERIAL] if numeric_share(column) > 0.9 else []
    days = pl.DataFrame({"text": texts}).select(
        "text", *(dates(pl.col("text"), DateForm([form], languages))[0].alias(form) for form in forms)
    )
    found = {}
    for form in forms:
        since, until = SERIAL_YEARS if form == SERIAL else PLAUSIBLE
        fits = pl.col(form).is_between(since, until)
        fits &= pl.col("text").str.contains("^[0-9]{8}$") if form == "%Y%m%d" else pl.lit(True)
        if read := dict(days.filter(fits).select("text", form).iter_rows()):
            found[form] = read
    return found


def _names_months(shapes: Iterable[str], languages: tuple[Language, ...]) -> bool:
    """Whether some texts name a month in one of some languages."""
    names = "|".join(month_names(languages))
    return any(re.search(rf"(?i)(?:^|[\W\d_])(?:{names})(?:$|[\W\d_])", shape) for shape in shapes)


def _order_of(form: str) -> str | None:
    """`day` or `month`, whichever comes first in a form of figures alone; None where nothing depends on it."""
    head = form[:8]
    return "day" if head in DAY_FIRST else "month" if head in MONTH_FIRST else None


def _order(
    column: Column, read: Mapping[str, Mapping[str, date]], language: Language, weekday: Column | None
) -> tuple[str | None, str, bool, bool]:
    """Whether the day or the month comes first, what speaks for it, whether that is sure, and whether nothing does."""
    days: dict[str, dict[str, date]] = {"day": {}, "month": {}}
    for form, found in read.items():
        if (order := _order_of(form)) is not None:
            days[order] |= {text: day for text, day in found.items() if text not in days[order]}
    if not days["day"] and not days["month"]:
        return None, "", True, False
    only = {
        order: sum(column.counts[text] for text in days[order] if text not in days[other])
        for order, other in (("day", "month"), ("month", "day"))
    }
    proof = _weekday_proof(column, days, weekday)
    if proof is not None:
        return proof
    if only["day"] and only["month"]:
        order = max(only, key=lambda name: only[name])
        says = f"{only['day']} cells have their day first and {only['month']} their month: they contradict each other"
        return order, says, False, False
    if only["day"] or only["month"]:
        order = "day" if only["day"] else "month"
        place = "first" if order == "day" else "second"
        return order, f"{only[order]} cells have a number above 12 in the {place} place", True, False
    sorted_order = _sorted_proof(column, days)
    if sorted_order is not None:
        return sorted_order
    usual = "month" if language == "en" else "day"
    return (
        usual,
        f"no cell has a number above 12: both orders fit all; {usual} first is usual in {language}",
        False,
        True,
    )


def _weekday_proof(
    column: Column, days: Mapping[str, Mapping[str, date]], weekday: Column | None
) -> tuple[str, str, bool, bool] | None:
    """The order under which the dates have the weekdays that stand beside them."""
    if weekday is None:
        return None
    numbers = weekday_numbers(weekday)
    agree: Counter[str] = Counter()
    both = Counter(zip(column.cells, weekday.cells, strict=True))
    stated = sum(
        n for (text, name), n in both.items() if name in numbers and (text in days["day"] or text in days["month"])
    )
    for order in ("day", "month"):
        for (text, name), n in both.items():
            if text in days[order] and numbers.get(name) == days[order][text].isoweekday():
                agree[order] += n
    if not stated or agree["day"] == agree["month"]:
        return None
    order, other = ("day", "month") if agree["day"] > agree["month"] else ("month", "day")
    says = (
        f"the column {weekday.name} names the weekday of the date in {agree[order]} of {stated} rows with the {order} "
        f"first, and in {agree[other]} with the {other} first"
    )
    return order, says, agree[order] >= 0.95 * stated and stated >= 3, False


def _sorted_proof(column: Column, days: Mapping[str, Mapping[str, date]]) -> tuple[str, str, bool, bool] | None:
    """The order under which the rows of a file stand sorted by date, where they do under one alone."""
    texts = [text for text in column.cells if text in days["day"] and text in days["month"]]
    if len(texts) < 8:
        return None
    back = {order: _steps_back([days[order][text] for text in texts]) for order in ("day", "month")}
    order, other = ("day", "month") if back["day"] < back["month"] else ("month", "day")
    if back[order] > 0.02 * len(texts) or back[other] < 0.15 * len(texts):
        return None
    says = f"with the {order} first {len(texts)} rows stand sorted ({back[order]} steps back), else not ({back[other]})"
    return order, says, len(texts) >= 20, False


def _steps_back(days: list[date]) -> int:
    """Steps against the order, rising or falling, in which most of some days stand."""
    steps = [(one > two) - (one < two) for one, two in pairwise(days)]
    return min(steps.count(1), steps.count(-1))


def _cover(column: Column, read: Mapping[str, Mapping[str, date]]) -> list[str]:
    """The fewest forms that read the most cells, the strongest first; a form for less than 1 % of them is none."""
    chosen: list[str] = []
    left = set(column.counts)
    while read and len(chosen) < 4:
        gains = {form: sum(column.counts[text] for text in found if text in left) for form, found in read.items()}
        best = max(gains, key=lambda form: (gains[form], -len(form)))
        if gains[best] < max(1, 0.01 * column.n) or (best == SERIAL and chosen):
            break
        chosen.append(best)
        left -= set(read[best])
    return chosen


def weekday_numbers(column: Column) -> dict[str, int]:
    """ISO numbers of the weekdays that a column names; empty where it names other things."""
    for language in LANGUAGES:
        names = weekdays(language)
        found = {text: names[word] for text in column.counts if (word := folded(text).rstrip(".")) in names}
        if column.n and column.share(found) >= 0.9 and len(set(found.values())) >= min(3, len(column.counts)):
            return found
    return {}


def all_weekdays(column: Column) -> dict[str, int]:
    """The weekdays that a column names, and the others of the week in the same language and capitals."""
    found = weekday_numbers(column)
    language = max(LANGUAGES, key=lambda name: sum(folded(text).rstrip(".") in weekdays(name) for text in found))
    written = list(found)
    style = str.upper if all(text.isupper() for text in written) else str
    if all(text[:1].isupper() for text in written) and style is str:
        style = str.capitalize
    width = "wide" if max(map(len, written), default=0) > 5 else "abbreviated"
    names = Locale(language).days["format"][width]
    return {style(str(name)): int(number) + 1 for number, name in names.items()} | found


def month_numbers(column: Column, language: Language) -> bool:
    """Whether a column holds months, as figures or names."""
    figures = column.share(t for t in column.counts if re.fullmatch("0?[1-9]|1[0-2]", t))
    names = {folded(str(name)).rstrip(".") for width in ("wide", "abbreviated")
             for name in Locale(language).months["format"][width].values()}  # fmt: skip
    return max(figures, column.share(t for t in column.counts if folded(t).rstrip(".") in names)) >= 0.95


def is_year(column: Column) -> bool:
    years = column.share(t for t in column.counts if re.fullmatch("(19|20)[0-9]{2}", t))
    return column.n > 0 and years >= 0.9


# --- coordinates --------------------------------------------------------------------------------------------

DMS_TEXT = re.compile(r"[0-9]\s*[°º]")


def degrees_share(column: Column, limit: int) -> float:
    """Share of cells that are a number of degrees within a limit."""

    def fits(text: str) -> bool:
        try:
            return abs(float(text.replace(",", "."))) <= limit
        except ValueError:
            return False

    return column.share(text for text in column.counts if fits(text))


def is_dms(column: Column) -> bool:
    return column.share(text for text in column.counts if DMS_TEXT.search(text)) >= 0.8


def position_share(column: Column, written: str, form: NumberFormat, language: Language) -> float:
    lat, lon = position(pl.col("text"), written, form, language)
    read = pl.DataFrame(column.distinct).filter(lat.is_not_null() & lon.is_not_null())
    return column.share(read["text"])


# --- codes --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Suggestion:
    """A code that a spelling may have; never applied by itself."""

    spelling: str
    n_rows: int
    code: str
    like: str
    score: float


class Codes:
    """Every spelling that the project knows for each target, and the nearest of them."""

    def __init__(self, registry: Registry, language: Language) -> None:
        self.registry, self.language = registry, language
        self._known: dict[str, dict[str, dict[str, int]]] = {}
        self._codes: dict[tuple[str, str], str | None] = {}

    def list_of(self, target: str) -> CodeList:
        return self.registry.codes[CODES_OF_TARGET[target]]

    def code(self, target: str, spelling: str) -> str | None:
        """The code of a spelling that stands in a lookup, a label or the list itself, accents and capitals aside."""
        kind = CODES_OF_TARGET[target]
        if (kind, spelling) not in self._codes:
            found = self._spellings(target).get(_key(spelling), {})
            best = sorted(found.items(), key=lambda item: (-item[1], item[0]))
            clear = len(best) == 1 or (len(best) > 1 and best[0][1] > best[1][1])
            self._codes[kind, spelling] = best[0][0] if clear else None
        return self._codes[kind, spelling]

    def suggest(self, target: str, spelling: str) -> tuple[str, str, float] | None:
        """Code, spelling and likeness (0 to 1) of the nearest that is known, if any is near."""
        spellings = self._spellings(target)
        words = _key(spelling)
        near = difflib.get_close_matches(words, list(spellings), n=1, cutoff=0.72) if len(words) > 3 else []
        if not near:  # one that is said with other words around it
            inside = [known for known in spellings if len(known) > 4 and f" {known} " in f" {words} "]
            near = sorted(inside, key=lambda known: (-len(known), known))[:1]
        if not near and len(words) > 4:  # one that is the beginning of a longer name
            near = sorted((known for known in spellings if known.startswith(f"{words} ")), key=len)[:1]
        if not near:
            return None
        codes = spellings[near[0]]
        code = max(sorted(codes), key=lambda one: codes[one])
        return code, near[0], round(difflib.SequenceMatcher(None, words, near[0]).ratio(), 2)

    def coverage(self, target: str, column: Column) -> float:
        """Share of a column's rows whose spelling is known."""
        if len(column.counts) > 3000:
            return 0.0
        return column.share(text for text in column.counts if self.code(target, text) is not None)

    def _spellings(self, target: str) -> dict[str, dict[str, int]]:
        """Spelling to the codes that it has somewhere, with their weight: the sample's language counts double."""
        kind = CODES_OF_TARGET[target]
        if kind not in self._known:
            known: dict[str, dict[str, int]] = {}

            def add(spelling: str, code: str, weight: int) -> None:
                if code != "unmapped" and _key(spelling):
                    codes = known.setdefault(_key(spelling), {})
                    codes[code] = codes.get(code, 0) + weight

            self._add_labels(target, add)
            if kind == "areas":
                self._add_areas(add)
            for lookup, language in self._lookups(kind):
                for row in self.registry.lookups[lookup]:
                    add(row.value, row.code, 3 if language == self.language else 1)
            self._known[kind] = known
        return self._known[kind]

    def _add_labels(self, target: str, add: Callable[[str, str, int], None]) -> None:
        codes = self.list_of(target)
        for row in codes.rows:
            code = row[codes.key]
            add(code, code, 4)
            add(code.replace("_", " "), code, 2)
            for language in LANGUAGES:
                label = row.get(f"label_{language}", "")
                for part in {label, label.split(" (")[0]}:
                    add(part, code, 2)
        for spelling, code in SPELLINGS.get(codes.name, {}).items():
            if code in codes.codes:
                add(spelling, code, 1)

    def _add_areas(self, add: Callable[[str, str, int], None]) -> None:
        for row in self.list_of("reporter").rows:
            add(row["area_name"], row["area"], 2)
            for language in LANGUAGES:
                add(str(Locale(language).territories.get(row["iso2"], "")), row["area"], 2)

    def _lookups(self, kind: str) -> list[tuple[str, Language]]:
        """Lookups into a closed list, with the language of the source that uses each."""
        found: dict[str, Language] = {}
        for source in self.registry.sources.values():
            for column in source.all_columns.values():
                pairs = [(column.lookup, str(column.to)), (column.unit_lookup, "unit")]
                for lookup, target in pairs:
                    ours = lookup and not lookup.startswith("@") and column.also_with is None
                    if ours and lookup and CODES_OF_TARGET.get(target) == kind:
                        found[lookup] = source.language
        if kind == "areas":
            found |= {
                f"areas.{language}": language for language in LANGUAGES if f"areas.{language}" in self.registry.lookups
            }
        return sorted(found.items())


def _key(spelling: str) -> str:
    return " ".join(re.findall(r"[^\W_]+|[%$€£]", folded(spelling)))


def built_in(column: Column, registry: Registry, codes: Codes, target: str) -> tuple[str, str] | None:
    """A lookup that needs no file and reads a column of codes, with what speaks for it."""
    if CODES_OF_TARGET[target] != "areas":
        same = column.share(column.counts.keys() & codes.list_of(target).codes)
        enough = same == 1 or (target == "currency" and same >= 0.9)
        says = f"{round(same * column.n)} of {column.n} cells are codes of the list"
        return ("@code", says) if column.n and enough else None
    upper = {text: text.upper() for text in column.counts}
    for lookup, length, says in (
        ("@iso2", 2, "two letters of ISO 3166-1"),
        ("@iso3", 3, "three letters of ISO 3166-1"),
    ):
        known = {row.value for row in registry.lookups[lookup]}
        share = column.share(text for text, code in upper.items() if len(text) == length and code in known)
        if column.n and share >= 0.9:
            return lookup, f"{round(share * column.n)} of {column.n} cells are {says}"
    prefixes = {row.value for row in registry.lookups["@locode"]}
    ports = [text for text, code in upper.items()
             if re.fullmatch(r"[A-Z]{2} ?[A-Z0-9]{3}", text) and " " not in text and code[:2] in prefixes]  # fmt: skip
    if column.n and column.share(ports) >= 0.9 and codes.coverage(target, column) < 0.3:
        return "@locode", f"{round(column.share(ports) * column.n)} of {column.n} cells look like UN/LOCODEs"
    return None


def split_by(column: Column, codes: Codes) -> tuple[str, str] | None:
    """The mark between several areas in one cell, where splitting makes unknown cells known ones."""
    unknown = [text for text in column.counts if codes.code("origin", text) is None]
    best: tuple[int, str] = (0, "")
    for mark in (";", "/", ",", "|", " - ", "-", ">", "+", " y ", " et ", " e ", " and "):
        solved = [
            text for text in unknown
            if mark in text and all(codes.code("origin", part) is not None for part in text.split(mark) if part.strip())
        ]  # fmt: skip
        rows = sum(column.counts[text] for text in solved)
        best = max(best, (rows, mark), key=lambda item: item[0])
    return (best[1], f"{best[0]} cells name several areas, all of them known") if best[0] else None
