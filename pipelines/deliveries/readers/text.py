"""Text files: their decoding under the encoding that the contract names, and their lines.

Belongs here: what delimited text, JSON and NDJSON share. Does not belong here: what a line means.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pipelines.deliveries.readers.part import LONGEST_LINE, LONGEST_RECORD, Unreadable

BLOCK = 1024 * 1024


class Lines:
    """The lines of a file, to be walked once, their ends as they are. Refuses NULs, and lines without an end.

    Raises `Unreadable`; a byte that does not fit the encoding is told with its place.
    """

    __slots__ = ("encoding", "file", "held", "last", "number", "stretched")

    def __init__(self, file: Path, encoding: str) -> None:
        self.file = file
        self.encoding = encoding
        self.number = 0
        """Of the last line that was read, from 1."""
        self.last = ""
        self.held = 0
        """Characters since whoever walks the lines set this to 0, as is done after each record."""
        self.stretched = False
        """A letter beyond ASCII was met since this was last set to False."""

    def __iter__(self) -> Iterator[str]:
        try:
            with self.file.open(encoding=self.encoding, newline="") as text:
                yield from self._walked(text)
        except UnicodeError:
            raise _wrong_encoding(self.file, self.encoding) from None

    def _walked(self, text: io.TextIOWrapper) -> Iterator[str]:
        for line in iter(partial(text.readline, LONGEST_LINE), ""):
            self.number += 1
            if self.number == 1:
                line = line.removeprefix("\ufeff")  # noqa: PLW2901
                if not line:
                    return
            if len(line) >= LONGEST_LINE - 1 and line[-1] not in "\r\n":
                raise Unreadable("line_too_long", line=self.number, maximum=LONGEST_LINE)
            if "\0" in line:
                raise Unreadable("nul_character", record=self.number)
            if not line.isascii():
                self.stretched = True
            self.held += len(line)
            if self.held > LONGEST_RECORD:
                raise Unreadable("record_too_long", line=self.number, maximum=LONGEST_RECORD)
            self.last = line
            yield line


def decoded(file: Path, encoding: str) -> str:
    """The whole file as text. Raises `Unreadable`."""
    try:
        return file.read_bytes().decode(encoding).removeprefix("\ufeff")
    except UnicodeError:
        raise _wrong_encoding(file, encoding) from None


def _wrong_encoding(file: Path, encoding: str) -> Unreadable:
    """Where the first byte stands that does not fit: a second walk, since the first one knows only its own buffer."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done, lines, held = 0, 1, 0  # `held`: bytes that the decoder keeps from the block before
    with file.open("rb") as content:
        while True:
            block = content.read(BLOCK)
            try:
                lines += decoder.decode(block, final=not block).count("\n")
            except UnicodeDecodeError as error:
                good = error.object[: error.start]
                lines += bytes(good).decode(encoding, "ignore").count("\n")
                return Unreadable("wrong_encoding", encoding=encoding, position=done - held + error.start, line=lines)
            except UnicodeError:
                return Unreadable("wrong_encoding", encoding=encoding, position=0, line=1)
            done += len(block)
            held = len(decoder.getstate()[0])
            if not block:
                return Unreadable("wrong_encoding", encoding=encoding, position=done, line=lines)
