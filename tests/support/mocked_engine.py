"""What component tests run on: an engine (Pulumi's own mocks, recording every registration), and a clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pulumi


class Engine(pulumi.runtime.Mocks):
    """Records every resource; refuses any lookup that it was not taught."""

    def __init__(self) -> None:
        self.resources: list[pulumi.runtime.MockResourceArgs] = []
        self.outputs: dict[str, Mapping[str, Any]] = {}
        """Type token -> outputs beyond the inputs."""
        self.answers: dict[str, Mapping[str, Any]] = {}
        """Function token -> result."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append(args)
        made_up = {key: f"{args.name}-{key}" for key in ("arn", "name", "hex", "dnsName", "result")}
        return f"{args.name}-id", {**made_up, **args.inputs, **self.outputs.get(args.typ, {})}

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        if args.token not in self.answers:
            raise NotImplementedError(f"no answer for {args.token} {args.args}")
        return dict(self.answers[args.token])

    def run(self, build: Callable[[], Any]) -> None:
        """Build components until every registration is done."""
        pulumi.runtime.set_mocks(self, project="cvat", stack="test")
        pulumi.runtime.test(build)()  # type: ignore[no-untyped-call]  # Pulumi does not type its decorator

    def of_type(self, token: str) -> dict[str, dict[str, Any]]:
        """Inputs by name, of all resources of a type."""
        return {resource.name: dict(resource.inputs) for resource in self.resources if resource.typ == token}

    def only(self, token: str) -> dict[str, Any]:
        """Inputs of the only resource of a type."""
        by_name = self.of_type(token)
        assert len(by_name) == 1, f"{token}: {sorted(by_name)}"
        return next(iter(by_name.values()))


class Clock:
    """Time that passes only by sleeping."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
