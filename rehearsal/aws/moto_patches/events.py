"""EventBridge."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any
from unittest import mock

from moto.events.models import EventPattern, Rule

from rehearsal.aws import event_patterns
from rehearsal.aws.moto_patches.patch import Client, moto_patch, replace
from rehearsal.aws.topics import publish


def _queue(client: Client) -> tuple[str, str]:
    url = client("sqs").create_queue(QueueName="q")["QueueUrl"]
    arn = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def _send(client: Client, pattern: dict[str, Any], target: str, detail: dict[str, Any]) -> None:
    events = client("events")
    events.put_rule(Name="r", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": target}])
    events.put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": json.dumps(detail)}])


def _matches_elements_of_lists(client: Client) -> bool:
    url, arn = _queue(client)
    _send(client, {"detail": {"list": {"code": [{"anything-but": 0}]}}}, arn, {"list": [{"code": 0}, {"code": 1}]})
    return "Messages" in client("sqs").receive_message(QueueUrl=url)


@moto_patch(_matches_elements_of_lists)
def patterns_over_lists(stack: ExitStack) -> None:
    """moto's event patterns do not look into lists of objects, such as a task's containers.

    EventBridge user guide, "Event patterns": arrays in the event.
    """

    def matches(self: Any, event: Any) -> bool:
        return not self._pattern or event_patterns.matches(self._pattern, json.loads(json.dumps(event)))

    replace(stack, EventPattern, "matches_event", matches)


def _sends_to_topics(client: Client) -> bool:
    url, arn = _queue(client)
    topic = client("sns").create_topic(Name="t")["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    _send(client, {"source": ["s"]}, topic, {"a": 1})
    return "Messages" in client("sqs").receive_message(QueueUrl=url)


@moto_patch(_sends_to_topics)
def topics_as_targets(stack: ExitStack) -> None:
    """moto's event rules cannot send to topics. EventBridge user guide, "Event bus targets"."""
    original = Rule.send_to_targets

    def send(self: Any, event: Any, transform_input: bool = True) -> None:
        topics = [target for target in self.targets if ":sns:" in target["Arn"]]
        if topics and self.event_pattern.matches_event(event):
            for target in topics:
                publish(target["Arn"], _message(target, event))
        with mock.patch.object(self, "targets", [target for target in self.targets if target not in topics]):
            original(self, event, transform_input)

    replace(stack, Rule, "send_to_targets", send)


def _message(target: Any, event: Any) -> str:
    """The event, or what the target's input transformer makes of it."""
    transformer = target.get("InputTransformer")
    if not transformer:
        return str(target.get("Input") or json.dumps(event))
    text = str(transformer["InputTemplate"])
    for name, path in transformer.get("InputPathsMap", {}).items():
        text = text.replace(f"<{name}>", str(_at(event, path)))
    return str(json.loads(text)) if text.startswith('"') else text


def _at(event: Any, path: str) -> Any:
    """The value at `$.a.b[0]`, or an empty text."""
    for step in path.removeprefix("$.").replace("[", ".").replace("]", "").split("."):
        try:
            event = event[int(step)] if step.isdigit() else event[step]
        except (KeyError, IndexError):
            return ""
    return event
