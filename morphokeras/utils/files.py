"""Files that are written whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open a file beside `path` and put it there once it is safe on the disk.

    An error or an interruption leaves what was at `path`, and nothing else.

    Parameters
    ----------
    path : str or path-like
        The file, new or to be replaced.

    Yields
    ------
    file : binary file
        Open for writing and reading.

    Raises
    ------
    OSError
        If the folder is missing, `path` is a folder, or the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from morphokeras.utils.files import replacing
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder, "new.txt")) as file:
    ...         _ = file.write(b"whole")
    ...     Path(folder, "new.txt").read_text()
    'whole'
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder: give the name of a file in it.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"The folder of {path} does not exist: make it first.")
    part = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with open(part, "x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, part)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
