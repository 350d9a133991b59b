"""region.py: every fact that differs between partitions and regions."""

from __future__ import annotations

import re

import botocore.session
import pytest

from region import REGIONS, Region, region_problem
from tests.support.paths import ROOT

NINGXIA, BEIJING, TOKYO = Region("cn-northwest-1"), Region("cn-north-1"), Region("ap-northeast-1")
GOV, FRANKFURT = Region("us-gov-west-1"), Region("eu-central-1")


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [
        (NINGXIA, "aws-cn", "amazonaws.com.cn"),
        (BEIJING, "aws-cn", "amazonaws.com.cn"),
        (TOKYO, "aws", "amazonaws.com"),
        (GOV, "aws-us-gov", "amazonaws.com"),
    ],
)
def test_the_partition_follows_from_the_regions_name(region: Region, partition: str, suffix: str) -> None:
    assert (region.partition, region.dns_suffix) == (partition, suffix)


def test_arns_carry_the_partition_and_global_services_no_region() -> None:
    assert NINGXIA.arn("ecs", "cluster/x", account="1") == "arn:aws-cn:ecs:cn-northwest-1:1:cluster/x"
    assert NINGXIA.arn("s3", "bucket", region="") == "arn:aws-cn:s3:::bucket"


@pytest.mark.parametrize(
    ("region", "service", "principal"),
    [
        (NINGXIA, "ecs-tasks", "ecs-tasks.amazonaws.com"),
        (BEIJING, "sagemaker", "sagemaker.amazonaws.com"),
        (BEIJING, "monitoring.rds", "monitoring.rds.amazonaws.com"),
        (BEIJING, "logs", "logs.cn-north-1.amazonaws.com.cn"),
        (TOKYO, "logs", "logs.ap-northeast-1.amazonaws.com"),
    ],
)
def test_service_principals_end_in_amazonaws_com_but_for_the_exceptions(
    region: Region, service: str, principal: str
) -> None:
    assert region.principal(service) == principal, "IAM refuses a policy with an unknown principal"


@pytest.mark.parametrize(
    ("region", "service", "name"),
    [
        (NINGXIA, "ecr.api", "cn.com.amazonaws.cn-northwest-1.ecr.api"),
        (NINGXIA, "logs", "com.amazonaws.cn-northwest-1.logs"),
        (BEIJING, "sagemaker.runtime", "cn.com.amazonaws.cn-north-1.sagemaker.runtime"),
        (BEIJING, "secretsmanager", "com.amazonaws.cn-north-1.secretsmanager"),
        (TOKYO, "ecr.api", "com.amazonaws.ap-northeast-1.ecr.api"),
    ],
)
def test_the_prefix_of_an_interface_endpoint_depends_on_service_and_partition(
    region: Region, service: str, name: str
) -> None:
    assert region.interface_endpoint(service) == name


def test_the_gateway_endpoint_of_s3_has_the_common_prefix_everywhere() -> None:
    assert NINGXIA.s3_gateway_endpoint == "com.amazonaws.cn-northwest-1.s3"
    assert NINGXIA.interface_endpoint("s3").startswith("cn."), "the interface endpoint of S3 has China's prefix"


def test_fargate_runs_in_two_zones_of_beijing_and_in_all_of_ningxia() -> None:
    assert [BEIJING.runs_fargate(f"cnn1-az{n}") for n in (1, 2, 4)] == [True, True, False]
    assert all(NINGXIA.runs_fargate(f"cnnw1-az{n}") for n in (1, 2, 3))
    assert not TOKYO.runs_fargate("apne1-az3")


def test_access_logs_are_written_by_an_account_where_known_and_by_a_service_elsewhere() -> None:
    assert NINGXIA.elb_log_principal == {"AWS": "arn:aws-cn:iam::037604701340:root"}
    assert Region("eu-west-9").elb_log_principal == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}


def test_rds_certificates_come_from_the_partitions_own_host() -> None:
    assert TOKYO.database_ca_bundle == "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
    assert GOV.database_ca_bundle == "https://truststore.pki.us-gov-west-1.rds.amazonaws.com/global/global-bundle.pem"
    assert "rds-truststore.s3.cn-north-1." in NINGXIA.database_ca_bundle


def test_regions_are_those_that_botocore_knows_and_none_lacks_a_service_of_ours() -> None:
    session = botocore.session.get_session()
    partitions = ("aws", "aws-cn", "aws-us-gov")
    known = {name for partition in partitions for name in session.get_available_regions("ec2", partition)}
    assert set(REGIONS) == known, "add what is new to REGIONS, and look up its facts for the other tables"
    for service in ("ecs", "ecr", "rds", "elasticache", "efs", "sagemaker", "servicediscovery", "backup", "scheduler"):
        having = {name for partition in partitions for name in session.get_available_regions(service, partition)}
        assert set(REGIONS) <= having, f"{service}: say in Region.lacks which region has none"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cn-nortwest-1", "Did you mean cn-northwest-1? Set it with: pulumi config set aws:region cn-northwest-1"),
        ("CN-NORTH-1", "no AWS region has this name"),
        ("Ningxia", "Correct it"),
        ("us-east-1a", "Did you mean us-east-1?"),
    ],
)
def test_a_misspelt_region_is_a_sentence_with_the_one_that_is_meant(name: str, said: str) -> None:
    assert said in str(region_problem(name))


def test_every_region_is_known_and_one_that_lacks_a_zone_says_so() -> None:
    assert not [name for name in REGIONS if region_problem(name)]
    lacking = [name for name in REGIONS if Region(name).lacks]
    assert lacking == ["us-west-1"]
    assert "two availability zones" in str(Region("us-west-1").lacks)


def test_nothing_but_region_py_spells_a_partition() -> None:
    spelled = re.compile(r"arn:aws[:-]|amazonaws\.com|aws-cn\b")
    program = [ROOT / "__main__.py", *ROOT.glob("components/**/*.py"), *ROOT.glob("settings/**/*.py")]
    guilty = [path.name for path in program if spelled.search(path.read_text(encoding="utf-8"))]
    assert not guilty, "a partition spelled out breaks the other partition"
