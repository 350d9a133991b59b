"""`cvat-aws copy-demo`: bring the demo files from S3 to the share, by content, and spare users' files."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any, Dict, Iterator, Mapping
from urllib.parse import urlsplit

from cvat_aws.environment import Reader, UnusableError

FOLDER = "demo"  # below the share, so that nothing of a user's has these names by chance
Record = Dict[str, Dict[str, str]]  # file -> {"etag": the object's, "sha256": of what we wrote}


def say(message: str) -> None:
    sys.stdout.write(f"copy-demo: {message}\n")


def source(env: Mapping[str, str]) -> tuple[str, str]:
    """Bucket and prefix; the prefix is empty or ends with a slash."""
    read = Reader(env)
    value = read.required("DEMO_SOURCE", "where the demo files are, as s3://bucket/prefix")
    parts = urlsplit(value)
    if value and (parts.scheme != "s3" or not parts.netloc):
        read.problems.append(f"DEMO_SOURCE is '{value}', but must be like s3://bucket/prefix.")
    read.finish()
    prefix = parts.path.strip("/")
    return parts.netloc, f"{prefix}/" if prefix else ""


def objects(s3: Any, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
    """(path below the prefix, ETag) of every object."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            name = item["Key"][len(prefix) :]
            if name and not name.endswith("/"):
                yield name, item["ETag"].strip('"')


def inside(folder: Path, name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise UnusableError(f"The object '{name}' would be written outside of {folder}. Rename it in S3.")
    return folder / path


def digest(path: Path) -> str | None:
    """SHA-256 of a file, or None where there is none."""
    if not path.is_file():
        return None
    sha = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            sha.update(block)
    return sha.hexdigest()


def fetch(s3: Any, bucket: str, key: str, target: Path) -> None:
    """Whole or not at all: a reader on the shared file system never sees half a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=str(target.parent), prefix=".demo-")
    os.close(handle)
    temporary = Path(name)
    try:
        s3.download_file(bucket, key, name)
        temporary.chmod(0o644)
        temporary.replace(target)
    finally:
        if temporary.exists():
            temporary.unlink()


def copy(s3: Any, where: tuple[str, str], folder: Path, record: Record) -> list[str]:
    """Make `folder` hold the objects; returns what was done, a line a file. `record` is brought up to date.

    A file that is not as we wrote it is a user's, and stays as it is; so does one whose object is gone.
    """
    bucket, prefix = where
    done: list[str] = []
    for name, etag in objects(s3, bucket, prefix):
        target, known = inside(folder, name), record.get(name, {})
        there = digest(target)
        if there is not None and there != known.get("sha256"):
            done.append(f"kept {name}: it is not the file that was copied here")
        elif there is not None and etag == known.get("etag"):
            done.append(f"unchanged {name}")
        else:
            fetch(s3, bucket, prefix + name, target)
            record[name] = {"etag": etag, "sha256": str(digest(target))}
            done.append(f"copied {name}")
    return done


def run(env: Mapping[str, str]) -> int:
    where = source(env)
    share = Path(env.get("CVAT_SHARE_DIR", "/home/django/share"))
    state = Path(env.get("CVAT_DATA_DIR", "/home/django/data")) / "demo.json"
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    record: Record = json.loads(state.read_text()) if state.is_file() else {}
    try:
        for line in copy(boto3.client("s3"), where, share / FOLDER, record):
            say(line)
    except (BotoCoreError, ClientError) as error:
        raise UnusableError(f"The demo files at s3://{where[0]}/{where[1]} cannot be read: {error}") from error
    finally:
        state.write_text(json.dumps(record, indent=1, sort_keys=True))
    say("done")
    return 0
