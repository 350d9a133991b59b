"""Lock the images that builds start from (`make lock-images`), and copy them into the account's own ECR.

`make mirror-images REGION=...` does both.
"""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import boto3
import click
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mirror import lock, tools
from mirror.errors import MirrorError
from mirror.lock import LOCK, Image

FAILED, INTERRUPTED = 1, 130
CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})
"""Seconds. (By default, a network that drops packets is waited for during five minutes and more.)"""
Run = Callable[[list[str], str], None]
"""Runs a command with text on its standard input. Raises MirrorError."""
Read = Callable[[list[str]], str]
"""Runs a command; returns its standard output. Raises MirrorError."""


def credentials(ecr: Any) -> tuple[str, str]:
    """(registry, password). ECR names the registry, so it is right in every partition."""
    token = ecr.get_authorization_token()["authorizationData"][0]
    password = base64.b64decode(token["authorizationToken"]).decode().split(":", 1)[1]
    return str(token["proxyEndpoint"]).removeprefix("https://"), password


def ensure_repository(ecr: Any, name: str) -> None:
    """Creates the repository, unless it exists."""
    try:
        ecr.create_repository(
            repositoryName=name,
            imageTagMutability="IMMUTABLE",
            imageScanningConfiguration={"scanOnPush": True},
        )
    except ecr.exceptions.RepositoryAlreadyExistsException:
        return


def is_present(ecr: Any, repository: str, tag: str) -> bool:
    """Whether the repository has the tag."""
    try:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ecr.exceptions.ImageNotFoundException:
        return False
    return True


def run(command: list[str], stdin: str) -> None:
    """Its output goes to the terminal. An error shows the command, which never holds a secret."""
    _check(command, subprocess.run(command, input=stdin, text=True, check=False))  # noqa: S603


def read(command: list[str]) -> str:
    """Its messages go to the terminal."""
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    _check(command, process)
    return process.stdout


def _check(command: list[str], process: subprocess.CompletedProcess[str]) -> None:
    if process.returncode:
        raise MirrorError(f"'{' '.join(command)}' failed with exit code {process.returncode}; its message is above.")


def resolve(image: Image, source: str, tool: tools.Tool, execute: Read) -> str:
    """The digest that the tag has at the source now."""
    output, tag = "", f"{image.address(source)}:{image.tag}"
    for command in tool.digest(tag):
        output = execute(command)
    _, marker, digest = output.strip().rpartition("sha256:")
    if not marker:
        raise MirrorError(
            f"{tool.name} gave no digest for {image.address(source)}:{image.tag}: {output.strip() or 'nothing'}."
        )
    return f"sha256:{digest}"


def resolve_missing(file: Path, source: str, tool: tools.Tool, execute: Read = read) -> list[Image]:
    """The images of the lock file. Digests that it lacks are resolved, and written to it."""
    text = file.read_text(encoding="utf-8")
    images = lock.parse(text)
    resolved = {image.reference: resolve(image, source, tool, execute) for image in images if image.digest is None}
    if resolved:
        file.write_text(lock.with_digests(text, resolved), encoding="utf-8")
    for reference, digest in resolved.items():
        sys.stdout.write(f"{reference} had no digest; {source} has {digest} now. Written to {file.name}: commit it.\n")
    return [image._replace(digest=image.digest or resolved[image.reference]) for image in images]


def mirror(ecr: Any, images: list[Image], source: str, prefix: str, tool: tools.Tool, execute: Run = run) -> str:
    """Copies the images that are missing; returns the base registry to build from."""
    registry, password = credentials(ecr)
    execute(tool.login(registry), password)
    for image in images:
        repository = f"{prefix}/{image.name}"
        ensure_repository(ecr, repository)
        if is_present(ecr, repository, image.tag):
            sys.stdout.write(f"{repository}:{image.tag} exists already\n")
            continue
        for command in tool.copy(f"{image.address(source)}@{image.digest}", f"{registry}/{repository}:{image.tag}"):
            execute(command, "")
    return f"{registry}/{prefix}"


@click.command()
@click.option("--region", metavar="REGION", help="the region of the ECR to copy to; without it, nothing is copied")
@click.option("--source", default="docker.io/library", show_default=True, help="the registry to copy from")
@click.option("--prefix", default="mirror", show_default=True, help="repositories are created below this name")
@click.option("--lock", "file", type=click.Path(path_type=Path), default=LOCK, show_default=True, help="the lock file")
def command(region: str | None, source: str, prefix: str, file: Path) -> None:
    """Locks the images that builds start from by digest, and copies them into the account's own ECR.

    Builds then need no public registry. The address printed at the end is for cvat:mirrorBaseRegistry. Needs AWS
    credentials for ECR, and one of crane, skopeo or docker. A second run copies what is missing. Without --region it
    only resolves the digests that the lock file lacks, and needs no credentials.
    """
    tool = tools.find()
    if tool is None:
        raise MirrorError(
            "None of crane, skopeo and docker is installed: one is needed to ask registries and to copy images. "
            "Install crane."
        )
    try:
        images = resolve_missing(file, source, tool)
        if region is None:
            sys.stdout.write(f"{file.name} has a digest of each of its {len(images)} images.\n")
            return
        base = mirror(boto3.client("ecr", region_name=region, config=CONFIG), images, source, prefix, tool)
    except (BotoCoreError, ClientError) as error:
        raise MirrorError(f"ECR in {region} cannot be used: {error}") from error
    except OSError as error:
        raise MirrorError(f"--lock {file}: {error.strerror}.") from error
    sys.stdout.write(f"Build from these with cvat:mirrorBaseRegistry (BASE_REGISTRY) = {base}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    try:
        command.main(args=arguments, prog_name="python -m mirror", standalone_mode=False)
    except MirrorError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except click.ClickException as error:
        error.show()
        return FAILED
    except click.Abort:
        sys.stderr.write("interrupted.\n")
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
