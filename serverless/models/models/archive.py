"""Makes the model.tar.gz that SageMaker unpacks to /opt/ml/model, and tries it before anybody deploys it."""

import gzip
import hashlib
import shutil
import tarfile
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from models.errors import ModelError
from models.function import FILE_NAME
from models.service import load_service

SHOWN_CHARACTERS = 100
"""How much of the answer to the example request is printed."""


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A packed and tried archive."""

    function: str
    path: Path
    sha256: str
    """Of the file. The same weights and registry file give the same bytes, whenever they are packed."""
    answer: Any
    """What the function answered to the example request."""

    def __str__(self) -> str:
        size = self.path.stat().st_size
        return f"{self.path} {size} bytes sha256:{self.sha256} answered {_short(self.answer)}"


def pack(functions: Path, name: str, weights: list[Path], output: Path) -> Archive:
    """Packs a function of the registry folder and its weights into <output>/<name>.tar.gz.

    Before anything is written its content is loaded and runs one image; a ModelError says what is wrong.
    """
    registry_file = functions / f"{name}.yaml"
    if not registry_file.is_file():
        known = ", ".join(sorted(path.stem for path in functions.glob("*.yaml"))) or "none"
        raise ModelError(f"function {name!r} is not in {functions}; there are {known}")
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        shutil.copyfile(registry_file, folder / FILE_NAME)
        for source in weights:
            _copy(source, folder / source.name)
        answer = load_service(folder, threads=1, expected=name).try_example()
        output.mkdir(parents=True, exist_ok=True)
        path = output / f"{name}.tar.gz"
        unfinished = path.with_suffix(".unfinished")
        compress(folder, unfinished)
        unfinished.replace(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Archive(function=name, path=path, sha256=digest, answer=answer)


def compress(folder: Path, target: Path) -> None:
    """Writes a tar.gz of the folder's content; names sorted, no times, no owners: the same each time."""
    with (
        target.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in sorted(folder.rglob("*")):
            entry = tar.gettarinfo(path, arcname=path.relative_to(folder).as_posix())
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
            entry.mode = 0o755 if path.is_dir() else 0o644
            if path.is_dir():
                tar.addfile(entry)
            else:
                with path.open("rb") as content:
                    tar.addfile(entry, content)


def _copy(source: Path, target: Path) -> None:
    if target.exists():
        raise ModelError(f"--weights: {source.name} is given twice, or has the name of the registry file's copy")
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.is_file():
        shutil.copyfile(source, target)
    else:
        raise ModelError(f"--weights: {source} does not exist")


def _short(answer: Any) -> str:
    return textwrap.shorten(orjson.dumps(answer).decode().replace(",", ", "), SHOWN_CHARACTERS)
