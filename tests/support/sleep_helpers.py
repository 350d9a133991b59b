"""What the tests of sleep ask of a rehearsed account."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from rehearsal import Rehearsal, rehearse
from rehearsal.aws.universal_targets import universal_target

DAY = datetime(2026, 12, 4, 10, tzinfo=UTC)
"""A Friday, in the office hours of all regions that are rehearsed. Before it ends, NIGHT comes."""
NIGHT = datetime(2026, 12, 5, 15, tzinfo=UTC)
"""A Saturday in all of them."""


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


def forget(done: Rehearsal, password: str) -> tuple[str, str]:
    """Let the next update draw another value, as `pulumi up --replace URN` does; the URN, and the value of before."""
    state = done.account.states[done.stack]
    (urn,) = [urn for urn in state.records if urn.endswith(f"RandomPassword::{password}")]
    value = state.records.pop(urn).outputs["result"]
    state.generations[urn] = state.generations.get(urn, 0) + 1
    return urn, str(value)


def schedules(done: Rehearsal) -> dict[str, dict[str, Any]]:
    """The account's schedules, by logical name."""
    client = done.client("scheduler")
    listed = done.of_type("aws:scheduler/schedule:Schedule")
    by_name = {
        record.name: client.get_schedule(GroupName=record.inputs["groupName"], Name=record.id.split("/")[1])
        for record in listed
    }
    assert len(client.list_schedules()["Schedules"]) == len(by_name)
    return by_name


def fire(done: Rehearsal, name: str) -> None:
    """Call what Scheduler would call."""
    target = schedules(done)[name]["Target"]
    service, operation = universal_target(target["Arn"])
    given = json.loads(target["Input"].replace("DbInstance", "DBInstance"))
    client = done.client(service)
    (method,) = [python for python, api in client.meta.method_to_api_mapping.items() if api == operation]
    getattr(client, method)(**given)


def evening(done: Rehearsal) -> None:
    """What the clock does at the end of the hours."""
    scaling, cluster = done.client("application-autoscaling"), done.outputs["cluster"]
    for name in done.outputs["services"].values():
        scaling.register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=f"service/{cluster}/{name}",
            ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=0,
            MaxCapacity=0,
        )
    for call in ("show-page", "disable-alarms", "delete-shared", "stop-database"):
        fire(done, f"sleep-{call}")


def set_clock(done: Rehearsal, moment: datetime) -> None:
    """Let the account's clock, which the program reads, show a moment."""
    done.account.clock.show(moment.timestamp())
