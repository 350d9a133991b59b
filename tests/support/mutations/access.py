"""Mutations of roles: what they may do, on what, and who may take them; and of policies of buckets."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

from rehearsal import Rehearsal
from rehearsal.checks import gateway_calls, permissions
from tests.support.mutations.table import about, allow, noticed_by, permit, record, swap

ROLE, BUCKET = "aws:iam/role:Role", "aws:s3/bucket:Bucket"
ECS = "ecs-tasks.amazonaws.com"


@noticed_by(permissions.exercised, "Role cvat-gateway-task: sagemaker:InvokeEndpoint on ", "is needed, but not allowed")
@noticed_by(gateway_calls.answered, "its call is answered with")
def the_gateway_may_call_another_endpoint_only(on: Rehearsal, undo: ExitStack) -> None:
    def rename(statements: list[dict[str, Any]]) -> None:
        statement = about(statements, "sagemaker:InvokeEndpoint")
        statement["Resource"] = [arn.replace(":endpoint/", ":endpoint/another-") for arn in statement["Resource"]]

    permit(on, undo, "cvat-gateway-task", rename)


@noticed_by(permissions.exercised, "secretsmanager:GetSecretValue on ", "is needed, but not allowed by any statement")
def the_server_may_not_read_its_secrets(on: Rehearsal, undo: ExitStack) -> None:
    def forbid(statements: list[dict[str, Any]]) -> None:
        statements.remove(about(statements, "secretsmanager:GetSecretValue"))

    permit(on, undo, "cvat-server-execution", forbid)


@noticed_by(permissions.exercised, "logs:PutLogEvents on ", "is needed, but denied by a statement.")
def the_server_is_denied_its_log(on: Rehearsal, undo: ExitStack) -> None:
    denial = {**allow("logs:PutLogEvents"), "Effect": "Deny"}
    permit(on, undo, "cvat-server-execution", lambda statements: statements.append(denial))


NEIGHBOURS = {
    "secretsmanager:GetSecretValue": ("cvat-server-execution", "secretsmanager:*:*:secret:*"),
    "logs:PutLogEvents": ("cvat-server-execution", "logs:*:*:log-group:*"),
    "ecr:BatchGetImage": ("cvat-server-execution", "ecr:*:*:repository/*"),
    "sagemaker:InvokeEndpoint": ("cvat-gateway-task", "sagemaker:*:*:endpoint/*"),
    "s3:GetObject": ("inference-models", "s3:::*"),
    "s3:ListBucket": ("init-task", "s3:::*"),
}
"""By action: a role that makes it, and what would cover a neighbour's things, too."""


def _neighbour(action: str, role: str, rest: str) -> None:
    def do(on: Rehearsal, undo: ExitStack) -> None:
        permit(on, undo, role, lambda statements: statements.append(allow(action, f"arn:aws-cn:{rest}")))

    do.__name__ = f"{role}_may_make_{action}_on_a_neighbours_things"
    noticed_by(permissions.exercised, f"Role {role}: {action} on ", "it is a neighbour's: name the task's own")(do)
    noticed_by(permissions.wide, f"Role {role}: it allows {action} on 'arn:aws-cn:{rest}': name the ARNs")(do)


for _action, (_role, _rest) in NEIGHBOURS.items():
    _neighbour(_action, _role, _rest)


@noticed_by(permissions.exercised, "elasticfilesystem:ClientMount on ", "without an access point is allowed")
def the_server_may_mount_the_root_of_the_file_system(on: Rehearsal, undo: ExitStack) -> None:
    def drop(statements: list[dict[str, Any]]) -> None:
        for statement in statements:
            statement.pop("Condition", None)

    permit(on, undo, "cvat-server-task", drop)


@noticed_by(permissions.exercised, "s3:PutObject is allowed, but nothing that runs with this role calls it: remove it.")
def the_models_may_make_a_call_that_they_never_make(on: Rehearsal, undo: ExitStack) -> None:
    bucket = f"arn:aws-cn:s3:::{record(on, BUCKET, 'inference-models').id}/*"
    permit(on, undo, "inference-models", lambda statements: statements.append(allow("s3:PutObject", bucket)))


@noticed_by(permissions.exercised, "is named in a permission, but nothing that runs with this role uses it: remove it.")
def the_models_may_read_what_they_never_read(on: Rehearsal, undo: ExitStack) -> None:
    demo = f"arn:aws-cn:s3:::{record(on, BUCKET, 'init-demo').id}/*"
    permit(on, undo, "inference-models", lambda statements: about(statements, "s3:GetObject")["Resource"].append(demo))


def another_role(on: Rehearsal, undo: ExitStack) -> str:
    """A role that nothing uses, with a permission."""
    iam, like = on.client("iam"), record(on, ROLE, "cvat-ui-task")
    trust = iam.get_role(RoleName=like.id)["Role"]["AssumeRolePolicyDocument"]
    arn = iam.create_role(RoleName="another", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    undo.callback(iam.delete_role, RoleName="another")
    document = {"Version": "2012-10-17", "Statement": [allow("s3:GetObject", "arn:aws-cn:s3:::one/*")]}
    iam.put_role_policy(RoleName="another", PolicyName="p", PolicyDocument=json.dumps(document))
    undo.callback(iam.delete_role_policy, RoleName="another", PolicyName="p")
    return str(arn)


@noticed_by(permissions.exercised, "Role cvat-ui-task: what is called with it is not known.")
@noticed_by(permissions.trust, "Role cvat-ui-task: nothing takes it: remove it")
def a_role_is_not_used_by_anything(on: Rehearsal, undo: ExitStack) -> None:
    old = record(on, ROLE, "cvat-ui-task")
    swap(on, undo, old, id="another", outputs={**old.outputs, "arn": another_role(on, undo)})


@noticed_by(permissions.wide, "Role cvat-server-task: it allows s3:*: name the calls that are made.")
def the_server_may_make_every_call_of_a_service(on: Rehearsal, undo: ExitStack) -> None:
    permit(on, undo, "cvat-server-task", lambda statements: statements.append(allow("s3:*", "arn:aws-cn:s3:::one/*")))


@noticed_by(permissions.wide, "Role cvat-server-task: it allows kms:Decrypt on every resource", "add the reason")
def the_server_may_make_a_call_on_everything_without_a_reason(on: Rehearsal, undo: ExitStack) -> None:
    permit(on, undo, "cvat-server-task", lambda statements: statements.append(allow("kms:Decrypt")))


@noticed_by(permissions.wide, "Role cvat-server-task: NotAction and NotResource allow everything that is not listed")
def the_server_may_do_all_but_a_few_things(on: Rehearsal, undo: ExitStack) -> None:
    much = {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": ["arn:aws-cn:s3:::one"]}
    permit(on, undo, "cvat-server-task", lambda statements: statements.append(much))


@noticed_by(permissions.wide, "The policy of arn:aws-cn:s3:::inference-models-", "lets everybody in: name who may.")
def a_bucket_lets_everybody_in(on: Rehearsal, undo: ExitStack) -> None:
    s3, bucket = on.client("s3"), record(on, BUCKET, "inference-models").id
    text = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    public_read = {**allow("s3:GetObject", f"arn:aws-cn:s3:::{bucket}/*"), "Principal": "*"}
    policy = json.loads(text)
    policy["Statement"].append(public_read)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    undo.callback(s3.put_bucket_policy, Bucket=bucket, Policy=text)


def trust(on: Rehearsal, undo: ExitStack, name: str, **changes: Any) -> None:
    """Change the first statement of a role's trust policy; None takes a part away."""
    iam, role = on.client("iam"), record(on, ROLE, name).id
    document = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    undo.callback(iam.update_assume_role_policy, RoleName=role, PolicyDocument=json.dumps(document))
    first = {key: value for key, value in {**document["Statement"][0], **changes}.items() if value is not None}
    changed = {**document, "Statement": [first, *document["Statement"][1:]]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(changed))


@noticed_by(permissions.trust, "Role cvat-server-task: ec2.amazonaws.com may take it, but only ecs-tasks.amazonaws.com")
def another_service_may_take_a_role(on: Rehearsal, undo: ExitStack) -> None:
    trust(on, undo, "cvat-server-task", Principal={"Service": [ECS, "ec2.amazonaws.com"]})


@noticed_by(permissions.trust, f"Role cvat-server-task: {ECS} uses it, but may not take it: name it")
@noticed_by(permissions.trust, f"{ECS}.cn may take it, but only {ECS} should.")
def a_role_trusts_a_principal_that_china_does_not_have(on: Rehearsal, undo: ExitStack) -> None:
    trust(on, undo, "cvat-server-task", Principal={"Service": f"{ECS}.cn"})


@noticed_by(permissions.trust, "may take it, but only sagemaker.amazonaws.com should.")
def a_whole_account_may_take_a_role(on: Rehearsal, undo: ExitStack) -> None:
    principals = {"Service": "sagemaker.amazonaws.com", "AWS": "arn:aws-cn:iam::210987654321:root"}
    trust(on, undo, "inference-models", Principal=principals)


@noticed_by(permissions.trust, f"{ECS} may take it for another account: add the condition aws:SourceAccount.")
def a_role_can_be_taken_for_another_account(on: Rehearsal, undo: ExitStack) -> None:
    trust(on, undo, "cvat-server-task", Condition=None)
