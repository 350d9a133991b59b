"""What the tests of sleep ask of a rehearsed account."""

from __future__ import annotations

from typing import Any

from rehearsal import Rehearsal, rehearse


def healthy(done: Rehearsal) -> Rehearsal:
    assert done.error is None, done.error
    assert all(verdict.ok for verdict in done.checks), done.checks
    return done


def services(done: Rehearsal) -> list[dict[str, Any]]:
    names = list(done.outputs["services"].values())
    return list(done.client("ecs").describe_services(cluster=done.outputs["cluster"], services=names)["services"])


def database(done: Rehearsal) -> dict[str, Any]:
    (instance,) = done.client("rds").describe_db_instances()["DBInstances"]
    return dict(instance)


def first_rule(done: Rehearsal) -> dict[str, Any]:
    """The rule that the listener asks before all others."""
    elb = done.client("elbv2")
    rules = []
    for record in done.of_type("aws:lb/listener:Listener"):
        rules += elb.describe_rules(ListenerArn=record.id)["Rules"]
    return dict(min(rules, key=lambda rule: int(rule["Priority"].replace("default", "99999"))))


def again(done: Rehearsal, **changes: str) -> Rehearsal:
    """Another `pulumi up` of the same stack, with these settings changed."""
    own = {key: value for key, value in done.config.values.items() if key not in ("cvat:mode", "cvat:officeHours")}
    after = {f"cvat:{key}": value for key, value in changes.items()}
    over = rehearse(
        done.stack,
        config={**dict.fromkeys(("cvat:mode", "cvat:officeHours")), **own, **after},
        account=done.account,
        judge=False,
    )
    assert over.error is None, over.error
    return over
