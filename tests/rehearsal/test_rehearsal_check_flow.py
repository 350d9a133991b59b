"""The data flow's check: it fails when the gateway cannot start, may not call, or is told of the wrong endpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import Rehearsal, rehearse
from rehearsal.checks import ask, flow
from rehearsal.model import Verdict


@pytest.fixture(scope="module")
def deployed(archives: Path) -> Iterator[Rehearsal]:
    with rehearse("cn-northwest-1", config={"cvat:modelArchives": str(archives)}, judge=False) as done:
        assert done.error is None, done.error
        yield done


def verdict(deployed: Rehearsal) -> Verdict:
    with ask.remembering():
        return flow.answers(deployed)


def gateway_role(deployed: Rehearsal) -> str:
    (role,) = [one.id for one in deployed.of_type("aws:iam/role:Role") if one.name == "cvat-gateway-task"]
    return role


def test_every_function_answers_through_the_gateway(deployed: Rehearsal) -> None:
    found = verdict(deployed)
    assert found.ok, found.findings
    assert found.seen == 5, "each function of the registry was called"


def test_a_role_that_may_not_invoke_is_found_out_by_the_call_itself(deployed: Rehearsal) -> None:
    iam, role = deployed.client("iam"), gateway_role(deployed)
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    kept = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    other = json.loads(json.dumps(kept).replace("endpoint/", "endpoint/another-"))
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(other))
    try:
        found = verdict(deployed)
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(kept))
    assert not found.ok
    assert any("its call is answered with" in finding for finding in found.findings)


def test_an_endpoint_that_is_gone_is_found_out_by_the_call_itself(deployed: Rehearsal) -> None:
    sagemaker = deployed.client("sagemaker")
    (name,) = {str(one) for one in deployed.outputs["endpoints"].values()}
    config = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    sagemaker.delete_endpoint(EndpointName=name)
    try:
        found = verdict(deployed)
    finally:
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    assert not found.ok
    assert len(found.findings) == 5, "every function of the shared endpoint is affected"
