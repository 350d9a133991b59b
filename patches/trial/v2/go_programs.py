"""Open Policy Agent and smokescreen, which CVAT's images have: from PATH, or built from their Go modules."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from patches.trial.services import MissingError

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "cvat-on-aws"

GO = "1.25.0"
"""What the newer of the two modules asks for; an older Go fetches it by itself, unless GOTOOLCHAIN says `local`."""


class Module(NamedTuple):
    program: str
    path: str
    version: str
    """As CVAT v2.73.0 has it: docker-compose.yml and Dockerfile."""


OPA = Module("opa", "github.com/open-policy-agent/opa", "v1.12.2")
SMOKESCREEN = Module("smokescreen", "github.com/stripe/smokescreen", "v0.1.0")  # its commit eb1ac09


def go_program(module: Module) -> str:
    """The path of the program; it is built once, in about a minute. Raises MissingError."""
    installed = shutil.which(module.program)
    if installed:
        return installed
    folder = CACHE / f"{module.program}-{module.version}"
    built = folder / module.program
    if not built.is_file():
        _build(module, folder)
    return str(built)


def _build(module: Module, folder: Path) -> None:
    if shutil.which("go") is None:
        raise MissingError(
            f"'{module.program}' is not installed, nor is Go, which would build it. Put {module.program} "
            f"{module.version} into PATH, or install Go {GO} or newer."
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "go.mod").write_text(f"module trial\n\ngo {GO}\n\nrequire {module.path} {module.version}\n")
    command = ["go", "build", "-mod=mod", "-o", f"{module.program}.new", module.path]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise MissingError(f"{module.program} {module.version} cannot be built from its Go module:\n{done.stderr}")
    (folder / f"{module.program}.new").rename(folder / module.program)
