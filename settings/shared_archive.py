"""One model archive of several: a folder for each function, as a container that serves several reads them."""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO

from settings.errors import FunctionsError
from settings.functions import ARCHIVE_SUFFIX, LocalArchive

FOLDER = "together"
"""Beside the archives. It may be emptied at any time: what is missing is made again."""
_COMPRESSION = 1
"""Of gzip: weights hardly get smaller, and a higher one takes minutes for the largest."""
_FORM = 1
"""Of what is written: with another one, the names of all archives change."""


def put_together(archives: Mapping[str, LocalArchive]) -> LocalArchive:
    """The archive of these functions, made unless it exists. The same archives give the same bytes.

    Raises FunctionsError where one cannot be read.
    """
    digests = {name: archive.digest for name, archive in sorted(archives.items())}
    name = hashlib.sha256(json.dumps([_FORM, digests]).encode()).hexdigest()
    folder = next(iter(archives.values())).path.parent / FOLDER
    path = folder / f"{name}{ARCHIVE_SUFFIX}"
    if not path.is_file():
        folder.mkdir(exist_ok=True)
        # Another `pulumi up` may write the same at the same time.
        with tempfile.TemporaryDirectory(dir=folder) as unfinished:
            whole = Path(unfinished) / path.name
            with whole.open("wb") as file:
                _write(archives, file)
            whole.replace(path)
    return LocalArchive(path)


def _write(archives: Mapping[str, LocalArchive], file: IO[bytes]) -> None:
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=_COMPRESSION, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for function, archive in sorted(archives.items()):
            try:
                _copy(function, archive.path, tar)
            except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
                problem = f"{archive.path} is no model archive ({error}). Pack it again: serverless/models/README.md."
                raise FunctionsError([problem]) from None


def _copy(function: str, path: Path, target: tarfile.TarFile) -> None:
    """Adds the files of an archive in a folder of the function's name; without times and owners."""
    with tarfile.open(path, "r:gz") as source:
        for member in source:
            name = PurePosixPath(member.name)
            if not member.isfile():
                continue  # folders come with their files; a link has no place in an archive of weights
            if name.is_absolute() or ".." in name.parts:
                raise tarfile.ReadError(f"it holds {member.name!r}")
            entry = tarfile.TarInfo(str(PurePosixPath(function) / name))
            entry.size, entry.mode = member.size, 0o644
            target.addfile(entry, source.extractfile(member))
