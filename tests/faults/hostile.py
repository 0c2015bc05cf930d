"""Files that mean harm, or that harm without meaning to: one builder for each, and what must become of the file."""

from __future__ import annotations

import io
import json
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.contracts import FileFormat, SourceContract

MIB = 1024 * 1024


@dataclass(frozen=True)
class Hostile:
    """A file, the format under which it arrives, and the rules that may refuse it or the cells that it becomes."""

    form: dict[str, object]
    build: Callable[[Path], object]
    refused: frozenset[str] = frozenset()
    header: tuple[str, ...] = ()
    cells: tuple[tuple[str, ...], ...] = ()


CSV: dict[str, object] = {"type": "csv", "encoding": "utf-8", "delimiter": ";", "final_newline": True}
XLSX: dict[str, object] = {"type": "xlsx"}
JSON: dict[str, object] = {"type": "json", "encoding": "utf-8"}
NDJSON: dict[str, object] = {"type": "ndjson", "encoding": "utf-8"}
PARQUET: dict[str, object] = {"type": "parquet"}
ZIP: dict[str, object] = {"type": "zip", "members": "*.csv", "content": CSV}


def contract(form: dict[str, object], most: int = 1_000) -> SourceContract:
    """A contract that has this format and no opinion about the columns."""
    constant = {"reporter": "KEN", "commodity": "cocaine", "kg": "1", "year": "2020"}
    text = dict.fromkeys(("en", "es", "fr", "pt"), "-")
    return SourceContract.model_validate(
        {
            "source": "hostile", "version": 1, "kind": "totals", "publisher": {"name": text["en"], "inbox": "hostile"},
            "title": "-", "language": "en", "licence": "-", "citation": "-", "tlp": "CLEAR", "cadence": "irregular",
            "files": "*", "format": form, "rows": {"min": 1, "max": most}, "numbers": {"decimal": "."},
            "dates": {"earliest": "2000-01-01", "latest": "2030-01-01"}, "restates": "snapshot",
            "reporter_role": "seizing_authority", "constants": constant, "columns": {},
            "scope": {"territory": "world", "completeness": "partial"}, "privacy": "-",
        }
    )  # fmt: skip


def format_of(form: dict[str, object]) -> FileFormat:
    return contract(form).format


# --- zip ----------------------------------------------------------------------------------------------------


def archive(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """A zip archive of members as they are, however they are named."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, inside in members:
            packed.writestr(name, inside, compress_type=zipfile.ZIP_DEFLATED)
    return content.getvalue()


def zeros(name: str, mebibytes: int, declared: int | None = None) -> bytes:
    """An archive of one member of zeros, packed a thousandfold; it may declare another size than it has."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = block * mebibytes + packer.flush()
    check = 0
    for _ in range(mebibytes):
        check = zlib.crc32(bytes(MIB), check)
    sizes = struct.pack("<III", check, len(packed), mebibytes * MIB if declared is None else declared)
    word, kind = name.encode(), struct.pack("<HHHHH", 20, 0, 8, 0, 33)
    local = b"PK\3\4" + kind + sizes + struct.pack("<HH", len(word), 0) + word + packed
    central = (
        b"PK\1\2" + struct.pack("<H", 20) + kind + sizes + struct.pack("<HHHHHII", len(word), 0, 0, 0, 0, 0, 0) + word
    )
    return local + central + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


def link(name: str) -> zipfile.ZipInfo:
    """A symbolic link, as unpackers would make it."""
    member = zipfile.ZipInfo(name)
    member.create_system = 3
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


def renamed(content: bytes, name: bytes, other: bytes) -> bytes:
    """The archive with a member's name overwritten by another of the same length, in both places where it stands."""
    assert len(name) == len(other)
    return content.replace(name, other)


def overlapping(members: int) -> bytes:
    """Many members that all claim the same packed bytes."""
    inside = b"a;b\n" + b"1;2\n" * 100_000
    content = archive(("0000.csv", inside))
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    one = content[start:end]
    every = b"".join(one.replace(b"0000.csv", f"{number:04}.csv".encode()) for number in range(members))
    last = bytearray(content[end:])
    last[8:16] = struct.pack("<HHI", members, members, len(every))
    return content[:start] + every + bytes(last)


def encrypted(content: bytes) -> bytes:
    """The archive with the mark of encryption on its first member."""
    changed = bytearray(content)
    changed[6] |= 1
    changed[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


# --- XLSX ---------------------------------------------------------------------------------------------------

HEAD = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def inline(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def sheet(rows: str, after: str = "") -> bytes:
    return HEAD + f'<worksheet {MAIN} xmlns:r="{RELATIONS}"><sheetData>{rows}</sheetData>{after}</worksheet>'.encode()


TWO_ROWS = sheet(f'<row r="1">{inline("A1", "a")}</row><row r="2">{inline("A2", "x")}</row>')


def workbook(rows: bytes, other: dict[str, bytes] | None = None, in_workbook: str = "", relations: str = "") -> bytes:
    """A workbook of one sheet, part by part."""
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": HEAD
        + f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>'.encode(),
        "_rels/.rels": HEAD
        + f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'.encode(),
        "xl/workbook.xml": HEAD
        + f'<workbook {MAIN} xmlns:r="{RELATIONS}"><sheets>'
        f'<sheet name="S" sheetId="1" r:id="rId1"/></sheets>{in_workbook}</workbook>'.encode(),
        "xl/_rels/workbook.xml.rels": HEAD
        + f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
        f"{relations}</Relationships>".encode(),
        "xl/worksheets/sheet1.xml": rows,
        **(other or {}),
    }
    return archive(*parts.items())


def laughing(encoding: str = "utf-8") -> bytes:
    """Shared strings whose one text is a billion times as long as it looks."""
    entities = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    text = f'<?xml version="1.0"?><!DOCTYPE sst [{entities}]><sst {MAIN}><si><t>&l9;</t></si></sst>'
    return workbook(TWO_ROWS, {"xl/sharedStrings.xml": text.encode(encoding)})


def reading_a_file() -> bytes:
    text = f'<!DOCTYPE sst [<!ENTITY x SYSTEM "file:///etc/passwd">]><sst {MAIN}><si><t>&x;</t></si></sst>'
    shared = f'<row r="1">{inline("A1", "a")}</row><row r="2"><c r="A2" t="s"><v>0</v></c></row>'
    return workbook(sheet(shared), {"xl/sharedStrings.xml": HEAD + text.encode()})


def linked_elsewhere() -> bytes:
    """A cell whose formula looks into another file; the value that it last had is beside it."""
    rows = f'<row r="1">{inline("A1", "a")}</row><row r="2"><c r="A2"><f>[1]Sheet1!A1</f><v>7</v></c></row>'
    package = "http://schemas.openxmlformats.org/package/2006"
    return workbook(
        sheet(rows),
        {
            "xl/externalLinks/externalLink1.xml": HEAD
            + f'<externalLink {MAIN} xmlns:r="{RELATIONS}">'
            '<externalBook r:id="rId1"><sheetNames><sheetName val="Sheet1"/></sheetNames></externalBook>'
            "</externalLink>".encode(),
            "xl/externalLinks/_rels/externalLink1.xml.rels": HEAD
            + f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
            f'Type="{RELATIONS}/externalLinkPath" Target="file:///etc/passwd" TargetMode="External"/>'
            "</Relationships>".encode(),
        },
        in_workbook='<externalReferences><externalReference r:id="rId9"/></externalReferences>',
        relations=f'<Relationship Id="rId9" Type="{RELATIONS}/externalLink" Target="externalLinks/externalLink1.xml"/>',
    )


def commanding() -> bytes:
    rows = (
        f'<row r="1">{inline("A1", "a")}{inline("B1", "b")}</row>'
        '<row r="2"><c r="A2"><f>cmd|\'/C calc\'!A0</f><v>0</v></c>'
        f"{inline('B2', '=cmd|&apos;/C calc&apos;!A0')}</row>"
    )
    return workbook(sheet(rows))


def many_strings(count: int, text: bytes) -> bytes:
    rows = f'<row r="1">{inline("A1", "a")}</row><row r="2"><c r="A2" t="s"><v>{count - 1}</v></c></row>'
    strings = HEAD + f'<sst {MAIN} count="{count}" uniqueCount="{count}">'.encode() + text * count + b"</sst>"
    return workbook(sheet(rows), {"xl/sharedStrings.xml": strings})


def far_apart() -> bytes:
    """Two cells at the ends of the largest sheet that there is."""
    return workbook(sheet(f'<row r="1">{inline("A1", "a")}</row><row r="1048576">{inline("XFD1048576", "x")}</row>'))


def many_cells(count: int) -> bytes:
    return workbook(sheet(("<row>" + "<c><v>1</v></c>" * 20 + "</row>") * (count // 20)))


def merged_over_all() -> bytes:
    rows = f'<row r="1">{inline("A1", "a")}{inline("B1", "b")}</row><row r="2">{inline("A2", "x")}</row>'
    ranges = '<mergeCell ref="A2:XFD1048576"/>' * 10_000
    return workbook(sheet(rows, f"<mergeCells>{ranges}</mergeCells>"))


# --- Parquet ------------------------------------------------------------------------------------------------


def parquet(rows: int) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table({"a": [f"text {number}" for number in range(rows)]}), content)
    return content.getvalue()


def one_word_repeated(file: Path, rows: int, at_a_time: int = 10_000_000) -> None:
    """A column of one word in its dictionary and runs of the same index: gigabytes of rows in some kilobytes."""
    indices = pa.Array.from_buffers(pa.int32(), at_a_time, [None, pa.py_buffer(bytes(4 * at_a_time))])
    column = pa.DictionaryArray.from_arrays(indices, pa.array(["word"]))
    schema = pa.schema([("a", column.type)])
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for _ in range(rows // at_a_time):
            writer.write_table(pa.table([column], schema=schema), row_group_size=at_a_time)


def packed_page(file: Path, size: int) -> None:
    """One value of very many bytes, packed to nearly nothing."""
    pq.write_table(pa.table({"a": ["x" * size]}), file, compression="zstd", use_dictionary=False)


def changed(content: bytes, place: int, to: bytes) -> bytes:
    at = len(content) + place if place < 0 else place
    return content[:at] + to + content[at + len(to) :]


# --- all ----------------------------------------------------------------------------------------------------


def of(content: bytes | Callable[[], bytes]) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(content() if callable(content) else content)


def one_of(*rules: str) -> frozenset[str]:
    return frozenset(rules)


PLAIN = b"a;b\n1;2\n"
DROP_TABLE = "'; DROP TABLE seizures; --"
NFD = unicodedata.normalize("NFD", "País")

HOSTILE: dict[str, Hostile] = {
    # archives
    "a zip bomb of a gigabyte of zeros": Hostile(ZIP, of(lambda: zeros("a.csv", 1024)), one_of("too_large_inside")),
    "a zip bomb below the limit of what may be declared": Hostile(
        ZIP, of(lambda: zeros("a.csv", 60)), one_of("line_too_long", "nul_character")
    ),
    "a zip bomb that declares a small size": Hostile(
        ZIP, of(lambda: zeros("a.csv", 200, declared=8)), one_of("too_large_inside")
    ),
    "a zip bomb of members that overlap": Hostile(ZIP, of(lambda: overlapping(9_000)), one_of("too_large_inside")),
    "an archive of 20,000 members": Hostile(
        ZIP, of(lambda: archive(*((f"{n}.csv", PLAIN) for n in range(20_000)))), one_of("too_large_inside")
    ),
    "an archive in an archive": Hostile(
        ZIP, of(archive(("a.csv", archive(("a.csv", PLAIN))))), one_of("nested_archive")
    ),
    "archives in archives, five deep and sixteen wide": Hostile(
        {**ZIP, "members": "*.zip"},
        of(lambda: archive(*((f"{n}.zip", archive(("x.zip", zeros("z", 64)))) for n in range(16)))),
        one_of("nested_archive"),
    ),
    "an archive in an archive that nobody asked for": Hostile(
        ZIP, of(archive(("a.csv", PLAIN), ("b.zip", archive(("a.csv", PLAIN))))), header=("a", "b"), cells=(("1", "2"),)
    ),
    "a member that leads out of the archive": Hostile(
        ZIP, of(archive(("../../x.csv", PLAIN))), one_of("unsafe_member")
    ),
    "a member with an absolute path": Hostile(ZIP, of(archive(("/tmp/x.csv", PLAIN))), one_of("unsafe_member")),  # noqa: S108
    "a member with a drive": Hostile(ZIP, of(archive(("C:x.csv", PLAIN))), one_of("unsafe_member")),
    "a member with a backslash": Hostile(
        ZIP, of(renamed(archive(("aa/x.csv", PLAIN)), b"aa/x.csv", b"..\\x.csv")), one_of("unsafe_member")
    ),
    "a member with a NUL in its name": Hostile(
        ZIP, of(renamed(archive(("a.csv_txt", PLAIN)), b"a.csv_txt", b"a.csv\0txt")), one_of("unsafe_member")
    ),
    "a member that is a symbolic link": Hostile(
        ZIP, of(archive((link("a.csv"), b"/etc/passwd"))), one_of("unsafe_member")
    ),
    "a link beside the data": Hostile(
        ZIP, of(archive(("a.csv", PLAIN), (link("b"), b"../.."))), one_of("unsafe_member")
    ),
    "a member named like a device": Hostile(ZIP, of(archive(("NUL.csv", PLAIN))), one_of("unsafe_member")),
    "a folder named like a device": Hostile(ZIP, of(archive(("CON/a.csv", PLAIN))), one_of("unsafe_member")),
    "a member under /dev": Hostile(ZIP, of(archive(("/dev/zero", PLAIN))), one_of("unsafe_member")),
    "a member whose name has 255 bytes": Hostile(
        {**ZIP, "members": "*"}, of(archive(("n" * 255, PLAIN))), header=("a", "b"), cells=(("1", "2"),)
    ),
    "a member whose name has 256 bytes": Hostile(
        ZIP, of(archive(("é" * 126 + ".csv", PLAIN))), one_of("unsafe_member")
    ),
    "a member whose name is written from the right": Hostile(
        ZIP, of(archive(("a\u202evsc.csv", PLAIN))), header=("a", "b"), cells=(("1", "2"),)
    ),
    "two members of one name": Hostile(
        ZIP, of(renamed(archive(("a.csv", PLAIN), ("b.csv", PLAIN)), b"b.csv", b"A.csv")), one_of("repeated_member")
    ),
    "an archive under a password": Hostile(ZIP, of(encrypted(archive(("a.csv", PLAIN)))), one_of("protected_file")),
    "an archive that was cut off": Hostile(ZIP, of(archive(("a.csv", PLAIN * 50))[:-40]), one_of("not_an_archive")),
    "an archive with a changed byte": Hostile(
        ZIP, of(changed(archive(("a.csv", bytes(range(65, 91)) * 9)), 40, b"\xff")), one_of("not_an_archive")
    ),
    # workbooks
    "a workbook of a gigabyte of zeros": Hostile(
        XLSX, of(lambda: zeros("xl/workbook.xml", 1024)), one_of("too_large_inside")
    ),
    "a workbook whose sheet is larger than it declares": Hostile(
        XLSX,
        of(lambda: zeros("xl/workbook.xml", 200, declared=8)),
        one_of("too_large_inside"),
    ),
    "a billion laughs": Hostile(XLSX, of(laughing), one_of("entities_inside")),
    "a billion laughs in UTF-16": Hostile(XLSX, of(lambda: laughing("utf-16")), one_of("entities_inside")),
    "an entity that reads a file": Hostile(XLSX, of(reading_a_file), one_of("entities_inside")),
    "a link to another file": Hostile(XLSX, of(linked_elsewhere), header=("a",), cells=(("7",),)),
    "a formula that gives a command": Hostile(
        XLSX, of(commanding), header=("a", "b"), cells=(("0", "=cmd|'/C calc'!A0"),)
    ),
    "a million shared strings": Hostile(
        XLSX,
        of(lambda: many_strings(1_000_000, b"<si><t>one of many</t></si>")),
        header=("a",),
        cells=(("one of many",),),
    ),
    "five million shared strings": Hostile(
        XLSX, of(lambda: many_strings(5_000_000, b"<si><t>x</t></si>")), one_of("too_large_inside")
    ),
    "two cells at the ends of the largest sheet": Hostile(XLSX, of(far_apart), one_of("too_large_inside")),
    "eight million cells": Hostile(
        XLSX, of(lambda: many_cells(8_000_000)), one_of("too_large_inside", "took_too_long")
    ),
    "ten thousand ranges merged over the whole sheet": Hostile(
        {**XLSX, "merged": "fill"}, of(merged_over_all), header=("a", "b"), cells=(("x", "x"),)
    ),
    "a workbook that was cut off": Hostile(XLSX, of(workbook(TWO_ROWS)[:-100]), one_of("not_a_workbook")),
    "a web page named like a workbook": Hostile(XLSX, of(b"<html><table></table></html>"), one_of("not_a_workbook")),
    "a workbook under a password": Hostile(
        XLSX, of(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4096)), one_of("protected_file")
    ),
    "a workbook without a sheet": Hostile(XLSX, of(archive(("xl/workbook.xml", HEAD))), one_of("not_a_workbook")),
    # delimited text
    "a cell of a hundred million characters": Hostile(
        CSV, of(lambda: b'a;b\n1;"' + b"x" * 100_000_000 + b'"\n'), one_of("line_too_long", "cell_too_long")
    ),
    "a quoted cell of fifty million lines": Hostile(
        CSV, of(lambda: b'a;b\n1;"' + b"x\n" * 50_000_000 + b'"\n'), one_of("cell_too_long")
    ),
    "a record of twenty million cells": Hostile(
        CSV, of(lambda: b"a;b\n" + b'"xy\n";' * 20_000_000), one_of("record_too_long")
    ),
    "a header of a million columns": Hostile(
        CSV, of(lambda: b";".join([b"ab"] * 1_000_000) + b"\n1\n"), one_of("too_many_columns")
    ),
    "a header that is a text": Hostile(CSV, of(b"a" * 100_000 + b"\n1\n"), one_of("header_too_long")),
    "UTF-16 without a mark, where UTF-8 was agreed": Hostile(
        CSV, of("a;b\n1;2\n".encode("utf-16-le")), one_of("nul_character")
    ),
    "UTF-16 with a mark, where UTF-8 was agreed": Hostile(CSV, of("a;b\n".encode("utf-16")), one_of("wrong_encoding")),
    "UTF-16 without a mark, where one was agreed": Hostile(
        {**CSV, "encoding": "utf-16"}, of("a;b\n1;2\n".encode("utf-16-le")), one_of("wrong_encoding")
    ),
    "UTF-16 with a mark, as agreed": Hostile(
        {**CSV, "encoding": "utf-16"}, of("a;País\n1;é\n".encode("utf-16")), header=("a", "País"), cells=(("1", "é"),)
    ),
    "a byte order mark": Hostile(CSV, of(b"\xef\xbb\xbf" + PLAIN), header=("a", "b"), cells=(("1", "2"),)),
    "marks that show nothing in a header": Hostile(
        CSV,
        of(f"\u200b{NFD}\u200b;\u202eb\u202c;\u2066c\u2069\ufeff\n1;2;3\n".encode()),
        header=("País", "b", "c"),
        cells=(("1", "2", "3"),),
    ),
    "a NUL in a cell": Hostile(CSV, of(b"a;b\n1;x\0y\n"), one_of("nul_character")),
    "SQL in header and value": Hostile(
        {**CSV, "delimiter": "|"},
        of(f'{DROP_TABLE}|b\n{DROP_TABLE}|"1"" OR 1=1"\n'.encode()),
        header=(DROP_TABLE, "b"),
        cells=((DROP_TABLE, '1" OR 1=1'),),
    ),
    "a formula in a cell": Hostile(CSV, of(b"a;b\n=1+1;@SUM(A1)\n"), header=("a", "b"), cells=(("=1+1", "@SUM(A1)"),)),
    "a terminal's commands in a header": Hostile(
        CSV, of(b"a\x1b[2J;b\n1;2\n"), header=("a [2J", "b"), cells=(("1", "2"),)
    ),
    # JSON
    "JSON of a hundred thousand levels": Hostile(JSON, of(b"[" * 100_000 + b"]" * 100_000), one_of("nested_too_deep")),
    "objects of a hundred thousand levels": Hostile(
        JSON, of(b'[{"a":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}]"), one_of("nested_too_deep")
    ),
    "a number of three hundred thousand digits": Hostile(
        JSON, of(b'[{"a":' + b"9" * 300_000 + b"}]"), header=("a",), cells=(("9" * 300_000,),)
    ),
    "a number of an endless exponent": Hostile(
        JSON, of(b'[{"a":1e999999999}]'), header=("a",), cells=(("1e999999999",),)
    ),
    "two million objects, twenty deep": Hostile(
        JSON,
        of(lambda: b"[" + (b'{"":' * 20 + b"{}" + b"}" * 20 + b",") * 120_000 + b"{}]"),
        one_of("too_large_inside", "took_too_long"),
    ),
    "four million empty lists": Hostile(JSON, of(lambda: b"[" + b"[]," * 4_000_000 + b"[]]"), one_of("not_an_array")),
    "a key that stands twice": Hostile(JSON, of(b'[{"a":1,"a":2}]'), one_of("repeated_column")),
    "half a surrogate pair": Hostile(JSON, of(b'[{"a":"x\\ud800y"}]'), header=("a",), cells=(("x\ufffdy",),)),
    "an escaped NUL": Hostile(JSON, of(b'[{"a":"x\\u0000y"}]'), one_of("nul_character")),
    "NaN for a number": Hostile(JSON, of(b'[{"a":NaN}]'), one_of("not_json_number")),
    "NDJSON with a NUL": Hostile(NDJSON, of(b'{"a":"x\0y"}\n'), one_of("nul_character")),
    "NDJSON of one endless line": Hostile(
        NDJSON, of(lambda: b'{"a":"' + b"x" * 100_000_000 + b'"}'), one_of("line_too_long")
    ),
    "a million different keys": Hostile(
        NDJSON,
        of(lambda: b"".join(json.dumps({f"k{n}": 1}).encode() + b"\n" for n in range(1_000_000))),
        one_of("too_many_columns", "too_large_inside"),
    ),
    # Parquet
    "Parquet that was cut off": Hostile(PARQUET, of(parquet(100)[:-20]), one_of("not_parquet")),
    "Parquet whose footer claims more than the file": Hostile(
        PARQUET, of(changed(parquet(100), -8, struct.pack("<I", 2**31 - 1))), one_of("not_parquet")
    ),
    "Parquet with a broken footer": Hostile(
        PARQUET, of(changed(parquet(100), -60, b"\xff" * 20)), one_of("not_parquet", "too_large_inside")
    ),
    "Parquet with broken pages": Hostile(
        PARQUET, of(changed(parquet(100), 10, b"\xff" * 20)), one_of("not_parquet", "too_large_inside")
    ),
    "Parquet of more rows than anyone has": Hostile(
        PARQUET, lambda file: one_word_repeated(file, 120_000_000), one_of("too_large_inside")
    ),
    "Parquet of one word, fifty million times": Hostile(
        PARQUET, lambda file: one_word_repeated(file, 50_000_000), one_of("took_too_long")
    ),
    "Parquet with a page of half a gigabyte": Hostile(
        PARQUET, lambda file: packed_page(file, 512 * MIB), one_of("too_large_inside")
    ),
    "Parquet of lists in lists": Hostile(
        PARQUET, lambda file: pq.write_table(pa.table({"a": [[[1]]]}), file), one_of("not_plain_column")
    ),
    "nothing": Hostile(XLSX, of(b""), one_of("empty_file")),
}
