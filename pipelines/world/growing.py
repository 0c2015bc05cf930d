"""Files that grow stretch by stretch, so that a world of any size is written in the memory of one stretch.

Belongs here: appending text and row groups in a fixed order. Does not belong here: who makes the stretches (`make`).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import polars as pl
import pyarrow.parquet as pq

from pipelines.world import words

BYTE_ORDER_MARK = "\ufeff"
SEPARATORS = {"unodc_ids": ";", "brazil_pf": ";", "colombia_policia": ","}
HEADERS = {
    "unodc_ids": words.IDS_COLUMNS, "brazil_pf": words.BRAZIL_COLUMNS, "colombia_policia": words.POLICE_COLUMNS,
}  # fmt: skip


class Growing:
    """The open files of a world; closes them all."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._texts: dict[str, IO[bytes]] = {}
        self._tables: dict[str, Any] = {}

    def __enter__(self) -> Growing:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for text in self._texts.values():
            text.close()
        for table in self._tables.values():
            table.close()

    def add_text(self, name: str, piece: Path) -> None:
        """Append a stretch's lines; the first brings the header (and Brazil's byte order mark) before them."""
        if name not in self._texts:
            publisher = name.split("/")[1]
            header = SEPARATORS[publisher].join(HEADERS[publisher]) + "\n"
            self._texts[name] = self._path(name).open("wb")
            self._texts[name].write(((BYTE_ORDER_MARK if publisher == "brazil_pf" else "") + header).encode())
        with piece.open("rb") as lines:
            shutil.copyfileobj(lines, self._texts[name], 1 << 20)

    def add_line(self, name: str, line: str) -> None:
        self._texts[name].write(line.encode())

    def add_rows(self, name: str, rows: pl.DataFrame) -> None:
        """Append rows to a Parquet file, as row groups of their own; equal rows are equal bytes.

        A column of a closed list (Enum) is plain text to whoever reads the file.
        """
        table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
        if name not in self._tables:
            texts = [column for column, kind in rows.schema.items() if kind in (pl.String, pl.Enum)]
            whole = [column for column, kind in rows.schema.items() if kind.is_integer()]
            self._tables[name] = pq.ParquetWriter(
                self._path(name), table.schema, compression="zstd", compression_level=1, store_schema=False,
                use_dictionary=texts, column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
            )  # fmt: skip
        self._tables[name].write_table(table, row_group_size=250_000)

    def _path(self, name: str) -> Path:
        path = self._out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def write_lines(publisher: str, rows: pl.DataFrame, path: Path) -> None:
    """A stretch's rows as the publisher's lines, without a header."""
    rows.write_csv(
        path, separator=SEPARATORS[publisher], include_header=False, line_terminator="\n", quote_style="necessary"
    )
