"""Settings and surroundings that change under a stack that runs: nothing that is in use is replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal import Account, Rehearsal, rehearse

Update = Callable[..., Rehearsal]


@pytest.fixture
def update(archives: Path) -> Iterator[Update]:
    """Run the program over what the account has, with these settings over the stack's file."""
    with Account() as account:

        def run(stack: str = "cn-north-1", **config: Any) -> Rehearsal:
            settings = {"cvat:modelArchives": str(archives)} | {f"cvat:{key}": value for key, value in config.items()}
            return rehearse(stack, config=settings, account=account, judge=False)

        yield run


def done(rehearsal: Rehearsal) -> set[str]:
    """Resources that were not left as they were."""
    assert rehearsal.error is None, rehearsal.error
    return rehearsal.outcome.touched()


def test_a_stack_stays_in_its_zones_though_it_would_choose_others_today(update: Update) -> None:
    zones = ["cn-north-1d", "cn-north-1b", "cn-north-1a"]
    done(update(availabilityZones=zones))
    assert done(update()) == set(), "a new VPC would take the first three zones in the order of their names"
    refused = update(availabilityZones=zones[::-1])
    assert "AWS cannot move those in cn-north-1d, cn-north-1a" in str(refused.error)
    assert refused.outcome.touched() == set(), "it is refused before anything changes"


def test_a_variant_that_scales_gets_another_instance_type_by_a_new_endpoint(update: Update) -> None:
    """SageMaker refuses UpdateEndpoint with another type while the variant is registered for scaling."""
    scaling = {"inferenceMaxInstanceCount": "2"}
    done(update("cn-northwest-1", **scaling))
    for types in ({"inferenceInstanceType": "ml.m5.xlarge"}, {}):
        changed = update("cn-northwest-1", **scaling, **types)
        touched = done(changed)
        for replaced in ("aws:sagemaker/endpoint:Endpoint", "aws:appautoscaling/target:Target"):
            assert f"replaced {replaced} inference" in touched, "the endpoint in use must not be updated"
        order = [step.record.type for step in changed.outcome.steps if step.verb == "replaced"]
        assert order.index("aws:sagemaker/endpoint:Endpoint") < order.index("aws:appautoscaling/target:Target")
        (target,) = [
            one for one in changed.resources if one.name == "inference" and "appautoscaling/target" in one.type
        ]
        (endpoint,) = [one for one in changed.resources if one.type == "aws:sagemaker/endpoint:Endpoint"]
        assert endpoint.outputs["name"] in target.inputs["resourceId"], "the new endpoint scales"


def test_an_endpoint_that_does_not_scale_keeps_its_name_with_another_instance_type(update: Update) -> None:
    done(update("cn-northwest-1"))
    touched = done(update("cn-northwest-1", inferenceInstanceType="ml.m5.xlarge"))
    assert "updated aws:sagemaker/endpoint:Endpoint inference" in touched
