"""Kinds of keys: what is refused of one key of a kind is refused of all of them, with a command that corrects it."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest

import settings
from region import Region
from settings.fields import Arn, Cidr, ImageReference, InstanceType, Kind, OneOf, ResourceId, SecretReference, Url
from settings.messages import example, is_list, kind_of
from settings.sections import FIELDS, SECRETS

REGION = Region("cn-northwest-1")
FREE_TEXT = {"certificate", "certificateAuthorities", "oidcClientId"}
"""Keys of text whose rules are between keys: PEM text, and a name that only the identity provider knows."""


def keys(*kinds: type[Kind]) -> list[str]:
    """Keys whose value, or whose entries, are of one of these kinds."""
    return [key for key in FIELDS if isinstance(kind_of(key), kinds)]


def integers() -> list[str]:
    return [key for key, (_, field) in FIELDS.items() if field.annotation is int or "int" in str(field.annotation)]


def problems(key: str, value: Any, **more: str) -> list[str]:
    """What is said of a key with this value (an entry of its list), and only of that key."""
    entries = value if isinstance(value, list) else [value]
    return said_of(key, json.dumps(entries) if is_list(key) else value, **more)


def said_of(key: str, text: str, **more: str) -> list[str]:
    """What is said of a key with this text, as Pulumi passes it."""
    try:
        settings.load({"aws:region": REGION.name, f"cvat:{key}": text, **more})
    except settings.ConfigurationError as error:
        return [problem for problem in error.problems if re.match(rf"cvat:{key}(\[\d+\])* = ", problem)]
    return []


def table(kinds: tuple[type[Kind], ...], wrong: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    return [(key, value, said) for key in keys(*kinds) for value, said in wrong]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    table(
        (Cidr,),
        [
            ("10.0.0.0", "10.0.0.0/32 is meant"),
            ("10.1.2.3/16", "10.1.0.0/16 is meant"),
            ("10.0.0.0/255.255.0.0", "10.0.0.0/16 is meant"),
            ("2001:db8::/32", "must be an IPv4 address range: VPC and load balancer have no IPv6 addresses"),
            ("office", "must be an IPv4 address range"),
            ("10.0.0.0/33", "must be an IPv4 address range"),
            ("", "must be an IPv4 address range"),
        ],
    ),
)
def test_every_address_range_is_one_of_ipv4_with_its_first_address(key: str, value: str, said: str) -> None:
    (problem,) = problems(key, value)
    assert said in problem


@pytest.mark.parametrize("key", keys(Cidr))
def test_the_command_sets_the_range_that_is_meant(key: str) -> None:
    (problem,) = problems(key, "10.1.2.3/16")
    assert command(problem)[-1] == "10.1.0.0/16", "not an example, which the reader would have to correct once more"


@pytest.mark.parametrize("cidr", ["10.0.0.0/15", "10.0.0.0/29"])
def test_a_vpc_is_as_large_as_aws_takes_it(cidr: str) -> None:
    (problem,) = problems("vpcCidr", cidr)
    assert "must be a /16 to a /28" in problem


def arns() -> list[tuple[str, str, str]]:
    """Key, a wrong value made from a right one, what is said."""
    cases = []
    for key in keys(Arn, OneOf, SecretReference):
        kind = kind_of(key)
        assert kind
        candidates = kind.kinds if isinstance(kind, OneOf) else (kind,)
        for candidate in candidates:
            right = candidate.example_in(REGION)
            if ":" not in right:
                continue
            cases += [
                (key, right.replace("arn:aws-cn", "arn:aws"), "partition aws"),
                (key, right.replace("123456789012", "1234"), "12 digits"),
                (key, right.replace("arn:", "urn:"), "must be the ARN"),
                (key, f"{right} ", "must be the ARN"),
                (key, right.rpartition(":")[0] + ":", "must be the ARN"),
            ]
            if REGION.name in right:
                cases.append((key, right.replace(REGION.name, "cn-north-1"), "region cn-north-1"))
    return cases


@pytest.mark.parametrize(("key", "value", "said"), arns())
def test_every_arn_is_whole_and_of_this_partition_and_region(key: str, value: str, said: str) -> None:
    (problem,) = problems(key, value)
    assert said in problem


@pytest.mark.parametrize("key", ["dbSecretArn", "serverSecrets"])
def test_every_secret_is_named_with_its_suffix(key: str) -> None:
    right = example(key, REGION)
    assert not [problem for problem in problems(key, right) if "<six characters>" in problem]
    (problem,) = problems(key, right.replace("-AbCdEf", ""))
    assert "<six characters>" in problem, "IAM permissions name the secret itself"


@pytest.mark.parametrize("key", keys(InstanceType))
def test_every_instance_type_has_a_family_and_a_size_that_exist(key: str) -> None:
    right = example(key, REGION)
    prefix, family, _ = right.split(".")
    for wrong, said in (
        (f"{prefix}.{family}.banana", f"must be of one of the sizes of {prefix}.{family}: "),
        (f"{prefix}.z9.large", "must be of one of the families "),
        (f"{family}.large", "must be an instance type for"),
        (f"{prefix}.{family}", "must be an instance type for"),
    ):
        (problem,) = problems(key, wrong)
        assert said in problem
    assert not problems(key, right)


@pytest.mark.parametrize(
    ("key", "unknown"),
    [
        ("dbInstanceClass", "db.m6i.large"),
        ("redisNodeType", "cache.m5.large"),
        ("inferenceInstanceType", "ml.c6i.large"),
    ],
)
def test_an_instance_type_that_the_region_does_not_offer_is_refused_with_its_families(key: str, unknown: str) -> None:
    (problem,) = problems(key, unknown)
    assert f"{REGION.name} offers only the families " in problem


@pytest.mark.parametrize("key", keys(Url))
def test_every_address_has_a_scheme_and_a_host(key: str) -> None:
    for wrong in ("mirror.example.com", "ftp://x", "https://", "https://a b", "https://x:port"):
        (problem,) = problems(key, wrong)
        assert "must be an address that begins with " in problem


@pytest.mark.parametrize("key", keys(ResourceId))
def test_every_id_has_its_prefix(key: str) -> None:
    for wrong in ("x", "i-0123456789abcdef0", example(key, REGION).upper()):
        (problem,) = problems(key, wrong)
        assert "must be the id of a" in problem


@pytest.mark.parametrize("key", keys(ImageReference))
def test_every_image_is_in_ecr_and_named_by_digest(key: str) -> None:
    right = example(key, REGION)
    for wrong in ("cvat/server:latest", right.partition("@")[0], right.replace(".cn/", "/")):
        (problem,) = problems(key, wrong)
        assert "by digest" in problem


@pytest.mark.parametrize("key", integers())
def test_every_number_is_a_whole_one_within_limits(key: str) -> None:
    for wrong, said in (("many", "must be a whole number"), ("-2", "must be "), ("1.5", "must be a whole number")):
        reported = problems(key, wrong)
        if key in ("serverCpu", "serverMemory", "uiCpu", "uiMemory", "gatewayCpu", "gatewayMemory") and wrong == "-2":
            continue  # sizes of tasks are judged in pairs
        if key in ("workerCpu", "workerMemory", "chunksCpu", "chunksMemory", "logRetentionDays") and wrong == "-2":
            continue
        assert len(reported) == 1, (key, wrong, reported)
        assert said in reported[0]


@pytest.mark.parametrize("key", [key for key in FIELDS if is_list(key)])
def test_every_list_is_a_list_in_which_nothing_is_twice(key: str) -> None:
    entry = example(key, REGION)
    (problem,) = said_of(key, entry)
    assert "must be a YAML list" in problem
    twice = [problem for problem in problems(key, [entry, entry]) if "in the list already" in problem]
    assert len(twice) == 1
    assert twice[0].startswith(f"cvat:{key}[1] = '{entry}'")
    assert twice[0].endswith(f"pulumi config rm --path 'cvat:{key}[1]'")


def test_no_command_that_corrects_a_switch_turns_on_what_is_off() -> None:
    (problem,) = problems("disposable", "maybe")
    assert command(problem)[-1] == "false", "whoever copies it must not unprotect the stores"


def test_every_entry_of_a_list_that_is_wrong_is_named() -> None:
    reported = problems("allowedCidrs", ["10.0.0.0/8", "x", "10.1.0.0/16", "y"])
    assert [problem.partition(" ")[0] for problem in reported] == ["cvat:allowedCidrs[1]", "cvat:allowedCidrs[3]"]


def test_every_key_of_text_is_of_a_kind() -> None:
    """Or else a mistake in it would be found by AWS only, in the middle of a deployment."""
    texts = [key for key, (_, field) in FIELDS.items() if field.annotation is str]
    assert [key for key in texts if kind_of(key) is None and key not in FREE_TEXT] == []


def command(problem: str) -> list[str]:
    """The words of the last command that a problem names."""
    return shlex.split("pulumi config " + problem.rpartition("pulumi config ")[2])


def carried_out(words: list[str], config: dict[str, Any]) -> dict[str, Any]:
    """The configuration after `pulumi config set [--path] KEY VALUE`, as the CLI would change it."""
    *_, path, value = words
    match = re.fullmatch(r"([\w:]+?)(?:\[(\d+)\])?", path)
    assert match, f"{path} is not a path that the CLI takes"
    key, index = match.groups()
    assert ("--path" in words) is (index is not None), "an index without --path would become part of the key's name"
    if index is None:
        return {**config, key: value}
    entries = json.loads(config[key]) if str(config.get(key, "")).startswith("[") else []
    assert int(index) <= len(entries), "the CLI takes no index beyond the list"
    return {**config, key: json.dumps([*entries[: int(index)], value, *entries[int(index) + 1 :]])}


@pytest.mark.parametrize("region", ["cn-northwest-1", "eu-central-1", "us-gov-west-1"])
@pytest.mark.parametrize("key", [key for key in FIELDS if key not in FREE_TEXT | SECRETS])
def test_the_command_that_a_message_shows_corrects_the_key(key: str, region: str) -> None:
    wrong: Any = json.dumps(["\t"]) if is_list(key) else "\t"
    config: dict[str, Any] = {"aws:region": region, f"cvat:{key}": wrong}
    with pytest.raises(settings.ConfigurationError) as raised:
        settings.load(config)
    (problem,) = [problem for problem in raised.value.problems if problem.startswith(f"cvat:{key}")]
    assert "'\\t'" in problem, "the value is shown"
    try:
        settings.load(carried_out(command(problem), config))
    except settings.ConfigurationError as error:  # of a rule with other keys, at most
        assert not [other for other in error.problems if "Correct it in the stack file" in other], error.problems


@pytest.mark.parametrize("key", [key for key in FIELDS if key not in FREE_TEXT | SECRETS])
def test_a_mistake_in_any_key_hides_no_other(key: str) -> None:
    others = {"cvat:officeTimeZone": "Asia/Tokyo", "cvat:httpPort": "x", "cvat:oidcTokenBypass": "true", "cvat:oo": "1"}
    wrong = json.dumps(["\t"]) if is_list(key) else "\t"
    with pytest.raises(settings.ConfigurationError) as raised:
        settings.load({"aws:region": "narnia", **others, f"cvat:{key}": wrong})
    named = {problem.partition(" ")[0].partition("[")[0] for problem in raised.value.problems}
    expected = {*others, "aws:region", f"cvat:{key}"}
    if key in ("officeHours", "oidcIssuer"):
        expected -= {"cvat:officeTimeZone"} if key == "officeHours" else {"cvat:oidcTokenBypass"}
    assert expected <= named


STRANGE = (
    None,
    True,
    1.5,
    {"a": 1},
    "null",
    "[null]",
    "[[1]]",
    "9" * 30,
    "{error}",
    "http://[::1",
    "\0",
    "x" * 3000,
    "arn:::::",
)
"""Values that no one means, and that have broken parsers."""


@pytest.mark.parametrize("key", list(FIELDS))
def test_no_value_of_any_key_ends_in_a_traceback(key: str) -> None:
    for value in STRANGE:
        try:
            settings.load({"aws:region": REGION.name, f"cvat:{key}": value}, [])
        except settings.ConfigurationError as error:
            assert all(error.problems), "each problem is a sentence"
