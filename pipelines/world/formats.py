"""The formats of publishers whose files are written in one go, byte by byte: workbooks, JSON, archives, small tables.

Belongs here: encodings, separators, line ends, headers, total rows. Does not belong here: what is said (`reporting`),
or files that grow stretch by stretch (`growing`). Every function takes rows in file order and writes one file.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

Parts = Mapping[str, pl.DataFrame]
EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 (a workbook's own time has no zone)
API_NAMES = {
    "CÓDIGO DANE": "c_digo_dane", "CANTIDAD": "cantidad", "CLASE DE SITIO": "clase_de_sitio", "DIA": "dia",
    "CLASE DE ESTUPEFACIENTE": "clase_de_estupefaciente", "DEPARTAMENTO": "departamento", "FECHA": "fecha",
    "MUNICIPIO": "municipio", "UNIDAD DE MEDIDA": "unidad_de_medida", "ZONA": "zona",
}  # fmt: skip
AIRPORT_HEADER = [  # over both rows, or over and under
    ("N°",), ("Date de saisie",), ("Produit", "Nature"), ("Produit", "Quantité"), ("Itinéraire", "Provenance"),
    ("Itinéraire", "Transit"), ("Itinéraire", "Destination"), ("Dissimulation",), ("Vol",), ("Nom du passager",),
    ("Nationalité",), ("Observations",),
]  # fmt: skip
REGISTER_TYPES = {"seized_on": "date", "updated_at": "date", "quantity": "numeric"}


def delimited(rows: pl.DataFrame, delimiter: str = ",", ends: str = "\n", quoted_blanks: bool = False) -> str:
    """Rows with a header, RFC 4180; nulls are empty, and empty texts too unless they are to be quoted."""
    stream = io.StringIO(newline="")
    if quoted_blanks:
        text = rows.write_csv(separator=delimiter, line_terminator=ends, quote_style="necessary")
        return str(text)
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=ends)
    writer.writerow(rows.columns)
    writer.writerows(rows.iter_rows())
    return stream.getvalue()


def write_police_api(parts: Parts, path: Path) -> None:
    """Policía Nacional through its JSON API: ISO timestamps, every value a string, one object a line."""
    (rows,) = parts.values()
    day = pl.col("FECHA").str.to_date("%m/%d/%Y 12:00:00 AM").dt.to_string("%Y-%m-%dT00:00:00.000")
    texts = rows.with_columns(FECHA=day).cast(pl.String).rename(API_NAMES).select(sorted(API_NAMES.values()))
    objects = (_object(row) for row in texts.iter_rows(named=True))
    _write(path, "[" + "\n,".join(objects) + "]\n")


def write_airport(parts: Parts, path: Path) -> None:
    """Airport unit: a title over two merged rows, a header of two rows, a sheet a year and one that is no data."""
    book = _workbook(path)
    heading = book.add_format({"bold": True, "align": "center"})
    dates = book.add_format({"num_format": "dd/mm/yyyy"})
    note = book.add_worksheet("Lisez-moi")
    note.write_string(0, 0, "Données simulées : aucune ligne ne décrit une saisie réelle.")
    for name, rows in sorted(parts.items()):
        sheet = book.add_worksheet(name)
        last = len(AIRPORT_HEADER) - 1
        sheet.merge_range(0, 0, 0, last, "Cellule aéroportuaire (simulée)", heading)
        sheet.merge_range(1, 0, 1, last, "Aéroport de Dakar — saisies", heading)
        at = 0
        while at <= last:
            text, *under = AIRPORT_HEADER[at]
            if not under:
                sheet.merge_range(3, at, 4, at, text, heading)
                at += 1
                continue
            wide = sum(entry[0] == text for entry in AIRPORT_HEADER)
            sheet.merge_range(3, at, 3, at + wide - 1, text, heading)
            for column in range(at, at + wide):
                sheet.write_string(4, column, AIRPORT_HEADER[column][1], heading)
            at += wide
        for line, row in enumerate(rows.iter_rows(), start=5):
            for column, cell in enumerate(row):
                if column == 1 and len(cell) == 10 and cell[4] == "-":
                    sheet.write_datetime(line, column, datetime.fromisoformat(cell), dates)
                elif cell is not None:
                    sheet.write_string(line, column, cell)
    book.close()


def write_firearms(parts: Parts, path: Path) -> None:
    """Traced firearms: a sheet a year, and two columns of one name."""
    book = _workbook(path)
    for name, rows in sorted(parts.items()):
        _sheet(book.add_worksheet(name), [column.removesuffix(" (2)") for column in rows.columns], rows)
    book.close()


def write_crops(parts: Parts, path: Path) -> None:
    """Hectares of coca: a title, an empty row, the header, and a last row with the sum."""
    (rows,) = parts.values()
    book = _workbook(path)
    sheet = book.add_worksheet("Coca")
    sheet.write_string(0, 0, "Hectáreas de coca por departamento (simulado)")
    _sheet(sheet, rows.columns, rows, above=2)
    book.close()


def write_wdr(parts: Parts, path: Path) -> None:
    """The World Drug Report's workbook: a title row above the header."""
    (rows,) = parts.values()
    book = _workbook(path)
    sheet = book.add_worksheet("Seizures")
    sheet.write_string(0, 0, "Drug seizures (simulated)")
    _sheet(sheet, rows.columns, rows, above=1)
    book.close()


def write_maritime(parts: Parts, path: Path) -> None:
    """Maritime operations: semicolons, Windows' western code page, CRLF."""
    (rows,) = parts.values()
    path.write_bytes(delimited(rows, ";", "\r\n").encode("cp1252"))


def write_caribbean(parts: Parts, path: Path) -> None:
    """A spreadsheet's Unicode text: tabs, UTF-16 with byte order mark, CRLF."""
    (rows,) = parts.values()
    path.write_bytes(b"\xff\xfe" + delimited(rows, "\t", "\r\n").encode("utf-16-le"))


def write_outcomes(parts: Parts, path: Path) -> None:
    """Outcomes of prosecutions: semicolons, ISO 8859-1."""
    (rows,) = parts.values()
    path.write_bytes(delimited(rows, ";").encode("iso-8859-1"))


def write_containers(parts: Parts, path: Path) -> None:
    """The container unit: one nested document; what is not known is left out."""
    (rows,) = parts.values()
    seizures = []
    for row in rows.iter_rows(named=True):
        goods = {"kind": row["kind"], "net_kg": row["net_kg"], "hs_chapter": row["hs_chapter"]}
        route = {key: row[key] for key in ("loading", "transhipment", "discharge") if row[key]}
        container = {"seal": row["seal"], "bill_of_lading": row["bill_of_lading"]}
        first = {key: row[key] for key in ("case_no", "date", "country", "port")}
        seizures.append(
            {**first, "goods": goods, "route": route, "container": container, "concealment": row["concealment"]}
        )
    period = path.stem.rsplit("-", 1)[-1]
    report = {"unit": "Container control unit (simulated)", "period": period, "seizures": seizures}
    _write(path, json.dumps({"report": report}, ensure_ascii=False, indent=1) + "\n")


def write_cash(parts: Parts, path: Path) -> None:
    """Cash declarations: one object a line."""
    (rows,) = parts.values()
    _write(path, "".join(_object(row) + "\n" for row in rows.iter_rows(named=True)))


def write_environment(parts: Parts, path: Path) -> None:
    """An archive of three tables and a note, each with a byte order mark; times of members are fixed."""
    note = "Dados simulados: nenhuma linha descreve uma apreensão real.\n"
    members = {name: delimited(rows, ";") for name, rows in sorted(parts.items())}
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**members, "LEIA-ME.txt": note}.items():
            entry = zipfile.ZipInfo(name, date_time=(2000, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, b"\xef\xbb\xbf" + text.encode("utf-8"))


def write_table(parts: Parts, path: Path) -> None:
    """Comma-separated, UTF-8, LF, empty texts in quotes: the annual totals, the border agency, CITES."""
    (rows,) = parts.values()
    _write(path, delimited(rows, quoted_blanks=True))


def write_register_sql(rows: pl.DataFrame, path: Path) -> None:
    """The police register as a database: a table of records and the view that others may read."""
    columns = ", ".join(f"{name} {REGISTER_TYPES.get(name, 'text')}" for name in rows.columns)
    names = ", ".join(rows.columns)
    values = (", ".join(_literal(cell) for cell in row) for row in rows.iter_rows())
    _write(path, "".join([
        "-- Simulated: no row describes a real seizure. Runs again without harm.\n",
        "BEGIN;\nCREATE SCHEMA IF NOT EXISTS register;\nCREATE SCHEMA IF NOT EXISTS export;\n",
        "DROP VIEW IF EXISTS export.seizures;\nDROP TABLE IF EXISTS register.records;\n",
        f"CREATE TABLE register.records ({columns}, PRIMARY KEY (record_id));\n",
        *(f"INSERT INTO register.records ({names}) VALUES ({value});\n" for value in values),
        f"CREATE VIEW export.seizures AS SELECT {names} FROM register.records;\nCOMMIT;\n",
    ]))  # fmt: skip


def _workbook(path: Path) -> Any:
    book = xlsxwriter.Workbook(path, {"in_memory": True})
    book.set_properties({"title": "simulated", "created": EPOCH})
    return book


def _sheet(sheet: Any, header: Sequence[str], rows: pl.DataFrame, above: int = 0) -> None:
    for column, name in enumerate(header):
        sheet.write_string(above, column, name)
    for line, row in enumerate(rows.iter_rows(), start=above + 1):
        for column, cell in enumerate(row):
            if isinstance(cell, int | float):
                sheet.write_number(line, column, cell)
            elif cell is not None:
                sheet.write_string(line, column, str(cell))


def _object(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _literal(cell: str | date | None) -> str:
    return "NULL" if cell is None else "'" + str(cell).replace("'", "''") + "'"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
