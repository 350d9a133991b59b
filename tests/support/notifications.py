"""Somebody who listens to a topic of the rehearsed account."""

from __future__ import annotations

import json
import uuid

from rehearsal import Rehearsal


class Inbox:
    """A queue that is subscribed to a topic."""

    def __init__(self, done: Rehearsal, topic_arn: str) -> None:
        self._sqs = done.client("sqs")
        self._url = self._sqs.create_queue(QueueName=f"inbox-{uuid.uuid4().hex}")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]
        done.client("sns").subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=attributes["QueueArn"])

    def read(self) -> list[str]:
        """All messages that came since the last look."""
        texts: list[str] = []
        while messages := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                texts.append(json.loads(message["Body"])["Message"])
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return texts
