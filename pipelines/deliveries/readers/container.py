"""What a zip container must be before anything in it is read: small enough inside, plain, and telling the truth.

Belongs here: what archives and workbooks share. Sizes are checked as declared and again as the content is unpacked,
because the reader of workbooks does not hold a member to the size that it declares.
"""

from __future__ import annotations

import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pipelines.deliveries.readers.part import Unreadable, shown

MIB = 1024 * 1024
MOST_MEMBERS = 10_000
"""A workbook has some dozens, an archive of a year's daily files some hundreds."""
ALWAYS_ALLOWED = 64 * MIB
"""Unpacked size up to which the ratio does not count: a small sheet of repeated words packs a hundredfold."""
MOST_RATIO = 100
"""Unpacked to packed. Text packs to a tenth, seldom to a fiftieth; a bomb to a thousandth."""
MOST_UNPACKED = 4096 * MIB
BLOCK = 256 * 1024
LONGEST_FILE_NAME = 255
"""Bytes of a file's name, on all common file systems."""
DEVICES = frozenset({"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"}) | {
    f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"
}
"""Names that one operating system gives to devices, whatever their ending."""
LOCAL_HEADER = struct.Struct("<4s5H3I2H")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = b"PK\x03\x04"


def members(file: Path, broken: str) -> list[zipfile.ZipInfo]:
    """The files in a container, by name, after all checks of its directory.

    Raises `Unreadable`: with the rule `broken` where the file is no container or a damaged one.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            listed = archive.infolist()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, NotImplementedError, struct.error, EOFError, OSError):
        raise Unreadable(broken) from None
    size = file.stat().st_size
    _check_sizes(listed, size)
    _check_places(listed, size, broken)
    seen: set[str] = set()
    for member in listed:
        if member.flag_bits & 0x1:
            raise Unreadable("protected_file")
        if not _plain_name(member) or member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise Unreadable("unsafe_member", member=shown(member.orig_filename))
        name = unicodedata.normalize("NFC", member.filename).casefold()
        if name in seen:
            raise Unreadable("repeated_member", member=shown(member.filename))
        seen.add(name)
    return sorted((member for member in listed if not member.is_dir()), key=lambda member: member.filename)


def unpacked(file: Path, member: zipfile.ZipInfo, broken: str) -> Iterator[bytes]:
    """The content of a member in blocks, never more than it declares. Raises `Unreadable`."""
    total, check = 0, 0
    for block in _inflated(file, member, broken):
        total += len(block)
        check = zlib.crc32(block, check)
        if total > member.file_size:
            raise Unreadable("too_large_inside")
        yield block
    if total != member.file_size or check != member.CRC:
        raise Unreadable(broken)


def _check_sizes(listed: list[zipfile.ZipInfo], size: int) -> None:
    total = sum(member.file_size for member in listed)
    if len(listed) > MOST_MEMBERS or total > min(max(ALWAYS_ALLOWED, MOST_RATIO * size), MOST_UNPACKED):
        raise Unreadable("too_large_inside")


def _check_places(listed: list[zipfile.ZipInfo], size: int, broken: str) -> None:
    """No two members share bytes: a bomb can be made of one content that thousands of members claim."""
    end = 0
    for member in sorted(listed, key=lambda member: member.header_offset):
        if member.header_offset < end:
            raise Unreadable("too_large_inside")
        end = member.header_offset + LOCAL_HEADER.size + member.compress_size
    if end > size:
        raise Unreadable(broken)


def _plain_name(member: zipfile.ZipInfo) -> bool:
    """Whether a member's name is a relative path of plain names, and the member a plain file or folder.

    Nothing is ever written under such a name; but whoever packed it had another reader in mind.
    """
    name = member.orig_filename
    kind = member.external_attr >> 16 & 0o170000
    steps = PurePosixPath(name).parts
    return (
        bool(steps)
        and kind in {0, 0o100000, 0o040000}
        and not name.startswith("/")
        and not any(letter in name for letter in "\\\0:")
        and ".." not in steps
        and all(len(step.encode("utf-8", "surrogateescape")) <= LONGEST_FILE_NAME for step in steps)
        and not any(step.split(".")[0].strip().casefold() in DEVICES for step in steps)
    )


def _inflated(file: Path, member: zipfile.ZipInfo, broken: str) -> Iterator[bytes]:
    with file.open("rb") as content:
        content.seek(member.header_offset)
        head = content.read(LOCAL_HEADER.size)
        if len(head) < LOCAL_HEADER.size or head[:4] != ZIP:
            raise Unreadable(broken)
        *_, name, extra = LOCAL_HEADER.unpack(head)
        content.seek(name + extra, 1)
        left = member.compress_size
        stored = member.compress_type == zipfile.ZIP_STORED
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        while left:
            packed = content.read(min(left, BLOCK))
            if not packed:
                raise Unreadable(broken)
            left -= len(packed)
            if stored:
                yield packed
                continue
            try:
                while packed:
                    yield inflater.decompress(packed, BLOCK)
                    packed = inflater.unconsumed_tail
                if inflater.eof and (inflater.unused_data or left):
                    raise Unreadable(broken)
            except zlib.error:
                raise Unreadable(broken) from None
        if not stored:
            yield inflater.flush(BLOCK)
