"""A rehearsed stack in its account, with the questions that several claims ask."""

from __future__ import annotations

import json
from typing import Any

from rehearsal import Record, Rehearsal
from tests.support.every_setting.ground import Ground


class Seen:
    """What AWS says about the stack. Names are those of the program's exports: kinds of tasks, stores."""

    def __init__(self, round_: str, done: Rehearsal, ground: Ground) -> None:
        self.round, self.done, self.ground = round_, done, ground

    def client(self, service: str) -> Any:
        """A boto3 client of the stack's account and region."""
        return self.done.client(service)

    def record(self, token: str, name: str) -> Record:
        """What the program registered, for what no API tells. Raises LookupError."""
        return {record.name: record for record in self.done.of_type(token)}[name]

    def service(self, kind: str) -> dict[str, Any]:
        """An ECS service."""
        names = [self.done.outputs["services"][kind]]
        described = self.client("ecs").describe_services(cluster=self.done.outputs["cluster"], services=names)
        return dict(described["services"][0])

    def task(self, kind: str) -> dict[str, Any]:
        """The task definition that runs now; `init`'s too."""
        family = f"cvat-{self.done.stack}-{kind}"
        return dict(self.client("ecs").describe_task_definition(taskDefinition=family)["taskDefinition"])

    def firewall(self) -> dict[str, Any]:
        """The web ACL before the load balancer."""
        described = self.client("wafv2").get_web_acl_for_resource(ResourceArn=self.balancer["LoadBalancerArn"])
        return dict(described["WebACL"])

    def login(self) -> dict[str, Any]:
        """What the load balancer does with people whom it does not know."""
        ask = self.secure["DefaultActions"][0]
        return dict(ask["AuthenticateOidcConfig"])

    def size(self, kind: str) -> tuple[int, int]:
        """CPU units and MiB of a task."""
        return int(self.task(kind)["cpu"]), int(self.task(kind)["memory"])

    def container(self, kind: str, name: str = "") -> dict[str, Any]:
        """A container of a task: the one that is named, or the first."""
        containers = {definition["name"]: definition for definition in self.task(kind)["containerDefinitions"]}
        return dict(containers[name] if name else next(iter(containers.values())))

    def environment(self, kind: str, name: str = "") -> dict[str, str]:
        """A container's variables."""
        return {variable["name"]: variable["value"] for variable in self.container(kind, name)["environment"]}

    def role(self, kind: str, which: str = "task") -> str:
        """All that a task's role (`task` or `execution`) may do, as text."""
        arn = self.task(kind)["taskRoleArn" if which == "task" else "executionRoleArn"]
        iam, role = self.client("iam"), arn.rpartition("/")[2]
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        return json.dumps([iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names])

    def capacity(self, kind: str) -> tuple[int, int] | None:
        """Between which numbers a service scales; None: it does not."""
        scalable = self.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
        name = self.done.outputs["services"][kind]
        targets = [target for target in scalable["ScalableTargets"] if target["ResourceId"].endswith(f"/{name}")]
        return (targets[0]["MinCapacity"], targets[0]["MaxCapacity"]) if targets else None

    @property
    def database(self) -> dict[str, Any]:
        """The RDS instance."""
        name = self.done.outputs["stores"]["database"]
        return dict(self.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0])

    @property
    def cache(self) -> dict[str, Any]:
        """The replication group."""
        name = self.done.outputs["stores"]["cache"]
        described = self.client("elasticache").describe_replication_groups(ReplicationGroupId=name)
        return dict(described["ReplicationGroups"][0])

    @property
    def balancer(self) -> dict[str, Any]:
        """The load balancer."""
        return dict(self.client("elbv2").describe_load_balancers()["LoadBalancers"][0])

    @property
    def listeners(self) -> dict[int, dict[str, Any]]:
        """By port."""
        arn = self.balancer["LoadBalancerArn"]
        return {
            listener["Port"]: listener
            for listener in self.client("elbv2").describe_listeners(LoadBalancerArn=arn)["Listeners"]
        }

    @property
    def secure(self) -> dict[str, Any]:
        """The HTTPS listener."""
        return next(listener for listener in self.listeners.values() if listener["Protocol"] == "HTTPS")

    def rules(self) -> list[dict[str, Any]]:
        """The rules of the listener that people use, the first to be tried first."""
        elb = self.client("elbv2")
        main = [listener for listener in self.listeners.values() if listener["DefaultActions"][0]["Type"] != "redirect"]
        listed = elb.describe_rules(ListenerArn=main[0]["ListenerArn"])["Rules"]
        return sorted((rule for rule in listed if not rule["IsDefault"]), key=lambda rule: int(rule["Priority"]))

    def subnets(self, kind: str) -> list[dict[str, Any]]:
        """The `public` or `private` subnets of the stack's own VPC, in the order of their addresses."""
        vpcs = self.client("ec2").describe_vpcs(Filters=[{"Name": "tag:stack", "Values": [self.done.stack]}])["Vpcs"]
        where = [{"Name": "vpc-id", "Values": [vpc["VpcId"] for vpc in vpcs] or ["none"]}]
        listed = self.client("ec2").describe_subnets(Filters=where)["Subnets"]
        return sorted(
            (subnet for subnet in listed if _kind(subnet) == kind),
            key=lambda subnet: [int(part) for part in subnet["CidrBlock"].split("/")[0].split(".")],
        )

    @property
    def backup_rule(self) -> dict[str, Any]:
        """The rule of the backup plan."""
        backup = self.client("backup")
        (plan,) = backup.list_backup_plans()["BackupPlansList"]
        return dict(backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"][0])

    def variants(self) -> list[dict[str, Any]]:
        """The variant of each endpoint that is always there."""
        client, asleep = self.client("sagemaker"), set(self.done.outputs["batch_configs"].values())
        names = [
            client.describe_endpoint(EndpointName=endpoint["EndpointName"])["EndpointConfigName"]
            for endpoint in client.list_endpoints()["Endpoints"]
        ]
        names = [name for name in names if name not in asleep]
        listed = [client.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"] for name in names]
        return [variants[0] for variants in listed]


def _kind(subnet: dict[str, Any]) -> str:
    return next((str(tag["Value"]).lower() for tag in subnet.get("Tags", []) if tag["Key"] == "SubnetType"), "")
