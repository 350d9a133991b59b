"""Which of the configured stacks a pull request can change: prints `stacks=<JSON list>` for GITHUB_OUTPUT.

A stack's own file changes that stack; anything else that the program is made of changes all.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence

STACK_FILE = re.compile(r"^Pulumi\.(?P<stack>[A-Za-z0-9._-]+)\.yaml$")
BESIDE = re.compile(r"^(?:docs|tests|rehearsal|\.github|\.ci)/|^(?:README\.md|Makefile|requirements-dev\.txt)$|\.md$")
"""Files that no deployment reads."""


def changed(files: Iterable[str], stacks: Sequence[str]) -> list[str]:
    """The stacks among `stacks` that a change of these files can alter, in their order."""
    touched: set[str] = set()
    for file in files:
        if match := STACK_FILE.match(file):
            touched.add(match["stack"])
        elif not BESIDE.search(file):
            return list(stacks)
    return [stack for stack in stacks if stack in touched]


def main(base: str, head: str, configured: str) -> int:
    """Ask git, print the answer; 1 with a sentence where the configuration is wrong."""
    try:
        stacks = json.loads(configured)
    except ValueError:
        stacks = None
    if not isinstance(stacks, list) or not all(
        isinstance(stack, str) and re.fullmatch(r"[\w.-]+", stack) for stack in stacks
    ):
        sys.stderr.write(
            f'PULUMI_STACKS must be a JSON list of stack names, such as ["cn-northwest-1"]; got {configured}\n'
        )
        return 1
    git = shutil.which("git") or "git"
    command = [git, "diff", "--name-only", "-z", f"{base}...{head}"]
    files = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\0")  # noqa: S603
    sys.stdout.write(f"stacks={json.dumps(changed(filter(None, files), stacks))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
