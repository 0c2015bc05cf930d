"""Each publisher's own file format, byte by byte.

Belongs here: encodings, separators, line ends, header names, total rows. Does not belong here: what is said
(`reporting`). Every function takes a frame in file order and writes one file.
"""

import json
from pathlib import Path

import polars as pl

API_NAMES = {
    "CÓDIGO DANE": "c_digo_dane", "CANTIDAD": "cantidad", "CLASE DE SITIO": "clase_de_sitio", "DIA": "dia",
    "CLASE DE ESTUPEFACIENTE": "clase_de_estupefaciente", "DEPARTAMENTO": "departamento", "FECHA": "fecha",
    "MUNICIPIO": "municipio", "UNIDAD DE MEDIDA": "unidad_de_medida", "ZONA": "zona",
}  # fmt: skip


def write_ids(rows: pl.DataFrame, path: Path) -> None:
    """UNODC Individual Drug Seizures: semicolons, UTF-8, LF, quotes only where needed."""
    rows.write_csv(path, separator=";", line_terminator="\n", quote_style="necessary")


def write_brazil(rows: pl.DataFrame, path: Path) -> None:
    """Polícia Federal: semicolons, UTF-8 with byte order mark; decimal commas are in the text already."""
    rows.write_csv(path, separator=";", include_bom=True, line_terminator="\n", quote_style="necessary")


def write_police_csv(rows: pl.DataFrame, path: Path) -> None:
    """Policía Nacional: commas, UTF-8, and a last row TOTAL with the sum of CANTIDAD (grams)."""
    total = pl.DataFrame({"FECHA": ["TOTAL"], "CANTIDAD": [int(rows["CANTIDAD"].sum())]})
    pl.concat([rows, total], how="diagonal").write_csv(path, line_terminator="\n", quote_style="necessary")


def write_police_api(rows: pl.DataFrame, path: Path) -> None:
    """Policía Nacional through its JSON API: ISO timestamps, every value a string, one object a line."""
    day = pl.col("FECHA").str.to_date("%m/%d/%Y 12:00:00 AM").dt.to_string("%Y-%m-%dT00:00:00.000")
    texts = rows.with_columns(FECHA=day).cast(pl.String).rename(API_NAMES).select(sorted(API_NAMES.values()))
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    objects = (encode(row) for row in texts.iter_rows(named=True))
    path.write_text("[" + "\n,".join(objects) + "]\n", encoding="utf-8", newline="\n")


def write_annual(rows: pl.DataFrame, path: Path) -> None:
    """UNODC annual totals: commas, UTF-8, kilogram equivalents with a decimal point."""
    rows.write_csv(path, line_terminator="\n", quote_style="necessary")


def write_truth(rows: pl.DataFrame, path: Path) -> None:
    """Truth tables: Parquet with settings written out, so that equal rows are equal bytes."""
    rows.write_parquet(path, compression="zstd", compression_level=3, statistics=True, row_group_size=250_000)
