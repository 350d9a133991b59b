"""`import-cfn` on an emulated CloudFormation stack with the sample's logical ids, and the deployment that follows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cvatctl.__main__ import main
from cvatctl.adoption import template
from cvatctl.errors import CommandError
from rehearsal import Account, rehearse
from rehearsal.defaults import HOME
from tests.support.old_stack import OLD, REGION, cloud_formation, create

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Account() as opened:
        create(opened.in_region(REGION))
        yield opened


@pytest.fixture(scope="module")
def written(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("import")
    assert main(["import-cfn", OLD, "--region", REGION, "--stack", REGION, "--directory", str(folder)]) == 0
    return folder


def urns(document: dict[str, Any], stack: str) -> dict[str, str]:
    """URNs as Pulumi's CLI makes them of an import file (parseImportFile in pkg/cmd/pulumi), with the ids."""
    specs = {spec["name"]: spec for spec in document["resources"]}
    assert len(specs) == len(document["resources"]), "a name that two share is ambiguous as a parent"

    def types(spec: dict[str, Any]) -> str:
        parent = f"{types(specs[spec['parent']])}$" if "parent" in spec else ""
        return f"{parent}{spec['type']}"

    for spec in specs.values():
        assert ("id" in spec) is not spec.get("component", False), "a component has no id, all else has one"
    return {
        f"urn:pulumi:{stack}::cvat::{types(spec)}::{spec['logicalName']}": spec.get("id", "") for spec in specs.values()
    }


def test_every_adopted_resource_has_the_urn_that_the_program_gives_it(
    account: Account, written: Path, archives: Path
) -> None:
    settings = yaml.safe_load((written / "settings.yaml").read_text(encoding="utf-8"))["config"]
    with rehearse(
        REGION, config=settings | {"cvat:modelArchives": str(archives)}, account=account, judge=False
    ) as done:
        assert done.error is None, done.error
        document = json.loads((written / "import.json").read_text(encoding="utf-8"))
        imported = urns(document, REGION)
        (pinned,) = re.findall(r"^pulumi-aws==(.+)$", (HOME / "requirements.txt").read_text(encoding="utf-8"), re.M)
        versions = {
            resource["version"]
            for resource in json.loads((written / "import.json").read_text())["resources"]
            if "id" in resource
        }
        assert versions == {pinned}, "the provider that the program uses reads what is adopted"
        assert len(imported) == 8, "two components, file system, three mount targets, two access points"
        assert set(imported) <= set(done.registered), "with another URN Pulumi would delete it, and make a new one"
        own = {record.urn: record.inputs for record in done.resources}
        subnets = {
            target["MountTargetId"]: target["SubnetId"]
            for system in done.client("efs").describe_file_systems()["FileSystems"]
            for target in done.client("efs").describe_mount_targets(FileSystemId=system["FileSystemId"])["MountTargets"]
        }
        for urn, physical in imported.items():
            if physical.startswith("fsmt-"):
                assert subnets[physical] == own[urn]["subnetId"], "a mount target cannot move: Pulumi would replace it"


def test_no_unchangeable_property_of_the_adopted_differs_from_the_programs(account: Account, written: Path) -> None:
    imported = urns(json.loads((written / "import.json").read_text(encoding="utf-8")), REGION)
    efs = account.client("efs", REGION)
    state = account.states[REGION].records
    for urn, physical in imported.items():
        if physical.startswith("fsap-"):
            (point_found,) = efs.describe_access_points(AccessPointId=physical)["AccessPoints"]
            expected = state[urn].inputs
            assert point_found["RootDirectory"]["Path"] == expected["rootDirectory"]["path"]
            assert int(point_found["PosixUser"]["Uid"]) == expected["posixUser"]["uid"]
        if physical.startswith("fs-"):
            (system,) = efs.describe_file_systems(FileSystemId=physical)["FileSystems"]
            assert system["Encrypted"] is state[urn].inputs["encrypted"] is True


def test_the_kept_template_is_the_old_one_plus_policies(written: Path) -> None:
    text = (written / "template.yaml").read_text(encoding="utf-8")
    added = ("    DeletionPolicy: ", "    UpdateReplacePolicy: ", "    Metadata:", "      kept-by: ")
    assert [line for line in text.splitlines() if not line.startswith(added)] == cloud_formation().splitlines()
    lines = text.splitlines()
    for name, policy in {
        "VPC": "Retain",
        "CVATEfs": "Retain",
        "EFSMountTarget2": "Retain",
        "DBInstance": "Snapshot",
    }.items():
        assert lines[lines.index(f"  {name}:") + 1] == f"    DeletionPolicy: {policy}"
    at = lines.index("  AppServerSecurityGroup:")
    assert "DeletionPolicy" not in lines[at + 1], "the old groups go with the old stack"


def test_the_kept_template_is_still_yaml_with_a_note_that_makes_cloudformation_take_the_policies(written: Path) -> None:
    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's short forms as plain values."""

    Loader.add_multi_constructor("!", lambda loader, suffix, node: suffix)
    content = yaml.load((written / "template.yaml").read_text(encoding="utf-8"), Loader)  # noqa: S506  (a SafeLoader)
    kept = {name for name, resource in content["Resources"].items() if resource.get("DeletionPolicy") == "Retain"}
    kinds = {resource["Type"] for name, resource in content["Resources"].items() if name not in kept}
    assert kinds == {"AWS::EC2::SecurityGroup", "AWS::RDS::DBSubnetGroup", "AWS::RDS::DBInstance"}
    for name in kept:
        assert content["Resources"][name]["UpdateReplacePolicy"] == "Retain"
        assert content["Resources"][name]["Metadata"], "a new DeletionPolicy alone is no change for CloudFormation"


def test_the_steps_name_this_stacks_things_and_no_password(written: Path, account: Account) -> None:
    text = (written / "STEPS.md").read_text(encoding="utf-8")
    (database,) = [
        instance
        for instance in account.client("rds", REGION).describe_db_instances()["DBInstances"]
        if instance["MasterUsername"] == "postgres"
    ]
    assert database["DBInstanceIdentifier"] in text
    assert "its master user is postgres, the program's is cvat" in text
    assert "ParameterKey=DBPassword,UsePreviousValue=true" in text
    split = [line for line in text.splitlines() if line.lstrip().startswith("--")]
    assert split
    assert all(line.startswith("      --") for line in split), "a command's second line belongs to its block"
    assert "from-the-sample" not in "".join(
        file.read_text(encoding="utf-8").replace(cloud_formation(), "") for file in written.glob("*.[jm]*")
    )
    assert "chief" in (written / "settings.yaml").read_text(encoding="utf-8"), "the administrator keeps the name"


def test_the_step_that_initialises_again_names_the_programs_own_resource(account: Account, written: Path) -> None:
    text = (written / "STEPS.md").read_text(encoding="utf-8")
    (urn,) = {urn for urn in account.states[REGION].records if "RunOnce" in urn}
    assert f"--replace '{urn}'" in text


def test_another_stack_is_refused_by_what_it_lacks(run: Run, account: Account) -> None:
    bare = "Resources:\n  VPC:\n    Type: AWS::EC2::VPC\n    Properties: {CidrBlock: 10.0.0.0/16}\n"
    account.client("cloudformation", REGION).create_stack(StackName="other", TemplateBody=bare)
    code, _, err = run("import-cfn", "other", "--region", REGION)
    assert code == 2
    assert "it lacks PublicSubnet1" in err


def test_a_stack_that_does_not_exist_is_a_sentence(run: Run, account: Account) -> None:
    code, _, err = run("import-cfn", "nowhere", "--region", REGION)
    assert code == 2
    assert "CloudFormation has no stack 'nowhere'" in err


def test_a_json_template_keeps_its_other_properties() -> None:
    resource = {"Type": "AWS::EC2::VPC", "Metadata": {"mine": 1}}
    changed = template.retain({"Resources": {"VPC": resource}}, ["VPC"], [])
    assert isinstance(changed, dict)
    assert changed["Resources"]["VPC"]["DeletionPolicy"] == "Retain"
    assert changed["Resources"]["VPC"]["Metadata"]["mine"] == 1
    assert "DeletionPolicy" not in resource, "the caller's template is not changed"


def test_an_earlier_policy_is_replaced_and_a_missing_resource_named() -> None:
    text = "Resources:\n  VPC:\n    Type: AWS::EC2::VPC\n    DeletionPolicy: Delete\n  Other:\n    Type: X\n"
    changed = template.retain(text, ["VPC"], [])
    assert isinstance(changed, str)
    assert changed.count("DeletionPolicy") == 1
    assert "DeletionPolicy: Retain" in changed
    with pytest.raises(CommandError, match="no resource CVATEfs"):
        template.retain(text, ["CVATEfs"], [])
