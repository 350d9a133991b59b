"""region.py: every fact that differs between partitions and regions."""

from __future__ import annotations

import re

import pytest

from region import Region
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


@pytest.mark.parametrize(
    ("region", "kind", "instance_type"),
    [
        (NINGXIA, "hosting", "ml.c5d.xlarge"),
        (BEIJING, "hosting", "ml.g5.xlarge"),
        (BEIJING, "database", "db.m6g.xlarge"),
        (BEIJING, "cache", "cache.r6g.large"),
        (TOKYO, "database", "db.m6i.large"),
        (FRANKFURT, "hosting", "ml.anything.large"),
    ],
)
def test_an_instance_type_that_the_region_has_or_that_is_not_in_the_table_is_accepted(
    region: Region, kind: str, instance_type: str
) -> None:
    assert region.instance_type_problem(kind, instance_type) is None


@pytest.mark.parametrize(
    ("region", "kind", "instance_type", "why"),
    [
        (NINGXIA, "hosting", "ml.c6i.xlarge", "offers only"),
        (NINGXIA, "database", "db.m6i.large", "offers only"),
        (NINGXIA, "cache", "cache.m5.large", "offers only"),
        (TOKYO, "hosting", "c5d.xlarge", "looks like ml.m5.large"),
        (FRANKFURT, "database", "db.large", "looks like db.m5.large"),
    ],
)
def test_an_instance_type_that_the_region_lacks_is_refused_with_what_there_is(
    region: Region, kind: str, instance_type: str, why: str
) -> None:
    assert why in str(region.instance_type_problem(kind, instance_type))


def test_nothing_but_region_py_spells_a_partition() -> None:
    spelled = re.compile(r"arn:aws[:-]|amazonaws\.com|aws-cn\b")
    program = [ROOT / "__main__.py", *ROOT.glob("components/**/*.py"), *ROOT.glob("settings/**/*.py")]
    guilty = [path.name for path in program if spelled.search(path.read_text(encoding="utf-8"))]
    assert not guilty, "a partition spelled out breaks the other partition"
