"""What each setting does, one claim a key, asked of the rehearsed account.

A new key needs three lines, in the module of its section (or a new module in this folder; all are read):

    @claim("serverCount", 3)
    def the_server_runs_as_many_tasks_as_asked(seen: Seen, count: int) -> None:
        assert seen.service("server")["desiredCount"] == count, "everybody waits for the tasks that are not there"

The value must be neither the default nor a preset's, so that a program that ignores the key breaks the claim. Where it
depends on the region, or names something that must exist, give a function of Ground: `claim("vpcId", lambda on:
on.vpc_id)`. All values of a round are set together, in one rehearsal for each of its regions; `round_=` names another
round than "own" where a value excludes those of that one. Assert on what AWS holds (`seen.client("ecs")`); on the
program's record of a resource only where no API tells. Each claim is also asked of a stack that does not set the key,
and must not hold there.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.every_setting.ground import STORED, Ground
from tests.support.every_setting.seen import Seen

Claim = Callable[[Seen, Any], None]

ROUNDS: Mapping[str, tuple[str, ...]] = {
    "own": ("cn-northwest-1", "ap-northeast-1"),
    "given": ("cn-north-1", "ap-northeast-1"),
    "asleep": ("cn-northwest-1", "ap-northeast-1"),
    "current": ("cn-north-1", "ap-northeast-1"),
}
"""Round -> regions, China's first. `own`: a protected stack that makes all it needs; `given`: a trial with office
hours in somebody else's network, with a restored database, a certificate, images, model archives and a topic that exist
already; `asleep`: a sleeping stack over stores that exist already; `current`: CVAT's current line over the restored
database of another release."""
BESIDES: Mapping[str, Callable[[Ground], Mapping[str, Any]]] = {
    "own": lambda _: {"hostName": "own.example.com"},
    "given": lambda on: {"publicSubnetIds": on.public_subnets, "batchFunctions": list(STORED[1:2])},
    "asleep": lambda on: {
        "vpcId": on.vpc_id,
        "privateSubnetIds": on.private_subnets,
        "hostName": "cvat.example.com",
    },
    "current": lambda on: {"restoreDatabaseSnapshot": on.snapshot, "dbEngineVersion": "15.12"},
}
"""Round -> what its values cannot do without, but another round claims."""
OTHER = {"own": "given"}
"""Round -> the one whose stacks set none of its keys. "own", where nothing is said."""


@dataclass(frozen=True)
class Claimed:
    """A claim, the value that it needs, and where it is made."""

    key: str
    value: Any
    """Or a function of Ground that gives it."""
    round: str
    holds: Claim

    def given(self, on: Ground) -> Any:
        """The value in this account."""
        return self.value(on) if callable(self.value) else self.value


CLAIMS: dict[str, Claimed] = {}
"""By key."""


def claim(key: str, value: Any, *, round_: str = "own") -> Callable[[Claim], Claim]:
    """Let a function claim what setting `key` to `value` does."""

    def note(holds: Claim) -> Claim:
        assert key not in CLAIMS, f"{key} has two claims: make them one, in {CLAIMS[key].holds.__module__}"
        CLAIMS[key] = Claimed(key, value, round_, holds)
        return holds

    return note


def configuration(name: str, on: Ground) -> dict[str, Any]:
    """All settings of a round."""
    chosen = {claim.key: claim.given(on) for claim in CLAIMS.values() if claim.round == name}
    return {f"cvat:{key}": value for key, value in {**BESIDES[name](on), **chosen}.items()}


def collect() -> Mapping[str, Claimed]:
    """The claims of all modules in this folder."""
    for file in sorted(Path(__file__).parent.glob("*.py")):
        importlib.import_module(f"tests.support.every_setting.{file.stem}")
    return CLAIMS
