"""The Pulumi CLI, asked for JSON."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cvatctl.errors import CommandError

_TIMEOUT_S = 120


def ask_pulumi(arguments: Sequence[str], project: Path) -> Any:
    """The JSON that a command of the CLI prints in the project's folder. Raises CommandError."""
    if not project.is_dir():
        raise CommandError(f"--project {project}: there is no such folder. Name the folder with Pulumi.yaml.")
    if shutil.which("pulumi") is None:
        raise CommandError("The Pulumi CLI was not found. Install it (https://www.pulumi.com/docs/install/).")
    command = ["pulumi", *arguments, "--non-interactive"]
    line = " ".join(command)
    try:
        process = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603
        if process.returncode:
            reason = process.stderr.strip() or f"exit code {process.returncode}"
            raise CommandError(f"`{line}` failed: {reason}\nName the stack with --stack (pulumi stack ls lists them).")
        return json.loads(process.stdout)
    except subprocess.TimeoutExpired:
        raise CommandError(
            f"`{line}` did not answer within {_TIMEOUT_S} s. Check that the state backend can be reached."
        ) from None
    except (OSError, ValueError) as error:
        raise CommandError(f"`{line}` did not print JSON ({error}). Run it by hand to see what is wrong.") from None
