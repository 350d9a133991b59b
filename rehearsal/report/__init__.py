"""What a rehearsal leaves on disk: report.html to look at, summary.md for pull requests, resources.json to compare."""

from __future__ import annotations

from pathlib import Path

from rehearsal.report import page, stable, summary
from rehearsal.result import Rehearsal


def write(rehearsal: Rehearsal, folder: Path) -> list[Path]:
    """Write every report into the folder; the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "report.html": page.text(rehearsal),
        "summary.md": summary.text(rehearsal),
        "resources.json": stable.text(rehearsal),
    }
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in files]
