"""`doctor` with credentials: against an emulated account; botocore's Stubber answers what moto lacks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto.backends import get_backend

from rehearsal import Account
from tests.support.doctor_cloud import REGION, Cloud, image, said
from tests.support.pem import pair

Run = Callable[..., tuple[int, str, str]]
Stack = Callable[..., Path]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Account() as opened:
        s3 = opened.client("s3", REGION)
        s3.create_bucket(Bucket="state", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket="state", VersioningConfiguration={"Status": "Enabled"})
        yield opened


@pytest.fixture
def cloud(account: Account, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    cloud = Cloud(account)
    monkeypatch.setattr("cvatctl.doctor.command.clients", lambda region, profile: cloud)
    return cloud


def test_a_right_stack_in_a_right_account_has_no_problem(run: Run, stack: Stack, cloud: Cloud) -> None:
    code, out, _ = run("doctor", "--stack", "own", "--project", str(stack()), "-v")
    assert code == 0, out
    assert "Problems: 0. Could not be checked: 0." in out
    for fact in (
        "123456789012",
        "cn-northwest-1a",
        "PostgreSQL 15.8",
        "version 7.1 is offered",
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


def test_batch_functions_need_instances_of_their_own_type(run: Run, stack: Stack, cloud: Cloud) -> None:
    own = {"batchFunctions": ["pth-faster-rcnn"], "inferenceBatchInstanceType": "ml.g4dn.xlarge"}
    cloud.hosting |= {"ml.g4dn.xlarge for endpoint usage": 0.0}
    code, out, _ = run("doctor", "--stack", "own", "--project", str(stack(**own)))
    assert code == 1, "a new account has no quota of GPUs"
    assert "ml.g4dn.xlarge for endpoint usage: the stack needs 1" in said(out, "PROBLEM", "quotas")[0]


@pytest.mark.parametrize(("layout", "needed"), [("dedicated", 2), ("shared", 1)])
def test_batch_functions_of_a_shared_endpoint_need_one_instance(
    run: Run, stack: Stack, cloud: Cloud, layout: str, needed: int
) -> None:
    names = ["pth-faster-rcnn", "tf-faster-rcnn-inception-v2-coco"]
    own = {"batchFunctions": names, "inferenceBatchInstanceType": "ml.g4dn.xlarge", "inferenceBatchLayout": layout}
    cloud.hosting |= {"ml.g4dn.xlarge for endpoint usage": 0.0}
    _, out, _ = run("doctor", "--stack", "own", "--project", str(stack(**own)))
    assert f"ml.g4dn.xlarge for endpoint usage: the stack needs {needed}" in said(out, "PROBLEM", "quotas")[0]


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
    zones = [f"{REGION}{letter}" for letter in "xyz"]
    home = stack(availabilityZones=zones, interfaceEndpoints=["ecr.api", "ecr.apy"], demoData="s3://state/none")
    code, out, _ = run("doctor", "--stack", "own", "--project", str(home))
    assert code == 1
    assert f"cvat:availabilityZones names {', '.join(zones)}" in said(out, "PROBLEM", "zones")[0]
    assert any("ecr.apy" in sentence for sentence in said(out, "PROBLEM", "private endpoints"))
    assert "there is no object" in said(out, "PROBLEM", "files in S3")[0]


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
    gone = f"arn:aws-cn:acm:{REGION}:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    secure = {"httpsPort": 8443, "certificateArn": gone}
    _, out, _ = run("doctor", "--stack", "own", "--project", str(stack(**secure)))
    assert "no such certificate" in said(out, "PROBLEM", "certificate")[0]
    arn = cloud("acm").request_certificate(DomainName="*.example.cn", ValidationMethod="DNS")["CertificateArn"]
    cloud._stubbed.clear()
    _, out, _ = run("doctor", "--stack", "own", "--project", str(stack(**{**secure, "certificateArn": arn})))
    assert "its status is PENDING_VALIDATION" in said(out, "PROBLEM", "certificate")[0]
    get_backend("acm")[account.id][REGION]._certificates[arn].status = "ISSUED"
    for host, right in (("cvat.example.cn", True), ("a.b.example.cn", False), ("cvat.example.com", False)):
        cloud._stubbed.clear()
        settings = {**secure, "certificateArn": arn, "hostName": host}
        _, out, _ = run("doctor", "--stack", "own", "--project", str(stack(**settings)), "-v")
        assert bool(said(out, "ok", "certificate")) is right, f"{host}: {out}"


def test_the_zone_of_the_name_must_exist_and_fit(run: Run, stack: Stack, cloud: Cloud, account: Account) -> None:
    answer = account.client("route53", REGION).create_hosted_zone(Name="example.cn", CallerReference="1")
    zone = answer["HostedZone"]["Id"].rpartition("/")[2]
    for host, where, level, text in (
        ("cvat.example.cn", "Z0000000000", "PROBLEM", "this account has no such zone"),
        ("cvat.example.com", zone, "PROBLEM", "is the zone of example.cn"),
        ("cvat.example.cn", zone, "ok", "gets its record in the zone of example.cn"),
    ):
        cloud._stubbed.clear()
        home = stack(requestCertificate=True, hostName=host, hostedZoneId=where)
        _, out, _ = run("doctor", "--stack", "own", "--project", str(home), "-v")
        assert any(text in sentence for sentence in said(out, level, "DNS")), out
        assert said(out, "ok", "TLS policy"), "the default policy is one of AWS's"


def test_an_imported_certificate_needs_nothing_in_the_account(run: Run, stack: Stack, cloud: Cloud) -> None:
    host = "cvat.example.cn"
    locked = {"certificate": pair(host).certificate, "certificateKey": {"secure": "AAABAKc="}, "hostName": host}
    _, out, _ = run("doctor", "--stack", "own", "--project", str(stack(**locked, httpsPort=8443)), "-v")
    assert said(out, "ok", "configuration"), out
    assert not said(out, "PROBLEM", "certificate")


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
        "cvatctl.doctor.command.clients", lambda *_: lambda service: tokyo if service == "sts" else cloud(service)
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
    monkeypatch.setattr(
        "cvatctl.doctor.command.clients", lambda region, _: boto3.session.Session(region_name=region).client
    )
    code, out, _ = run("doctor", "--stack", "own", "--project", str(stack()))
    assert code == 1
    assert "no usable AWS credentials" in said(out, "PROBLEM", "credentials")[0]
