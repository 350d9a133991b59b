"""Tasks."""

from __future__ import annotations

from tests.support.every_setting.seen import Seen
from tests.support.every_setting.setting_effects import claim

CVAT = ("server", "worker", "annotation-worker", "scheduler")
"""Kinds of tasks that run CVAT."""


@claim("serverCpu", 4096)
def server_tasks_have_the_cpu(seen: Seen, units: int) -> None:
    assert seen.size("server")[0] == units, "answers would be slow"


@claim("serverMemory", 9216)
def server_tasks_have_the_memory(seen: Seen, mebibytes: int) -> None:
    assert seen.size("server")[1] == mebibytes, "a task without memory is killed"


@claim("serverCount", 3)
def so_many_servers_run(seen: Seen, count: int) -> None:
    assert seen.service("server")["desiredCount"] == count, "everybody waits for the tasks that are not there"


@claim("serverMaxCount", 6)
def servers_grow_to_the_maximum(seen: Seen, most: int) -> None:
    assert seen.capacity("server") == (3, most), "the load would be met too late, or without a limit"
    policies = seen.client("application-autoscaling").describe_scaling_policies(ServiceNamespace="ecs")
    name = seen.done.outputs["services"]["server"]
    tracked = [
        policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
        for policy in policies["ScalingPolicies"]
        if policy["ResourceId"].endswith(f"/{name}")
    ]
    assert tracked == [60], "without a policy, a limit is only a limit"


@claim("uiCpu", 512)
def ui_tasks_have_the_cpu(seen: Seen, units: int) -> None:
    assert seen.size("ui")[0] == units, "pages would be slow"


@claim("uiMemory", 2048)
def ui_tasks_have_the_memory(seen: Seen, mebibytes: int) -> None:
    assert seen.size("ui")[1] == mebibytes, "a task without memory is killed"


@claim("uiCount", 3)
def so_many_uis_run(seen: Seen, count: int) -> None:
    assert seen.service("ui")["desiredCount"] == count, "the loss of a zone would be seen"


@claim("uiMaxCount", 5)
def uis_grow_to_the_maximum(seen: Seen, most: int) -> None:
    assert seen.capacity("ui") == (3, most), "the load would be met too late, or without a limit"


@claim("gatewayCpu", 2048)
def gateway_tasks_have_the_cpu(seen: Seen, units: int) -> None:
    assert seen.size("gateway")[0] == units, "images would be decoded slowly"


@claim("gatewayMemory", 5120)
def gateway_tasks_have_the_memory(seen: Seen, mebibytes: int) -> None:
    assert seen.size("gateway")[1] == mebibytes, "large images need memory"


@claim("gatewayCount", 3)
def so_many_gateways_run(seen: Seen, count: int) -> None:
    assert seen.service("gateway")["desiredCount"] == count, "annotators would wait"


@claim("gatewayMaxCount", 7)
def gateways_grow_to_the_maximum(seen: Seen, most: int) -> None:
    assert seen.capacity("gateway") == (3, most), "the load would be met too late, or without a limit"


@claim("workerCpu", 2048)
def worker_tasks_of_both_queues_have_the_cpu(seen: Seen, units: int) -> None:
    assert {seen.size(kind)[0] for kind in ("worker", "annotation-worker")} == {units}, "films take hours otherwise"


@claim("workerMemory", 6144)
def worker_tasks_of_both_queues_have_the_memory(seen: Seen, mebibytes: int) -> None:
    assert {seen.size(kind)[1] for kind in ("worker", "annotation-worker")} == {mebibytes}, "large exports need it"


@claim("workerCount", 4)
def so_many_workers_run(seen: Seen, count: int) -> None:
    assert seen.service("worker")["desiredCount"] == count, "jobs would wait in the queue"


@claim("workerMaxCount", 8)
def workers_grow_with_their_queue_to_the_maximum(seen: Seen, most: int) -> None:
    assert seen.capacity("worker") == (4, most), "jobs would wait, or the bill grow without a limit"


@claim("annotationWorkerMaxCount", 9)
def annotation_workers_grow_with_their_queue_to_the_maximum(seen: Seen, most: int) -> None:
    assert seen.capacity("annotation-worker") == (5, most), "jobs would wait, or the bill grow without a limit"


@claim("annotationWorkerCount", 5)
def so_many_annotation_workers_run(seen: Seen, count: int) -> None:
    assert seen.service("annotation-worker")["desiredCount"] == count, "each runs one job at a time"


@claim("fargateSpot", True)
def what_may_be_interrupted_and_nothing_else_runs_on_spot(seen: Seen, _: bool) -> None:
    # moto does not keep the strategy, so the request to ECS counts.
    requested = {
        service.name: service.inputs["capacityProviderStrategies"]
        for service in seen.done.of_type("aws:ecs/service:Service")
    }
    on_spot = {name for name, strategies in requested.items() if strategies[0]["capacityProvider"] == "FARGATE_SPOT"}
    assert on_spot == {"cvat-ui", "cvat-gateway"}, "a worker that is taken away loses its job"


@claim(
    "serverEnvironment",
    [
        "CVAT_SMTP_HOST=mail.example.com",
        "CVAT_SMTP_FROM=cvat@example.com",
        "CVAT_LDAP_URL=ldaps://directory.example.com",
        "CVAT_LDAP_USER_BASE=dc=example",
        "CVAT_LDAP_GROUP_BASE=dc=example",
    ],
)
def the_variables_reach_cvats_processes_and_no_others(seen: Seen, pairs: list[str]) -> None:
    expected = dict(pair.split("=", 1) for pair in pairs)
    for kind in CVAT:
        assert expected.items() <= seen.environment(kind).items(), f"{kind} would not know"
    assert not expected.keys() & (seen.environment("ui").keys() | seen.environment("gateway").keys())
    (group,) = seen.client("ec2").describe_security_groups(Filters=[{"Name": "tag:cvat:edge", "Values": ["server"]}])[
        "SecurityGroups"
    ]
    outward = {rule["FromPort"] for rule in group["IpPermissionsEgress"] if rule["IpRanges"]}
    assert outward >= {587, 636}, "no mail would leave, and no user of the directory could log in"


@claim("serverSecrets", lambda on: [f"CVAT_SMTP_PASSWORD={on.secret}:password"])
def the_secrets_reach_cvats_processes_by_reference_and_no_others(seen: Seen, pairs: list[str]) -> None:
    variable, _, reference = pairs[0].partition("=")
    arn = reference.rpartition(":")[0]
    for kind in CVAT:
        secrets = {secret["name"]: secret["valueFrom"] for secret in seen.container(kind)["secrets"]}
        assert secrets[variable] == f"{arn}:password::", f"{kind} would not get the key of the secret"
        assert arn in seen.role(kind, "execution"), f"ECS may not fetch it for {kind}"
        assert arn not in seen.role(kind), "the process itself has no need to"
    assert arn not in seen.role("ui", "execution") + seen.role("gateway", "execution"), "they have no business with it"


@claim("logRetentionDays", 90)
def logs_are_kept_for_the_days(seen: Seen, days: int) -> None:
    groups = seen.client("logs").describe_log_groups()["logGroups"]
    assert {group.get("retentionInDays") for group in groups} == {days}, "too long costs, too short helps nobody"
