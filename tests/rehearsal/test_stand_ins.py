"""What a configuration names as existing is put into the emulated account, and said."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import rehearse

ACCOUNT = "cn-northwest-1:123456789012"
REGISTRY = "123456789012.dkr.ecr.cn-northwest-1.amazonaws.com.cn"
EXISTING: dict[str, object] = {
    "cvat:vpcId": "vpc-0a1b2c3d4e5f60718",
    "cvat:publicSubnetIds": [f"subnet-0a00000000000000{letter}" for letter in "abc"],
    "cvat:privateSubnetIds": [f"subnet-0b00000000000000{letter}" for letter in "abc"],
    "cvat:hostName": "cvat.example.com",
    "cvat:certificateArn": f"arn:aws-cn:acm:{ACCOUNT}:certificate/01234567-89ab-cdef-0123-456789abcdef",
    "cvat:hostedZoneId": "Z0123456789ABCDEFGHIJ",
    "cvat:dbInstanceId": "labels",
    "cvat:dbSecretArn": f"arn:aws-cn:secretsmanager:{ACCOUNT}:secret:labels-AbCdEf",
    "cvat:dbSecurityGroupId": "sg-0d000000000000001",
    "cvat:fileSystemId": "fs-0e000000000000001",
    "cvat:fileSystemSecurityGroupId": "sg-0d000000000000002",
    "cvat:loadBalancerArn": f"arn:aws-cn:elasticloadbalancing:{ACCOUNT}:loadbalancer/app/shared/0123456789abcdef",
    "cvat:loadBalancerSecurityGroupId": "sg-0d000000000000003",
    "cvat:alarmTopicArn": f"arn:aws-cn:sns:{ACCOUNT}:operations",
    "cvat:permissionsBoundaryArn": "arn:aws-cn:iam::123456789012:policy/bounds",
    "cvat:serverImage": f"{REGISTRY}/ready/cvat@sha256:{'1' * 64}",
    "cvat:uiImage": f"{REGISTRY}/ready/cvat@sha256:{'2' * 64}",
    "cvat:serverSecrets": [f"CVAT_SMTP_PASSWORD=arn:aws-cn:secretsmanager:{ACCOUNT}:secret:mail-AbCdEf:password"],
}


def test_a_stack_beside_what_exists_is_rehearsed_without_preparation(tmp_path: Path) -> None:
    with rehearse("cn-northwest-1", config=EXISTING, placeholders=tmp_path) as rehearsal:
        assert rehearsal.error is None, str(rehearsal.error)
        assert rehearsal.ok, [verdict for verdict in rehearsal.checks if not verdict.ok]
        listed = [message for message in rehearsal.messages if message.startswith("stand-in: cvat:")]
    for key in (
        "vpcId",
        "certificateArn",
        "hostedZoneId",
        "dbInstanceId",
        "fileSystemId",
        "loadBalancerArn",
        "uiImage",
    ):
        assert f"stand-in: cvat:{key} = {EXISTING[f'cvat:{key}']}" in listed
    assert any("serverSecrets" in message for message in listed)


def test_without_stand_ins_what_does_not_exist_is_an_error() -> None:
    zone = {"cvat:hostedZoneId": "Z0123456789ABCDEFGHIJ", "cvat:hostName": "a.example.com"}
    with rehearse("cn-northwest-1", config=zone) as done:
        assert done.error is not None
        assert "Z0123456789ABCDEFGHIJ" in str(done.error)


IMAGES = {
    f"cvat:{image}Image": f"123456789012.dkr.ecr.cn-northwest-1.amazonaws.com.cn/ready/{image}@sha256:{number:064x}"
    for number, image in enumerate(("server", "ui", "gateway", "models"), start=1)
}


@pytest.mark.parametrize(
    "config",
    [
        {
            "cvat:hostName": "cvat.example.com",
            "cvat:certificateArn": "arn:aws-cn:iam::123456789012:server-certificate/platform/cvat",
            "cvat:restoreDatabaseSnapshot": f"arn:aws-cn:rds:{ACCOUNT}:snapshot:last-night",
            "cvat:modelArchives": "s3://our-models/v1",
            **IMAGES,
        },
        {"cvat:restoreDatabaseSnapshot": "arn:aws-cn:rds:cn-northwest-1:210987654321:snapshot:shared"},
    ],
    ids=["own", "shared"],
)
def test_snapshots_by_arn_certificates_of_iam_images_and_archives_in_s3_stand_in(
    config: dict[str, object], tmp_path: Path
) -> None:
    with rehearse("cn-northwest-1", config=config, placeholders=tmp_path / "archives") as rehearsal:
        assert rehearsal.error is None, str(rehearsal.error)
        assert rehearsal.ok, [verdict for verdict in rehearsal.checks if not verdict.ok]
        for key, value in config.items():
            assert key == "cvat:hostName" or f"stand-in: {key} = {value}" in rehearsal.messages
