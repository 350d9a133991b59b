"""What a setting does to the account: asked of the rehearsed account, not of the program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

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
    counts = {service["serviceName"]: service["desiredCount"] for service in running}
    assert counts.pop(services["annotation-worker"]) == 0, "it starts with the first job"
    assert set(counts.values()) == {1}


@pytest.mark.parametrize("region", ["cn-north-1", "ap-northeast-1"])
def test_the_production_preset_has_something_of_everything_in_each_zone(rehearsed: Rehearse, region: str) -> None:
    done = rehearse_whole(rehearsed, region, preset="production")
    assert len(done.client("ec2").describe_nat_gateways()["NatGateways"]) == 3
    (database,) = done.client("rds").describe_db_instances()["DBInstances"]
    assert (database["DBInstanceClass"], database["MultiAZ"]) == ("db.m6g.2xlarge", True)
    assert (database["BackupRetentionPeriod"], database["DeletionProtection"]) == (35, True)
    (cache,) = done.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert (cache["AutomaticFailover"], len(cache["MemberClusters"])) == ("enabled", 3)
    ecs, services = done.client("ecs"), done.outputs["services"]
    running = ecs.describe_services(cluster=done.outputs["cluster"], services=list(services.values()))["services"]
    counts = {service["serviceName"]: service["desiredCount"] for service in running}
    assert all(count >= 3 for name, count in counts.items() if name != services["scheduler"]), counts
    plans = done.client("backup")
    (plan,) = plans.list_backup_plans()["BackupPlansList"]
    (rule,) = plans.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"]
    assert rule["Lifecycle"]["DeleteAfterDays"] == 90
