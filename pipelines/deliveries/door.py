"""What is done to every record before anything of it is stored: dropped columns are emptied, case ids become keys.

Belongs here: the privacy clauses of a contract, and writing typed numbers as the contract says that numbers are
written. Does not belong here: what a value means. Only the delivery itself, kept with mode 0600, still holds what is
taken away here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipelines.deliveries.readers.part import TypedNumber
from pipelines.keys import NoKey, keyed_hash, kind_of_id
from schemas.contracts import NUMERIC_TARGETS, ColumnMap, SourceContract


def door(source: SourceContract, header: Sequence[str], key: bytes | None) -> Callable[[list[str]], list[str]]:
    """What a record of one part must pass through: cells of columns that are not kept come out empty.

    Of a record with another number of cells than the header nothing comes out but their number.

    Raises `NoKey` where the contract keeps case ids and there is no key.
    """
    columns, kept = source.all_columns, set(source.kept_columns)
    emptied = [place for place, name in enumerate(header) if name in columns and name not in kept]
    keyed = [place for place, name in enumerate(header) if name in columns and columns[name].is_keyed]
    if keyed and key is None:
        raise NoKey(f"{source.source} delivers case ids, and there is no key for them")
    names = [kind_of_id(str(columns[header[place]].to)) for place in keyed]
    commas = [place for place, name in enumerate(header) if name in columns and _has_comma(source, columns[name])]
    not_known = [frozenset(columns[header[place]].not_known) for place in keyed]

    def through(cells: list[str]) -> list[str]:
        if len(cells) != len(header):
            if not (emptied or keyed):
                return cells
            # the cells may stand under a neighbour's name; the row is quarantined for their number alone
            return [""] * len(cells)
        for place in commas:
            if cells[place].__class__ is TypedNumber:  # its point would be taken for a thousands mark
                cells[place] = cells[place].replace(".", ",")
        for place in emptied:
            cells[place] = ""
        for place, name, unknown in zip(keyed, names, not_known, strict=True):
            if cells[place].strip() and cells[place].strip() not in unknown:
                cells[place] = keyed_hash(key or b"", name, cells[place])
        return cells

    return through


def _has_comma(source: SourceContract, column: ColumnMap) -> bool:
    """Whether a column's numbers are read with a decimal comma."""
    return column.to in NUMERIC_TARGETS and (column.numbers or source.numbers).decimal == ","
