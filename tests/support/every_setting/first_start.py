"""First start, and notifications of alarms."""

from __future__ import annotations

import json

from tests.support.every_setting.seen import Seen
from tests.support.every_setting.setting_effects import claim


def run_once(seen: Seen) -> dict[str, object]:
    """What the run-once task is started with: no API of AWS tells."""
    dynamic = [resource for resource in seen.done.resources if resource.type.startswith("pulumi-python:dynamic")]
    (initialisation,) = [resource for resource in dynamic if "timeout_minutes" in resource.inputs]
    return dict(initialisation.inputs)


@claim("adminUser", "root-of-cvat")
def the_first_administrator_has_the_name(seen: Seen, name: str) -> None:
    secret = seen.client("secretsmanager").get_secret_value(SecretId=seen.done.outputs["admin_secret_arn"])
    assert json.loads(secret["SecretString"])["username"] == name, "nobody could log in by the name"
    assert seen.done.outputs["admin_user"] == name, "users see another name"


@claim("adminEmail", "root@example.org")
def the_first_administrator_has_the_address(seen: Seen, address: str) -> None:
    assert seen.environment("init", "init")["DJANGO_SUPERUSER_EMAIL"] == address, "mail would go elsewhere"


@claim("demoData", "s3://our-media/demo/")
def demo_files_come_from_the_bucket(seen: Seen, address: str) -> None:
    assert seen.environment("init", "copy-demo")["DEMO_SOURCE"] == address, "other files would be copied"
    assert ":s3:::our-media/demo/*" in seen.role("init"), "they could not be read"


@claim("initTimeoutMinutes", 77)
def the_initialisation_may_take_the_minutes(seen: Seen, minutes: int) -> None:
    assert run_once(seen)["timeout_minutes"] == minutes, "a large migration would be cut off"


@claim("snapshotBeforeMigration", "always", round_="given")
def even_a_trials_database_is_snapshotted_before_it_is_migrated(seen: Seen, _: str) -> None:
    assert seen.database["DeletionProtection"] is False, "a protected stack does so by default"
    assert run_once(seen)["snapshot_of"] == seen.database["DBInstanceIdentifier"], "there would be no way back"


@claim("alarmEmail", "ops@example.com")
def the_address_is_subscribed_to_the_new_topic(seen: Seen, address: str) -> None:
    topic = seen.done.outputs["alarms"]["topic_arn"]
    subscriptions = seen.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [(subscription["Protocol"], subscription["Endpoint"]) for subscription in subscriptions] == [
        ("email", address)
    ], "nobody would be woken"


@claim("alarmTopicArn", lambda on: on.arn("sns", "pager"), round_="given")
def alarms_go_to_the_topic_and_none_is_made(seen: Seen, arn: str) -> None:
    alarms = seen.client("cloudwatch").describe_alarms()["MetricAlarms"]
    own = [alarm for alarm in alarms if alarm["AlarmName"].startswith("alarms-")]  # the others scale
    assert own, "nothing is watched"
    assert {action for alarm in own for action in alarm["AlarmActions"]} == {arn}, "somebody else would be woken"
    assert not seen.client("sns").list_topics()["Topics"], "a second topic that nobody listens to"
