"""Secrets reach containers through Secrets Manager, never as plain environment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.rules.resource import Context, Resource, containers, rule

SECRET = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE|CREDENTIAL|ACCESS_KEY|API_?KEY", re.IGNORECASE)
REFERENCES = re.compile(r"_(ARN|NAME|FILE|ID|URL)$")
"""Endings of variables that name a secret instead of holding it."""
KEYS = re.compile(r"\bA(?:KIA|SIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|://[^/\s:@]+:[^/\s@]+@")
"""An AWS access key, a private key, a password in a URL."""


@rule("no-plain-secret", "No container gets a secret as a plain environment variable.")
def no_plain_secret(resource: Resource, _: Context) -> Iterator[str]:
    """The rule. The message never contains the value."""
    for container in containers(resource):
        for name, value in container["environment"].items():
            secret_name = SECRET.search(str(name)) and not REFERENCES.search(str(name)) and value
            if secret_name or KEYS.search(str(value)):
                yield (
                    f"container {container['name']} gets {name} in clear: put it into Secrets Manager and pass it "
                    "through `secrets` with valueFrom."
                )
