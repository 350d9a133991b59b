"""`cvat-aws copy-demo`: copies the demo files from S3 to the share and keeps files that users changed."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any, Collection, Dict, Iterable, Mapping
from urllib.parse import urlsplit

from cvat_aws.environment import Reader, UnusableError

FOLDER = "demo"  # below the share, so that users' files have other names
LONGEST_PART, LONGEST_PATH = 255, 4000
"""Bytes: what Linux and EFS take of one name, and of a path with room for the folder of the share."""
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


def objects(s3: Any, bucket: str, prefix: str) -> dict[str, str]:
    """Path below the prefix -> ETag, of every object that is not the mark of a folder."""
    listed = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            name = item["Key"][len(prefix) :]
            if name and not name.endswith("/"):
                listed[name] = item["ETag"].strip('"')
    return listed


def name_problem(name: str, folders: Collection[str]) -> str:
    """Why an object cannot be a file below the share; empty if it can. S3 takes nearly any name, a file system not."""
    parts = name.split("/")
    if ".." in parts or "." in parts or "" in parts:
        return "a part of its name is empty, '.' or '..'"
    if "\0" in name:
        return "its name has a NUL character"
    if any(len(part.encode()) > LONGEST_PART for part in parts):
        return f"a part of its name is longer than {LONGEST_PART} bytes"
    if len(name.encode()) > LONGEST_PATH:
        return f"its name is longer than {LONGEST_PATH} bytes"
    if name in folders:
        return "other objects have it as their folder"
    return ""


def folders_of(names: Iterable[str]) -> set[str]:
    """All folders that are needed for these files."""
    return {str(parent) for name in names for parent in PurePosixPath(name).parents} - {"."}


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
    """Make `folder` hold the objects; returns what was done, a line a file. `record` is updated.

    A file whose content differs from what was copied is a user's and is kept; so is a file whose object was deleted.
    """
    bucket, prefix = where
    done: list[str] = []
    listed = objects(s3, bucket, prefix)
    folders = folders_of(name for name in listed if not name_problem(name, ()))
    for name, etag in listed.items():
        reason = name_problem(name, folders)
        done.append(f"skipped {name!r}: {reason}" if reason else _copy_one(s3, where, folder, record, name, etag))
    return done


def _copy_one(s3: Any, where: tuple[str, str], folder: Path, record: Record, name: str, etag: str) -> str:
    bucket, prefix = where
    target, known = folder / name, record.get(name, {})
    there = digest(target)
    if there is not None and there != known.get("sha256"):
        return f"kept {name}: it is not the file that was copied here"
    if there is not None and etag == known.get("etag"):
        return f"unchanged {name}"
    try:
        fetch(s3, bucket, prefix + name, target)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):  # a user's file where a folder should be, or so
        return f"skipped {name!r}: a file or folder of another kind has its name"
    record[name] = {"etag": etag, "sha256": str(digest(target))}
    return f"copied {name}"


def run(env: Mapping[str, str]) -> int:
    """The region is passed on: CVAT's botocore, of 2021, reads AWS_DEFAULT_REGION only, and ECS sets AWS_REGION."""
    where = source(env)
    share = Path(env.get("CVAT_SHARE_DIR", "/home/django/share"))
    state = Path(env.get("CVAT_DATA_DIR", "/home/django/data")) / "demo.json"
    region, endpoint = env.get("AWS_REGION"), env.get("AWS_ENDPOINT_URL_S3") or None
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    record: Record = json.loads(state.read_text()) if state.is_file() else {}
    try:
        s3 = boto3.client("s3", region_name=region, endpoint_url=endpoint)
        for line in copy(s3, where, share / FOLDER, record):
            say(line)
    except (BotoCoreError, ClientError) as error:
        raise UnusableError(f"The demo files at s3://{where[0]}/{where[1]} cannot be read: {error}") from error
    finally:
        state.write_text(json.dumps(record, indent=1, sort_keys=True))
    say("done")
    return 0
