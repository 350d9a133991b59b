"""The patch series: apply it to a checkout of CVAT's commit (`make check-patches`), or lock its digest.

python patches/series.py check PATH-OR-URL    apply every patch, without fuzz; compile the result
python patches/series.py lock                 write the digest of the series into both Dockerfiles
"""

from __future__ import annotations

import argparse
import compileall
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

HERE = Path(__file__).parent
SERIES = HERE / "series"
DOCKERFILES = (HERE / "server.Dockerfile", HERE / "ui.Dockerfile")
COMMIT = "c48411ae5014aac4441aa03da8944fbd4373b312"


class FailureError(Exception):
    """`str()` is a sentence for the person at the terminal."""


def patches() -> list[Path]:
    return [SERIES / name for name in (SERIES / "series").read_text().split()]


def digest() -> str:
    """SHA-256 as the Dockerfiles compute it: the series file, then every patch in the order of names."""
    sha = hashlib.sha256((SERIES / "series").read_bytes())
    for patch in sorted(SERIES.glob("*.patch")):
        sha.update(patch.read_bytes())
    return sha.hexdigest()


def lock() -> None:
    for path in DOCKERFILES:
        path.write_text(re.sub(r"(?<=^ARG SERIES_DIGEST=)\w+", digest(), path.read_text(), flags=re.M))


def git(*arguments: str, repository: Path, env: dict[str, str]) -> str:
    command = ["git", "--git-dir", str(repository), *arguments]
    done = subprocess.run(command, env=os.environ | env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise FailureError(done.stderr.strip() or f"{' '.join(command)} failed")
    return done.stdout + done.stderr


def borrowed(source: str, repository: Path) -> dict[str, str]:
    """Make CVAT's commit readable in the empty `repository`: a checkout's objects are used, a URL is fetched.

    Nothing is ever written to the checkout, nor is all of it read: a partial clone will do.
    """
    subprocess.run(["git", "init", "-q", "--bare", str(repository)], check=True)  # noqa: S603, S607
    if not Path(source).is_dir():
        git("fetch", "-q", "--depth", "1", source, COMMIT, repository=repository, env={})
        return {}
    folder = Path(source).resolve()
    objects = git("rev-parse", "--git-path", "objects", repository=_git_dir(folder), env={}).strip()
    return {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(folder / objects)}


def _git_dir(folder: Path) -> Path:
    if not (folder / ".git").exists() and not (folder / "objects").is_dir():
        raise FailureError(
            f"CVAT={folder} is not a git repository. Give a clone of https://github.com/opencv/cvat.git."
        )
    return folder / ".git" if (folder / ".git").is_dir() else folder


def apply(patch: Path, repository: Path, env: dict[str, str]) -> None:
    try:
        said = git(
            "apply",
            "--cached",
            "--verbose",
            "--whitespace=nowarn",
            str(patch),
            repository=repository,
            env=env,
        )
    except FailureError as failure:
        raise FailureError(f"{patch.name} does not apply to {COMMIT[:8]}:\n{failure}") from failure
    if "offset" in said or "fuzz" in said:
        raise FailureError(f"{patch.name} applies only with an offset:\n{said}Make it anew against {COMMIT[:8]}.")


def check(source: str) -> list[str]:
    """Apply the series; returns the names of the files that it touched."""
    with tempfile.TemporaryDirectory(prefix="cvat-series-") as temporary:
        folder = Path(temporary)
        repository = folder / "repository"
        tree = folder / "tree"  # stays empty: patches are applied to the index
        tree.mkdir()
        env = {
            "GIT_INDEX_FILE": str(folder / "index"),
            "GIT_WORK_TREE": str(tree),
            **borrowed(source, repository),
        }
        git("read-tree", COMMIT, repository=repository, env=env)
        for patch in patches():
            apply(patch, repository, env)
        touched = git("diff", "--cached", "--name-only", COMMIT, repository=repository, env=env).split()
        out = folder / "out"
        git("checkout-index", f"--prefix={out}/", *touched, repository=repository, env=env)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # CVAT's own, of escapes that Python 3.8 let pass
            if not compileall.compile_dir(out, quiet=1):
                raise FailureError("A patched file is not valid Python (see above).")
        return touched


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lock", help="write the digest of the series into both Dockerfiles")
    commands.add_parser("check", help="apply the series").add_argument("source", help="a clone of CVAT, or a URL")
    chosen = parser.parse_args()
    if chosen.command == "lock":
        lock()
        return 0
    try:
        touched = check(chosen.source)
    except FailureError as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    sys.stdout.write(f"{len(patches())} patches apply to {COMMIT} without fuzz; files touched: {len(touched)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
