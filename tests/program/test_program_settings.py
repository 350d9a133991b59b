"""What a setting does to the account: asked of the rehearsed account, not of the program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rehearsal import Rehearsal

Rehearse = Callable[..., Rehearsal]


def rehearse_whole(rehearsed: Rehearse, stack: str, **config: Any) -> Rehearsal:
    done = rehearsed(stack, **config)
    assert done.error is None, done.error
    broken = [verdict for verdict in done.checks if not verdict.ok]
    assert not broken, broken
    return done


def test_the_team_preset_is_small_and_still_whole(rehearsed: Rehearse) -> None:
    done = rehearse_whole(rehearsed, "cn-northwest-1", preset="team")
    assert len(done.client("ec2").describe_nat_gateways()["NatGateways"]) == 1
    (database,) = done.client("rds").describe_db_instances()["DBInstances"]
    assert (database["DBInstanceClass"], database["MultiAZ"]) == ("db.t4g.medium", False)
    (cache,) = done.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert cache["AutomaticFailover"] == "disabled"
    ecs, services = done.client("ecs"), done.outputs["services"]
    running = ecs.describe_services(cluster=done.outputs["cluster"], services=list(services.values()))["services"]
    assert {service["desiredCount"] for service in running} == {1}
