"""Everything that a task definition, and a model, names must exist."""

from __future__ import annotations

import json
import re
from typing import Any

from policy.rules.partition import IMAGE, image_problems
from region import Region
from rehearsal.checks import cached_query
from rehearsal.checks.cached_query import Thing
from rehearsal.result import Rehearsal, Verdict

NAME = "Secrets, images, log groups, volumes and roles of every task and model exist"

SECRET = re.compile(
    r"^(?P<arn>arn:[a-z-]+:secretsmanager:[^:]+:\d+:secret:[^:]+)(?::(?P<key>[^:]*))?(?::[^:]*)?(?::[^:]*)?$"
)


def references(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    findings: list[str] = []
    definitions = cached_query.task_definitions(rehearsal)
    for record, definition in definitions:
        where = f"Task definition {record.name}"
        findings += [f"{where}: {problem}" for problem in _roles(rehearsal, definition)]
        findings += [f"{where}: {problem}" for problem in _volumes(rehearsal, definition)]
        for container in definition["containerDefinitions"]:
            place = f"{where}, container {container['name']}"
            findings += [f"{place}: {problem}" for problem in _container(rehearsal, container)]
    missing = len(rehearsal.of_type("aws:ecs/taskDefinition:TaskDefinition")) - len(definitions)
    if missing:
        findings.append(f"{missing} task definitions are not in the account.")
    models = rehearsal.of_type("aws:sagemaker/model:Model")
    for record in models:
        findings += [f"Model {record.name}: {problem}" for problem in _model(rehearsal, record.id)]
    return cached_query.verdict(NAME, findings, len(definitions) + len(models))


def _container(rehearsal: Rehearsal, container: Thing) -> list[str]:
    problems = _image(rehearsal, container["image"])
    for secret in container.get("secrets", []):
        problems += [f"{secret['name']}: {problem}" for problem in _secret(rehearsal, secret["valueFrom"])]
    options = container.get("logConfiguration", {}).get("options", {})
    group = options.get("awslogs-group", "")
    found = rehearsal.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"] if group else []
    if not any(one["logGroupName"] == group for one in found):
        problems.append(f"its log group '{group}' does not exist.")
    if options.get("awslogs-region", rehearsal.region) != rehearsal.region:
        problems.append(f"it logs to another region, {options['awslogs-region']}.")
    return problems


def _image(rehearsal: Rehearsal, reference: str) -> list[str]:
    """An image must be given by digest and lie in ECR; in the account's own it must be there."""
    found = IMAGE.match(reference)
    problems = list(image_problems(reference, Region(rehearsal.region)))
    if found is None or problems:
        return [f"its image is {problem}" for problem in problems]
    if found["account"] != rehearsal.account.id:
        return []  # another account's registry cannot be looked into from here
    client = rehearsal.account.client("ecr", found["region"])
    try:
        client.describe_images(repositoryName=found["name"], imageIds=[{"imageDigest": found["digest"]}])
    except client.exceptions.ClientError:
        return [f"its image '{reference}' is not in ECR."]
    return []


def _secret(rehearsal: Rehearsal, value_from: str) -> list[str]:
    found = SECRET.match(value_from)
    if not found:
        return [f"'{value_from}' is not the ARN of a secret."]
    client = rehearsal.client("secretsmanager")
    try:
        value = client.get_secret_value(SecretId=found["arn"])["SecretString"]
    except client.exceptions.ClientError as error:
        return [f"the secret {found['arn']} cannot be read: {error.response['Error']['Message']}"]
    if not found["key"]:
        return []
    try:
        keys: Any = json.loads(value)
    except ValueError:
        keys = None
    if not isinstance(keys, dict) or found["key"] not in keys:
        return [f"the secret {found['arn']} has no key '{found['key']}'."]
    return []


@cached_query.question
def secret_value(rehearsal: Rehearsal, arn: str, key: str) -> str | None:
    """The value of a secret, or of one key of it; None where there is none."""
    client = rehearsal.client("secretsmanager")
    try:
        text: str = client.get_secret_value(SecretId=arn)["SecretString"]
        return str(json.loads(text)[key]) if key else text
    except (client.exceptions.ClientError, ValueError, LookupError, TypeError):
        return None


def _volumes(rehearsal: Rehearsal, definition: Thing) -> list[str]:
    problems, client = [], rehearsal.client("efs")
    names = {volume["name"] for volume in definition.get("volumes", [])}
    for container in definition["containerDefinitions"]:
        for mount in container.get("mountPoints", []):
            if mount["sourceVolume"] not in names:
                problems.append(f"container {container['name']} mounts '{mount['sourceVolume']}', which is no volume.")
    for volume in definition.get("volumes", []):
        system = volume.get("efsVolumeConfiguration", {})
        point = system.get("authorizationConfig", {}).get("accessPointId")
        try:
            targets = client.describe_mount_targets(FileSystemId=system["fileSystemId"])["MountTargets"]
            points = client.describe_access_points(AccessPointId=point)["AccessPoints"] if point else []
        except client.exceptions.ClientError as error:
            problems.append(f"volume {volume['name']}: {error.response['Error']['Message']}")
            continue
        if not targets:
            problems.append(f"volume {volume['name']}: {system['fileSystemId']} has no mount target.")
        if any(one["FileSystemId"] != system["fileSystemId"] for one in points):
            problems.append(f"volume {volume['name']}: the access point {point} belongs to another file system.")
    return problems


def _roles(rehearsal: Rehearsal, definition: Thing) -> list[str]:
    problems = []
    for key in ("executionRoleArn", "taskRoleArn"):
        if arn := definition.get(key):
            problems += _role(rehearsal, arn)
        else:
            problems.append(f"it has no {key}.")
    return problems


def _role(rehearsal: Rehearsal, arn: str) -> list[str]:
    client = rehearsal.client("iam")
    try:
        found = client.get_role(RoleName=arn.rpartition("/")[2])["Role"]["Arn"]
    except client.exceptions.NoSuchEntityException:
        return [f"the role {arn} does not exist."]
    return [] if found == arn else [f"the role {arn} does not exist, but {found} does."]


def _model(rehearsal: Rehearsal, name: str) -> list[str]:
    model = rehearsal.client("sagemaker").describe_model(ModelName=name)
    problems = _role(rehearsal, model["ExecutionRoleArn"])
    containers = model.get("Containers") or [model["PrimaryContainer"]]
    for container in containers:
        problems += _image(rehearsal, container["Image"])
        if address := container.get("ModelDataUrl"):
            problems += _archive(rehearsal, address)
    return problems


def _archive(rehearsal: Rehearsal, address: str) -> list[str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    client = rehearsal.client("s3")
    try:
        client.head_object(Bucket=bucket, Key=key)
    except client.exceptions.ClientError:
        return [f"its archive {address} does not exist."]
    return []
