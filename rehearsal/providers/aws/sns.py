"""SNS: topics, subscriptions, topic policies."""

from __future__ import annotations

import json
from typing import ClassVar

from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, deleted_by, words

SAMPLE_RATES = {
    f"{protocol}SuccessFeedbackSampleRate": f"{protocol[0].upper()}{protocol[1:]}SuccessFeedbackSampleRate"
    for protocol in ("application", "firehose", "http", "lambda", "sqs")
}
"""How many of the successful deliveries are logged: inputs, and their attributes."""
ATTRIBUTES = {"displayName": "DisplayName", "kmsMasterKeyId": "KmsMasterKeyId", "policy": "Policy", **SAMPLE_RATES}
"""Inputs of a topic that the API knows as attributes."""


class Topic(ResourceType, token="aws:sns/topic:Topic"):
    """A topic; all but its name are attributes."""

    tags = True
    replace_on = words("fifoTopic name namePrefix")
    defaults: ClassVar = dict.fromkeys(SAMPLE_RATES, "0")
    reset_to: ClassVar = dict.fromkeys(ATTRIBUTES, "") | defaults
    delete_call = deleted_by("sns:DeleteTopic", TopicArn="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(limit=256)
        attributes = {member: request.inputs.take(key) for key, member in ATTRIBUTES.items() if key in request.inputs}
        extra = {"Name": name, "Attributes": attributes}
        arn = request.call_with_inputs("sns", "CreateTopic", extra)["TopicArn"]
        return Attributes(arn, {"arn": arn, "name": name, "owner": request.account.id})

    def update(self, request: ResourceRequest) -> None:
        """One call for each attribute."""
        for key, name in ATTRIBUTES.items():
            if key in request.inputs.unused():
                _set_attribute(request, request.id, name, request.inputs.take(key))


class TopicSubscription(ResourceType, token="aws:sns/topicSubscription:TopicSubscription"):
    """Who is notified."""

    replace_on = words("endpoint protocol subscriptionRoleArn topic")
    delete_call = deleted_by("sns:Unsubscribe", SubscriptionArn="id")

    def create(self, request: ResourceRequest) -> Attributes:
        extra = {"ReturnSubscriptionArn": True}
        answer = request.call_with_inputs("sns", "Subscribe", extra, renames={"topic": "TopicArn"})
        return Attributes(answer["SubscriptionArn"], {"arn": answer["SubscriptionArn"]})


class TopicPolicy(ResourceType, token="aws:sns/topicPolicy:TopicPolicy"):
    """Who may publish."""

    replace_on = words("arn")
    creation_is_put = True

    def create(self, request: ResourceRequest) -> Attributes:
        arn, policy = request.inputs.take("arn"), request.inputs.take("policy")
        _set_attribute(request, arn, "Policy", policy)
        return Attributes(arn)

    def delete(self, request: ResourceRequest) -> None:
        """Back to a policy for the account alone: a topic is never without one."""
        statement = {"Effect": "Allow", "Principal": {"AWS": request.account.id}, "Action": "sns:Publish"}
        policy = {"Statement": [{**statement, "Resource": request.id}]}
        _set_attribute(request, request.id, "Policy", json.dumps(policy, separators=(",", ":")))


def _set_attribute(request: ResourceRequest, topic: str, name: str, value: str) -> None:
    request.call("sns", "SetTopicAttributes", TopicArn=topic, AttributeName=name, AttributeValue=value)
