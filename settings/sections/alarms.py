"""Section "Alarms": whom they notify, and the hourly smoke test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator

from settings.fields import Arn, Email
from settings.sections.oidc import Oidc
from settings.sections.section import Section
from settings.values import Notifications

TOPIC = Arn(
    what="an SNS topic",
    service="sns",
    resource="<name>",
    pattern=r"[\w-]+",
    example="alarms",
    hint="copy it from `aws sns list-topics`",
)


class Alarms(Section):
    """Alarms"""

    alarm_email: Email = ""
    """Mail address that alarms notify; AWS first sends it a request to confirm."""
    alarm_topic_arn: Annotated[str, AfterValidator(TOPIC)] = ""
    """Existing SNS topic for alarms instead of a new one; its policy and key must let CloudWatch and EventBridge
    publish."""
    canary: Literal["hourly", "off"]
    """`hourly`: the smoke test of `cvatctl smoke` runs every hour as a task of its own, and a failure notifies like an
    alarm."""

    @property
    def notifications(self) -> Notifications:
        return Notifications(topic_arn=self.alarm_topic_arn, email=self.alarm_email)


def one_topic(alarms: Alarms) -> Iterator[str]:
    email, topic = alarms.alarm_email, alarms.alarm_topic_arn
    if email and topic:
        yield (
            f"cvat:alarmEmail = {email} and cvat:alarmTopicArn = {topic}: the address is subscribed to a new topic, "
            "not to yours. Remove one."
        )


def canary_and_login(alarms: Alarms, oidc: Oidc) -> Iterator[str]:
    if alarms.canary == "hourly" and oidc.oidc_issuer:
        yield (
            f"cvat:canary = hourly and cvat:oidcIssuer = {oidc.oidc_issuer}: the smoke test logs in with a "
            "password, and would meet the provider's page instead of CVAT. Set cvat:canary to off."
        )
