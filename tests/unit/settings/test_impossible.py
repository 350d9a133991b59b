"""What AWS would refuse in the middle of a deployment is refused before it, with its key and a remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import settings
from region import REGIONS
from settings.errors import StackFileError
from settings.presets import PRESETS
from settings.stack_file import read_configuration, read_project
from tests.support.paths import ROOT
from tests.support.pem import Pair, pair, signer

HOST = "cvat.example.cn"
ACM = "arn:aws-cn:acm:cn-northwest-1:123456789012:certificate/0f0f"
TAGS = [f"name{number}=value" for number in range(9)]


def load(region: str = "cn-northwest-1", **own: Any) -> settings.Settings:
    texts = {key: json.dumps(value) if isinstance(value, list) else value for key, value in own.items()}
    return settings.load({"aws:region": region} | {f"cvat:{key}": value for key, value in texts.items()})


def problems(region: str = "cn-northwest-1", **own: Any) -> list[str]:
    with pytest.raises(settings.ConfigurationError) as raised:
        load(region, **own)
    return raised.value.problems


def ranges(number: int) -> list[str]:
    return [f"10.{index // 250}.{index % 250}.0/24" for index in range(number)]


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"serverCount": "0"}, "cvat:serverCount = '0': must be 1 or more"),
        ({"uiCount": "0"}, "must be 1 or more"),
        ({"gatewayCount": "0"}, "must be 1 or more"),
        ({"inferenceInstanceCount": "0"}, "must be 1 or more"),
        ({"serverCount": "100000"}, "must be 1000 or less"),
        ({"workerCount": "100000"}, "must be 5000 or less"),
        ({"serverMaxCount": "1"}, "cvat:serverMaxCount = 1: it must not be below cvat:serverCount = 2"),
        ({"workerMaxCount": "1"}, "pulumi config set cvat:workerMaxCount 2"),
        ({"annotationWorkerMaxCount": "0"}, "must not be below cvat:annotationWorkerCount = 1"),
        ({"inferenceInstanceCount": "3", "inferenceMaxInstanceCount": "2"}, "must not be below"),
        (
            {"inferenceBatchLayout": "shared", "modelArchives": "s3://ours/models"},
            "so they must be in a folder: aws s3 sync s3://ours/models build/models",
        ),
        ({"dbStorageGb": "19"}, "must be 20 or more"),
        ({"dbMaxStorageGb": "65537"}, "must be 65536 or less"),
        ({"allowedCidrs": []}, "cvat:allowedCidrs is empty: the load balancer would answer no one"),
        ({"adminCidrs": ranges(271)}, "cvat:adminCidrs has 271 ranges"),
        ({"tags": ["aws:team=vision"]}, "a name of up to 128 characters that does not begin with aws:"),
        ({"tags": ["AWS:team=vision"]}, "does not begin with aws:"),
        ({"tags": ["team=vi$ion"]}, "of letters, digits, spaces and"),
        ({"tags": [f"team={'x' * 257}"]}, "a value of up to 256"),
        ({"tags": ["=vision"]}, "must be name=value"),
        ({"tags": TAGS}, "cvat:tags has 9 tags: an S3 object takes 10"),
        ({"tags": ["Team=a", "team=b"]}, "the name team is there already"),
        ({"tags": ["Stack=mine"]}, "the program gives every resource a tag stack"),
        ({"interfaceEndpoints": ["com.amazonaws.cn-northwest-1.logs"]}, "must be the short name of a service"),
        ({"interfaceEndpoints": ["cn.com.amazonaws.cn-northwest-1.ecr.api"]}, "must be the short name of a service"),
        ({"interfaceEndpoints": [""]}, "must be the short name of a service"),
        ({"natGateways": "none"}, "the VPC has no Internet gateway, so the load balancer can only be internal"),
        (
            {"privateSubnetCidrs": ["10.192.64.0/28", "10.192.65.0/27", "10.192.66.0/27"]},
            "11 addresses are free in it, and the stack takes up to 21 there: 15 for tasks during an update, 2 for",
        ),
        (
            {"internal": "true", "privateSubnetCidrs": ["10.192.64.0/27", "10.192.65.0/26", "10.192.66.0/26"]},
            "8 for load balancer. Choose a /26 or larger",
        ),
        ({"mirrorApt": "mirrors.tuna.tsinghua.edu.cn"}, "must be an address that begins with https:// or http://"),
        ({"mirrorBaseRegistry": "https://docker.io/library"}, "must be a registry and a path, without scheme and tag"),
        ({"mirrorCvatRepository": "git@github.com:opencv/cvat.git"}, "must be an address that begins with"),
        ({"restoreDatabaseSnapshot": "before upgrade"}, "must be the identifier of an RDS snapshot"),
        ({"mediaBuckets": ["arn:aws-cn:s3:::media"]}, "must be the name of a bucket alone"),
        ({"mediaBuckets": ["s3://media"]}, "must be the name of a bucket alone"),
        ({"mediaBuckets": ["media,more"]}, "must be the name of a bucket alone"),
        ({"modelArchives": "s3://Models"}, "must be a folder, or an S3 address"),
        ({"serverEnvironment": ["A=1", "A=2"]}, "names A, which is set already"),
        (
            {
                "serverSecrets": [
                    "CVAT_LDAP_URL=arn:aws-cn:secretsmanager:cn-northwest-1:123456789012:secret:ldap-AbCdEf"
                ]
            },
            "names CVAT_LDAP_URL: it is no secret",
        ),
        (
            {"requestCertificate": "true", "hostName": f"{'a' * 62}.example.cn", "hostedZoneId": "Z1"},
            "has 73 characters, and ACM issues certificates for names of up to 64",
        ),
    ],
)
def test_what_aws_would_refuse_is_refused_once_and_with_its_key(own: dict[str, Any], said: str) -> None:
    (problem,) = problems(**own)
    assert said in problem
    assert any(f"cvat:{key}" in problem for key in own)


def test_a_number_above_the_presets_maximum_needs_no_maximum() -> None:
    for preset in PRESETS:
        tasks = load(preset=preset, serverCount="50", inferenceInstanceCount="9").tasks["server"]
        assert (tasks.count, tasks.scales) == (50, False)
    assert load(serverMaxCount="9").tasks["server"].scales, "the preset's number, and more under load"


@pytest.mark.parametrize("preset", ["standard", "team", "production"])
def test_every_preset_can_have_office_hours_in_which_endpoints_do_not_scale(preset: str) -> None:
    for own in ({}, {"inferenceInstanceCount": "3"}, {"inferenceInstanceCount": "1"}):
        endpoint = load(preset=preset, officeHours="mon-fri 08:00-20:00", **own).inference.endpoint
        assert endpoint.max_count == endpoint.count == int(own.get("inferenceInstanceCount", endpoint.count))
    assert load(preset="production").inference.endpoint.max_count == 4, "without hours they scale"


def test_minus_one_and_empty_stand_for_what_the_preset_says() -> None:
    chosen = load(preset="team", serverCount="-1", dbInstanceClass="", natGateways="", backupDays="-1", backupHour="-1")
    assert chosen == load(preset="team")


def test_ranges_for_two_ports_count_twice_and_the_redirect_can_be_given_up() -> None:
    (problem,) = problems(allowedCidrs=ranges(31), certificateArn=ACM)
    assert "has 31 ranges for each of 2 ports: a security group takes 60 entries" in problem
    assert problem.endswith("Join ranges until there are 30, or set cvat:httpPort to 0 if the redirect is not needed.")


def test_subnets_that_overlap_are_named_with_their_places_and_a_repetition_is_reported_once() -> None:
    overlapping = ["10.192.64.0/19", "10.192.80.0/20", "10.192.128.0/19"]
    (problem,) = problems(privateSubnetCidrs=overlapping)
    assert "cvat:privateSubnetCidrs[0] = 10.192.64.0/19 and cvat:privateSubnetCidrs[1] = 10.192.80.0/20" in problem
    (problem,) = problems(privateSubnetCidrs=["10.192.64.0/19", "10.192.64.0/19", "10.192.128.0/19"])
    assert "it is in the list already" in problem


def test_the_entries_that_the_smoke_test_adds_to_the_security_group_count() -> None:
    own: dict[str, Any] = {"allowedCidrs": ranges(58), "httpPort": "81"}
    assert load(**own), "58 of 60"
    (problem,) = problems(**own, canary="hourly")
    assert "has 58 ranges, and 3 addresses from which the smoke test calls" in problem
    assert problem.endswith("Join ranges until there are 57."), "there is no redirect that could be left out"
    assert load(**own, canary="hourly", natGateways="single"), "59 of 60"


def certificate(own: Pair, chain: str = "", **more: Any) -> dict[str, Any]:
    return {"certificate": own.certificate + chain, "certificateKey": own.key, "hostName": HOST} | more


def test_a_certificate_that_expired_further_down_the_chain_is_refused() -> None:
    old = signer("Old CA", days=-1, since=-30)
    (problem,) = problems(**certificate(pair(HOST, by=old), old.pem))
    assert "'CN=Old CA', further down the chain, is valid from" in problem


def test_a_private_key_that_is_pasted_with_its_certificate_is_lost() -> None:
    own = pair(HOST)
    (problem,) = problems(**certificate(own, own.key))
    assert "Consider the key lost" in problem
    assert own.key.splitlines()[1] not in problem


NO_C5D = {"ap-east-2", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1", "mx-central-1"}
"""Regions in which SageMaker hosts on no ml.c5d, the type of two presets."""


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_keeps_all_rules_in_each_region_or_says_what_the_region_lacks(preset: str, region: str) -> None:
    try:
        load(region, preset=preset)
    except settings.ConfigurationError as error:
        for problem in error.problems:
            assert f"{region} offers only the families " in problem
        if preset != "team":
            assert region in NO_C5D
        return
    assert preset == "team" or region not in NO_C5D


@pytest.mark.parametrize("name", ["cn-nortwest-1", "", "narnia"])
def test_a_region_that_does_not_exist_is_one_sentence_beside_the_others(name: str) -> None:
    reported = problems(name, serverCount="0", kmsKeyArn="arn:aws:kms:us-east-1:123456789012:key/1")
    assert [problem.partition(" ")[0] for problem in reported] == ["aws:region", "cvat:serverCount"]


def test_a_region_with_two_zones_is_a_warning_where_a_network_is_made() -> None:
    assert any("two availability zones" in warning for warning in settings.warnings(load("us-west-1")))


def test_what_the_pulumi_cli_refuses_is_said_together_with_the_rest(tmp_path: Path) -> None:
    config = {"aws:region": "cn-north-1", "cvat:httpPort": "many", "cvat:tags": "x", "cvat:serverMaxCount": 1}
    (tmp_path / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "Pulumi.own.yaml").write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    configuration = read_configuration(read_project(tmp_path), "own", {})
    assert set(configuration.refused) == {"cvat:httpPort", "cvat:tags"}, "the CLI would stop here"
    assert configuration.refused["cvat:httpPort"].endswith("or remove it to have 80: pulumi config rm cvat:httpPort")
    with pytest.raises(settings.ConfigurationError) as raised:
        settings.load_configuration(configuration)
    named = sorted(problem.partition(" ")[0] for problem in raised.value.problems)
    assert named == ["cvat:httpPort", "cvat:serverMaxCount", "cvat:tags"], "each key once, all in one go"


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({f"name{number}": "x" for number in range(9)}, "aws:defaultTags has 9 tags: the provider puts all of them on"),
        ({"AWS:owner": "x"}, "aws:defaultTags names AWS:owner: names that begin with aws: are AWS's own"),
        ({"te$am": "x"}, "aws:defaultTags names te$am = 'x': a name has up to 128"),
        ({"team": "x" * 257}, "and a value up to 256 characters"),
        ({"Project": "x"}, "aws:defaultTags names Project, and the program project: IAM takes no two tags"),
        ({"owner": "x", "Owner": "y"}, "aws:defaultTags names Owner, and aws:defaultTags itself owner"),
    ],
)
def test_tags_of_the_provider_count_where_s3_takes_few(tags: dict[str, str], said: str) -> None:
    with pytest.raises(settings.ConfigurationError) as raised:
        settings.load({"aws:region": "cn-northwest-1", "aws:defaultTags": json.dumps({"tags": tags})})
    (problem,) = raised.value.problems
    assert said in problem


def test_a_tag_of_the_provider_may_be_overridden_but_not_with_other_capitals() -> None:
    def load_with(own: str) -> settings.Settings:
        tags = {"aws:defaultTags": '{"tags": {"Team": "x"}}', "cvat:tags": json.dumps([own])}
        return settings.load({"aws:region": "cn-northwest-1", **tags})

    assert load_with("Team=y")
    with pytest.raises(settings.ConfigurationError) as raised:
        load_with("team=y")
    (problem,) = raised.value.problems
    assert "aws:defaultTags names Team, and cvat:tags[0] team: IAM takes no two tags whose names differ in" in problem
    assert problem.endswith("""pulumi config rm --path 'aws:defaultTags.tags["Team"]'""")


@pytest.mark.parametrize("value", ["[1]", "7", "{", '{"tags": 7}', '{"tags": ["team"]}'])
def test_default_tags_of_another_form_end_in_a_sentence(value: str) -> None:
    with pytest.raises(settings.ConfigurationError) as raised:
        settings.load({"aws:region": "cn-northwest-1", "aws:defaultTags": value})
    (problem,) = raised.value.problems
    assert problem.startswith(f"aws:defaultTags = {value}: it must be a mapping with tags")


@pytest.mark.parametrize("value", ["", "{}", '{"tags": {}}', '{"tags": {"project": "mine", "team": "x"}}'])
def test_default_tags_may_be_few_or_none(value: str) -> None:
    settings.load({"aws:region": "cn-northwest-1", "aws:defaultTags": value})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe", "is not a text in UTF-8"),
        (b"config:\n - aws:region", "what follows config: must be keys with values"),
        (b"config: [", "is not valid YAML"),
    ],
)
def test_a_stack_file_that_cannot_be_read_ends_in_a_sentence(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_bytes((ROOT / "Pulumi.yaml").read_bytes())
    (tmp_path / "Pulumi.mine.yaml").write_bytes(content)
    with pytest.raises(StackFileError, match=said):
        read_configuration(read_project(tmp_path), "mine", {})
