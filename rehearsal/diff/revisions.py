"""Documents to compare: from a git revision, from the folder of a report, or from a checkout.

A revision is unpacked with `git archive` rather than `git worktree`: that touches neither the repository's list of
worktrees nor its index, needs no tidying after a crash, and cannot check out a branch that is in use.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rehearsal
from rehearsal.diff.model import Document
from rehearsal.errors import UserInputError
from rehearsal.placeholders import archive as stand_in
from rehearsal.sample_archives import REGISTRY

FILE = "resources.json"
ARCHIVES = Path("build/models")


@dataclass(frozen=True)
class Job:
    """One stack of one side, to be rehearsed."""

    side: str
    """As the user named it."""
    folder: Path
    stack: str
    config: Mapping[str, str]


def git(repository: Path, *arguments: str) -> bytes:
    """What a git command prints. Raises UserInputError with git's own words."""
    command = shutil.which("git")
    if command is None:
        raise UserInputError("git was not found: install it, or compare two folders of reports instead.")
    done = subprocess.run([command, "-C", str(repository), *arguments], capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip()
        raise UserInputError(f"git {' '.join(arguments[:2])} failed: {words}")
    return done.stdout


def is_report(side: str) -> bool:
    """Whether a side is given as a folder of reports."""
    folder = Path(side)
    return (folder / FILE).is_file() or any(folder.glob(f"*/{FILE}")) if folder.is_dir() else False


def reports(side: str) -> dict[str, Document]:
    """Documents by stack, from a report's folder or a folder of such."""
    files = [Path(side) / FILE] if (Path(side) / FILE).is_file() else sorted(Path(side).glob(f"*/{FILE}"))
    documents: dict[str, Document] = {}
    for file in files:
        try:
            content: Any = json.loads(file.read_text(encoding="utf-8"))
            documents[content["stack"]] = content
        except (ValueError, KeyError, TypeError) as error:
            raise UserInputError(f"{file} is no report of a rehearsal ({error}): write it again.") from error
    return documents


@contextmanager
def program(side: str, repository: Path) -> Iterator[Path]:
    """The program's folder as a side has it, copied for the time being: a revision, or a checkout's own files."""
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as name:
        folder = Path(name).resolve()
        if (Path(side) / "Pulumi.yaml").is_file():
            _checkout(Path(side), folder)
        else:
            _revision(side, repository, folder)
        stand_in_archives(folder)
        yield folder


def _revision(side: str, repository: Path, folder: Path) -> None:
    if side.startswith("-"):
        raise UserInputError(f"{side} is neither a git revision nor a folder.")
    try:
        revision = git(repository, "rev-parse", "--verify", f"{side}^{{commit}}").decode().strip()
    except UserInputError as error:
        raise UserInputError(f"{side} is neither a git revision nor a folder with a program. {error}") from error
    with tarfile.open(fileobj=io.BytesIO(git(repository, "archive", "--format=tar", revision))) as archive:
        archive.extractall(folder, filter="data")
    if not (folder / "Pulumi.yaml").is_file():
        raise UserInputError(f"{side} ({revision[:12]}) has no Pulumi.yaml: there was no program yet.")


def _checkout(source: Path, folder: Path) -> None:
    """Files that git knows, or would take: what is built or installed beside them is no part of the program."""
    listed = git(source, "ls-files", "--cached", "--others", "--exclude-standard", "-z").decode().split("\0")
    for name in filter(None, listed):
        if (source / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, folder / name)


def stand_in_archives(folder: Path) -> None:
    """Model archives are no part of a revision: each function gets one that holds its registry entry only."""
    for file in sorted((folder / REGISTRY).glob("*.yaml")):
        archive = folder / ARCHIVES / f"{file.stem}.tar.gz"
        if not archive.exists():
            archive.parent.mkdir(parents=True, exist_ok=True)
            archive.write_bytes(stand_in(file))


def rehearsed(job: Job) -> Document:
    """One stack as a document. Runs in a process of its own, so it takes and gives plain values only."""
    with rehearsal.rehearse(job.stack, config=job.config, project=job.folder, judge=False) as run:
        if run.error:
            raise UserInputError(f"{job.side}, stack {job.stack}: the rehearsal fails. {run.error}")
        return rehearsal.document(run)
