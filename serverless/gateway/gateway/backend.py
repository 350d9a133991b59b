"""What answers a function's calls: SageMaker, or an echo to try the gateway with."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from .registry import Function


class Call(NamedTuple):
    """One invocation, in the containers' form."""

    function: Function
    body: bytes
    request_id: str
    deadline: float
    """When to have answered or failed, as of time.monotonic()."""


@dataclass
class Spent:
    """What a call has cost so far; filled in also when it fails."""

    attempts: int = 0
    upstream: float = 0.0
    """Seconds of waiting for the backend."""


class Backend(Protocol):
    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def ready(self) -> bool: ...
    async def invoke(self, call: Call, spent: Spent) -> bytes: ...
