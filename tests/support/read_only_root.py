"""A stand-in for a read-only root file system: a sitecustomize.py that refuses Python every file it would write."""

from __future__ import annotations

from pathlib import Path

_SITECUSTOMIZE = """\
import errno, os, sys

def refuse(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        writes = bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) or bool(set(str(mode or "")) & set("wax+"))
        if writes and not isinstance(path, int) and not str(path).startswith("/dev/"):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
    elif event in ("os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "sqlite3.connect"):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), arguments[0])

sys.addaudithook(refuse)
"""


def read_only_root(folder: Path) -> dict[str, str]:
    """Variables under which a Python process cannot write; `folder` gets the file that Python then loads first."""
    (folder / "sitecustomize.py").write_text(_SITECUSTOMIZE, encoding="utf-8")
    return {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
