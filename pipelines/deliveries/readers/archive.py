"""Zip: the members that the contract names, all of one format, each read as a file of its own.

A member is unpacked into a file whose name is ours, in the folder for temporary files: no name of the archive is ever
used as a path.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from pipelines.deliveries.readers.container import ZIP, members, unpacked
from pipelines.deliveries.readers.part import Part, Unreadable, name_of, shown
from schemas.contracts import PlainFormat, ZipFormat

BROKEN = "not_an_archive"
ARCHIVES = (ZIP, b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"BZh", b"\xfd7zXZ\x00")


def read(form: ZipFormat, file: Path, read_member: Callable[[PlainFormat, Path], Iterator[Part]]) -> Iterator[Part]:
    """The parts of the members that match, in the order of their names. Raises `Unreadable`."""
    with file.open("rb") as content:
        head = content.read(len(ZIP))
    if not head:
        raise Unreadable("empty_file")
    if head != ZIP:
        raise Unreadable(BROKEN)
    wanted = [member for member in members(file, BROKEN) if fnmatchcase(name_of(member.filename), form.members)]
    if not wanted:
        raise Unreadable("no_member", pattern=form.members)
    with tempfile.TemporaryDirectory(prefix="member-") as folder:
        for member in wanted:
            content_file = Path(folder) / "content"
            _unpack(file, member, content_file, packed=form.content.type == "xlsx")
            name = name_of(member.filename)
            for part in read_member(form.content, content_file):
                yield Part(f"{name}/{part.name}" if part.name else name, part.header, part.records)


def _unpack(file: Path, member: zipfile.ZipInfo, to: Path, *, packed: bool) -> None:
    with to.open("wb") as content:
        for place, block in enumerate(unpacked(file, member, BROKEN)):
            if place == 0 and not packed and block.startswith(ARCHIVES):
                raise Unreadable("nested_archive", member=shown(member.filename))
            content.write(block)
