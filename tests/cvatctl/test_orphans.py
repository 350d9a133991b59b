"""`orphans`: what an interrupted update left in an account where the stack lives."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from cvatctl.orphans import find
from cvatctl.orphans.delete import delete
from cvatctl.orphans.find import Orphan
from rehearsal import Rehearsal
from tests.support.cvatctl_command import Run
from tests.support.databases import create_database

REGION = "cn-northwest-1"
TAGS = [{"Key": "project", "Value": "cvat"}, {"Key": "stack", "Value": REGION}]


def exported(deployed: Rehearsal, **deployment: Any) -> dict[str, Any]:
    """What `pulumi stack export` says of the rehearsed stack."""
    resources = [
        {"urn": record.urn, "type": record.type, "id": record.id, "outputs": dict(record.outputs)}
        for record in deployed.resources
    ]
    return {"version": 3, "deployment": {"resources": resources, **deployment}}


@pytest.fixture
def state_file(deployed: Rehearsal, tmp_path: Path) -> Path:
    file = tmp_path / "state.json"
    file.write_text(json.dumps(exported(deployed), default=str), encoding="utf-8")
    return file


@pytest.fixture
def orphans(deployed: Rehearsal) -> None:
    """What the first try of an interrupted update created, and a resource of another stack."""
    rds, cache, elb = deployed.client("rds"), deployed.client("elasticache"), deployed.client("elbv2")
    subnets = [record.id for record in deployed.of_type("aws:ec2/subnet:Subnet")][:2]
    rds.create_db_parameter_group(
        DBParameterGroupName="orphan-parameters", DBParameterGroupFamily="postgres15", Description="x", Tags=TAGS
    )
    inputs = {"DBParameterGroupName": "orphan-parameters", "DeletionProtection": True, "Tags": TAGS}
    create_database(rds, "orphan-database", **inputs)
    cache.create_replication_group(
        ReplicationGroupId="orphan-redis",
        ReplicationGroupDescription="x",
        Engine="redis",
        CacheNodeType="cache.t4g.small",
        NumCacheClusters=1,
        Tags=TAGS,
    )
    elb.create_load_balancer(Name="orphan-balancer", Subnets=subnets, Type="application", Tags=TAGS)
    deployed.client("secretsmanager").create_secret(Name="orphan-secret", SecretString="x", Tags=TAGS)
    other = [{"Key": "project", "Value": "cvat"}, {"Key": "stack", "Value": "another"}]
    deployed.client("secretsmanager").create_secret(Name="of-another-stack", SecretString="x", Tags=other)


def answer(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{word}\n" for word in answers)))


def test_a_whole_stack_has_no_orphans(run: Run, state_file: Path) -> None:
    code, out, err = run("orphans", "--stack", REGION, "--region", REGION, "--state", str(state_file))
    assert code == 0, out + err
    assert out == f"Every resource of {REGION} with the tags of the stack {REGION} is in its state.\n"


def test_a_pending_creation_of_the_state_is_named(run: Run, deployed: Rehearsal, tmp_path: Path) -> None:
    urn = f"urn:pulumi:{REGION}::cvat::aws:rds/instance:Instance::data-database"
    pending = [{"type": "creating", "resource": {"urn": urn}}, {"type": "updating", "resource": {"urn": "other"}}]
    file = tmp_path / "state.json"
    file.write_text(json.dumps(exported(deployed, pending_operations=pending), default=str), encoding="utf-8")
    code, out, _ = run("orphans", "--stack", REGION, "--region", REGION, "--state", str(file))
    assert code == 1
    assert f"pending creation in the state: {urn}\n" in out
    assert "pulumi refresh --clear-pending-creates" in out
    assert "other" not in out


@pytest.mark.parametrize("content", ["{}", "[]", '{"deployment": {}}', '{"deployment": null}', "no json"])
def test_what_is_no_state_makes_no_resource_an_orphan(run: Run, tmp_path: Path, content: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(content, encoding="utf-8")
    code, out, err = run("orphans", "--stack", REGION, "--region", REGION, "--state", str(file), "--delete")
    assert (code, out) == (2, "")
    assert "pulumi stack export --file state.json" in err


@pytest.mark.usefixtures("orphans")
def test_orphans_are_listed_asked_for_one_by_one_and_deleted_with_a_last_snapshot(
    run: Run, deployed: Rehearsal, state_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("orphans", "--stack", REGION, "--region", REGION, "--state", str(state_file))
    code, out, _ = run(*words)
    assert code == 1
    listed = [line.rsplit(":", 1)[-1] for line in out.splitlines() if line.startswith("  arn:")]
    assert len(listed) == 4, out
    for name in ("orphan-database", "orphan-redis", "orphan-balancer", "orphan-secret"):
        assert sum(name in entry for entry in listed) == 1, f"{name} in {listed}"
    assert "of-another-stack" not in out

    answer(monkeypatch, "n", "n", "n", "n")
    code, out, _ = run(*words, "--delete")
    assert code == 1
    assert "0 deleted, 4 left." in out

    answer(monkeypatch, "y", "y", "y", "y")
    code, out, err = run(*words, "--delete")
    assert code == 0, out + err
    assert "4 deleted, 0 left." in out
    assert out.count("its content stays in the snapshot orphan-") == 2, "database and Redis"
    snapshots = deployed.client("rds").describe_db_snapshots()["DBSnapshots"]
    assert [snapshot for snapshot in snapshots if snapshot["DBInstanceIdentifier"] == "orphan-database"]
    secret = deployed.client("secretsmanager").describe_secret(SecretId="orphan-secret")
    assert "DeletedDate" in secret, "it can be restored"
    parameters = Orphan(f"arn:aws-cn:rds:{REGION}:123456789012:pg:orphan-parameters")  # moto's tagging API lists none
    assert delete(parameters, deployed.client) == "is deleted."
    assert deployed.outputs["stores"]["database"] in str(deployed.client("rds").describe_db_instances())


def test_ctrl_c_or_the_end_of_input_deletes_nothing_more(
    run: Run, deployed: Rehearsal, state_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.client("logs").create_log_group(logGroupName="orphan-logs", tags={"project": "cvat", "stack": REGION})
    answer(monkeypatch)
    code, _, err = run("orphans", "--stack", REGION, "--region", REGION, "--state", str(state_file), "--delete")
    assert (code, err.strip()) == (130, "cvatctl: interrupted.")
    assert deployed.client("logs").describe_log_groups(logGroupNamePrefix="orphan-logs")["logGroups"]


def test_what_is_in_use_stays_with_awss_reason(
    run: Run, state_file: Path, monkeypatch: pytest.MonkeyPatch, deployed: Rehearsal
) -> None:
    s3 = deployed.client("s3")
    s3.create_bucket(Bucket="orphan-bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_tagging(Bucket="orphan-bucket", Tagging={"TagSet": TAGS})
    s3.put_object(Bucket="orphan-bucket", Key="x", Body=b"x")
    deployed.client("logs").delete_log_group(logGroupName="orphan-logs")
    answer(monkeypatch, "y")
    code, out, _ = run("orphans", "--stack", REGION, "--region", REGION, "--state", str(state_file), "--delete")
    assert code == 1
    assert "orphan-bucket stays: DeleteBucket failed" in out
    assert "0 deleted, 1 left." in out


def test_what_was_deleted_already_is_said_to_be_so(run: Run, state_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tagging API shows it for hours."""
    prefix = f"arn:aws-cn:{{}}:{REGION}:123456789012"
    arns = [f"{prefix.format('rds')}:db:deleted", f"{prefix.format('secretsmanager')}:secret:deleted-AbCdEf"]
    monkeypatch.setattr(find, "all_pages", lambda *_, **__: [{"ResourceARN": arn} for arn in arns])
    words = ("orphans", "--stack", REGION, "--region", REGION, "--state", str(state_file))
    code, out, err = run(*words)
    assert code == 1, out + err
    assert ":db:deleted" in out
    assert ":secret:" not in out, "Secrets Manager does not know it"
    answer(monkeypatch, "y")
    code, out, err = run(*words, "--delete")
    assert code == 0, out + err
    assert "deleted was deleted already" in out
    assert "1 deleted, 0 left." in out
