"""The encoding, delimiter and header of a text file.

Belongs here: looking at bytes with decoders and parsers of the standard library. Does not belong here: which row is the
header (`header`), or reading the records, which is the reader's of a night.
"""

from __future__ import annotations

import codecs
import csv
from collections import Counter

from illicit_flows.source.proposal.found import CannotPropose, Guess, Shape
from illicit_flows.source.proposal.header import header_at, repeats, titles_above, why_header
from schemas.contracts import CsvFormat

LOOKED_AT = 64 * 1024 * 1024
"""Bytes of a text file that are looked at; the records are then read to the end."""
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
LETTERS = set("áéíóúüñçãõâêôàèìòùëïîûœæÁÉÍÓÚÜÑÇÃÕÂÊÔÀÈËÏÎÛŒ°º«»¿¡’“”–—€…\u00a0\u202f")
"""Beyond ASCII, what text in the four languages is made of."""


def csv_shape(content: bytes, *, complete: bool = True) -> Shape:
    """How delimited text is read. `complete`: whether the file ends where these bytes do."""
    encoding = encoding_of(content)
    text = content.decode(encoding.value, "replace").removeprefix("\ufeff")
    delimiter, why = _delimiter(text)
    rows, lines = _rows(text, delimiter, 2000)
    at = header_at(rows)
    if at is None:
        raise CannotPropose("no header was found: a row of names above the data is needed")
    newline = text.endswith(("\n", "\r"))
    form = CsvFormat.model_validate(
        {"type": "csv", "encoding": encoding.value, "delimiter": delimiter, "header_row": lines[at],
         "final_newline": newline and complete, "repeated_headers": repeats([cell.strip() for cell in rows[at]])}
    )  # fmt: skip
    ends = f"the last line {'ends' if newline else 'has no end'}"
    guesses = [
        encoding, Guess("delimiter", DELIMITERS[delimiter], why),
        Guess("header_row", str(lines[at]), why_header(rows, at), sure=at == 0),
        Guess("final_newline", str(newline).lower(), ends, sure=False),
    ]  # fmt: skip
    return Shape(form, guesses, titles=titles_above(rows, at))


def encoding_of(content: bytes) -> Guess:
    """The encoding of some bytes."""
    if content.startswith(codecs.BOM_UTF8):
        return Guess("encoding", "utf-8-sig", "it begins with the byte order mark of UTF-8")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Guess("encoding", "utf-16", "it begins with the byte order mark of UTF-16")
    pairs = len(content[:8192]) // 2
    nuls = [content[start : 2 * 4096 : 2].count(0) for start in (0, 1)]
    if max(nuls) > 1000 or (max(nuls) > pairs / 4 and min(nuls) == 0):
        name = "utf-16-le" if nuls[1] > nuls[0] else "utf-16-be"
        says = f"{max(nuls)} of the first {pairs} pairs of bytes hold a NUL on one side"
        return Guess("encoding", name, says)
    high = Counter(content.translate(None, bytes(range(128))))
    try:
        content[: -4 if len(content) >= LOOKED_AT else None].decode("utf-8")
    except UnicodeDecodeError:
        return _one_byte_encoding(high)
    n = high.total()
    says = f"all {n} bytes beyond ASCII are valid UTF-8" if n else "only ASCII, which is UTF-8 too"
    return Guess("encoding", "utf-8", says)


def _one_byte_encoding(high: Counter[int]) -> Guess:
    """Of encodings with one byte a letter, the one that makes the most of what the four languages are written with."""
    fitting = {
        name: sum(n for byte, n in high.items() if bytes([byte]).decode(name, "replace") in LETTERS)
        for name in ("cp1252", "cp850", "mac_roman")
    }
    best = max(fitting, key=lambda name: fitting[name])
    rest = ", ".join(f"{good} in {name}" for name, good in fitting.items() if name != best)
    same = "; latin-1 would read these bytes alike" if best == "cp1252" and min(high) >= 0xA0 else ""
    says = f"no UTF-8; {fitting[best]} of {high.total()} bytes beyond ASCII are letters in {best} ({rest}){same}"
    return Guess("encoding", best, says, sure=best == "cp1252")


def _delimiter(text: str) -> tuple[str, str]:
    """The delimiter under which most lines have as many cells as each other, and the most; and what speaks for it."""
    judged: dict[str, tuple[float, str]] = {}
    for delimiter in DELIMITERS:
        rows, _ = _rows(text, delimiter, 500)
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if widths:
            width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
            says = f"{count} of the first {len(rows)} records have {width} cells with it"
            judged[delimiter] = (count / len(rows) + 0.03 * min(width, 12), says)
    if not judged:
        raise CannotPropose("no delimiter parts the lines into cells: neither comma, semicolon, tab nor bar")
    best = max(judged, key=lambda delimiter: judged[delimiter][0])
    return best, judged[best][1]


def _rows(text: str, delimiter: str, most: int) -> tuple[list[list[str]], list[int]]:
    """The first records that are not blank, and the line on which each begins."""
    csv.field_size_limit(1024 * 1024)
    rows: list[list[str]] = []
    lines: list[int] = []
    reader = csv.reader(text.splitlines(keepends=True)[: 4 * most], delimiter=delimiter)
    before = 0
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(before + 1)
            before = reader.line_num
            if len(rows) >= most:
                break
    except csv.Error:
        pass  # what was read until then is enough to judge by
    return rows, lines
