"""The shape of a contract: Pydantic models of fields, tables and sources.

Belongs here: what a contract file may say. A key that is not named here is refused (``extra="forbid"``).
Does not belong here: reading the files and holding them against each other (`registry`), or turning a table
contract into somebody else's schema language (`render`).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Language = Literal["en", "es", "fr", "pt"]
LANGUAGES: tuple[Language, ...] = ("en", "es", "fr", "pt")

Layer = Literal["reference", "deliveries", "staging", "conformed", "inferred", "published"]
LAYERS: tuple[Layer, ...] = ("reference", "deliveries", "staging", "conformed", "inferred", "published")
"""In the order in which data flows; `reference` holds the cited facts that every layer may read."""

PROVENANCE: tuple[str, ...] = ("source_id", "delivery_id", "file_name", "part", "row_no", "contract_version")
"""Columns of every staged and conformed row that say where it came from."""

FieldType = Literal[
    "text", "flag", "count", "date", "decimal", "share", "degrees", "factor", "texts", "words", "json", "geometry"
]


class Contract(BaseModel):
    """Base of all contract models: immutable, and closed to keys that nobody described."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Translated(Contract):
    """One text in the four languages of the programme."""

    en: str = Field(min_length=1)
    es: str = Field(min_length=1)
    fr: str = Field(min_length=1)
    pt: str = Field(min_length=1)

    def in_language(self, language: Language) -> str:
        return str(getattr(self, language))


class FieldContract(Contract):
    """A column of the product, described once and used by name in every table."""

    type: FieldType
    description: Translated
    unit: str | None = None
    codes: str | None = None
    """Closed list in `schemas/codes/` that the values come from."""
    pattern: str | None = None
    """Regular expression that the whole text must match; in a code list too, in a column of the field's name."""
    minimum: float | None = None
    maximum: float | None = None
    sensitivity: Literal["open", "record"] = "open"
    """`record`: describes a single seizure; stays in internal releases."""


class ForeignKey(Contract):
    """Columns whose values must exist in another table."""

    columns: list[str] = Field(min_length=1)
    table: str
    references: list[str] = Field(min_length=1)


class Rule(Contract):
    """A content rule: a SQL predicate over the table's columns that is true for a row that breaks it."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    breaks: str = Field(min_length=1)
    says: str = Field(min_length=1)


class Trace(Contract):
    """How a published row leads back to the seizures that it sums."""

    measure: str
    """Column of the published table that the traced rows add up to."""
    line_measure: str
    """SQL expression over `conformed.seizures` (alias s) whose sum is `measure`."""
    keys: dict[str, str]
    """Published column to SQL expression over `conformed.seizures` (alias s)."""
    where: str = "true"
    through: str = ""
    """SQL join that stands between the published row (alias p) and the seizures: the members of a group."""


class TableContract(Contract):
    """A table: its grain, key, columns, and the rules that its content must keep."""

    layer: Layer
    name: str
    grain: str = Field(min_length=1)
    primary_key: list[str] = Field(min_length=1)
    fields: list[str] = Field(min_length=1)
    nullable: frozenset[str] = frozenset()
    partitioned_by_source: bool = False
    row_floor: int = Field(ge=0)
    completeness: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    """Least share of rows that must carry a nullable column which has a range or a code list."""
    foreign_keys: list[ForeignKey] = []
    rules: list[Rule] = []
    trace: Trace | None = None
    warnings: list[str] = []
    record_tier: bool = False

    @property
    def qualified(self) -> str:
        return f"{self.layer}.{self.name}"


# --- sources -----------------------------------------------------------------------------------------------


class Publisher(Contract):
    """Who sends the files, and the folder of the inbox that is theirs."""

    name: str
    inbox: str = Field(pattern=r"^[a-z0-9_]+$")


class Tabular(Contract):
    """What formats with a header row have in common."""

    header_row: int = Field(default=1, ge=1)
    """Line (or sheet row) of the header, counted from 1; the last one where `header_rows` is more than one. What stands
    above is title and is not read."""
    repeated_headers: Literal["refused", "numbered"] = "refused"
    """`numbered`: the second `País` is the column `País (2)`."""


class CsvFormat(Tabular):
    """Delimited text, RFC 4180 quoting. Nothing is sniffed. A tab as delimiter makes it TSV."""

    type: Literal["csv"]
    encoding: str
    delimiter: str = Field(min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    final_newline: bool
    """True where the publisher always ends the last record: a missing one then means a truncated file."""


class XlsxFormat(Tabular):
    """A workbook. Each sheet that matches is a part of the delivery; dates and numbers are read as text in ISO form."""

    type: Literal["xlsx"]
    sheets: list[str] = Field(default=["*"], min_length=1)
    """Globs of sheet names; sheets that match none are no data. At least one must match."""
    left_out: Literal["refused", "ignored"] = "refused"
    """A sheet that matches no glob and has the header of one that does: its rows would be lost, so the file is refused,
    unless the publisher keeps such sheets for himself."""
    header_rows: int = Field(default=1, ge=1, le=5)
    """Rows of the header; with more than one, the texts above each other are joined with ` / `, a merged text standing
    over each of its columns."""
    merged: Literal["fill", "blank"] = "blank"
    """Merged cells below the header: `fill` gives each of them the text, `blank` the first alone."""


class JsonFormat(Contract):
    """A JSON array of objects, at `records` (keys joined with `.`; empty: the document itself).

    Nested objects become columns named by path (`route.loading`), lists of plain values one cell joined with `; `; a
    key that an object lacks is an empty cell.
    """

    type: Literal["json"]
    encoding: str
    records: str = ""


class NdjsonFormat(Contract):
    """One JSON object a line, read as `JsonFormat` reads an object."""

    type: Literal["ndjson"]
    encoding: str


class ParquetFormat(Contract):
    """Apache Parquet with columns of plain types, read as text: dates in ISO form, numbers with a point."""

    type: Literal["parquet"]


class PostgresFormat(Contract):
    """A PostgreSQL table or view, read over ADBC with a read-only account into a Parquet file of text.

    That file is then the delivery. A Parquet file in the inbox that matches `files` is read in the same way.
    """

    type: Literal["postgres"]
    relation: str = Field(pattern=r"^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$")


PlainFormat = CsvFormat | XlsxFormat | JsonFormat | NdjsonFormat | ParquetFormat


class ZipFormat(Contract):
    """A zip archive whose matching members are parts of the delivery, all of one format."""

    type: Literal["zip"]
    members: str
    """Glob of member names; others are left alone. At least one must match."""
    content: PlainFormat = Field(discriminator="type")


FileFormat = PlainFormat | ZipFormat | PostgresFormat


class RowBounds(Contract):
    """How many data records a delivery may hold."""

    min: int = Field(ge=1)
    max: int = Field(ge=1)


class NumberFormat(Contract):
    """Decimal and thousands marks of the publisher's numbers."""

    decimal: Literal[".", ","]
    thousands: Literal["", ".", ",", " "] = ""


SeizureTarget = Literal[
    "reporter", "seized", "commodity", "quantity", "unit", "quantity_with_unit", "currency",
    "origin", "departure", "transit", "destination", "transport_mode", "concealment", "facility", "direction",
    "admin1", "place_text", "place_code", "lat", "lon", "position", "weekday", "record_id", "incident_number", "agency",
    "vessel_flag", "seal_state", "bill_of_lading", "calibre_class", "inn", "source_reliability", "info_accuracy",
]  # fmt: skip
TotalTarget = Literal["reporter", "commodity", "year", "period", "kg", "quantity", "unit", "n_events"]
OutcomeTarget = Literal[
    "reporter", "case_id", "seizure_ref", "stage", "stage_state", "stage_date", "instrument", "persons_f", "persons_m",
    "persons_x", "persons_unknown", "proceeds", "currency",
]  # fmt: skip
CultivationTarget = Literal["reporter", "admin1", "commodity", "year", "hectares"]
Target = SeizureTarget | TotalTarget | OutcomeTarget | CultivationTarget

Kind = Literal["seizures", "totals", "outcomes", "cultivation"]
TARGETS: dict[Kind, frozenset[str]] = {
    "seizures": frozenset((*get_args(SeizureTarget), *get_args(OutcomeTarget))),
    "totals": frozenset(get_args(TotalTarget)),
    "outcomes": frozenset(get_args(OutcomeTarget)),
    "cultivation": frozenset(get_args(CultivationTarget)),
}
"""What the columns of each kind of source may be. A seizure may carry what became of it."""

REQUIRED_TARGETS: dict[Kind, tuple[frozenset[str], ...]] = {
    "seizures": tuple(
        map(frozenset, ({"reporter"}, {"seized"}, {"commodity"}, {"quantity", "quantity_with_unit"},
                        {"unit", "quantity_with_unit"}))
    ),
    "totals": tuple(
        map(frozenset, ({"reporter"}, {"commodity"}, {"year", "period"}, {"kg", "quantity"}, {"kg", "unit"}))
    ),
    "outcomes": tuple(map(frozenset, ({"reporter"}, {"case_id"}, {"stage"}, {"stage_state"}, {"stage_date"}))),
    "cultivation": tuple(map(frozenset, ({"reporter"}, {"admin1"}, {"commodity"}, {"year"}, {"hectares"}))),
}  # fmt: skip
"""What a contract must fill, by column or by constant: one of each set."""

LOOKUP_TARGETS = frozenset(
    {"reporter", "commodity", "unit", "currency", "origin", "departure", "transit", "destination", "transport_mode",
     "concealment", "facility", "direction", "weekday", "agency", "vessel_flag", "seal_state", "bill_of_lading",
     "calibre_class", "source_reliability", "info_accuracy", "stage", "stage_state", "instrument"}
)  # fmt: skip
LEG_TARGETS: tuple[str, ...] = ("origin", "departure", "transit", "destination")
DATE_TARGETS = frozenset({"seized", "period", "stage_date"})
KEYED_TARGETS = frozenset({"case_id", "seizure_ref"})
"""Kept only as a keyed HMAC, made before anything is stored."""
COORDINATE_TARGETS = frozenset({"lat", "lon", "position"})
NUMERIC_TARGETS = COORDINATE_TARGETS | {
    "quantity", "quantity_with_unit", "kg", "n_events", "hectares", "proceeds", "persons_f", "persons_m", "persons_x",
    "persons_unknown",
}  # fmt: skip
ID_TARGETS = frozenset({"record_id", "incident_number"})
BUILT_IN_LOOKUPS = frozenset({"@iso2", "@iso3", "@iata", "@locode", "@code"})
"""Lookups that need no file: areas by ISO 3166-1 code, by the country of an airport or a seaport; and `@code`, the text
before ` · ` of a cell that was chosen from the blank form's lists."""
PART = "@part"
"""A column that every delivery has without saying so: the sheet, JSON path or archive member of the row."""
EXCEL_SERIAL = "serial"
"""A date format: days since 1899-12-30, as a spreadsheet counts them."""


class ColumnMap(Contract):
    """What becomes of one of the publisher's columns: mapped to a target, or dropped with a reason.

    A dropped column is emptied at the door: nothing of it is stored beyond the delivery itself, unless another key of
    the contract reads it (`also_with`, a correction, a declaration).
    """

    to: Target | None = None
    drop: str | None = None
    personal: bool = False
    """Of a dropped column: it holds personal data, and no other key may read it."""
    keyed: bool = False
    """Of `record_id` and `incident_number`: it is a case number, kept as a keyed hash alone, as `case_id` always is."""
    optional: bool = False
    """The column may be absent from a delivery; its cells are then empty."""
    also_with: str | None = None
    """A second column whose text is joined with `|` in front of this one before it is read."""
    lookup: str | None = None
    """File in `schemas/lookups/` from the publisher's spelling to a code, or a built-in lookup (`@iso2`)."""
    split: str | None = Field(default=None, min_length=1)
    """Separator of several values in one cell; of legs."""
    date_format: Annotated[list[str], Field(min_length=1)] | None = None
    """strftime patterns, tried in their order; `%B` and `%b` are month names, `serial` a spreadsheet's day number.
    Without a day the date has month precision, without a month year precision."""
    month_names: list[Language] = []
    """Languages of month names. Default: the source's."""
    fiscal_year_from_month: int | None = Field(default=None, ge=2, le=12)
    """The year is a fiscal one that begins in this month of the year before."""
    unit_lookup: str | None = None
    """Of `quantity_with_unit`: the lookup of what stands behind the number."""
    coordinates: Literal["decimal", "dms"] = "decimal"
    """`dms`: degrees, minutes and perhaps seconds, with N S E W (O is west; in Portuguese L is east)."""
    numbers: NumberFormat | None = None
    """Marks of this column's numbers, where they are not the file's."""
    fill_down: bool = False
    """An empty cell repeats the one above, as under a merged cell."""
    not_known: list[str] = []
    """Spellings that mean 'not known' in this column: no leg, no category."""
    not_known_code: str | None = None
    """Code that stands for 'not known' where the target must have one."""
    prefix: str = ""
    """Put before a place code to say which register it belongs to."""
    role_word: str | None = None
    """The publisher's word for the role of a leg."""

    @field_validator("date_format", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _mapped_or_dropped(self) -> ColumnMap:
        if (self.to is None) == (self.drop is None):
            raise ValueError("a column is either mapped (`to`) or dropped (`drop`, with the reason)")
        if self.personal and self.to is not None:
            raise ValueError("a personal column is dropped, never mapped")
        if self.to in LOOKUP_TARGETS and self.lookup is None:
            raise ValueError(f"`{self.to}` needs a `lookup`")
        if self.to == "quantity_with_unit" and self.unit_lookup is None:
            raise ValueError("`quantity_with_unit` needs a `unit_lookup`")
        if self.to in DATE_TARGETS and self.date_format is None:
            raise ValueError(f"`{self.to}` needs a `date_format`")
        if self.to in LEG_TARGETS and self.role_word is None:
            raise ValueError(f"`{self.to}` is a leg and needs the publisher's `role_word`")
        self._check_key("keyed", self.keyed, ID_TARGETS)
        self._check_key("split", self.split, frozenset(LEG_TARGETS))
        self._check_key("coordinates", self.coordinates == "dms", COORDINATE_TARGETS)
        self._check_key("fiscal_year_from_month", self.fiscal_year_from_month, frozenset({"year", "period"}))
        forms = set(self.date_format or ())
        if forms & {"%d/%m/%Y", "%d/%m/%y"} and forms & {"%m/%d/%Y", "%m/%d/%y"}:
            raise ValueError("a date cannot have its day both before and after its month: most days fit both orders")
        return self

    @property
    def is_keyed(self) -> bool:
        """Kept only as a keyed hash."""
        return self.keyed or self.to in KEYED_TARGETS

    def _check_key(self, key: str, used: object, of: frozenset[str]) -> None:
        if used and self.to not in of:
            raise ValueError(f"`{key}` belongs to {', '.join(sorted(of))} alone")


class LineColumns(Contract):
    """One of several lines that stand side by side in a row: the columns and constants that are its own."""

    columns: dict[str, ColumnMap] = Field(min_length=1)
    constants: dict[Target, str] = {}
    absent: list[str] = ["", "0"]
    """Texts that mean, where all columns of the line have them, that the row has no such line."""


class Expect(Contract):
    """How many rows a correction or a declaration must touch; outside it the delivery is withheld."""

    at_least: int = Field(default=0, ge=0)
    at_most: int | None = Field(default=None, ge=0)

    def holds(self, touched: int) -> bool:
        return touched >= self.at_least and (self.at_most is None or touched <= self.at_most)


class Correction(Contract):
    """A dated, reasoned fix of the publisher's text, made before parsing and counted."""

    id: str
    column: str
    pattern: str
    """Regular expression (Rust syntax) that a broken cell matches."""
    becomes: str
    reason: str
    since: date
    expect: Expect


class SumComparison(Contract):
    """A declared row states the sum of a column: the two are compared and a difference is reported."""

    column: str


class Declaration(Contract):
    """Rows that are no report: a TOTAL line, a row outside the scope, a row without a figure.

    Declarations are taken in their order: a row that one has taken is not seen by the next.
    """

    id: str
    column: str
    equals: str | None = None
    not_in: list[str] | None = None
    """Every other text than these, the empty one included."""
    matches: str | None = None
    """Regular expression (Rust syntax) that the text fits: a note whose words change from file to file."""
    reason: Translated
    expect: Expect = Expect()
    compare_sum: SumComparison | None = None

    @model_validator(mode="after")
    def _one_condition(self) -> Declaration:
        if sum(condition is not None for condition in (self.equals, self.not_in, self.matches)) != 1:
            raise ValueError("a declaration has one of `equals`, `not_in` and `matches`")
        return self

    @property
    def condition(self) -> str:
        """The condition in words."""
        if self.not_in is not None:
            return "≠ " + ", ".join(self.not_in)
        return self.equals if self.equals is not None else str(self.matches)


class PrecisionRule(Contract):
    """Reporters whose dates are less precise than they look."""

    reporter: str
    day_of_month: int = Field(ge=1, le=28)
    precision: Literal["month", "year"]
    reason: str


class Scope(Contract):
    """What the source covers. Outside it the answer is `not_covered`, never zero."""

    commodity_families: list[str] | Literal["all"] = "all"
    commodity_groups: list[str] | Literal["all"] = "all"
    not_commodity_groups: list[str] = []
    territory: Literal["world", "national"]
    completeness: Literal["all_reported", "partial"]
    """`partial`: the source sees only some agencies or facilities, so an absent row is no zero."""
    facilities: str | None = None
    agencies: str | None = None
    minimum_quantity_kg: float | None = None
    note: str = ""


class DateBounds(Contract):
    """Dates outside are quarantined: a typo must not move the newest data date."""

    earliest: date
    latest: date


class RestatedPeriod(Contract):
    """Which days a delivery restates: those between its first and its last date, or the ones that its name tells."""

    file_name: str | None = None
    """Regular expression with a group `year`, or `first` and `last` (two or four digits)."""
    example: str | None = None
    """A file name that tells its period, for the publisher to see."""
    fiscal_year_from_month: int | None = Field(default=None, ge=2, le=12)
    without: Literal["withheld", "adds"] = "withheld"
    """What becomes of a delivery whose name does not tell its period: it is withheld, or restates nothing and adds."""

    @model_validator(mode="after")
    def _told(self) -> RestatedPeriod:
        if self.file_name is None and self.without == "adds":
            raise ValueError("`without: adds` is about names that do not tell the period, so it needs `file_name`")
        if (self.file_name is None) != (self.example is None):
            raise ValueError("a period that is read from the file's name needs an `example` of such a name")
        if self.file_name is not None and not re.search(self.file_name, self.example or ""):
            raise ValueError("the `example` does not fit the pattern of `file_name`")
        return self


class Vintage(Contract):
    """The column that says as of when a row was stated. Without it the last date of the content says so."""

    column: str
    date_format: str


class SourceContract(Contract):
    """One publisher's file shape, and how its rows become staged rows."""

    source: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: int = Field(ge=1)
    kind: Kind
    publisher: Publisher
    title: str
    language: Language
    licence: str
    citation: str
    tlp: Literal["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"]
    cadence: Literal["yearly", "monthly", "irregular"]
    files: str
    """Glob of the file names in the publisher's inbox folder that this contract claims."""
    format: FileFormat = Field(discriminator="type")
    rows: RowBounds
    numbers: NumberFormat
    dates: DateBounds
    restates: Literal["nothing", "record", "period", "snapshot"]
    """`record`: a row replaces the older one with the same `record_id`. `period`: a delivery replaces all older rows
    inside the period that it restates. `snapshot`: it replaces all older deliveries. The newer vintage stands."""
    restated_period: RestatedPeriod = RestatedPeriod()
    vintage: Vintage | None = None
    identity: list[str] = []
    """Columns whose text tells a row from others where the publisher has no record id. Default: all that are mapped."""
    mirrors: str | None = None
    """Another source that delivers the same events: a row that equals one of its rows is that row's certain copy."""
    reporter_role: Literal["seizing_authority", "national_focal_point", "international_organisation"]
    constants: dict[Target, str] = {}
    columns: dict[str, ColumnMap]
    lines: list[LineColumns] = []
    """Where several lines stand side by side in one row: what each adds to `columns` and `constants`."""
    corrections: list[Correction] = []
    declared: list[Declaration] = []
    date_precision: list[PrecisionRule] = []
    scope: Scope
    privacy: str

    @property
    def all_columns(self) -> dict[str, ColumnMap]:
        """Every column that a delivery has, those of its lines included."""
        return {**self.columns, **{name: column for line in self.lines for name, column in line.columns.items()}}

    @property
    def read_elsewhere(self) -> frozenset[str]:
        """Columns that another key of the contract reads, whatever becomes of them themselves."""
        named = {fix.column for fix in self.corrections} | {row.column for row in self.declared}
        named |= {row.compare_sum.column for row in self.declared if row.compare_sum}
        named |= {column.also_with for column in self.all_columns.values() if column.also_with}
        return frozenset(named | ({self.vintage.column} if self.vintage else set()) | set(self.identity))

    @property
    def kept_columns(self) -> list[str]:
        """Columns whose text is kept beyond the delivery itself; the others are emptied at the door."""
        return [
            name for name, column in self.all_columns.items() if column.to is not None or name in self.read_elsewhere
        ]

    @property
    def has_keyed(self) -> bool:
        return any(column.is_keyed for column in self.all_columns.values())

    def column_of(self, target: Target) -> str | None:
        """Name of the publisher's column that fills a target."""
        return next((name for name, column in self.all_columns.items() if column.to == target), None)

    def by_line(self) -> list[SourceContract]:
        """The contract of each line of a row: this one, or one for each of `lines`."""
        if not self.lines:
            return [self]
        return [
            self.model_copy(
                update={
                    "columns": {**self.columns, **line.columns},
                    "constants": {**self.constants, **line.constants},
                    "lines": [],
                }
            )
            for line in self.lines
        ]

    @model_validator(mode="after")
    def _complete(self) -> SourceContract:
        for number, line in enumerate(self.by_line(), start=1):
            where = f"line {number}: " if self.lines else ""
            self._check_targets(where, line)
        unknown = sorted(self.read_elsewhere - set(self.all_columns) - {PART})
        if unknown:
            raise ValueError(f"columns that the contract does not describe: {', '.join(unknown)}")
        personal = sorted(name for name, column in self.all_columns.items() if column.personal)
        read = sorted(self.read_elsewhere & set(personal))
        if read:
            raise ValueError(f"personal columns that another key reads: {', '.join(read)}")
        if self.kind == "totals" and self.restates in ("nothing", "record"):
            raise ValueError("totals restate a period or are a snapshot: two figures of one period would add up")
        if self.kind == "totals" and self.restated_period.without == "adds":
            raise ValueError("totals never only add (`without: adds`): two figures of one period would add up")
        if self.restates == "record" and self.column_of("record_id") is None:
            raise ValueError("`restates: record` needs a column for `record_id`")
        return self

    def _check_targets(self, where: str, line: SourceContract) -> None:
        mapped: list[str] = [column.to for column in line.columns.values() if column.to is not None]
        filled = set(mapped) | set(line.constants)
        repeated = sorted({target for target in mapped if mapped.count(target) > 1})
        if repeated:
            raise ValueError(f"{where}targets filled twice: {', '.join(repeated)}")
        missing = sorted(" or ".join(sorted(group)) for group in REQUIRED_TARGETS[self.kind] if not group & filled)
        if missing:
            raise ValueError(f"{where}targets that nothing fills: {', '.join(missing)}")
        foreign = sorted(filled - TARGETS[self.kind])
        if foreign:
            raise ValueError(f"{where}{self.kind} have no such targets: {', '.join(foreign)}")
