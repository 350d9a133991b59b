"""Zones that do not fit the name. Opens accounts of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal import rehearse
from rehearsal.aws.account import Account

TOKYO = "ap-northeast-1"
HOST = "cvat.example.com"


def zone(account: Account, name: str, **private: Any) -> str:
    made = account.client("route53", TOKYO).create_hosted_zone(Name=name, CallerReference=name, **private)
    return str(made["HostedZone"]["Id"].rpartition("/")[2])


@pytest.mark.parametrize(
    ("domain", "private", "said"),
    [
        ("example.org", False, "is the zone of example.org, and a record must lie inside its zone"),
        ("ample.com", False, "is the zone of ample.com"),
        ("example.com", True, "is a private zone of example.com, and ACM looks for its proof in public DNS"),
    ],
)
def test_a_zone_that_does_not_fit_is_refused_before_anything_is_created(
    archives: Path, domain: str, private: bool, said: str
) -> None:
    with Account() as account:
        vpc = account.client("ec2", TOKYO).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        joined = {"VPC": {"VPCRegion": TOKYO, "VPCId": vpc}, "HostedZoneConfig": {"PrivateZone": True}}
        own = zone(account, domain, **(joined if private else {}))
        config = {"cvat:hostName": HOST, "cvat:hostedZoneId": own, "cvat:requestCertificate": True}
        done = rehearse(TOKYO, config=config | {"cvat:modelArchives": str(archives)}, account=account)
        assert said in str(done.error)
        assert not done.of_type("aws:lb/loadBalancer:LoadBalancer")
