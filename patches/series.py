"""The patch series of each release: apply it to a checkout of CVAT's commit (`make check-patches`), or lock its digest.

python patches/series.py check PATH-OR-URL [--release v2]    apply every patch, without fuzz; compile the result
python patches/series.py lock                                write the digests of the series into the Dockerfiles
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
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


class FailureError(Exception):
    """`str()` is a sentence for the person at the terminal."""


@dataclass(frozen=True)
class Series:
    """The patches of one release."""

    folder: Path
    commit: str
    """Of CVAT."""
    dockerfiles: tuple[Path, ...]

    @property
    def patches(self) -> list[Path]:
        return [self.folder / name for name in (self.folder / "series").read_text().split()]

    def digest(self) -> str:
        """SHA-256 as the Dockerfiles compute it: the series file, then every patch in the order of names."""
        sha = hashlib.sha256((self.folder / "series").read_bytes())
        for patch in sorted(self.folder.glob("*.patch")):
            sha.update(patch.read_bytes())
        return sha.hexdigest()

    def lock(self) -> None:
        for path in self.dockerfiles:
            path.write_text(re.sub(r"(?<=^ARG SERIES_DIGEST=)\w+", self.digest(), path.read_text(), flags=re.M))


RELEASES = {
    "c48411ae": Series(
        HERE / "series",
        "c48411ae5014aac4441aa03da8944fbd4373b312",
        (HERE / "server.Dockerfile", HERE / "ui.Dockerfile"),
    ),
    # The merge commit of the tag v2.73.0
    "v2": Series(HERE / "v2/series", "ac6e63b96bddbc462a0a8c0acce307c4c0c6e972", (HERE / "v2/server.Dockerfile",)),
}


def git(*arguments: str, repository: Path, env: dict[str, str]) -> str:
    command = ["git", "--git-dir", str(repository), *arguments]
    done = subprocess.run(command, env=os.environ | env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise FailureError(done.stderr.strip() or f"{' '.join(command)} failed")
    return done.stdout + done.stderr


def borrowed(source: str, commit: str, repository: Path) -> dict[str, str]:
    """Make CVAT's commit readable in the empty `repository`: a checkout's objects are used, a URL is fetched.

    Nothing is ever written to the checkout, nor is all of it read: a partial clone will do.
    """
    subprocess.run(["git", "init", "-q", "--bare", str(repository)], check=True)  # noqa: S603, S607
    if not Path(source).is_dir():
        try:
            git("fetch", "-q", "--depth", "1", source, commit, repository=repository, env={})
        except FailureError as failure:
            raise FailureError(
                f"CVAT={source}: commit {commit[:8]} cannot be fetched from there. Give a clone of CVAT, or a URL.\n"
                f"{failure}"
            ) from failure
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


def apply(patch: Path, commit: str, repository: Path, env: dict[str, str]) -> None:
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
        raise FailureError(f"{patch.name} does not apply to {commit[:8]}:\n{failure}") from failure
    if "offset" in said or "fuzz" in said:
        raise FailureError(f"{patch.name} applies only with an offset:\n{said}Make it anew against {commit[:8]}.")


def check(source: str, series: Series) -> list[str]:
    """Apply the series; returns the names of the files that it touched."""
    with tempfile.TemporaryDirectory(prefix="cvat-series-") as temporary:
        folder = Path(temporary)
        repository = folder / "repository"
        tree = folder / "tree"  # stays empty: patches are applied to the index
        tree.mkdir()
        env = {
            "GIT_INDEX_FILE": str(folder / "index"),
            "GIT_WORK_TREE": str(tree),
            **borrowed(source, series.commit, repository),
        }
        git("read-tree", series.commit, repository=repository, env=env)
        for patch in series.patches:
            apply(patch, series.commit, repository, env)
        touched = git("diff", "--cached", "--name-only", series.commit, repository=repository, env=env).split()
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
    checking = commands.add_parser("check", help="apply the series")
    checking.add_argument("source", help="a clone of CVAT, or a URL")
    checking.add_argument("--release", choices=RELEASES, default="c48411ae")
    chosen = parser.parse_args()
    if chosen.command == "lock":
        for series in RELEASES.values():
            series.lock()
        return 0
    series = RELEASES[chosen.release]
    try:
        touched = check(chosen.source, series)
    except FailureError as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    sys.stdout.write(
        f"{len(series.patches)} patches apply to {series.commit} without fuzz; files touched: {len(touched)}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
