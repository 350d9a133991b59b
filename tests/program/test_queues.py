"""Workers follow their queues: who tells CloudWatch, what scales, and between which numbers; asked of the account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.ecs.queue_scaling import step_policies
from rehearsal import Rehearsal

Rehearse = Callable[..., Rehearsal]
STACKS = ["cn-northwest-1", "ap-northeast-1"]
WORKERS = {"worker": "default", "annotation-worker": "low"}


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest, rehearsed: Rehearse) -> Rehearsal:
    """Auto-annotation's workers start at zero."""
    done = rehearsed(request.param, annotationWorkerCount=0, annotationWorkerMaxCount=3)
    assert done.error is None, done.error
    assert all(verdict.ok for verdict in done.checks), done.checks
    return done


def services(done: Rehearsal) -> dict[str, dict[str, Any]]:
    names = done.outputs["services"]
    arns = [
        done.client("ecs").describe_services(cluster=done.outputs["cluster"], services=[name])["services"][0]
        for name in names.values()
    ]
    return dict(zip(names, arns, strict=True))


def definition(done: Rehearsal, kind: str) -> dict[str, Any]:
    arn = services(done)[kind]["taskDefinition"]
    described: dict[str, Any] = done.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    return described


def permissions(done: Rehearsal, kind: str) -> list[dict[str, Any]]:
    iam, role = done.client("iam"), definition(done, kind)["taskRoleArn"].rpartition("/")[2]
    documents = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    return [statement for document in documents for statement in document["Statement"]]


def test_one_small_container_tells_of_the_queues_and_knows_no_secret_but_that_of_redis(stack: Rehearsal) -> None:
    tellers = [
        (kind, container)
        for kind in services(stack)
        for container in definition(stack, kind)["containerDefinitions"]
        if container.get("command") == ["queue-metrics"]
    ]
    ((kind, container),) = tellers
    assert kind == "scheduler", "it must run once: that task is single and is never scaled"
    assert container["essential"], "ECS restarts no container alone, so its end must end the task"
    assert [secret["name"] for secret in container["secrets"]] == ["CVAT_REDIS_PASSWORD"]
    assert not container["mountPoints"]
    variables = {variable["name"]: variable["value"] for variable in container["environment"]}
    assert variables["CVAT_STACK"] == stack.stack
    assert variables["AWS_REGION"] == stack.region
    assert not [name for name in variables if "POSTGRES" in name]


def test_it_may_put_metrics_into_its_namespace_and_no_other_task_may(stack: Rehearsal) -> None:
    granted = {
        kind: statement
        for kind in services(stack)
        for statement in permissions(stack, kind)
        if "cloudwatch:PutMetricData" in statement["Action"]
    }
    assert granted.keys() == {"scheduler"}
    assert granted["scheduler"]["Condition"] == {"StringEquals": {"cloudwatch:namespace": "CVAT"}}


@pytest.mark.parametrize("kind", WORKERS)
def test_a_worker_may_protect_its_task_from_being_stopped_and_has_time_to_end(stack: Rehearsal, kind: str) -> None:
    (statement,) = [
        permission for permission in permissions(stack, kind) if "ecs:UpdateTaskProtection" in permission["Action"]
    ]
    partition = "aws-cn" if stack.region.startswith("cn-") else "aws"
    cluster = f"{stack.region}:{stack.account.id}:task/{stack.outputs['cluster']}/*"
    assert statement["Resource"] == [f"arn:{partition}:ecs:{cluster}"]
    (container,) = definition(stack, kind)["containerDefinitions"]
    assert container["stopTimeout"] == 120, "all that Fargate gives"


def targets(done: Rehearsal) -> dict[str, tuple[int, int]]:
    scalable = done.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")[
        "ScalableTargets"
    ]
    kinds = {name: kind for kind, name in done.outputs["services"].items()}
    return {
        kinds[target["ResourceId"].rpartition("/")[2]]: (target["MinCapacity"], target["MaxCapacity"])
        for target in scalable
    }


def test_workers_scale_between_their_settings(stack: Rehearsal) -> None:
    limits = targets(stack)
    assert limits["worker"] == (2, 6)
    assert limits["annotation-worker"] == (0, 3)
    assert services(stack)["annotation-worker"]["desiredCount"] == 0
    for record in stack.of_type("aws:ecs/service:Service"):
        worker = record.name.endswith("worker")
        assert record.inputs["waitForSteadyState"] is not worker, "a job may take hours, and its worker stays till then"


def scaling_alarms(done: Rehearsal, queue: str) -> dict[str, dict[str, Any]]:
    """By metric."""
    listed = done.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return {
        alarm["MetricName"]: alarm
        for alarm in listed
        if {"Name": "Queue", "Value": queue} in alarm.get("Dimensions", [])
        and ":scalingPolicy:" in alarm["AlarmActions"][0]
    }


def put(done: Rehearsal, queue: str, **metrics: float) -> None:
    """The same value in every minute of the last quarter of an hour and in the next, in queue-metrics' own words."""
    now = datetime.now(UTC)
    dimensions = [{"Name": "Stack", "Value": done.stack}, {"Name": "Queue", "Value": queue}]
    for name, value in metrics.items():
        data = [
            {
                "MetricName": name,
                "Dimensions": dimensions,
                "Timestamp": now - timedelta(minutes=back),
                "Value": value,
            }
            for back in range(-1, 15)
        ]
        done.client("cloudwatch").put_metric_data(Namespace="CVAT", MetricData=data)


@pytest.fixture
def quiet(stack: Rehearsal) -> Iterator[Callable[[], None]]:
    """Forgets all metric data, and puts the services back to where they started."""

    def forget() -> None:
        from moto.cloudwatch.models import cloudwatch_backends  # noqa: PLC0415

        backend = cloudwatch_backends[stack.account.id][stack.region]
        backend.metric_data = []
        for queue in WORKERS.values():
            for alarm in scaling_alarms(stack, queue).values():
                backend.alarms[alarm["AlarmName"]].state_value = "OK"

    forget()
    yield forget
    forget()
    for kind, count in (("worker", 2), ("annotation-worker", 0)):
        resize(stack, kind, count)


def resize(done: Rehearsal, kind: str, count: int) -> None:
    name = done.outputs["services"][kind]
    done.client("ecs").update_service(cluster=done.outputs["cluster"], service=name, desiredCount=count)


@pytest.mark.parametrize(("kind", "queue"), WORKERS.items())
def test_each_metric_of_a_queue_has_an_alarm_that_calls_a_policy_of_its_worker(
    stack: Rehearsal, quiet: Callable[[], None], kind: str, queue: str
) -> None:
    cloudwatch, scaling = stack.client("cloudwatch"), stack.client("application-autoscaling")
    resource = f"service/{stack.outputs['cluster']}/{stack.outputs['services'][kind]}"
    listed = scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)["ScalingPolicies"]
    policies = {policy["PolicyARN"]: policy for policy in listed}
    alarms = scaling_alarms(stack, queue)
    assert set(alarms) == {"QueueDepth", "OldestJobAge", "IdleWorkers"}
    for metric, alarm in alarms.items():
        quiet()
        policy = policies[alarm["AlarmActions"][0]]
        assert policy["PolicyType"] == "StepScaling"
        assert policy["StepScalingPolicyConfiguration"]["MetricAggregationType"] == alarm["Statistic"]
        assert alarm["TreatMissingData"] == "notBreaching", "nobody says anything: nothing is changed"
        put(stack, queue, **{metric: alarm["Threshold"]})
        (now,) = cloudwatch.describe_alarms(AlarmNames=[alarm["AlarmName"]])["MetricAlarms"]
        assert now["StateValue"] == "ALARM", metric


def test_the_first_job_starts_an_annotation_worker_and_rest_ends_it(
    stack: Rehearsal, quiet: Callable[[], None]
) -> None:
    def count() -> int:
        return int(services(stack)["annotation-worker"]["desiredCount"])

    put(stack, "low", QueueDepth=0, OldestJobAge=0, IdleWorkers=0, RunningJobs=0)
    assert count() == 0
    quiet()
    put(stack, "low", QueueDepth=1)
    assert count() == 1, "one job waits, and nobody is there"
    quiet()
    put(stack, "low", QueueDepth=0, RunningJobs=1, IdleWorkers=0)
    assert count() == 1, "an empty queue is no reason to stop a worker that has a job"
    put(stack, "low", IdleWorkers=1)
    assert count() == 1, "a moment's rest is none: ten minutes are"
    quiet()
    put(stack, "low", IdleWorkers=1)
    assert count() == 0


@pytest.mark.parametrize(
    ("metrics", "count"),
    [
        ({"QueueDepth": 1}, 3),
        ({"QueueDepth": 4}, 3),
        ({"QueueDepth": 5}, 4),
        ({"QueueDepth": 500}, 6),
        ({"OldestJobAge": 299}, 2),
        ({"OldestJobAge": 300}, 4),
        ({"OldestJobAge": 7200}, 6),
        ({"IdleWorkers": 2}, 2),
    ],
)
def test_the_more_jobs_wait_and_the_longer_the_more_workers_start(
    stack: Rehearsal, quiet: Callable[[], None], metrics: dict[str, float], count: int
) -> None:
    put(stack, "default", **metrics)
    assert services(stack)["worker"]["desiredCount"] == count


@pytest.mark.parametrize(("idle", "left"), [(1, 5), (3, 4), (4, 2), (6, 2)])
def test_no_more_workers_end_than_were_idle_nor_than_the_least(
    stack: Rehearsal, quiet: Callable[[], None], idle: int, left: int
) -> None:
    resize(stack, "worker", 6)
    put(stack, "default", IdleWorkers=idle)
    assert services(stack)["worker"]["desiredCount"] == left


def test_an_update_leaves_the_number_of_workers_to_scaling(stack: Rehearsal) -> None:
    ignored = {service.name: service.options.ignore_changes for service in stack.of_type("aws:ecs/service:Service")}
    assert ignored["cvat-worker"] == ignored["cvat-annotation-worker"] == ("desiredCount",)
    assert not ignored["cvat-scheduler"], "it is single, and Pulumi's"


def test_two_stacks_of_one_account_do_not_scale_each_other(stack: Rehearsal) -> None:
    for queue in WORKERS.values():
        for alarm in scaling_alarms(stack, queue).values():
            assert {"Name": "Stack", "Value": stack.stack} in alarm["Dimensions"]


def test_a_count_that_equals_its_most_is_fixed(rehearsed: Rehearse) -> None:
    done = rehearsed("cn-north-1", preset="team", workerMaxCount=1, annotationWorkerMaxCount=1, annotationWorkerCount=1)
    assert done.error is None, done.error
    assert not {"worker", "annotation-worker"} & set(targets(done))
    assert not scaling_alarms(done, "default")


def test_a_minute_in_which_no_job_waited_needs_more_workers_only_if_there_are_none() -> None:
    ready, none = step_policies(2)[0], step_policies(0)[0]
    assert (ready.statistic, none.statistic) == ("Minimum", "Maximum")
