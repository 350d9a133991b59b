"""`doctor`: each finding, offline and against an emulated account; what moto lacks is answered by botocore's Stubber."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.stub import Stubber

from rehearsal import Account
from rehearsal.run import HOME

Run = Callable[..., tuple[int, str, str]]
Stack = Callable[..., Path]
REGION = "cn-northwest-1"
DIGEST = f"sha256:{'a' * 64}"


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archives: Path) -> Stack:
    """Write a project folder with one stack, `own`, and a machine that has Pulumi and Docker."""
    for name in ("pulumi", "docker"):
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"s3://state?region={REGION}&awssdk=v2")
    monkeypatch.delenv("AWS_REGION", raising=False)

    def write(**settings: Any) -> Path:
        home = tmp_path / "project"
        home.mkdir(exist_ok=True)
        (home / "serverless").mkdir(exist_ok=True)
        if not (home / "serverless" / "functions").exists():
            (home / "serverless" / "functions").symlink_to(HOME / "serverless" / "functions")
        (home / "Pulumi.yaml").write_text((HOME / "Pulumi.yaml").read_text(encoding="utf-8"), encoding="utf-8")
        usual = {"modelArchives": str(archives), "allowedCidrs": ["10.0.0.0/8"], "httpPort": 81, "preset": "team"}
        config = {f"cvat:{key}": value for key, value in {**usual, **settings}.items() if key != "region"}
        config["aws:region"] = settings.get("region", REGION)
        (home / "Pulumi.own.yaml").write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
        return home

    return write


def said(out: str, level: str, topic: str) -> list[str]:
    """The sentences of a level and topic."""
    start = f"{level:<8}{topic}: "
    return [line.removeprefix(start) for line in out.splitlines() if line.startswith(start)]


def test_a_right_stack_has_no_problem_offline(run: Run, stack: Stack) -> None:
    code, out, _ = run("doctor", "--stack", "own", "--offline", "--project", str(stack()), "-v")
    assert code == 0, out
    assert "Pulumi.own.yaml keeps all rules" in out
    assert "5 functions have an archive" in out
    assert "Problems: 0." in out


def test_every_wrong_setting_is_said_at_once(run: Run, stack: Stack) -> None:
    home = stack(vpcCdr="10.0.0.0/16", serverCpu=2048, serverMemory=512, dbInstanceClass="db.x9.large")
    code, out, _ = run("doctor", "--stack", "own", "--offline", "--project", str(home))
    assert code == 1
    assert any("Did you mean cvat:vpcCidr" in one for one in said(out, "PROBLEM", "configuration"))
    home = stack(serverCpu=2048, serverMemory=512, dbInstanceClass="db.x9.large")
    _, out, _ = run("doctor", "--stack", "own", "--offline", "--project", str(home))
    problems = " ".join(said(out, "PROBLEM", "configuration"))
    assert "cvat:serverMemory = 512" in problems
    assert "cvat:dbInstanceClass = db.x9.large" in problems


def test_an_unknown_stack_is_answered_with_those_there_are(run: Run, stack: Stack) -> None:
    home = stack()
    assert "Stacks with a file in" in run("doctor", "--offline", "--project", str(home))[2]
    code, _, err = run("doctor", "--stack", "onw", "--offline", "--project", str(home))
    assert code == 2
    assert "There is no stack 'onw'" in err
    assert "own" in err


@pytest.mark.parametrize(
    ("settings", "level", "topic", "text"),
    [
        ({"region": "cn-northwest-7"}, "PROBLEM", "region", "no AWS region has this name"),
        ({"httpPort": 80}, "advice", "configuration", "blocked in mainland China"),
        ({}, "advice", "mirrors", "Docker Hub cannot be reached from mainland China"),
        ({"region": "cn-north-1"}, "advice", "zones", "Fargate does not run in every zone of cn-north-1"),
        ({"modelArchives": "nowhere"}, "advice", "models", "without auto-annotation"),
        ({"certificateArn": "arn:aws:acm:us-east-1:1:certificate/x"}, "PROBLEM", "certificate", "partition aws,"),
        (
            {"certificateArn": "arn:aws-cn:acm:cn-north-1:1:certificate/x"},
            "PROBLEM",
            "certificate",
            "lies in cn-north-1",
        ),
        ({"certificateArn": "arn:aws-cn:s3:::x"}, "PROBLEM", "certificate", "certificates of acm or iam"),
    ],
)
def test_offline_findings(run: Run, stack: Stack, settings: dict[str, Any], level: str, topic: str, text: str) -> None:
    code, out, _ = run("doctor", "--stack", "own", "--offline", "--project", str(stack(**settings)))
    assert any(text in one for one in said(out, level, topic)), out
    assert code == (1 if level == "PROBLEM" else 0)


def test_outside_of_china_nobody_is_told_of_mirrors(run: Run, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://state?region=ap-northeast-1&awssdk=v2")
    _, out, _ = run(
        "doctor", "--stack", "own", "--offline", "--project", str(stack(region="ap-northeast-1", httpPort=80))
    )
    assert not said(out, "advice", "mirrors")
    assert "ICP" not in out


@pytest.mark.parametrize(
    ("backend", "level", "text"),
    [
        ("file:///state", "advice", "on this machine only"),
        ("s3://state", "PROBLEM", "names no region"),
        ("s3://state?region=us-east-1", "PROBLEM", "another partition"),
        ("https://api.pulumi.com", "advice", "outside of China"),
        ("", "PROBLEM", "Nobody has logged in"),
    ],
)
def test_the_state_backend_is_judged_by_its_address(
    run: Run, stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, backend: str, level: str, text: str
) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    monkeypatch.setenv("PULUMI_BACKEND_URL", backend)
    _, out, _ = run("doctor", "--stack", "own", "--offline", "--project", str(stack()))
    assert any(text in one for one in said(out, level, "state")), out


def test_missing_tools_are_named_with_what_they_are_for(
    run: Run, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    code, out, _ = run("doctor", "--stack", "own", "--offline", "--project", str(stack()))
    assert code == 1
    tools = " ".join(said(out, "PROBLEM", "tools"))
    assert "Pulumi CLI was not found" in tools
    assert "gateway, models, server, ui are built here" in tools
    given = {f"{name}Image": image(name) for name in ("server", "ui", "gateway", "models")}
    _, out, _ = run("doctor", "--stack", "own", "--offline", "--project", str(stack(**given)), "-v")
    assert "Docker is not needed" in out


def image(name: str) -> str:
    return f"123456789012.dkr.ecr.{REGION}.amazonaws.com.cn/{name}@{DIGEST}"


class Cloud:
    """An emulated account, and answers for the services that moto has only in part."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.quota = {"L-F678F1CE": 5.0, "L-0263D0A3": 5.0, "L-FE5A380F": 5.0, "L-3032A538": 50.0}
        self.hosting: dict[str, float] = {"ml.m5.large for endpoint usage": 2.0}
        self.postgres = ["15.8"]
        self.classes = ["db.t4g.medium"]
        self.redis = ["7.0.7", "7.1.0"]
        self._stubbed: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        if service not in ("rds", "elasticache", "service-quotas"):
            return self.account.client(service, REGION)
        if service not in self._stubbed:
            client = boto3.client(service, region_name=REGION)
            stubber = Stubber(client)
            for operation, answer in getattr(self, service.replace("-", "_"))():
                stubber.add_response(operation, answer)
            stubber.activate()
            self._stubbed[service] = client
        return self._stubbed[service]

    def rds(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield "describe_db_engine_versions", {"DBEngineVersions": [{"EngineVersion": one} for one in self.postgres]}
        options = [{"DBInstanceClass": one, "MultiAZCapable": False} for one in self.classes]
        yield "describe_orderable_db_instance_options", {"OrderableDBInstanceOptions": options}

    def elasticache(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield "describe_cache_engine_versions", {"CacheEngineVersions": [{"EngineVersion": one} for one in self.redis]}

    def service_quotas(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for code in ("L-F678F1CE", "L-0263D0A3", "L-FE5A380F", "L-3032A538"):
            yield "get_service_quota", {"Quota": {"QuotaCode": code, "Value": self.quota[code]}}
        listed = [{"QuotaName": name, "QuotaCode": "L-1", "Value": value} for name, value in self.hosting.items()]
        yield "list_service_quotas", {"Quotas": listed}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Account() as opened:
        s3 = opened.client("s3", REGION)
        s3.create_bucket(Bucket="state", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket="state", VersioningConfiguration={"Status": "Enabled"})
        yield opened


@pytest.fixture
def cloud(account: Account, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    made = Cloud(account)
    monkeypatch.setattr("cvatctl.doctor.clients", lambda region, profile: made)
    return made


def test_a_right_stack_in_a_right_account_has_no_problem(run: Run, stack: Stack, cloud: Cloud) -> None:
    code, out, _ = run("doctor", "--stack", "own", "--project", str(stack()), "-v")
    assert code == 0, out
    assert "Problems: 0. Could not be checked: 0." in out
    for fact in (
        "123456789012",
        "cn-northwest-1a",
        "PostgreSQL 15.8",
        "version 7.1 can be had",
        "keeps earlier versions",
    ):
        assert fact in out
    assert len(said(out, "ok", "quotas")) == 5, "VPCs, addresses, NAT gateways, Fargate, SageMaker"


@pytest.mark.parametrize(
    ("lower", "text"),
    [
        ({"L-0263D0A3": 0.0}, "Elastic IP addresses: the stack needs 1, 0 are in use, and the quota is 0"),
        ({"L-F678F1CE": 1.0}, "VPCs in the region: the stack needs 1, 1 are in use, and the quota is 1"),
        ({"L-3032A538": 2.0}, "Fargate's virtual CPUs: the stack needs"),
    ],
)
def test_a_quota_that_is_too_low_says_how_to_ask_for_more(
    run: Run, stack: Stack, cloud: Cloud, lower: dict[str, float], text: str
) -> None:
    cloud.quota |= lower
    code, out, _ = run("doctor", "--stack", "own", "--project", str(stack()))
    (problem,) = said(out, "PROBLEM", "quotas")
    assert code == 1
    assert text in problem
    assert f"request-service-quota-increase --service-code {'fargate' if 'Fargate' in text else ''}" in problem
    assert f"--quota-code {next(iter(lower))}" in problem


def test_fargate_that_fits_once_but_not_twice_is_advice(run: Run, stack: Stack, cloud: Cloud) -> None:
    cloud.quota["L-3032A538"] = 6.0
    code, out, _ = run("doctor", "--stack", "own", "--project", str(stack()))
    assert code == 0, "the first deployment succeeds"
    assert "before the first upgrade" in said(out, "advice", "quotas")[0]


def test_new_accounts_without_instances_for_endpoints_learn_it_before_the_deployment(
    run: Run, stack: Stack, cloud: Cloud
) -> None:
    cloud.hosting = {"ml.m5.large for endpoint usage": 0.0}
    code, out, _ = run("doctor", "--stack", "own", "--project", str(stack()))
    assert code == 1
    assert "ml.m5.large for endpoint usage: the stack needs 1" in said(out, "PROBLEM", "quotas")[0]


def test_a_dedicated_endpoint_for_each_function_needs_an_instance_each(run: Run, stack: Stack, cloud: Cloud) -> None:
    _, out, _ = run("doctor", "--stack", "own", "--project", str(stack(inferenceLayout="dedicated")))
    assert "the stack needs 5" in said(out, "PROBLEM", "quotas")[0]


def test_versions_and_classes_that_cannot_be_had_are_problems(run: Run, stack: Stack, cloud: Cloud) -> None:
    cloud.classes, cloud.redis = [], ["6.2.6"]
    _, out, _ = run("doctor", "--stack", "own", "--project", str(stack()))
    assert "cvat:dbInstanceClass = db.t4g.medium" in said(out, "PROBLEM", "database")[0]
    assert "offers 6.2.6" in said(out, "PROBLEM", "Redis")[0]


def test_a_standby_needs_a_class_that_can_have_one(run: Run, stack: Stack, cloud: Cloud) -> None:
    _, out, _ = run("doctor", "--stack", "own", "--project", str(stack(dbAvailability="multi-az")))
    assert "with a standby" in said(out, "PROBLEM", "database")[0]


def test_an_unknown_postgresql_is_a_problem(run: Run, stack: Stack, cloud: Cloud) -> None:
    cloud.postgres = []
    _, out, _ = run("doctor", "--stack", "own", "--project", str(stack()))
    assert "offers no such PostgreSQL" in said(out, "PROBLEM", "database")[0]


def test_zones_private_endpoints_and_files_are_asked_for(run: Run, stack: Stack, cloud: Cloud) -> None:
    home = stack(
        availabilityZones=["a", "b", "c"], interfaceEndpoints=["ecr.api", "ecr.apy"], demoData="s3://state/none"
    )
    code, out, _ = run("doctor", "--stack", "own", "--project", str(home))
    assert code == 1
    assert "cvat:availabilityZones names a, b, c" in said(out, "PROBLEM", "zones")[0]
    assert any("ecr.apy" in one for one in said(out, "PROBLEM", "private endpoints"))
    assert "nothing is there" in said(out, "PROBLEM", "files in S3")[0]


def test_given_images_are_looked_up_by_digest(run: Run, stack: Stack, cloud: Cloud) -> None:
    elsewhere = image("ui").replace(REGION, "cn-north-1")
    code, out, _ = run(
        "doctor", "--stack", "own", "--project", str(stack(serverImage=image("server"), uiImage=elsewhere))
    )
    assert code == 1
    assert "it is not in ECR" in said(out, "PROBLEM", "images")[0]
    assert "lies in cn-north-1" in said(out, "advice", "images")[0]


def test_a_certificate_must_exist_be_issued_and_cover_the_host(
    run: Run, stack: Stack, cloud: Cloud, account: Account
) -> None:
    from moto.backends import get_backend  # noqa: PLC0415

    gone = f"arn:aws-cn:acm:{REGION}:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    secure = {"httpsPort": 8443, "certificateArn": gone}
    _, out, _ = run("doctor", "--stack", "own", "--project", str(stack(**secure)))
    assert "no such certificate" in said(out, "PROBLEM", "certificate")[0]
    made = cloud("acm").request_certificate(DomainName="*.example.cn", ValidationMethod="DNS")["CertificateArn"]
    cloud._stubbed.clear()
    _, out, _ = run("doctor", "--stack", "own", "--project", str(stack(**{**secure, "certificateArn": made})))
    assert "its status is PENDING_VALIDATION" in said(out, "PROBLEM", "certificate")[0]
    get_backend("acm")[account.id][REGION]._certificates[made].status = "ISSUED"
    for host, right in (("cvat.example.cn", True), ("a.b.example.cn", False), ("cvat.example.com", False)):
        cloud._stubbed.clear()
        settings = {**secure, "certificateArn": made, "hostName": host}
        _, out, _ = run("doctor", "--stack", "own", "--project", str(stack(**settings)), "-v")
        assert bool(said(out, "ok", "certificate")) is right, f"{host}: {out}"


def test_a_state_bucket_without_versions_is_advice_and_a_missing_one_unknown(
    run: Run, stack: Stack, cloud: Cloud, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    account.client("s3", REGION).create_bucket(Bucket="plain", **where)
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"s3://plain?region={REGION}")
    _, out, _ = run("doctor", "--stack", "own", "--project", str(stack()))
    assert "put-bucket-versioning --bucket plain" in said(out, "advice", "state")[0]
    cloud._stubbed.clear()
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"s3://absent?region={REGION}")
    _, out, _ = run("doctor", "--stack", "own", "--project", str(stack()))
    assert "HeadBucket failed" in said(out, "unknown", "state")[0]


def test_credentials_of_another_partition_end_the_questions(
    run: Run, stack: Stack, cloud: Cloud, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokyo = account.client("sts", "ap-northeast-1")
    monkeypatch.setattr(
        "cvatctl.doctor.clients", lambda *_: lambda service: tokyo if service == "sts" else cloud(service)
    )
    code, out, _ = run("doctor", "--stack", "own", "--project", str(stack()), "-v")
    assert code == 1
    assert "belongs to partition aws, and cn-northwest-1 to aws-cn" in said(out, "PROBLEM", "credentials")[0]
    assert not said(out, "ok", "quotas"), "no answer would mean anything"


def test_without_credentials_only_that_is_a_problem(run: Run, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setattr("cvatctl.doctor.clients", lambda region, _: boto3.session.Session(region_name=region).client)
    code, out, _ = run("doctor", "--stack", "own", "--project", str(stack()))
    assert code == 1
    assert "no usable AWS credentials" in said(out, "PROBLEM", "credentials")[0]
