"""At build time: fetch AWS's RDS root certificates, refuse what is not locked: `truststores.py OUT URL...`"""

from __future__ import annotations

import hashlib
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

LOCK = Path(__file__).with_name("truststores.lock")
ATTEMPTS = 3


def locked(text: str) -> set[str]:
    return {line.split()[0] for line in text.splitlines() if line.strip() and not line.startswith("#")}


def fetch(url: str) -> bytes:
    """The address may be a mirror's: what counts is the digest."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - the operator's own build argument
                return bytes(answer.read())
        except (urllib.error.URLError, TimeoutError) as error:
            if attempt == ATTEMPTS:
                raise SystemExit(
                    f"RDS_TRUSTSTORES: {url} cannot be fetched ({error}). Give only the trust store of your "
                    "partition, or a mirror's address (also file://)."
                ) from error
            time.sleep(2 * attempt)
    raise AssertionError("unreachable")


def checked(url: str, content: bytes, digests: set[str]) -> bytes:
    digest = hashlib.sha256(content).hexdigest()
    if digest not in digests:
        raise SystemExit(
            f"RDS_TRUSTSTORES: {url} has the SHA-256 {digest}, which truststores.lock does not list. "
            "If AWS has added certificates, check them and lock the new digest."
        )
    return content if content.endswith(b"\n") else content + b"\n"


def main(arguments: list[str]) -> None:
    out, urls = Path(arguments[0]), arguments[1:]
    digests = locked(LOCK.read_text())
    out.write_bytes(b"".join(checked(url, fetch(url), digests) for url in urls))


if __name__ == "__main__":
    main(sys.argv[1:])
