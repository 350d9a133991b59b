"""An engine for component tests: Pulumi's own mocks, recording every registration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pulumi


class Engine(pulumi.runtime.Mocks):
    """Records every resource; refuses any lookup that it was not taught."""

    def __init__(self, outputs: Mapping[str, Mapping[str, Any]], answers: Mapping[str, Mapping[str, Any]]) -> None:
        self.resources: list[pulumi.runtime.MockResourceArgs] = []
        self._outputs, self._answers = outputs, answers

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append(args)
        made_up = {"arn": f"arn:{args.name}", "name": args.name}
        return f"{args.name}-id", {**made_up, **args.inputs, **self._outputs.get(args.typ, {})}

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        if args.token not in self._answers:
            raise NotImplementedError(f"no answer for {args.token} {args.args}")
        return dict(self._answers[args.token])

    def of_type(self, token: str) -> dict[str, dict[str, Any]]:
        """Inputs by name, of all resources of a type."""
        return {one.name: dict(one.inputs) for one in self.resources if one.typ == token}

    def only(self, token: str) -> dict[str, Any]:
        """Inputs of the only resource of a type."""
        found = self.of_type(token)
        assert len(found) == 1, f"{token}: {sorted(found)}"
        return next(iter(found.values()))


def run(
    build: Callable[[], Any],
    outputs: Mapping[str, Mapping[str, Any]] | None = None,
    answers: Mapping[str, Mapping[str, Any]] | None = None,
) -> Engine:
    """Build components under mocks until every registration is done.

    `outputs`: type token -> outputs beyond the inputs. `answers`: function token -> result.
    """
    engine = Engine(outputs or {}, answers or {})
    pulumi.runtime.set_mocks(engine, project="cvat", stack="test")
    pulumi.runtime.test(build)()  # type: ignore[no-untyped-call]  # Pulumi does not type its decorator
    return engine
