"""Stand-ins for what is not here: the values of encrypted keys, model archives, digests of published images.

Archives are hundreds of megabytes and are not in the repository; the program leaves out functions that have none. The
functions that the repository ships get tiny networks that really work; any other gets its registry entry alone, since
the account does not look into archives.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rehearsal.errors import UserInputError
from rehearsal.sample_archives import MODELS, REGISTRY, sample_archives
from settings import ConfigurationError, StackFileError, base_images, load_configuration, with_placeholders
from settings.releases import RELEASES, Release
from settings.stack_file import Configuration, Project, read_configuration, read_project

KEY = "cvat:modelArchives"
_DIGESTS = "cvat:baseImageDigests"


def project_name(folder: Path) -> str:
    """As Pulumi.yaml says. Raises UserInputError."""
    try:
        return read_project(folder).name
    except StackFileError as error:
        raise UserInputError(str(error)) from None


def read_stack(folder: Path, stack: str, overrides: Mapping[str, Any]) -> tuple[Project, Configuration]:
    """The project and the stack's configuration, with placeholders for encrypted values. Raises UserInputError."""
    try:
        project = read_project(folder)
        configuration = read_configuration(project, stack, overrides)
    except StackFileError as error:
        raise UserInputError(str(error)) from None
    if configuration.refused:
        raise UserInputError("\n".join(_problems(project, configuration)))
    configuration = _with_digests(project, with_placeholders(configuration))
    if not configuration.region:
        raise UserInputError(
            "aws:region is not set: AWS needs to know where. Add to the stack's file, under config:\n"
            "  aws:region: cn-northwest-1"
        )
    return project, configuration


def _with_digests(project: Project, configuration: Configuration) -> Configuration:
    """Nothing is built here, so published images whose digests nobody has asked for yet get stand-ins."""
    release = RELEASES.get(configuration.values.get("cvat:release", ""))
    if _DIGESTS not in project.declared or release is None:
        return configuration
    named = json.loads(configuration.values.get(_DIGESTS) or "[]")
    if not (pinned := _stand_in_digests(project.folder, release, named)):
        return configuration
    return replace(configuration, values={**configuration.values, _DIGESTS: json.dumps([*named, *pinned])})


def _stand_in_digests(folder: Path, release: Release, named: Iterable[str]) -> list[str]:
    """name:tag@digest of the published images for which neither the project nor the configuration names a digest."""
    known = base_images.digests(folder, named)
    return [_pinned(base.reference) for base in release.base_images.values() if base.reference not in known]


def without_digest(configuration: Configuration) -> list[str]:
    """Name and tag of the published images that have a stand-in for their digest."""
    named = [str(text) for text in json.loads(configuration.values.get(_DIGESTS) or "[]")]
    return [reference for text in named if text == _pinned(reference := text.partition("@")[0])]


def _pinned(reference: str) -> str:
    return f"{reference}@sha256:{hashlib.sha256(reference.encode()).hexdigest()}"


def _problems(project: Project, configuration: Configuration) -> Iterable[str]:
    """What the Pulumi CLI refuses; of our own program with what that would find, so that one look corrects all."""
    if project.name != KEY.partition(":")[0]:
        return configuration.refused.values()
    try:
        load_configuration(configuration)
    except ConfigurationError as error:
        return error.problems
    return ()


def stand_in(project: Project, config: Configuration, folder: Path) -> list[str]:
    """Fill `folder` with an archive for every function: the operator's where there is one, else a stand-in.

    Gives the names of the functions that got a stand-in; none if archives come from S3 or all are there.
    """
    place = config.values.get(KEY, "")
    if place.startswith("s3://") or not place:
        return []
    entries = sorted((project.folder / REGISTRY).glob("*.yaml"))
    own = {entry: project.folder / place / f"{entry.stem}.tar.gz" for entry in entries}
    lacking = [entry for entry in entries if not own[entry].is_file()]
    if not lacking:
        return []
    model_archives(project.folder, folder, {entry: file for entry, file in own.items() if entry not in lacking})
    return [entry.stem for entry in lacking]


def model_archives(project: Path, folder: Path, own: Mapping[Path, Path] | None = None) -> list[Path]:
    """Fills `folder` with an archive for every function of the registry: the operator's own ones, else stand-ins."""
    folder.mkdir(parents=True, exist_ok=True)
    samples = sample_archives(project, folder.parent) if (project / MODELS).is_dir() else folder
    targets = []
    for entry in sorted((project / REGISTRY).glob("*.yaml")):
        target = folder / f"{entry.stem}.tar.gz"
        source = (own or {}).get(entry, samples / target.name)
        if source.is_file():
            shutil.copyfile(source, target)
        else:
            target.write_bytes(archive(entry))
        targets.append(target)
    return targets


def archive(entry: Path) -> bytes:
    """A model.tar.gz with nothing but function.yaml in it; the same bytes every time."""
    content = entry.read_bytes()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        info = tarfile.TarInfo("function.yaml")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)
