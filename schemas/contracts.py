"""The shape of a contract: Pydantic models of fields, tables and sources.

Belongs here: what a contract file may say. A key that is not named here is refused (``extra="forbid"``).
Does not belong here: reading the files and holding them against each other (`registry`), or turning a table
contract into somebody else's schema language (`render`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

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


class CsvFormat(Contract):
    """Delimited text, RFC 4180 quoting. Nothing is sniffed."""

    type: Literal["csv"]
    encoding: str
    delimiter: str = Field(min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    final_newline: bool
    """True where the publisher always ends the last record: a missing one then means a truncated file."""


class JsonFormat(Contract):
    """One JSON array of flat objects; a key that an object lacks is an empty cell."""

    type: Literal["json"]
    encoding: str


class RowBounds(Contract):
    """How many data records a delivery may hold."""

    min: int = Field(ge=1)
    max: int = Field(ge=1)


class NumberFormat(Contract):
    """Decimal and thousands marks of the publisher's numbers."""

    decimal: Literal[".", ","]
    thousands: Literal["", ".", ",", " "] = ""


SeizureTarget = Literal[
    "reporter", "seized", "commodity", "quantity", "unit", "origin", "departure", "transit", "destination",
    "transport_mode", "concealment", "facility", "direction", "admin1", "place_text", "place_code", "lat", "lon",
    "weekday",
]  # fmt: skip
TotalTarget = Literal["reporter", "commodity", "year", "kg"]
Target = SeizureTarget | TotalTarget

REQUIRED_TARGETS: dict[str, frozenset[str]] = {
    "seizures": frozenset({"reporter", "seized", "commodity", "quantity", "unit"}),
    "totals": frozenset({"reporter", "commodity", "year", "kg"}),
}
"""What a contract must fill, by column or by constant. A value of these that is not understood quarantines its row."""

LOOKUP_TARGETS = frozenset(
    {"reporter", "commodity", "unit", "origin", "departure", "transit", "destination",
     "transport_mode", "concealment", "facility", "direction", "weekday"}
)  # fmt: skip
LEG_TARGETS: tuple[str, ...] = ("origin", "departure", "transit", "destination")


class ColumnMap(Contract):
    """What becomes of one of the publisher's columns: mapped to a target, or dropped with a reason."""

    to: Target | None = None
    drop: str | None = None
    also_with: str | None = None
    """A second column whose text is joined with `|` in front of this one before the lookup."""
    lookup: str | None = None
    """File in `schemas/lookups/` from the publisher's spelling to a code."""
    date_format: str | None = None
    """strftime pattern of `seized`."""
    not_known: list[str] = []
    """Spellings that mean 'not known' in this column: no leg, no category."""
    not_known_code: str | None = None
    """Code that stands for 'not known' where the target must have one."""
    prefix: str = ""
    """Put before a place code to say which register it belongs to."""
    role_word: str | None = None
    """The publisher's word for the role of a leg."""

    @model_validator(mode="after")
    def _mapped_or_dropped(self) -> ColumnMap:
        if (self.to is None) == (self.drop is None):
            raise ValueError("a column is either mapped (`to`) or dropped (`drop`, with the reason)")
        if self.to in LOOKUP_TARGETS and self.lookup is None:
            raise ValueError(f"`{self.to}` needs a `lookup`")
        if self.to == "seized" and self.date_format is None:
            raise ValueError("`seized` needs a `date_format`")
        if self.to in LEG_TARGETS and self.role_word is None:
            raise ValueError(f"`{self.to}` is a leg and needs the publisher's `role_word`")
        return self


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
    """Rows that are no report: a TOTAL line, a row outside the scope, a row without a figure."""

    id: str
    column: str
    equals: str
    reason: Translated
    expect: Expect = Expect()
    compare_sum: SumComparison | None = None


class PrecisionRule(Contract):
    """Reporters whose dates are less precise than they look."""

    reporter: str
    day_of_month: int = Field(ge=1, le=28)
    precision: Literal["month", "year"]
    reason: str


class Scope(Contract):
    """What the source covers. Outside it the answer is `not_covered`, never zero."""

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


class SourceContract(Contract):
    """One publisher's file shape, and how its rows become staged rows."""

    source: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: int = Field(ge=1)
    kind: Literal["seizures", "totals"]
    publisher: Publisher
    title: str
    language: Language
    licence: str
    citation: str
    tlp: Literal["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"]
    cadence: Literal["yearly", "monthly", "irregular"]
    files: str
    """Glob of the file names in the publisher's inbox folder that this contract claims."""
    format: CsvFormat | JsonFormat = Field(discriminator="type")
    rows: RowBounds
    numbers: NumberFormat
    dates: DateBounds
    restates: Literal["nothing", "snapshot"]
    """`snapshot`: each delivery replaces the ones before; the one whose content reaches furthest is the newest."""
    mirrors: str | None = None
    """Another source that delivers the same events: rows of this one weigh nothing."""
    reporter_role: Literal["seizing_authority", "national_focal_point", "international_organisation"]
    constants: dict[Target, str] = {}
    columns: dict[str, ColumnMap]
    corrections: list[Correction] = []
    declared: list[Declaration] = []
    date_precision: list[PrecisionRule] = []
    scope: Scope
    privacy: str

    def column_of(self, target: Target) -> str | None:
        """Name of the publisher's column that fills a target."""
        return next((name for name, column in self.columns.items() if column.to == target), None)

    @model_validator(mode="after")
    def _complete(self) -> SourceContract:
        mapped = [column.to for column in self.columns.values() if column.to is not None]
        repeated = sorted({target for target in mapped if mapped.count(target) > 1})
        if repeated:
            raise ValueError(f"targets filled twice: {', '.join(repeated)}")
        missing = sorted(REQUIRED_TARGETS[self.kind] - set(mapped) - set(self.constants))
        if missing:
            raise ValueError(f"targets that nothing fills: {', '.join(missing)}")
        named = [fix.column for fix in self.corrections] + [row.column for row in self.declared]
        named += [column.also_with for column in self.columns.values() if column.also_with]
        unknown = sorted(set(named) - set(self.columns))
        if unknown:
            raise ValueError(f"columns that the contract does not describe: {', '.join(unknown)}")
        return self
