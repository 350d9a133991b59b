"""Names that depend on partition and region, from botocore's endpoint data."""

from __future__ import annotations

from rehearsal.providers.resource import ResourceRequest


def dns_suffix(request: ResourceRequest) -> str:
    """The DNS suffix of the request's region, e.g. amazonaws.com.cn."""
    endpoint: str = request.client("efs").meta.endpoint_url
    return endpoint.partition(f"{request.region}.")[2]


def ec2_arn(request: ResourceRequest, path: str) -> str:
    """ARN of an EC2 resource, e.g. path 'vpc/vpc-1'; most of EC2's answers carry none."""
    partition = request.client("ec2").meta.partition
    return f"arn:{partition}:ec2:{request.region}:{request.account.id}:{path}"


def s3_arn(request: ResourceRequest, path: str) -> str:
    """ARN of a bucket or object."""
    return f"arn:{request.client('s3').meta.partition}:s3:::{path}"
