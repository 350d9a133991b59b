"""Why policies are evaluated here and not by moto: it refuses what a policy allows by ARN."""

from __future__ import annotations

import json
from typing import Any

import boto3
import botocore.exceptions
import pytest
from moto.core import set_initial_no_auth_action_count

from rehearsal import Account
from rehearsal.aws.iam_evaluator import Decision, Request, decide

CN = "cn-northwest-1"
OWN = f"arn:aws-cn:secretsmanager:{CN}:{Account.id}:secret:own-*"
NEIGHBOURS = f"arn:aws-cn:secretsmanager:{CN}:{Account.id}:secret:neighbours-*"
READ = "secretsmanager:GetSecretValue"


def statement(resource: str, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": [READ], "Resource": [resource], **more}


def motos(statements: list[dict[str, Any]]) -> bool:
    """Whether moto lets a user with these statements read the secret `own`."""
    with Account() as account:
        iam, secrets = account.client("iam", CN), account.client("secretsmanager", CN)
        secret = secrets.create_secret(Name="own", SecretString="x")["ARN"]
        iam.create_user(UserName="u")
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document)
        key = iam.create_access_key(UserName="u")["AccessKey"]
        pair = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        client = boto3.client("secretsmanager", region_name=CN, **pair)

        @set_initial_no_auth_action_count(0)
        def read() -> bool:
            try:
                client.get_secret_value(SecretId=secret)
            except botocore.exceptions.ClientError:
                return False
            return True

        return bool(read())


@pytest.mark.parametrize(
    ("statements", "right"),
    [
        ([statement(OWN)], Decision.ALLOWED),
        ([statement("*"), statement(NEIGHBOURS, "Deny")], Decision.ALLOWED),
        ([statement(OWN), statement(OWN, "Deny")], Decision.DENIED),
        ([statement(NEIGHBOURS)], Decision.UNSAID),
        ([statement(OWN, Condition={"Bool": {"aws:SecureTransport": "false"}})], Decision.UNSAID),
        ([{**statement(OWN), "Action": ["secretsmanager:get*"]}], Decision.ALLOWED),
    ],
)
def test_policies_are_evaluated_as_iam_does(statements: list[dict[str, Any]], right: Decision) -> None:
    asked = Request(
        READ, f"arn:aws-cn:secretsmanager:{CN}:{Account.id}:secret:own-abc", {"aws:SecureTransport": "true"}
    )
    assert decide(statements, asked) is right


def test_moto_denies_what_a_policy_allows_by_arn() -> None:
    assert motos([statement("*")]), "with a wide policy moto agrees with AWS"
    assert not motos([statement(OWN)]), "moto has learnt to ask for the ARN: its own evaluator can take over"
