"""Copy the images that builds start from into the account's own ECR: `make mirror-images REGION=...`.

Builds then need no public registry: the address printed at the end goes into the stack as its base registry.
Needs AWS credentials for ECR, and one of crane, skopeo or docker. A second run copies what is missing.
"""

from __future__ import annotations

import argparse
import base64
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from mirror import tools

LOCK = Path(__file__).with_name("images.lock")
LINE = re.compile(r"(?P<name>[a-z0-9/._-]+):(?P<tag>[\w.-]+) (?P<digest>sha256:[0-9a-f]{64})")
Run = Callable[[list[str], str], None]


class FailureError(Exception):
    """`str()` is a sentence for the person at the terminal."""


class Image(NamedTuple):
    name: str
    tag: str
    digest: str


def locked(text: str) -> list[Image]:
    """The images of a lock file; comments and empty lines are skipped."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    matches = [(line, LINE.fullmatch(line)) for line in lines]
    wrong = [line for line, match in matches if match is None]
    if wrong:
        raise FailureError(f"{LOCK.name}: '{wrong[0]}' is not 'name:tag sha256:digest'.")
    return [Image(**match.groupdict()) for _, match in matches if match]


def credentials(ecr: Any) -> tuple[str, str]:
    """(registry, password), as ECR itself names the registry: right in every partition."""
    token = ecr.get_authorization_token()["authorizationData"][0]
    password = base64.b64decode(token["authorizationToken"]).decode().split(":", 1)[1]
    return str(token["proxyEndpoint"]).removeprefix("https://"), password


def ensure_repository(ecr: Any, name: str) -> None:
    try:
        ecr.create_repository(
            repositoryName=name,
            imageTagMutability="IMMUTABLE",
            imageScanningConfiguration={"scanOnPush": True},
        )
    except ecr.exceptions.RepositoryAlreadyExistsException:
        return


def present(ecr: Any, repository: str, tag: str) -> bool:
    try:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ecr.exceptions.ImageNotFoundException:
        return False
    return True


def run(command: list[str], stdin: str) -> None:
    """Output goes to the terminal; the command is shown when it fails (it never holds a secret)."""
    done = subprocess.run(command, input=stdin, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise FailureError(f"'{' '.join(command)}' failed with exit code {done.returncode}; its own message is above.")


def mirror(ecr: Any, images: list[Image], source: str, prefix: str, tool: tools.Tool, execute: Run = run) -> str:
    """Copy what is missing; returns the base registry to build from."""
    registry, password = credentials(ecr)
    execute(tool.login(registry), password)
    for image in images:
        repository = f"{prefix}/{image.name}"
        ensure_repository(ecr, repository)
        if present(ecr, repository, image.tag):
            sys.stdout.write(f"{repository}:{image.tag} is there already\n")
            continue
        for command in tool.copy(f"{source}/{image.name}@{image.digest}", f"{registry}/{repository}:{image.tag}"):
            execute(command, "")
    return f"{registry}/{prefix}"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m mirror", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--region", required=True, help="the region of the ECR to copy to")
    parser.add_argument("--source", default="docker.io/library", help="the registry to copy from (%(default)s)")
    parser.add_argument("--prefix", default="mirror", help="repositories are made below this name (%(default)s)")
    parser.add_argument("--lock", type=Path, default=LOCK, help="the lock file (%(default)s)")
    return parser.parse_args()


def main() -> int:
    chosen = options()
    try:
        tool = tools.find()
        if tool is None:
            raise FailureError(
                "None of crane, skopeo and docker is installed: one is needed to copy images. Install crane."
            )
        ecr = boto3.client("ecr", region_name=chosen.region)
        base = mirror(ecr, locked(chosen.lock.read_text()), chosen.source, chosen.prefix, tool)
    except FailureError as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"ECR in {chosen.region} cannot be used: {error}\n")
        return 1
    sys.stdout.write(f"Build from these with BASE_REGISTRY={base}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
