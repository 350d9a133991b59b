"""The schedule: what waits for what, and the chain that decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rehearsal.report import schedule
from tests.support.material import Written, record

VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
DATABASE, BALANCER = "aws:rds/instance:Instance", "aws:lb/loadBalancer:LoadBalancer"
QUICK = (1 + 5 + 20) / 3


def test_a_resource_starts_when_what_it_depends_on_is_there() -> None:
    first = record(VPC, "network")
    second = record(SUBNET, "private", after=(first,))
    steps = {step.name: step for step in schedule.plan([second, first]).steps}
    assert steps["network"].start == 0, "nothing holds the network up"
    assert steps["private"].start == steps["network"].end == QUICK, "the subnet waits for the network, and only for it"


def test_an_id_in_the_inputs_is_a_dependency_too() -> None:
    first = record(VPC, "network", id="vpc-0123")
    second = record(SUBNET, "private", {"vpcId": "vpc-0123"})
    plan = schedule.plan([first, second])
    assert plan.seconds == 2 * QUICK, "resources inside awsx components have no recorded dependencies but their ids"


def test_the_critical_path_is_the_longest_chain() -> None:
    network = record(VPC, "network")
    database = record(DATABASE, "database", after=(network,))
    balancer = record(BALANCER, "balancer", after=(network,))
    service = record("aws:ecs/service:Service", "server", {"waitForSteadyState": True}, after=(database, balancer))
    plan = schedule.plan([service, balancer, database, network])
    assert [step.name for step in plan.critical] == ["network", "database", "server"]
    assert plan.quickest < plan.seconds < plan.slowest, "the range surrounds the mean"


def test_a_standby_makes_the_database_slower() -> None:
    alone, doubled = (schedule.duration(record(DATABASE, "database", {"multiAz": many})) for many in (False, True))
    assert doubled.low > alone.high, "a database with a standby takes longer than the slowest without"


def test_a_service_without_a_waiter_costs_seconds() -> None:
    waits, leaves = (
        schedule.duration(record("aws:ecs/service:Service", "server", {"waitForSteadyState": wait}))
        for wait in (True, False)
    )
    assert leaves.high < waits.low, "waitForSteadyState is what takes the time"


def test_who_depends_on_an_awsx_component_waits_for_all_inside() -> None:
    outer = record("awsx:ec2:Vpc", "network", custom=False)
    gateway = record("aws:ec2/natGateway:NatGateway", "nat", parent=outer.urn)
    database = record(DATABASE, "database", after=(outer,))
    steps = {step.name: step for step in schedule.plan([outer, gateway, database]).steps}
    assert steps["database"].start == pytest.approx(steps["nat"].end), "the component is there when its last child is"


def test_a_cycle_of_ids_does_not_hang() -> None:
    first = record(VPC, "one", {"peer": "two-0001"})
    two = record(VPC, "two", {"peer": "one-0001"})
    assert schedule.plan([first, two]).seconds > 0, "ids in each other's inputs must not recurse for ever"


def test_what_the_machine_itself_makes_takes_no_time() -> None:
    made = [record("random:index/randomPassword:RandomPassword", "password"), record("docker:index/image:Image", "ui")]
    assert schedule.plan(made).steps == (), "image builds are said to come on top; random values are instant"


def test_every_wait_of_the_default_stack_is_known(written: Written) -> None:
    description = written.description
    known = {record.urn for record in description.records}
    unknown = {urn for record in description.records for urn in record.dependencies} - known
    assert not unknown, "a dependency on a resource without a record would be left out silently"
    without = schedule.plan([replace(record, dependencies=()) for record in description.records])
    assert without.seconds < schedule.plan(description.records).seconds, "recorded dependencies must matter"
    assert {step.type for step in schedule.plan(description.records).critical} >= {DATABASE, "aws:ecs/service:Service"}
