"""What a stack with release v2 consists of, asked of the account: literal claims, so that any change shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal import Account, Rehearsal, rehearse
from settings.stack_file import Encrypted
from tests.program.test_queues import definition, permissions, put, scaling_alarms, services, targets
from tests.support.pem import pair, signer

HOST, LOGIN, BUCKET = "cvat.example.cn", "https://login.example.cn", "our-photos"
CA = signer()
PAIR = pair(HOST, by=CA)
CONTAINERS = {
    "server": {"server", "front", "opa", "smokescreen"},
    "chunks": {"chunks", "smokescreen"},
    "import": {"import", "smokescreen"},
    "export": {"export", "smokescreen"},
    "annotation": {"annotation", "smokescreen"},
    "rest": {"rest", "smokescreen"},
    "scheduler": {"scheduler", "queue-metrics"},
    "ui": {"ui"},
    "gateway": {"gateway"},
}
"""One program in each: no supervisord."""
QUEUES = {
    "chunks": ["chunks"],
    "import": ["import"],
    "export": ["export"],
    "annotation": ["annotation"],
    "rest": ["webhooks", "notifications", "quality_reports", "consensus", "cleaning"],
}


@pytest.fixture(scope="module")
def stack(archives: Path) -> Iterator[Rehearsal]:
    config = {
        "release": "v2",
        "modelArchives": str(archives),
        "mediaBuckets": [BUCKET],
        "hostName": HOST,
        "certificate": PAIR.certificate + CA.pem,
        "certificateKey": Encrypted(PAIR.key),
        "oidcIssuer": LOGIN,
        "oidcClientId": "cvat",
        "oidcClientSecret": Encrypted("the-secret-of-the-client"),
        "oidcAuthorizationEndpoint": f"{LOGIN}/authorize",
        "oidcTokenEndpoint": f"{LOGIN}/token",
        "oidcUserInfoEndpoint": f"{LOGIN}/userinfo",
        "oidcTokenBypass": True,
    }
    with Account() as account:
        done = rehearse("cn-north-1", config={f"cvat:{key}": value for key, value in config.items()}, account=account)
        assert done.error is None, done.error
        assert done.ok, [verdict for verdict in done.checks if not verdict.ok]
        yield done


def containers(done: Rehearsal, kind: str) -> dict[str, Any]:
    return {container["name"]: container for container in definition(done, kind)["containerDefinitions"]}


def variables(container: dict[str, Any]) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in container["environment"]}


def test_each_task_has_its_programs_and_nothing_of_docker_hub(stack: Rehearsal) -> None:
    assert {kind: set(containers(stack, kind)) for kind in services(stack)} == CONTAINERS
    registry = f"{stack.account.id}.dkr.ecr.{stack.region}.amazonaws.com.cn/"
    for kind in CONTAINERS:
        for container in containers(stack, kind).values():
            assert container["image"].startswith(registry), container["image"]
            assert "@sha256:" in container["image"], "a tag may be another image tomorrow"
            assert container["readonlyRootFilesystem"]


def test_each_worker_has_its_queues_and_one_scheduler_reads_them_all(stack: Rehearsal) -> None:
    assert {kind: containers(stack, kind)[kind]["command"] for kind in QUEUES} == {
        kind: ["worker", *queues] for kind, queues in QUEUES.items()
    }
    published = variables(containers(stack, "scheduler")["queue-metrics"])["CVAT_QUEUES"].split(",")
    assert sorted(published) == sorted(queue for queues in QUEUES.values() for queue in queues)
    assert services(stack)["scheduler"]["desiredCount"] == 1


def test_jobs_are_never_evicted_and_frames_are(stack: Rehearsal) -> None:
    groups = {
        group["Description"]: group
        for group in stack.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    }
    assert all(group["TransitEncryptionEnabled"] and group["AuthTokenEnabled"] for group in groups.values())
    parameters = {
        record.id: {item["name"]: item["value"] for item in record.inputs["parameters"]}
        for record in stack.of_type("aws:elasticache/parameterGroup:ParameterGroup")
    }
    eviction = {
        record.inputs["description"]: parameters[record.inputs["parameterGroupName"]]["maxmemory-policy"]
        for record in stack.of_type("aws:elasticache/replicationGroup:ReplicationGroup")
    }
    assert eviction == {"CVAT: job queues and cache": "noeviction", "CVAT: frames": "allkeys-lru"}
    assert groups["CVAT: frames"]["SnapshotRetentionLimit"] == 0, "what it has can be made again"


def test_each_program_of_cvat_calls_its_stores_with_tls_and_passwords_by_reference(stack: Rehearsal) -> None:
    passwords = {"CVAT_POSTGRES_PASSWORD", "CVAT_REDIS_PASSWORD", "CVAT_MEDIA_REDIS_PASSWORD", "DJANGO_SECRET_KEY"}
    for kind in ("server", *QUEUES, "scheduler"):
        container = containers(stack, kind)[kind]
        assert passwords <= {secret["name"] for secret in container["secrets"]}
        assert not passwords & variables(container).keys()
        assert variables(container).get("CVAT_REDIS_SSL", "yes") == "yes"
        assert variables(container).get("PGSSLMODE", "verify-full") == "verify-full"


def test_routes_ports_and_probes_are_those_of_this_release(stack: Rehearsal) -> None:
    elbv2 = stack.client("elbv2")
    probes = {(group["Port"], group["HealthCheckPath"]) for group in elbv2.describe_target_groups()["TargetGroups"]}
    assert probes == {(8080, "/cvat-aws/health"), (8000, "/")}, "CVAT's own page of health asks every store and OPA"
    (balancer,) = elbv2.describe_load_balancers()["LoadBalancers"]
    listeners = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    (secure,) = [listener for listener in listeners if listener["Protocol"] == "HTTPS"]
    rules = elbv2.describe_rules(ListenerArn=secure["ListenerArn"])["Rules"]
    conditions = [condition for rule in rules for condition in rule["Conditions"]]
    paths = {path for condition in conditions for path in condition.get("PathPatternConfig", {}).get("Values", [])}
    assert paths == {"/api/*", "/static/*", "/admin*", "/django-rq*"}
    tokens = [condition["HttpHeaderConfig"]["Values"] for condition in conditions if "HttpHeaderConfig" in condition]
    assert tokens == [["Token *", "Bearer *"]], "programs with CVAT's tokens pass the login in front"


@pytest.mark.parametrize("kind", QUEUES)
def test_each_worker_protects_its_jobs_and_may_open_listed_buckets(stack: Rehearsal, kind: str) -> None:
    granted = permissions(stack, kind)
    (protection,) = [statement for statement in granted if "ecs:UpdateTaskProtection" in statement["Action"]]
    assert protection["Resource"][0].startswith("arn:aws-cn:ecs:")
    assert f"arn:aws-cn:s3:::{BUCKET}" in str(granted)
    container = containers(stack, kind)[kind]
    assert container["stopTimeout"] == (60 if kind == "chunks" else 120)
    assert variables(container)["CVAT_S3_ROLE_BUCKETS"] == BUCKET


@pytest.mark.parametrize(("kind", "queue"), [(kind, queue) for kind, queues in QUEUES.items() for queue in queues])
def test_each_queue_has_alarms_and_scales_its_worker(stack: Rehearsal, kind: str, queue: str) -> None:
    least, most = targets(stack)[kind]
    assert least < most
    listed = stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
    watching = [alarm for alarm in listed if {"Name": "Queue", "Value": queue} in _dimensions(alarm)]
    scaling = {alarm["AlarmName"] for alarm in watching if ":scalingPolicy:" in str(alarm["AlarmActions"])}
    resource = f"service/{stack.outputs['cluster']}/{stack.outputs['services'][kind]}"
    policies = stack.client("application-autoscaling").describe_scaling_policies(
        ServiceNamespace="ecs", ResourceId=resource
    )["ScalingPolicies"]
    called = {action for alarm in watching for action in alarm["AlarmActions"] if ":scalingPolicy:" in action}
    assert called == {policy["PolicyARN"] for policy in policies}, "each policy follows each of the worker's queues"
    assert len(scaling) == 3
    assert len(watching) > len(scaling), "and somebody is told"


def _dimensions(alarm: dict[str, Any]) -> list[dict[str, str]]:
    metrics = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
    return [dimension for metric in (alarm, *metrics) for dimension in metric.get("Dimensions", [])]


def test_people_who_wait_for_pictures_get_workers_within_seconds(stack: Rehearsal) -> None:
    least, _ = targets(stack)["chunks"]
    (age,) = [alarm for metric, alarm in scaling_alarms(stack, "chunks").items() if metric == "OldestJobAge"]
    assert age["Threshold"] == 5, "CVAT's server answers 429 after 50 s"
    put(stack, "chunks", OldestJobAge=15)
    assert services(stack)["chunks"]["desiredCount"] == least + 2


def test_the_dashboard_shows_each_queue(stack: Rehearsal) -> None:
    cloudwatch = stack.client("cloudwatch")
    (dashboard,) = cloudwatch.list_dashboards()["DashboardEntries"]
    body = cloudwatch.get_dashboard(DashboardName=dashboard["DashboardName"])["DashboardBody"]
    assert all(f'"{queue}"' in body for queues in QUEUES.values() for queue in queues)
