"""What answers a function's calls: SageMaker, or an echo to try the gateway with."""

import time
from dataclasses import dataclass, field

from .errors import GatewayError
from .registry import Function


@dataclass
class Trace:
    """What becomes of one invocation; filled in on the way, also of one that fails."""

    function: str
    request_id: str
    bytes_in: int
    bytes_sent: int = 0
    bytes_out: int = 0
    scale: float | None = None
    """Of the image that was re-encoded; None: it travelled as it came."""
    attempts: int = 0
    upstream: float = 0.0
    """Seconds of waiting for the backend."""
    failure: GatewayError | None = None
    started: float = field(default_factory=time.monotonic)


class Backend:
    async def start(self) -> None:
        """Called once, in the event loop that will call the others."""

    async def stop(self) -> None:
        """Called when the last invocation has ended."""

    async def ready(self) -> bool:
        """Whether functions can be invoked."""
        return True

    async def invoke(self, function: Function, body: bytes, deadline: float, trace: Trace) -> bytes:
        """A container's answer to a request in its form; `deadline` is one of time.monotonic()."""
        raise NotImplementedError
