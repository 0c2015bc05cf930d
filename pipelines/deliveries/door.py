"""What is done to every record before anything of it is stored: dropped columns are emptied, case ids become keys.

Belongs here: the privacy clauses of a contract. Does not belong here: what a value means.
Only the delivery itself, kept with mode 0600, still holds what is taken away here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipelines.keys import NoKey, keyed_hash
from schemas.contracts import KEYED_TARGETS, SourceContract


def door(source: SourceContract, header: Sequence[str], key: bytes | None) -> Callable[[list[str]], list[str]]:
    """What a record of one part must pass through: cells of columns that are not kept come out empty.

    Of a record with another number of cells than the header nothing comes out but their number.

    Raises `NoKey` where the contract keeps case ids and there is no key.
    """
    columns, kept = source.all_columns, set(source.kept_columns)
    emptied = [place for place, name in enumerate(header) if name in columns and name not in kept]
    keyed = [place for place, name in enumerate(header) if name in columns and columns[name].to in KEYED_TARGETS]
    if keyed and key is None:
        raise NoKey(f"{source.source} delivers case ids, and there is no key for them")
    names = [str(columns[header[place]].to) for place in keyed]
    not_known = [frozenset(columns[header[place]].not_known) for place in keyed]

    def through(cells: list[str]) -> list[str]:
        if (emptied or keyed) and len(cells) != len(header):
            # the cells may stand under a neighbour's name; the row is quarantined for their number alone
            return [""] * len(cells)
        for place in emptied:
            cells[place] = ""
        for place, name, unknown in zip(keyed, names, not_known, strict=True):
            if cells[place].strip() and cells[place].strip() not in unknown:
                cells[place] = keyed_hash(key or b"", name, cells[place])
        return cells

    return through
