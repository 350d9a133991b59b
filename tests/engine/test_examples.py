"""Every example is created and destroyed, with stand-ins for what it names as existing."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.defaults import HOME
from tests.support.real_engine import RealEngine, settings_of

EXAMPLES = sorted((HOME / "examples").glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_created_settles_and_is_destroyed(example: Path, tmp_path: Path, archives: Path) -> None:
    stack = example.name.removeprefix("Pulumi.").removesuffix(".yaml")
    with RealEngine(tmp_path, stack, settings_of(example, archives)) as engine:
        engine.up()
        assert not engine.settled()
        if not engine.settings.get("cvat:disposable"):
            unprotect(engine)
        destroyed = engine.run("destroy", "--yes", "--skip-preview", "--stack", stack)
        assert destroyed.code == 0, destroyed.output[-3000:]


def unprotect(engine: RealEngine) -> None:
    """README, "Destroy"."""
    done = engine.run("state", "unprotect", "--all", "--yes", "--stack", engine.stack)
    assert done.code == 0, done.output
    region = str(engine.settings["aws:region"])
    rds, elb = engine.account.client("rds", region), engine.account.client("elbv2", region)
    for database in rds.describe_db_instances()["DBInstances"]:
        name = {"DBInstanceIdentifier": database["DBInstanceIdentifier"]}
        rds.modify_db_instance(**name, DeletionProtection=False, ApplyImmediately=True)
    off = [{"Key": "deletion_protection.enabled", "Value": "false"}]
    for balancer in elb.describe_load_balancers()["LoadBalancers"]:
        elb.modify_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"], Attributes=off)
