"""The plan for scanners: names, blocks and references as the Terraform provider has them."""

from __future__ import annotations

import pytest

from rehearsal.terraform_plan import plan, terraform_type
from tests.support.material import record


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("aws:ec2/vpc:Vpc", "aws_vpc"),
        ("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "aws_default_security_group"),
        ("aws:rds/instance:Instance", "aws_db_instance"),
        ("aws:lb/targetGroup:TargetGroup", "aws_lb_target_group"),
        ("aws:ecs/taskDefinition:TaskDefinition", "aws_ecs_task_definition"),
        ("aws:cloudwatch/logGroup:LogGroup", "aws_cloudwatch_log_group"),
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "aws_s3_bucket_public_access_block"),
        ("aws:servicediscovery/service:Service", "aws_service_discovery_service"),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws_vpc_security_group_ingress_rule"),
    ],
)
def test_types_have_the_providers_names(token: str, name: str) -> None:
    assert terraform_type(token) == name


def test_blocks_are_lists_with_singular_names_and_keys_of_maps_stay() -> None:
    inputs = {
        "rules": [{"sseAlgorithm": "aws:kms"}],
        "networkConfig": {"subnetIds": ["a"]},
        "tags": {"costCentre": "4"},
    }
    (resource,) = plan([record("aws:s3/bucket:Bucket", "b", inputs)])["planned_values"]["root_module"]["resources"]
    assert resource["values"] == {
        "description": None,
        "rule": [{"sse_algorithm": "aws:kms"}],
        "network_config": [{"subnet_ids": ["a"]}],
        "tags": {"costCentre": "4"},
    }


def test_what_names_another_resource_refers_to_it() -> None:
    """Without references a scanner says that the VPC has no flow logs."""
    vpc = record("aws:ec2/vpc:Vpc", "network", {"cidrBlock": "10.0.0.0/16"}, id="vpc-1")
    flow_log = record("aws:ec2/flowLog:FlowLog", "network", {"vpcId": "vpc-1", "trafficType": "ALL"}, id="fl-1")
    configured = plan([vpc, flow_log])["configuration"]["root_module"]["resources"]
    assert configured[1]["expressions"]["vpc_id"] == {"references": ["aws_vpc.network.id", "aws_vpc.network"]}
    assert configured[1]["expressions"]["traffic_type"] == {"constant_value": "ALL"}


def test_an_arn_that_is_also_the_id_of_what_belongs_to_it_is_its_owners() -> None:
    """The logging of a web ACL has the ACL's ARN as its id."""
    arn = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/1"
    acl = record("aws:wafv2/webAcl:WebAcl", "waf", {"scope": "REGIONAL"}, outputs={"arn": arn})
    logging = record("aws:wafv2/webAclLoggingConfiguration:X", "waf", {"resourceArn": arn}, id=arn)
    expressions = plan([acl, logging])["configuration"]["root_module"]["resources"][1]["expressions"]
    assert expressions["resource_arn"]["references"] == ["aws_wafv2_web_acl.waf.arn", "aws_wafv2_web_acl.waf"]


def test_an_attribute_that_another_resource_of_the_type_sets_is_null() -> None:
    """As in a plan: a rule without an address range is not one for all addresses."""
    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    rules = [record(token, "a", {"cidrIpv4": "0.0.0.0/0"}), record(token, "b", {"referencedSecurityGroupId": "sg-1"})]
    resources = plan(rules)["planned_values"]["root_module"]["resources"]
    assert resources[1]["values"]["cidr_ipv4"] is None
