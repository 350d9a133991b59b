"""Secrets reach containers through Secrets Manager, never as plain environment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.rules.model import Context, Thing, containers, rule

SECRET = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE|CREDENTIAL|ACCESS_KEY|API_?KEY", re.IGNORECASE)
REFERENCES = re.compile(r"_(ARN|NAME|FILE|ID|URL)$")
"""Endings of variables that name a secret instead of holding it."""
KEYS = re.compile(r"\bA(?:KIA|SIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|://[^/\s:@]+:[^/\s@]+@")
"""An AWS access key, a private key, a password in a URL."""


@rule("no-plain-secret", "No container gets a secret as a plain environment variable.")
def no_plain_secret(thing: Thing, _: Context) -> Iterator[str]:
    """The rule. It never shows the value."""
    for container in containers(thing):
        for name, value in container["environment"].items():
            named = SECRET.search(str(name)) and not REFERENCES.search(str(name)) and value
            if named or KEYS.search(str(value)):
                yield (
                    f"container {container['name']} gets {name} in clear: put it into Secrets Manager and pass it "
                    "through `secrets` with valueFrom."
                )
