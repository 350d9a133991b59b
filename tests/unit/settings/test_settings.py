"""settings: a configuration becomes frozen values, or everything that is wrong is said at once."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

import settings
from settings.functions import Function
from settings.presets import PRESETS
from settings.sections import SECTIONS
from tests.support.paths import ROOT

VPC = "vpc-0123456789abcdef0"
SUBNETS = json.dumps([f"subnet-{number}123456789abcdef0" for number in range(3)])
ACM = "arn:aws-cn:acm:cn-northwest-1:123456789012:certificate/0f0f"


def load(**own: Any) -> settings.Settings:
    region = own.pop("region", "cn-northwest-1")
    return settings.load({"aws:region": region} | {f"cvat:{key}": value for key, value in own.items()})


def problems(**own: Any) -> list[str]:
    with pytest.raises(settings.ConfigurationError) as raised:
        load(**own)
    return raised.value.problems


def test_nothing_but_a_region_is_needed() -> None:
    chosen = load()
    assert chosen.data.database.instance_class == "db.m6g.xlarge", "the default preset is what the reference runs"
    assert chosen.tasks["server"].count == 2
    assert chosen.stack.protect, "a stack is protected unless it says that it is disposable"


def test_the_preset_decides_what_is_not_set_and_nothing_else() -> None:
    chosen = load(preset="team", serverCount="5")
    assert chosen.tasks["server"].count == 5, "a number that is set wins over the preset"
    assert chosen.network.single_nat
    assert chosen.data.cache.replicas == 0


@pytest.mark.parametrize("region", ["cn-northwest-1", "cn-north-1", "ap-northeast-1"])
@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_breaks_no_rule_in_any_region_that_has_a_stack_file(preset: str, region: str) -> None:
    assert load(preset=preset, region=region).stack.preset == preset, "its types are offered, its tasks are Fargate's"


def test_presets_say_the_same_keys_and_grow_from_one_to_the_next() -> None:
    team, standard, production = (PRESETS[name] for name in ("team", "standard", "production"))
    assert team.keys() == standard.keys() == production.keys()
    numbers = [key for key, value in standard.items() if isinstance(value, int)]
    shrinking = [key for key in numbers if not int(team[key]) <= int(standard[key]) <= int(production[key])]
    assert not shrinking, "the larger preset has at least as much of everything"


def test_production_is_never_disposable() -> None:
    (problem,) = problems(preset="production", disposable="true")
    assert problem.startswith("cvat:disposable = true:")


def test_text_of_pulumi_becomes_typed_values() -> None:
    chosen = load(disposable="true", httpPort="8088", allowedCidrs='["10.0.0.0/8"]', logRetentionDays="90")
    assert chosen.stack.disposable is True
    assert chosen.access.http_port == 8088
    assert chosen.access.allowed_cidrs == ("10.0.0.0/8",)


def test_a_misspelt_key_is_refused_with_the_nearest_one() -> None:
    assert problems(vpcCdir="10.0.0.0/16") == [
        "cvat:vpcCdir is not a setting. Did you mean cvat:vpcCidr? Remove it from the stack file, or with: pulumi "
        "config rm cvat:vpcCdir"
    ]


def test_all_problems_are_said_at_once() -> None:
    reported = problems(preset="huge", httpPort="x", allowedCidrs="[oops", tags='["novalue"]')
    assert [problem.split(" ")[0] for problem in reported] == [
        "cvat:preset",
        "cvat:tags[0]",
        "cvat:httpPort",
        "cvat:allowedCidrs",
    ], "an operator corrects everything in one go"
    assert all(" pulumi config " in problem for problem in reported), "each names the remedy"


@pytest.mark.parametrize("key", ["aws:assumeRoles", "aws:accessKey", "aws:endpoints", "aws:httpProxy"])
def test_what_only_the_provider_would_follow_is_refused_with_the_way_to_do_it(key: str) -> None:
    config = {"aws:region": "cn-northwest-1", key: "x"}
    with pytest.raises(
        settings.ConfigurationError, match=f"{key}: only Pulumi's provider .* aws:profile NAME"
    ) as error:
        settings.load(config)
    assert f"pulumi config rm {key}" in str(error.value)


def test_a_misspelt_key_of_the_provider_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(settings.ConfigurationError, match=r"aws:profil: .* Did you mean aws:profile\?"):
        settings.load({"aws:region": "cn-northwest-1", "aws:profil": "x"})


def test_the_profile_and_the_default_tags_are_shared() -> None:
    assert settings.load({"aws:region": "cn-northwest-1", "aws:profile": "cvat", "aws:defaultTags": '{"tags": {}}'})


def test_a_missing_region_is_a_problem_like_any_other() -> None:
    with pytest.raises(settings.ConfigurationError, match="aws:region is missing"):
        settings.load({})


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"privateSubnetCidrs": '["10.1.0.0/24","10.192.64.0/24","10.192.65.0/24"]'}, "must lie inside cvat:vpcCidr"),
        ({"publicSubnetCidrs": '["10.192.0.0/24","10.192.0.0/25","10.192.2.0/24"]'}, "overlap"),
        (
            {"publicSubnetCidrs": '["10.192.0.0/28","10.192.1.0/24","10.192.2.0/24"]'},
            "AWS takes no subnet smaller than a /27",
        ),
        ({"publicSubnetCidrs": '["10.192.0.0/24"]'}, "has 1 ranges: it must have 3"),
        ({"vpcCidr": "10.192.0.1/16"}, "must begin with its first address"),
        ({"serverCpu": "300"}, "Fargate's CPU sizes are 256, 512"),
        ({"serverMemory": "1024"}, "with 2048 CPU units Fargate takes 4096 to 16384 MiB"),
        ({"inferenceInstanceType": "ml.c6i.xlarge"}, "cn-northwest-1 offers only"),
        ({"dbInstanceClass": "db.m6i.large"}, "cn-northwest-1 offers only"),
        ({"redisNodeType": "cache.m5.large"}, "cn-northwest-1 offers only"),
        ({"dbEngineVersion": "6.2"}, "must be a version of PostgreSQL that RDS has: 10 to 18"),
        ({"dbEngineVersion": "latest"}, "must be a version of PostgreSQL"),
        ({"redisEngineVersion": "7.2"}, "must be a version of Redis that ElastiCache has: 5.0.6, 6.0"),
        ({"redisEngineVersion": "7"}, "must be a version of Redis that ElastiCache has"),
        ({"dbStorageGb": "10"}, "must be 20 or more"),
        ({"dbMaxStorageGb": "30"}, "must not be below cvat:dbStorageGb = 50"),
        ({"dbBackupDays": "0"}, "keeps backups"),
        ({"httpPort": "0"}, "nothing would listen"),
        ({"httpPort": "443", "certificateArn": ACM}, "need different ports"),
        ({"serverImage": "cvat/server:latest"}, "must be an image in an ECR registry of this partition, by digest"),
        ({"vpcId": VPC}, "needs 3 cvat:publicSubnetIds, which only cvat:internal = true can do without"),
        ({"publicSubnetIds": SUBNETS}, "vpcId is empty"),
        (
            {
                "interfaceEndpoints": '["logs"]',
                "vpcId": VPC,
                "publicSubnetIds": SUBNETS,
                "privateSubnetIds": SUBNETS,
            },
            "made in a new VPC only",
        ),
        ({"availabilityZones": '["cn-northwest-1a"]'}, "names 1 zones"),
        ({"serverSecrets": '["A:b"]'}, "must be NAME=ARN"),
        ({"logRetentionDays": "31"}, "must be a number of days that CloudWatch Logs keeps"),
        ({"demoData": "http://x"}, "must be builtin, none, or an S3 address"),
        ({"alarmEmail": "ops"}, "must be a mail address"),
        (
            {"alarmTopicArn": "arn:aws:sns:us-east-1:123456789012:t"},
            "of an SNS topic of this region (arn:aws-cn:sns:",
        ),
        ({"backupDays": "0"}, "keeps restore points"),
        ({"backupHour": "24"}, "must be 23 or less"),
        (
            {"backupKeyArn": "alias/x"},
            "of this region (arn:aws-cn:kms:cn-northwest-1:",
        ),
        ({"kmsKeyArn": "arn:aws-cn:kms:cn-northwest-1:123456789012:alias/cvat"}, "not of an alias"),
        (
            {"kmsKeyArn": "arn:aws:kms:cn-northwest-1:123456789012:key/1"},
            "this one is of partition aws",
        ),
        (
            {"kmsKeyArn": "arn:aws-cn:kms:cn-north-1:123456789012:key/1"},
            "of this region (arn:aws-cn:kms:cn-northwest-1",
        ),
        ({"permissionsBoundaryArn": "arn:aws:iam::123456789012:policy/b"}, "of this partition (arn:aws-cn:iam::"),
        ({"permissionsBoundaryArn": "arn:aws-cn:iam::123456789012:role/b"}, "must be the ARN of an IAM policy"),
        ({"mode": "sleepy"}, "must be one of 'awake' or 'asleep'"),
        ({"officeHours": "nine to five"}, "must be days and hours; write for example mon-fri 08:00-20:00"),
        ({"officeHours": "mon-fri 20:00-08:00"}, "must end after it starts"),
        ({"officeTimeZone": "Asia/Shanghai"}, "there are no office hours"),
        ({"officeHours": "mon-fri 08:00-20:00", "mode": "asleep"}, "cvat:mode = asleep and cvat:officeHours"),
        ({"officeHours": "mon-fri 09:00-13:00"}, "a running database for six hours in a row"),
        ({"backupHour": "18", "officeHours": "mon-fri 08:00-20:00"}, "Choose one of 3, 4, 5, 6, 7, 8, 9, 10, or -1"),
        ({"inferenceMaxInstanceCount": "3", "officeHours": "mon-fri 08:00-20:00"}, "their scaling with them"),
        ({"dbSecurityGroupId": "sg-0123456789abcdef0"}, "belongs to cvat:dbInstanceId, which is empty"),
        ({"dbInstanceId": "theirs"}, "also needs cvat:vpcId, cvat:dbSecretArn, cvat:dbSecurityGroupId"),
        ({"fileSystemSecurityGroupId": "sg-0123456789abcdef0"}, "also needs cvat:fileSystemId, cvat:vpcId"),
        ({"loadBalancerSecurityGroupId": "sg-0123456789abcdef0"}, "belongs to cvat:loadBalancerArn, which is empty"),
        ({"dbName": "no-hyphens"}, "must be the name of a database"),
        ({"fileSystemId": "efs-1"}, "must be the id of an EFS file system"),
    ],
)
def test_each_broken_rule_is_said_with_its_key(own: dict[str, str], said: str) -> None:
    (problem,) = problems(**own)
    assert said in problem
    key = next(iter(own))
    assert key in problem, "the sentence names the key that must change"


def test_an_unknown_time_zone_is_refused() -> None:
    (problem,) = problems(officeHours="mon-fri 08:00-20:00", officeTimeZone="Asia/Beijing")
    assert "cvat:officeTimeZone = 'Asia/Beijing': must be the IANA name of a time zone" in problem


@pytest.mark.parametrize(
    ("region", "zone"), [("cn-north-1", "Asia/Shanghai"), ("ap-northeast-1", "Asia/Tokyo"), ("eu-west-1", "UTC")]
)
def test_office_hours_are_by_the_clock_of_the_region(region: str, zone: str) -> None:
    hours = load(region=region, officeHours="mon-fri 08:00-20:00").hours
    assert hours
    assert hours.zone == zone


def test_office_hours_leave_the_number_of_tasks() -> None:
    assert load(officeHours="mon-fri 08:00-20:00").tasks["server"].count == 2


def test_backups_are_taken_at_night_and_with_office_hours_by_day() -> None:
    assert (load().backup_times.hour, load().backup_times.days) == (18, "")
    by_day = load(officeHours="mon,wed 07:00-19:00").backup_times
    assert (by_day.hour, by_day.days) == (9, "MON,WED"), "17:00 in Shanghai"
    assert load(officeHours="mon,wed 07:00-19:00", backupHour="4").backup_times.hour == 4


def test_an_address_is_for_a_new_topic_and_not_for_a_given_one() -> None:
    topic = "arn:aws-cn:sns:cn-northwest-1:123456789012:pager"
    (problem,) = problems(alarmEmail="ops@example.com", alarmTopicArn=topic)
    assert "Remove one" in problem


@pytest.mark.parametrize(
    ("own", "days"),
    [({}, 35), ({"preset": "team"}, 14), ({"disposable": "true"}, 0), ({"disposable": "true", "backupDays": "2"}, 2)],
)
def test_restore_points_are_kept_as_long_as_the_preset_says_and_a_trial_has_none(
    own: dict[str, str], days: int
) -> None:
    assert load(**own).data.backup_days == days


def test_instance_types_of_hosting_are_not_judged_where_nothing_is_hosted() -> None:
    assert load(inferenceLayout="none", inferenceInstanceType="ml.c6i.xlarge")


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"httpPort": "80"}, "blocked in mainland China"),
        ({"httpPort": "81"}, "without encryption"),
    ],
)
def test_what_is_allowed_but_unwise_is_a_warning(own: dict[str, str], said: str) -> None:
    chosen = load(region="cn-north-1", **own)
    assert any(said in warning for warning in settings.warnings(chosen))


def test_a_certificate_and_another_port_leave_nothing_to_warn_of() -> None:
    config = {"aws:region": "cn-northwest-1", "cvat:certificateArn": ACM, "cvat:hostName": "cvat.example.cn"}
    config |= {"cvat:httpPort": "81", "cvat:httpsPort": "8443"}
    assert not list(settings.warnings(settings.load(config)))


def test_every_key_is_explained() -> None:
    silent = [name for section in SECTIONS for name, field in section.model_fields.items() if not field.description]
    assert not silent


def test_pulumi_yaml_and_the_documentation_say_what_the_keys_say() -> None:
    check = subprocess.run(  # our own module
        [sys.executable, "-m", "settings.generate", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr


GIVEN_DATABASE = {
    "vpcId": VPC,
    "publicSubnetIds": SUBNETS,
    "privateSubnetIds": SUBNETS,
    "dbInstanceId": "theirs",
    "dbSecretArn": "arn:aws-cn:secretsmanager:cn-northwest-1:123456789012:secret:cvat-AbCdEf",
    "dbSecurityGroupId": "sg-0123456789abcdef0",
}


def test_an_existing_database_needs_its_secret_its_group_and_no_snapshot() -> None:
    assert load(**GIVEN_DATABASE).references.database.instance_id == "theirs"
    for wrong, said in (
        ({"restoreDatabaseSnapshot": "s"}, "Remove one of the two"),
        ({"dbSecretArn": "cvat"}, "must be the ARN of a secret, whole, of this region (arn:aws-cn:secretsmanager:"),
        ({"dbSecretArn": GIVEN_DATABASE["dbSecretArn"].replace("northwest", "north")}, "of this region"),
    ):
        (problem,) = problems(**GIVEN_DATABASE | wrong)
        assert said in problem


def test_an_existing_load_balancer_needs_its_network_its_group_and_its_own_firewall() -> None:
    arn = "arn:aws-cn:elasticloadbalancing:cn-northwest-1:123456789012:loadbalancer/app/theirs/0123456789abcdef"
    whole = {key: GIVEN_DATABASE[key] for key in ("vpcId", "publicSubnetIds", "privateSubnetIds")}
    whole |= {"loadBalancerArn": arn, "loadBalancerSecurityGroupId": "sg-0123456789abcdef0"}
    assert load(**whole).references.balancer.arn == arn
    for wrong, said in (
        ({"loadBalancerSecurityGroupId": ""}, "also needs cvat:loadBalancerSecurityGroupId"),
        (
            {"loadBalancerArn": arn.replace("/app/", "/net/")},
            "of an application load balancer of this region",
        ),
        ({"loadBalancerArn": arn.replace("aws-cn", "aws")}, "(arn:aws-cn:elasticloadbalancing:cn-northwest-1:"),
        ({"waf": "true"}, "Set cvat:waf to false"),
    ):
        (problem,) = problems(**whole | wrong)
        assert said in problem


def test_a_boundary_may_be_the_accounts_own_policy_or_one_of_awss() -> None:
    for owner in ("123456789012", "aws"):
        assert load(permissionsBoundaryArn=f"arn:aws-cn:iam::{owner}:policy/teams/vision")
    assert load(region="ap-northeast-1", permissionsBoundaryArn="arn:aws:iam::aws:policy/PowerUserAccess")


def test_the_preset_decides_whether_the_canary_sings_and_sleep_silences_it() -> None:
    assert not load().canary
    assert load(preset="production").canary
    assert not load(preset="production", canary="off").canary
    assert not load(canary="hourly", mode="asleep").canary, "it would fail every hour"
    assert "canary" in load(canary="hourly").image_names([])


def test_a_canary_cannot_log_in_at_another_providers_page() -> None:
    reported = problems(canary="hourly", oidcIssuer="https://login.example.com")
    assert any("cvat:canary = hourly and cvat:oidcIssuer" in problem for problem in reported)


def test_a_canary_behind_a_closed_load_balancer_of_an_existing_network_is_a_warning() -> None:
    own = {"vpcId": VPC, "publicSubnetIds": SUBNETS, "privateSubnetIds": SUBNETS}
    config = {"aws:region": "cn-north-1", "cvat:canary": "hourly", "cvat:allowedCidrs": '["203.0.113.0/24"]'}
    chosen = settings.load(config | {f"cvat:{key}": value for key, value in own.items()})
    assert any("calls from the NAT gateways of your VPC" in warning for warning in settings.warnings(chosen))


@pytest.mark.parametrize("by_file", [True, False])
def test_a_vpc_without_a_way_out_has_the_endpoint_by_which_functions_are_woken(by_file: bool) -> None:
    own = {} if by_file else {"batchFunctions": '["sleepy"]'}
    isolated = load(natGateways="none", internal="true", **own)
    functions = [Function(name="sleepy", batch=True), Function(name="always")]
    assert "sagemaker.api" in isolated.with_functions(functions).interface_endpoints
    without = isolated.with_functions(functions[1:])
    assert "sagemaker.api" not in without.interface_endpoints, "each costs by the hour, in each zone"
    demand = isolated.with_functions(functions).addresses(2, 1).interface_endpoints
    assert demand == without.addresses(1).interface_endpoints + 1
