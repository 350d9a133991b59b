"""Model archives for a rehearsal: tiny networks that really work stand in where there are no real ones."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

KEY = "cvat:modelArchives"
MODELS = Path("serverless/models")
REGISTRY = Path("serverless/functions")


def stand_in(project: Path, configured: str) -> Path | None:
    """A folder of sample archives of all functions, or None where the configured place has archives of its own.

    Packed once for each state of packer and registry, into build/sample-models; takes about two seconds.
    """
    if configured.startswith("s3://") or any((project / configured).glob("*.tar.gz")):
        return None
    folder = project / "build" / "sample-models" / _digest(project)
    if not folder.is_dir():
        _pack(project, folder)
    return folder


def _digest(project: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted([*(project / MODELS / "models").rglob("*.py"), *(project / REGISTRY).glob("*.yaml")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _pack(project: Path, folder: Path) -> None:
    sys.path.insert(0, str(project / MODELS))
    from models.samples import pack_samples  # noqa: PLC0415  (OpenVINO takes a second to load, and is rarely needed)

    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent))  # two processes may pack at the same time
    pack_samples(unfinished, project / REGISTRY)
    try:
        unfinished.rename(folder)
    except OSError:
        shutil.rmtree(unfinished)
