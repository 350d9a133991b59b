"""What keeps a stack out of a network, as the rehearsed account shows it. Opens accounts of its own."""

from __future__ import annotations

from pathlib import Path

from rehearsal import rehearse
from rehearsal.aws.account import Account
from tests.support.every_setting.ground import build_vpc


def test_a_vpc_whose_subnets_are_of_the_wrong_kind_is_refused_in_sentences(archives: Path) -> None:
    with Account() as account:
        ec2 = account.client("ec2", "cn-northwest-1")
        vpc, public, private = build_vpc(ec2, [f"cn-northwest-1{letter}" for letter in "abc"])
        config = {"cvat:vpcId": vpc, "cvat:publicSubnetIds": private, "cvat:privateSubnetIds": public}
        done = rehearse("cn-northwest-1", config=config | {"cvat:modelArchives": str(archives)}, account=account)
    assert str(done.error).startswith("What the settings name cannot be used:")
    assert str(done.error).count("Name a public subnet") == 3
    assert str(done.error).count("Name a private subnet") == 3
