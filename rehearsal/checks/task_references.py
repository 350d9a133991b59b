"""Everything that a task definition, and a model, names must exist."""

from __future__ import annotations

import json
from typing import Any

from policy.rules.partition import IMAGE, image_problems
from region import Region
from rehearsal.checks import stack_queries
from rehearsal.checks.cached_query import Described, verdict
from rehearsal.checks.containers import SECRET
from rehearsal.result import Rehearsal, Verdict

NAME = "Secrets, images, log groups, volumes and roles of every task and model exist"


def references(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    findings: list[str] = []
    definitions = stack_queries.task_definitions(rehearsal)
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
    models = stack_queries.sagemaker_models(rehearsal)
    for record, model in models:
        findings += [f"Model {record.name}: {problem}" for problem in _model(rehearsal, model)]
    return verdict(NAME, findings, len(definitions) + len(models))


def _container(rehearsal: Rehearsal, container: Described) -> list[str]:
    problems = _image(rehearsal, container["image"])
    for secret in container.get("secrets", []):
        problems += [f"{secret['name']}: {problem}" for problem in _secret(rehearsal, secret["valueFrom"])]
    options = container.get("logConfiguration", {}).get("options", {})
    name = options.get("awslogs-group", "")
    groups = rehearsal.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"] if name else []
    if name not in [group["logGroupName"] for group in groups]:
        problems.append(f"its log group '{name}' does not exist.")
    if options.get("awslogs-region", rehearsal.region) != rehearsal.region:
        problems.append(f"it logs to another region, {options['awslogs-region']}.")
    return problems


def _image(rehearsal: Rehearsal, reference: str) -> list[str]:
    """An image must be given by digest and be in ECR; in the account's own it must exist."""
    match = IMAGE.match(reference)
    problems = list(image_problems(reference, Region(rehearsal.region)))
    if match is None or problems:
        return [f"its image is {problem}" for problem in problems]
    if match["account"] != rehearsal.account.id:
        return []  # another account's registry cannot be looked into from here
    client = rehearsal.account.client("ecr", match["region"])
    try:
        client.describe_images(repositoryName=match["name"], imageIds=[{"imageDigest": match["digest"]}])
    except client.exceptions.ClientError:
        return [f"its image '{reference}' is not in ECR."]
    return []


def _secret(rehearsal: Rehearsal, value_from: str) -> list[str]:
    match = SECRET.match(value_from)
    if not match:
        return [f"'{value_from}' is not the ARN of a secret."]
    client = rehearsal.client("secretsmanager")
    try:
        value = client.get_secret_value(SecretId=match["arn"])["SecretString"]
    except client.exceptions.ClientError as error:
        return [f"the secret {match['arn']} cannot be read: {error.response['Error']['Message']}"]
    if not match["key"]:
        return []
    try:
        keys: Any = json.loads(value)
    except ValueError:
        keys = None
    if not isinstance(keys, dict) or match["key"] not in keys:
        return [f"the secret {match['arn']} has no key '{match['key']}'."]
    return []


def _volumes(rehearsal: Rehearsal, definition: Described) -> list[str]:
    problems, client = [], rehearsal.client("efs")
    names = {volume["name"] for volume in definition.get("volumes", [])}
    for container in definition["containerDefinitions"]:
        for mount in container.get("mountPoints", []):
            if mount["sourceVolume"] not in names:
                problems.append(f"container {container['name']} mounts '{mount['sourceVolume']}', which is no volume.")
    for volume in definition.get("volumes", []):
        config = volume.get("efsVolumeConfiguration")
        if config is None:
            continue  # an empty volume that lives as long as the task
        point_id = config.get("authorizationConfig", {}).get("accessPointId")
        try:
            targets = client.describe_mount_targets(FileSystemId=config["fileSystemId"])["MountTargets"]
            points = client.describe_access_points(AccessPointId=point_id)["AccessPoints"] if point_id else []
        except client.exceptions.ClientError as error:
            problems.append(f"volume {volume['name']}: {error.response['Error']['Message']}")
            continue
        if not targets:
            problems.append(f"volume {volume['name']}: {config['fileSystemId']} has no mount target.")
        if any(point["FileSystemId"] != config["fileSystemId"] for point in points):
            problems.append(f"volume {volume['name']}: the access point {point_id} belongs to another file system.")
    return problems


def _roles(rehearsal: Rehearsal, definition: Described) -> list[str]:
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
        actual = client.get_role(RoleName=arn.rpartition("/")[2])["Role"]["Arn"]
    except client.exceptions.NoSuchEntityException:
        return [f"the role {arn} does not exist."]
    return [] if actual == arn else [f"the role {arn} does not exist, but {actual} does."]


def _model(rehearsal: Rehearsal, model: Described) -> list[str]:
    problems = _role(rehearsal, model["ExecutionRoleArn"])
    for container in stack_queries.model_containers(model):
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
