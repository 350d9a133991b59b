"""Endpoints of a VPC that exists already."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi_aws as aws


def endpoint_problem(vpc_id: str, service_name: str) -> str:
    """Why an interface endpoint does not serve the VPC, as a clause; empty where it does."""
    try:
        endpoint = aws.ec2.get_vpc_endpoint(vpc_id=vpc_id, service_name=service_name)
    except Exception:  # Pulumi raises nothing finer for a lookup that found nothing, or several
        return "no endpoint"
    if endpoint.state.lower() != "available":
        return f"{endpoint.id} is {endpoint.state}"
    if not endpoint.private_dns_enabled:
        return f"{endpoint.id} has no private DNS"
    return ""


def gateway_endpoint_tables(vpc_id: str, service_name: str) -> Sequence[str] | None:
    """Route tables that lead to a gateway endpoint; None: there is no such endpoint."""
    try:
        endpoint = aws.ec2.get_vpc_endpoint(vpc_id=vpc_id, service_name=service_name, vpc_endpoint_type="Gateway")
    except Exception:  # as above
        return None
    return endpoint.route_table_ids
