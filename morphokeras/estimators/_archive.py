"""Zip archives that are written whole or not at all, and read with suspicion."""

import io
import os
import stat
import zipfile
from collections.abc import Collection, Mapping
from typing import Any

from morphokeras.utils.files import replacing

LARGEST_ARCHIVE = 4 * 2**30
"""Bytes beyond which an archive is not read."""


def write_archive(path: str | os.PathLike, members: Mapping[str, bytes]) -> None:
    """Write an archive beside `path` and put it there once it is safe on the disk.

    An error or an interruption leaves what was at `path`, and nothing else.

    Parameters
    ----------
    path : str or path-like
        The file, new or to be replaced.
    members : dict of bytes
        Content by name.

    Raises
    ------
    OSError
        If the folder is missing, `path` is a folder, or the disk is full.
    """
    with replacing(path) as file:
        file.write(pack(members))


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return an archive of these members, not compressed: see `unpack`."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            # A `ZipInfo` of its own, for a fixed date.
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


def unpack(
    source: Any, choices: Collection[Collection[str]], what: str
) -> dict[str, bytes]:
    """Return the members of an archive, read into memory after they were checked.

    Members are not compressed, so that nothing can grow in reading; nothing is ever
    extracted to the disk.

    Parameters
    ----------
    source : path-like or binary file
        The archive.
    choices : collection of collections of str
        The members that there must be: those of one of the choices and no others. The
        first is named where none is met.
    what : str
        What the messages call the archive.

    Returns
    -------
    dict of bytes
        Content by name.

    Raises
    ------
    ValueError
        If it is not a whole zip archive of plain, uncompressed members of these names.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            _check_members(archive, [sorted(names) for names in choices], what)
            return {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise ValueError(
            f"{what} is not a zip archive, or it is damaged or cut short ({error})."
        ) from error


def _check_members(
    archive: zipfile.ZipFile, choices: list[list[str]], what: str
) -> None:
    members = archive.infolist()
    # Of a file cut short, an archive within the archive would be found.
    if members and members[0].header_offset != 0:
        raise zipfile.BadZipFile("it does not begin with its first member")
    found = [member.orig_filename for member in members]
    if sorted(found) not in choices:
        raise ValueError(
            f"{what} must hold the members {choices[0]}. It holds {sorted(found)[:10]}."
        )
    for member in members:
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise ValueError(f"{member.filename} in {what} is a link, not a file.")
        if member.flag_bits & 0x1:
            raise ValueError(f"{member.filename} in {what} is encrypted.")
        if member.compress_type != zipfile.ZIP_STORED:
            raise ValueError(
                f"{member.filename} in {what} is compressed, which `save` never does: "
                "such a file may be made to fill the memory."
            )
    _check_size(archive, what)


def _check_size(archive: zipfile.ZipFile, what: str) -> None:
    """Refuse members that claim to be larger, together, than the file they are in."""
    assert archive.fp is not None
    size = archive.fp.seek(0, io.SEEK_END)
    declared = sum(member.file_size for member in archive.infolist())
    if declared > size or size > LARGEST_ARCHIVE:
        raise ValueError(
            f"{what} has {size} bytes and its members claim {declared}. They must fit "
            f"into it, and into {LARGEST_ARCHIVE} bytes."
        )
