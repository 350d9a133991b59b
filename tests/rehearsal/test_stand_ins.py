"""What a configuration names as existing is put into the emulated account, and said."""

from __future__ import annotations

from pathlib import Path

from rehearsal import rehearse

ACCOUNT = "cn-northwest-1:123456789012"
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
    "cvat:serverSecrets": [f"CVAT_SMTP_PASSWORD=arn:aws-cn:secretsmanager:{ACCOUNT}:secret:mail-AbCdEf:password"],
}


def test_a_stack_beside_what_exists_is_rehearsed_without_preparation(tmp_path: Path) -> None:
    with rehearse("cn-northwest-1", config=EXISTING, placeholders=tmp_path) as rehearsal:
        assert rehearsal.error is None, str(rehearsal.error)
        assert rehearsal.ok, [verdict for verdict in rehearsal.checks if not verdict.ok]
        listed = [message for message in rehearsal.messages if message.startswith("stand-in: cvat:")]
    for key in ("vpcId", "certificateArn", "hostedZoneId", "dbInstanceId", "fileSystemId", "loadBalancerArn"):
        assert f"stand-in: cvat:{key} = {EXISTING[f'cvat:{key}']}" in listed
    assert any("serverSecrets" in message for message in listed)


def test_without_stand_ins_what_does_not_exist_is_an_error() -> None:
    zone = {"cvat:hostedZoneId": "Z0123456789ABCDEFGHIJ", "cvat:hostName": "a.example.com"}
    with rehearse("cn-northwest-1", config=zone) as done:
        assert done.error is not None
        assert "Z0123456789ABCDEFGHIJ" in str(done.error)
