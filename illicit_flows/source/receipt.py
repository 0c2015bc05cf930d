"""The receipt of a delivery: what became of the file and of each of its rows, in words that its sender can act on.

Belongs here: the facts of a receipt, and its page. Does not belong here: the annotated copy of the file (`annotate`),
or what a night makes of a file, which is taken from where a night takes it. A receipt can be had as soon as a delivery
is in the home, before a night has run.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl
import typer
from babel.numbers import format_decimal
from jinja2 import Environment, StrictUndefined

from illicit_flows.source.annotate import Annotated, Mark, Marks, Place, annotate
from illicit_flows.source.check import Checked, conclude
from illicit_flows.source.forget import find_delivery
from illicit_flows.source.phrases import phrase
from illicit_flows.source.template import form_contract
from pipelines.deliveries.inspect import inspect_file
from pipelines.deliveries.readers import Unreadable
from pipelines.deliveries.readers.part import shown
from pipelines.deliveries.receive import CONTENT, Delivery, deliveries
from pipelines.keys import NoKey, read_key
from pipelines.staging.make import NO_LINE
from pipelines.staging.records import KEY, corrected, split_by_shape
from pipelines.staging.values import QUARANTINES, coded_columns, parse_values, unmapped_in
from pipelines.store import Home, write_bytes
from schemas.contracts import (
    COORDINATE_TARGETS,
    EXCEL_SERIAL,
    KEYED_TARGETS,
    ColumnMap,
    Language,
    SourceContract,
)
from schemas.registry import Registry

SHOWN_ROWS = 1_000
"""Rows that the page lists; the annotated copy has them all."""
SHOWN_FIRST = 10
"""Rows that the page names for each value that was not understood."""
PAGE = Path(__file__).with_name("receipt_page.html.j2")
DIRECTIVE = re.compile(r"%-?([A-Za-z])")
DATE_WORDS: Mapping[str, str] = {
    "Y": "receipt_date_year", "y": "receipt_date_short_year", "m": "receipt_date_month", "d": "receipt_date_day",
    "e": "receipt_date_day", "B": "receipt_date_month_name", "b": "receipt_date_month_name",
}  # fmt: skip
CLOCK: Mapping[str, str] = {"H": "hh", "I": "hh", "M": "mm", "S": "ss", "p": "AM/PM"}


@dataclass(frozen=True)
class Broken:
    """One rule that one row broke."""

    part: str
    record: int
    column: str
    label: str
    """The column's name as its sender reads it."""
    value: str | None
    """None where it must not be repeated."""
    rule_id: str
    says: str


@dataclass(frozen=True)
class Unread:
    """One value of one row that has no code or cannot be read. Unless a rule holds the row back, it counts without."""

    part: str
    record: int
    column: str
    label: str
    value: str
    says: str
    holds: bool
    """Whether the row cannot do without this value; then a rule says so."""

    @property
    def place(self) -> Place:
        return self.part, self.record


@dataclass(frozen=True)
class Receipt:
    """What is said of one delivery, in one language."""

    language: Language
    checked: Checked
    says: str
    """Why the whole file is held back; empty where it is not."""
    broken: list[Broken]
    unread: list[Unread]
    marks: Marks

    @property
    def source(self) -> SourceContract:
        return self.checked.source

    @property
    def delivery(self) -> Delivery:
        return self.checked.inspection.delivery

    @property
    def without(self) -> int:
        """Rows that are accepted without one of their values."""
        return sum(mark.status == "without" for mark in self.marks.of.values())


def find(home: Home, named: str) -> Delivery:
    """The delivery of an id, of its first digits, or the newest of a file name. Raises BadParameter."""
    of_name = [delivery for delivery in deliveries(home) if delivery.file_name == named]
    if len({delivery.source_id for delivery in of_name}) > 1:
        ids = ", ".join(delivery.delivery_id[:12] for delivery in of_name)
        raise typer.BadParameter(f"several sources have a file of that name: {ids}", param_hint="DELIVERY")
    return max(of_name, key=lambda delivery: delivery.order) if of_name else find_delivery(home, named)


def write_receipt(
    home: Home, registry: Registry, delivery: Delivery, language: Language, out: Path
) -> tuple[Receipt, list[Path]]:
    """Write the page of a delivery's receipt and, unless the whole file is held back, the annotated copy beside it."""
    with tempfile.TemporaryDirectory(prefix="flows-receipt-") as folder:
        scratch = Path(folder)
        receipt = make_receipt(home, registry, delivery, language, scratch)
        copy = _copy(receipt, scratch)
    own = Path(delivery.file_name)
    stem = f"{own.stem}.{delivery.delivery_id[:8]}.{language}"
    files = {f"annotated.{stem}{copy.suffix or own.suffix}": copy.content} if copy else {}
    page = _page(registry, receipt, next(iter(files), None), copy.positions if copy else {})
    files = {f"receipt.{stem}.html": page.encode(), **files}
    for name, content in files.items():
        write_bytes(out / name, content, mode=0o600)
    return receipt, [out / name for name in files]


def make_receipt(home: Home, registry: Registry, delivery: Delivery, language: Language, scratch: Path) -> Receipt:
    """What a night makes of a delivery, in one language; also that it lacks the key for case ids."""
    source = registry.sources[delivery.source_id]
    try:
        key = read_key(home.root) if source.has_keyed else None
    except NoKey:
        key = None
    inspection = inspect_file(source, delivery, delivery.folder / CONTENT, scratch=scratch, key=key)
    checked = conclude(registry, source, inspection)
    says = _says(registry, inspection.rule, language, inspection.params) if inspection.rule else ""
    broken = _broken(registry, checked, language)
    unread = _unread(registry, checked, language)
    return Receipt(language, checked, says, broken, unread, _marks(checked, broken, unread, language))


# --- the facts ----------------------------------------------------------------------------------------------


def _broken(registry: Registry, checked: Checked, language: Language) -> list[Broken]:
    """Each rule that each row broke, in the order of the file."""
    if checked.staged is None:
        return []
    labels = _labels(registry, checked.source, language)
    order = {part: place for place, part in enumerate(checked.inspection.headers)}
    columns = checked.source.all_columns
    found = []
    for row in checked.quarantine.sort("row_no", "rule_id", "column").iter_rows(named=True):
        column = columns.get(row["column"])
        hidden = column is not None and (column.personal or column.to in KEYED_TARGETS)
        label = labels.get(row["column"], row["column"])
        params = {entry["key"]: entry["value"] for entry in row["params"]} | {"column": label}
        found.append(
            Broken(
                row["part"],
                row["row_no"],
                row["column"],
                label,
                None if hidden else shown(row["value_seen"] or ""),
                row["rule_id"],
                _says(registry, row["rule_id"], language, params),
            )
        )
    return sorted(found, key=lambda row: order[row.part])


def _unread(registry: Registry, checked: Checked, language: Language) -> list[Unread]:
    """Each value that was not understood, in the order of the file, of all rows that are reports or would be.

    The staging tables count spellings and do not say where they stand, so the values are parsed once more.
    """
    if checked.staged is None or not checked.unmapped():
        return []
    inspection, source = checked.inspection, checked.source
    headers = pl.DataFrame(
        [(part, list(header)) for part, header in inspection.headers.items()],
        schema={"part": pl.String, "header": pl.List(pl.String)},
        orient="row",
    )
    records = inspection.records.join(headers, on="part", how="left", maintain_order="left").with_columns(
        delivery_id=pl.lit(inspection.delivery.delivery_id),
        file_name=pl.lit(inspection.delivery.file_name),
        contract_version=pl.lit(source.version, pl.Int64),
    )
    whole, _ = split_by_shape(source, records)
    no_report = checked.staged.tables["staging.declared"].select(KEY)
    reports = corrected(source, whole).join(no_report, on=KEY, how="anti", maintain_order="left")
    labels = _labels(registry, source, language)
    found: dict[tuple[str, int, str], Unread] = {}
    for view in source.by_line():
        parsed = parse_values(registry, view, reports).table
        for name, target in coded_columns(view):
            seen = parsed.filter(pl.col(unmapped_in(name)).is_not_null())
            for part, record, value in seen.select("part", "row_no", unmapped_in(name)).iter_rows():
                label = labels.get(name, name)
                says = _not_understood(view, view.columns[name], label, shown(value), language)
                # a column that lines share is parsed with each of them
                found.setdefault(
                    (part, record, name), Unread(part, record, name, label, value, says, target in QUARANTINES)
                )
    order = {part: place for place, part in enumerate(inspection.headers)}
    return sorted(found.values(), key=lambda row: (order[row.part], row.record))


def _not_understood(source: SourceContract, column: ColumnMap, label: str, value: str, language: Language) -> str:
    if column.to not in COORDINATE_TARGETS:
        return phrase("receipt_not_understood", language, column=label, value=value)
    return phrase("receipt_not_a_place", language, column=label, value=value, form=_coordinate(source, column))


def _coordinate(source: SourceContract, column: ColumnMap) -> str:
    """An invented coordinate as the contract wants it written."""
    mark = (column.numbers or source.numbers).decimal
    lat, lon = ("14°32'N", "20°15'W") if column.coordinates == "dms" else (f"14{mark}5333", f"-20{mark}25")
    if column.to == "position":
        return f"{lat} {lon}" if column.coordinates == "dms" else f"{lat}; {lon}"
    return lat if column.to == "lat" else lon


def _labels(registry: Registry, source: SourceContract, language: Language) -> dict[str, str]:
    """Columns that their sender knows by another name: those of the blank form, whose own names are hidden."""
    is_form = source.source == form_contract(registry).source
    return {name: phrase(f"form_column_{name}", language) for name in source.columns} if is_form else {}


def _says(registry: Registry, rule_id: str, language: Language, params: Mapping[str, str]) -> str:
    """The sentence of a rule, with the form of a date as people write it."""
    words = dict(params)
    if "form" in words:
        words["form"] = readable_form(words["form"], language)
    return registry.messages.render(rule_id, language, words)


def readable_form(form: str, language: Language) -> str:
    """`%d/%m/%Y | serial` as `DD/MM/YYYY | a date cell of the spreadsheet`."""

    def letters(found: re.Match[str]) -> str:
        name = DATE_WORDS.get(found.group(1))
        return phrase(name, language) if name else CLOCK.get(found.group(1), found.group(0))

    patterns = [phrase("receipt_date_cell", language) if part == EXCEL_SERIAL else part for part in form.split(" | ")]
    return " | ".join(dict.fromkeys(DIRECTIVE.sub(letters, part) for part in patterns))


def _marks(checked: Checked, broken: list[Broken], unread: list[Unread], language: Language) -> Marks:
    reasons: dict[Place, list[Broken]] = {}
    for row in broken:
        reasons.setdefault((row.part, row.record), []).append(row)
    of = {
        place: Mark(
            "quarantined",
            tuple(dict.fromkeys(row.says for row in rows)),
            {row.column: row.says for row in rows if row.column},
        )
        for place, rows in reasons.items()
    }
    counted = [row for row in unread if row.place not in reasons and not row.holds]
    of |= {
        place: Mark("without", tuple(row.says for row in rows), {row.column: row.says for row in rows})
        for place, rows in ((place, list(rows)) for place, rows in groupby(counted, key=lambda row: row.place))
    }
    of |= {
        (row["part"], row["row_no"]): Mark("declared", (_declared_reason(checked.source, row["reason"], language),))
        for row in _declared(checked)
    }
    names = ("accepted", "without", "quarantined", "declared", "status", "reasons")
    return Marks(checked.inspection.headers, of, {name: phrase(f"receipt_{name}", language) for name in names})


def _declared(checked: Checked) -> list[dict[str, Any]]:
    if checked.staged is None:
        return []
    return checked.staged.tables["staging.declared"].sort("part", "row_no").to_dicts()


def _declared_reason(source: SourceContract, reason: str, language: Language) -> str:
    if reason == NO_LINE:
        return phrase("receipt_no_line", language)
    return next(rule.reason for rule in source.declared if rule.id == reason).in_language(language)


def _copy(receipt: Receipt, scratch: Path) -> Annotated | None:
    """The annotated copy; none of a file that is held back as a whole."""
    if receipt.checked.staged is None:
        return None
    try:
        return annotate(receipt.source, receipt.delivery.folder / CONTENT, receipt.marks, scratch=scratch)
    except Unreadable:  # the copy may need more than reading did; the page says all but the places of rows
        return None


# --- the page -----------------------------------------------------------------------------------------------


def _page(registry: Registry, receipt: Receipt, copy: str | None, positions: Mapping[Place, int]) -> str:
    """One HTML file that needs nothing else: no script, no network; every text is escaped."""
    language, checked, source = receipt.language, receipt.checked, receipt.source

    def say(name: str, **params: object) -> str:
        return phrase(f"receipt_{name}", language, **params)

    def number(value: float | Decimal) -> str:
        return str(format_decimal(value, locale=language))

    content = checked.inspection.content
    labels = _labels(registry, source, language)
    rules = Counter((row.says, row.label) for row in receipt.broken)
    page: str = _template().render(
        say=say,
        number=number,
        language=language,
        receipt=receipt,
        source=source,
        size=(receipt.delivery.folder / CONTENT).stat().st_size,
        verdict=_label(registry, "verdicts", checked.inspection.verdict, language),
        copy=copy,
        endings=checked.endings(),
        rules=[{"says": says, "column": column, "rows": rows} for (says, column), rows in sorted(rules.items())],
        rows=[(positions.get((row.part, row.record)), row) for row in receipt.broken[:SHOWN_ROWS]],
        has_parts=any(receipt.checked.inspection.headers),
        declared=_declared_groups(checked, language),
        unread=_unread_groups(receipt, positions),
        shown_first=SHOWN_FIRST,
        dropped=[(labels.get(name, name), kind) for name, kind in _dropped(receipt)],
        looks=[
            (
                labels.get(notice.column, notice.column),
                _label(registry, "personal_kinds", notice.looks_like, language),
                notice.n_rows,
            )
            for notice in (content.notices if content else ())
        ],
        corrections=[
            (fix, content.corrections[fix.id])
            for fix in source.corrections
            if content is not None and content.corrections.get(fix.id)
        ],
    )
    return page


def _template() -> Any:
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    return environment.from_string(PAGE.read_text(encoding="utf-8"))


def _label(registry: Registry, codes: str, code: str, language: Language) -> str:
    row = next((row for row in registry.codes[codes].rows if row["code"] == code), None)
    return row[f"label_{language}"] if row else code


def _declared_groups(checked: Checked, language: Language) -> list[dict[str, object]]:
    """Reasons for which rows are no report, with their rows; and totals that differ from the sum of their part.

    Where rows of that part are held back the sum may lack what could not be read: they are to be mended first.
    """
    held = set(checked.quarantine["part"]) if checked.staged else set()
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in _declared(checked):
        groups.setdefault(row["reason"], []).append(row)
    return [
        {
            "reason": _declared_reason(checked.source, reason, language),
            "rows": len(rows),
            "differing": [
                {
                    "says": "total_differs_held" if row["part"] in held else "total_differs",
                    "stated": row["declared_value"],
                    "computed": row["computed_value"] or 0,
                }
                for row in rows
                # a part that has no row but its total has no sum
                if row["declared_value"] is not None and row["declared_value"] != (row["computed_value"] or 0)
            ],
        }
        for reason, rows in groups.items()
    ]


def _unread_groups(receipt: Receipt, positions: Mapping[Place, int]) -> list[dict[str, object]]:
    """Values that were not understood, with the number of their rows and where the first of them stand, by part."""
    groups: dict[tuple[str, str], list[Unread]] = {}
    for row in receipt.unread:
        groups.setdefault((row.label, row.value), []).append(row)
    return [
        {
            "column": label,
            "value": shown(value),
            "rows": len(rows),
            "first": [
                (part, ", ".join(str(positions.get(row.place, row.record)) for row in of_part))
                for part, of_part in groupby(rows[:SHOWN_FIRST], key=lambda row: row.part)
            ],
        }
        for (label, value), rows in sorted(groups.items())
    ]


def _dropped(receipt: Receipt) -> list[tuple[str, str]]:
    """Columns of the file whose text is not kept, and the kind of the reason: the contract's own words are for us."""
    columns, kept = receipt.source.all_columns, set(receipt.source.kept_columns)
    delivered = dict.fromkeys(name for header in receipt.checked.inspection.headers.values() for name in header)
    return [
        (
            name,
            "personal" if columns[name].personal else "not_needed" if name not in kept else "keyed",
        )
        for name in delivered
        if name in columns and (name not in kept or columns[name].to in KEYED_TARGETS)
    ]
