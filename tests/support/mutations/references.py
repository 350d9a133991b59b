"""Mutations of what tasks and models name: secrets, images, log groups, roles, volumes, archives, targets, hosts."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

from rehearsal import Rehearsal
from rehearsal.checks import addresses, gateway_calls, listeners, task_references
from tests.support.mutations.table import (
    container,
    forget,
    noticed_by,
    record,
    redefine,
    remodel,
    swap,
    take_away,
    tell,
    variable_of,
)

SECRET, ENDPOINT = "aws:secretsmanager/secret:Secret", "aws:sagemaker/endpoint:Endpoint"
NO_DIGEST = f"sha256:{'0' * 64}"


@noticed_by(task_references.references, "Task definition cvat-server", "cannot be read")
def a_secret_is_gone(on: Rehearsal, undo: ExitStack) -> None:
    take_away(on, undo, "secretsmanager", "secrets", record(on, SECRET, "data-django").outputs["name"])


@noticed_by(task_references.references, "CVAT_REDIS_PASSWORD: the secret", "has no key 'password'")
def a_secret_lacks_the_key_that_a_task_reads(on: Rehearsal, undo: ExitStack) -> None:
    client, secret = on.client("secretsmanager"), record(on, SECRET, "data-redis").id
    kept = client.get_secret_value(SecretId=secret)["SecretString"]
    client.put_secret_value(SecretId=secret, SecretString='{"other": "value"}')
    undo.callback(client.put_secret_value, SecretId=secret, SecretString=kept)


@noticed_by(
    task_references.references, "Task definition cvat-server, container server: its log group", "does not exist"
)
def a_log_group_is_gone(on: Rehearsal, undo: ExitStack) -> None:
    group = record(on, "aws:cloudwatch/logGroup:LogGroup", "logs-server")
    take_away(on, undo, "logs", "groups", group.outputs["name"])


@noticed_by(task_references.references, "container ui: it logs to another region, eu-central-1.")
def a_task_logs_to_another_region(on: Rehearsal, undo: ExitStack) -> None:
    def elsewhere(definition: dict[str, Any]) -> None:
        definition["containerDefinitions"][0]["logConfiguration"]["options"]["awslogs-region"] = "eu-central-1"

    redefine(on, undo, "cvat-ui", elsewhere)


@noticed_by(task_references.references, "Task definition cvat-server: the role", "does not exist")
def a_role_is_gone(on: Rehearsal, undo: ExitStack) -> None:
    take_away(on, undo, "iam", "roles", record(on, "aws:iam/role:Role", "cvat-server-execution").outputs["name"])


@noticed_by(task_references.references, "Task definition cvat-server, container server: its image", "is not in ECR")
def a_repository_is_gone(on: Rehearsal, undo: ExitStack) -> None:
    repository = record(on, "aws:ecr/repository:Repository", "images-server")
    take_away(on, undo, "ecr", "repositories", repository.outputs["name"])


def image(on: Rehearsal, name: str) -> str:
    return str(record(on, "docker:index/image:Image", name).outputs["repoDigest"])


@noticed_by(task_references.references, f"@{NO_DIGEST}' is not in ECR.")
def a_task_runs_a_digest_that_was_never_pushed(on: Rehearsal, undo: ExitStack) -> None:
    container(on, undo, "cvat-ui", image=f"{image(on, 'images-ui').partition('@')[0]}@{NO_DIGEST}")


@noticed_by(task_references.references, "container ui: its image", "is not in ECR.")
def a_task_runs_the_digest_of_another_image(on: Rehearsal, undo: ExitStack) -> None:
    repository, other = image(on, "images-ui").partition("@")[0], image(on, "images-gateway").partition("@")[2]
    container(on, undo, "cvat-ui", image=f"{repository}@{other}")


@noticed_by(task_references.references, "container ui: its image is", "no ECR image of this partition by digest")
def a_task_runs_a_tag(on: Rehearsal, undo: ExitStack) -> None:
    container(on, undo, "cvat-ui", image=f"{image(on, 'images-ui').partition('@')[0]}:latest")


@noticed_by(task_references.references, "container ui: its image is", "no ECR image of this partition by digest")
def a_task_runs_an_image_of_another_partition(on: Rehearsal, undo: ExitStack) -> None:
    container(on, undo, "cvat-ui", image=image(on, "images-ui").replace(".amazonaws.com.cn/", ".amazonaws.com/"))


def volume(on: Rehearsal, undo: ExitStack, **changes: Any) -> None:
    """Change the server's first volume."""
    redefine(
        on, undo, "cvat-server", lambda definition: definition["volumes"][0]["efsVolumeConfiguration"].update(changes)
    )


@noticed_by(task_references.references, "Task definition cvat-server: volume data:", "fsap-00000000")
def a_volume_names_an_access_point_that_does_not_exist(on: Rehearsal, undo: ExitStack) -> None:
    volume(on, undo, authorizationConfig={"accessPointId": "fsap-00000000", "iam": "ENABLED"})


def other_file_system(on: Rehearsal, undo: ExitStack) -> str:
    client = on.client("efs")
    made: str = client.create_file_system(CreationToken="other")["FileSystemId"]
    undo.callback(client.delete_file_system, FileSystemId=made)
    return made


@noticed_by(task_references.references, "Task definition cvat-server: volume data: fs-", "has no mount target.")
@noticed_by(task_references.references, "Task definition cvat-server: volume data:", "belongs to another file system.")
def a_volume_is_of_another_file_system_than_its_access_point(on: Rehearsal, undo: ExitStack) -> None:
    volume(on, undo, fileSystemId=other_file_system(on, undo))


@noticed_by(task_references.references, "Model inference: its archive s3://", "does not exist.")
def a_models_archive_is_gone(on: Rehearsal, undo: ExitStack) -> None:
    def rename(model: dict[str, Any]) -> None:
        model["Containers"][0]["ModelDataUrl"] += ".old"

    remodel(on, undo, rename)


@noticed_by(task_references.references, "Model inference: its image", "is not in ECR")
def a_models_image_is_gone(on: Rehearsal, undo: ExitStack) -> None:
    def other(model: dict[str, Any]) -> None:
        model["Containers"][0]["Image"] = f"{image(on, 'images-models').partition('@')[0]}@{NO_DIGEST}"

    remodel(on, undo, other)


@noticed_by(listeners.listener_rules, "leads to arn:aws-cn:elasticloadbalancing", "with which no service registers.")
def a_rule_leads_to_a_target_group_without_a_service(on: Rehearsal, undo: ExitStack) -> None:
    client, vpc = on.client("elbv2"), record(on, "aws:ec2/vpc:Vpc", "network").id
    rule = on.of_type("aws:lb/listenerRule:ListenerRule")[0].id
    before = client.describe_rules(RuleArns=[rule])["Rules"][0]["Actions"][0]["TargetGroupArn"]
    made = client.create_target_group(Name="empty", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
    empty = made["TargetGroups"][0]["TargetGroupArn"]
    undo.callback(client.delete_target_group, TargetGroupArn=empty)
    client.modify_rule(RuleArn=rule, Actions=[{"Type": "forward", "TargetGroupArn": empty}])
    undo.callback(client.modify_rule, RuleArn=rule, Actions=[{"Type": "forward", "TargetGroupArn": before}])


@noticed_by(listeners.keep_alive, "its container server closes connections that are idle for 4060 s", "for 5000 s")
def the_load_balancer_keeps_connections_longer_than_its_targets(on: Rehearsal, undo: ExitStack) -> None:
    client, balancer = on.client("elbv2"), on.of_type("aws:lb/loadBalancer:LoadBalancer")[0].id
    key = "idle_timeout.timeout_seconds"
    attributes = client.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
    before = next(attribute["Value"] for attribute in attributes if attribute["Key"] == key)

    def keep(seconds: str) -> None:
        client.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=[{"Key": key, "Value": seconds}])

    undo.callback(keep, before)
    keep("5000")


@noticed_by(listeners.listener_rules, "its task definition has no container server with port 8080.")
def a_container_has_another_port_than_its_target_group(on: Rehearsal, undo: ExitStack) -> None:
    container(on, undo, "cvat-server", portMappings=[{"containerPort": 9090, "hostPort": 9090, "protocol": "tcp"}])


@noticed_by(addresses.exist, "SERVERLESS_ENDPOINTS", "there is no endpoint 'nobody' in service.")
def the_gateway_receives_an_endpoint_that_does_not_exist(on: Rehearsal, undo: ExitStack) -> None:
    targets = json.loads(variable_of(on, "cvat-gateway", "SERVERLESS_ENDPOINTS"))
    targets["pth-faster-rcnn"]["endpoint"] = "nobody"
    tell(on, undo, "cvat-gateway", SERVERLESS_ENDPOINTS=json.dumps(targets))


@noticed_by(addresses.exist, "pth-faster-rcnn: 'inference-", "has no container 'nobody'")
def the_gateway_receives_a_container_that_does_not_exist(on: Rehearsal, undo: ExitStack) -> None:
    targets = json.loads(variable_of(on, "cvat-gateway", "SERVERLESS_ENDPOINTS"))
    targets["pth-faster-rcnn"]["container"] = "nobody"
    tell(on, undo, "cvat-gateway", SERVERLESS_ENDPOINTS=json.dumps(targets))


@noticed_by(addresses.exist, "pth-faster-rcnn: container 'pth-faster-rcnn' serves another.")
def a_container_serves_another_function_than_its_name_says(on: Rehearsal, undo: ExitStack) -> None:
    def other(model: dict[str, Any]) -> None:
        (container,) = [
            container for container in model["Containers"] if container["ContainerHostname"] == "pth-faster-rcnn"
        ]
        container["Environment"]["FUNCTION"] = "another"

    remodel(on, undo, other)


@noticed_by(addresses.exist, "there is no endpoint 'inference-", "in service.")
@noticed_by(gateway_calls.answered, "pth-faster-rcnn: its call is answered with")
def an_endpoint_is_gone(on: Rehearsal, undo: ExitStack) -> None:
    sagemaker, old = on.client("sagemaker"), on.of_type(ENDPOINT)[0]
    config = sagemaker.describe_endpoint(EndpointName=old.id)["EndpointConfigName"]
    tags = sagemaker.list_tags(ResourceArn=old.outputs["arn"])["Tags"]
    sagemaker.delete_endpoint(EndpointName=old.id)
    undo.callback(sagemaker.create_endpoint, EndpointName=old.id, EndpointConfigName=config, Tags=tags)


@noticed_by(addresses.exist, "SageMaker writes its log to /aws/sagemaker/Endpoints/inference-", "does not exist")
def an_endpoints_log_group_is_gone(on: Rehearsal, undo: ExitStack) -> None:
    group = record(on, "aws:cloudwatch/logGroup:LogGroup", "inference")
    take_away(on, undo, "logs", "groups", group.outputs["name"])


WRONG = {
    "CVAT_NUCLIO_HOST": ("nobody.cvat.internal", "no Cloud Map service answers to 'nobody.cvat.internal'"),
    "CVAT_NUCLIO_PORT": ("8071", "on port 8070, not on 8071."),
    "CVAT_POSTGRES_HOST": ("db.example.org", "no database has the address 'db.example.org'."),
    "CVAT_POSTGRES_PORT": ("5433", "listens on port 5432, not on 5433."),
    "CVAT_POSTGRES_DBNAME": ("other", "has the database 'cvat', not 'other'."),
    "CVAT_REDIS_HOST": ("redis.example.org", "no cache has the primary endpoint 'redis.example.org'."),
    "CVAT_REDIS_PORT": ("6380", "listens on port 6379, not on 6380."),
    "CVAT_REDIS_SSL": ("no", "has TLS on, CVAT_REDIS_SSL says otherwise."),
    "CVAT_BASE_URL": ("https://cvat.example.org", "no load balancer listens at 'https://cvat.example.org'"),
    "AWS_REGION": ("eu-central-1", "it says eu-central-1, but the stack is in cn-northwest-1."),
}
"""By variable of the server: a value that leads nowhere, and what is said of it."""


def _wrong(variable: str, value: str, says: str) -> None:
    def do(on: Rehearsal, undo: ExitStack) -> None:
        tell(on, undo, "cvat-server", **{variable: value})

    do.__name__ = f"the_server_receives_a_wrong_{variable}"
    noticed_by(addresses.exist, "Task definition cvat-server, container server", says)(do)


for _variable, (_value, _says) in WRONG.items():
    _wrong(_variable, _value, _says)


@noticed_by(addresses.exist, "PORT: it says 8071, but the container is reached on port 8070.")
def the_gateway_listens_on_another_port(on: Rehearsal, undo: ExitStack) -> None:
    tell(on, undo, "cvat-gateway", PORT="8071")


@noticed_by(addresses.exist, "cannot be resolved in vpc-", "its namespace belongs to another VPC.")
def the_namespace_belongs_to_another_network(on: Rehearsal, undo: ExitStack) -> None:
    route53, ec2 = on.client("route53"), on.client("ec2")
    own = record(on, "aws:ec2/vpc:Vpc", "network").id
    (zone,) = [zone["Id"] for zone in route53.list_hosted_zones()["HostedZones"] if "cvat.internal" in zone["Name"]]
    other = next(vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["VpcId"] != own)
    vpcs = [{"VPCId": vpc, "VPCRegion": on.region} for vpc in (own, other)]
    route53.associate_vpc_with_hosted_zone(HostedZoneId=zone, VPC=vpcs[1])
    route53.disassociate_vpc_from_hosted_zone(HostedZoneId=zone, VPC=vpcs[0])
    undo.callback(route53.disassociate_vpc_from_hosted_zone, HostedZoneId=zone, VPC=vpcs[1])
    undo.callback(route53.associate_vpc_with_hosted_zone, HostedZoneId=zone, VPC=vpcs[0])


@noticed_by(addresses.exist, "no ECS service registers as 'serverless.")
def no_service_registers_under_the_gateways_name(on: Rehearsal, undo: ExitStack) -> None:
    forget(on, undo, record(on, "aws:ecs/service:Service", "cvat-gateway"))


@noticed_by(addresses.exist, "nothing is below 's3://init-demo-")
def the_demo_is_looked_for_where_nothing_is(on: Rehearsal, undo: ExitStack) -> None:
    def elsewhere(definition: dict[str, Any]) -> None:
        source = definition["containerDefinitions"][1]["environment"]
        source[:] = [
            {"name": variable["name"], "value": variable["value"].replace("/demo/", "/none/")} for variable in source
        ]

    redefine(on, undo, "init", elsewhere)


@noticed_by(task_references.references, "1 task definitions are not in the account.")
def a_task_definition_was_never_registered(on: Rehearsal, undo: ExitStack) -> None:
    old = record(on, "aws:ecs/taskDefinition:TaskDefinition", "cvat-ui")
    swap(on, undo, old, outputs={**old.outputs, "arn": f"{old.outputs['arn']}9"})
