"""Random values. They repeat in every rehearsal of a stack, and differ between stacks."""

from __future__ import annotations

import random
import string
from typing import Any, ClassVar

from rehearsal.errors import RehearsalError
from rehearsal.providers.resource import EVERY, Attributes, ResourceRequest, ResourceType

ALPHABETS = {
    "Lower": string.ascii_lowercase,
    "Upper": string.ascii_uppercase,
    "Numeric": string.digits,
    "Special": "!@#$%&*()-_=+[]{}<>:?",
}
"""terraform-provider-random's character classes, by the inputs that switch them."""


def _generator(request: ResourceRequest) -> random.Random:
    return random.Random(f"{request.stack}\n{request.seed}")  # noqa: S311  (must repeat; it protects nothing)


class RandomPassword(ResourceType, token="random:index/randomPassword:RandomPassword"):
    """A password."""

    replace_on = EVERY
    holds = "the generated password"
    provider_only: ClassVar = {"keepers": "decides when it is generated again"}

    def create(self, request: ResourceRequest) -> Attributes:
        generator, inputs = _generator(request), request.inputs
        length = int(inputs.require("length"))
        alphabets: list[str] = []
        characters: list[str] = []
        for name, alphabet in ALPHABETS.items():
            allowed, minimum = inputs.take(name.lower(), True), int(inputs.take(f"min{name}", 0))
            chosen = (inputs.take("overrideSpecial") or alphabet) if name == "Special" else alphabet
            if allowed:
                alphabets.append(chosen)
            characters += [generator.choice(chosen) for _ in range(minimum)]
        if not alphabets or len(characters) > length:
            raise RehearsalError(f"length: {length} characters cannot hold what is asked for.")
        characters += [generator.choice("".join(alphabets)) for _ in range(length - len(characters))]
        generator.shuffle(characters)
        outputs = {"result": "".join(characters), "bcryptHash": ""}
        return Attributes("none", outputs, frozenset({"result", "bcryptHash"}))

    def delete(self, request: ResourceRequest) -> None:
        """Nothing: it exists in Pulumi's state only."""


class RandomId(ResourceType, token="random:index/randomId:RandomId"):
    """Random bytes in several spellings."""

    replace_on = EVERY
    provider_only: ClassVar = {"keepers": "decides when it is generated again"}

    def create(self, request: ResourceRequest) -> Attributes:
        raw = _generator(request).randbytes(int(request.inputs.require("byteLength")))
        prefix = request.inputs.take("prefix") or ""
        outputs: dict[str, Any] = {"hex": prefix + raw.hex(), "dec": prefix + str(int.from_bytes(raw, "big"))}
        return Attributes(raw.hex(), outputs)

    def delete(self, request: ResourceRequest) -> None:
        """Nothing: it exists in Pulumi's state only."""
