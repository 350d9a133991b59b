"""Which functions a model container serves: the one that it is told, or those of its archive."""

from __future__ import annotations

import io
import tarfile
from pathlib import PurePosixPath

from rehearsal.checks.cached_query import Described, cached_query
from rehearsal.result import Rehearsal

FUNCTION_FILE = "function.yaml"
"""Of each function in an archive: at its top, or in a folder of the function's name where there are several
(serverless/models/models/together.py)."""


def functions(rehearsal: Rehearsal, container: Described) -> frozenset[str]:
    """Names of the functions; none where it is told of no function, and its archive has no folder of one."""
    only = container.get("Environment", {}).get("FUNCTION")
    return frozenset([only]) if only else _in_folders(rehearsal, container.get("ModelDataUrl", ""))


@cached_query
def _in_folders(rehearsal: Rehearsal, address: str) -> frozenset[str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    client = rehearsal.client("s3")
    try:
        content = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            paths = [PurePosixPath(name) for name in tar.getnames()]
    except (client.exceptions.ClientError, tarfile.TarError):
        return frozenset()  # that it is missing is the finding of another check
    return frozenset(path.parts[0] for path in paths if path.parts[1:] == (FUNCTION_FILE,))
