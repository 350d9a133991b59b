"""Task scale-in protection: ECS does not stop a protected task to scale in or to replace it."""

from __future__ import annotations

import http.client
import json
import logging
import time
import urllib.request
from typing import Callable

LEASE_MINUTES = 10
"""For how long one call protects. A worker that hangs holds up scaling and deployments for no longer than this."""
RENEW_S = 180.0
"""Two renewals may fail before the lease runs out."""
TIMEOUT_S = 5.0
"""The agent is on the same machine, and a job waits for the answer."""

log = logging.getLogger("rq.worker")


class Protection:
    """Calls the agent at ECS_AGENT_URI. Without an agent (outside of ECS) it does nothing. It never raises.

    ECS developer guide, "Amazon ECS task scale-in protection endpoint" (read 2026-11).
    """

    def __init__(self, agent: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = f"{agent.rstrip('/')}/task-protection/v1/state" if agent else ""
        self._clock = clock
        self._renew_at: float | None = None
        # No proxy: the agent has a link-local address, which a proxy of the environment cannot reach.
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def begin(self) -> None:
        self._renew_at = self._clock() + RENEW_S
        self._put({"ProtectionEnabled": True, "ExpiresInMinutes": LEASE_MINUTES})

    def renew(self) -> None:
        """Called often while a job runs; calls the agent only when it is time."""
        if self._renew_at is not None and self._clock() >= self._renew_at:
            self.begin()

    def end(self) -> None:
        self._renew_at = None
        self._put({"ProtectionEnabled": False})

    def _put(self, state: dict[str, object]) -> None:
        if not self._url:
            return
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._url, json.dumps(state).encode(), headers, method="PUT")  # noqa: S310
        try:
            with self._open(request, timeout=TIMEOUT_S) as answer:
                content = json.loads(answer.read())
            if "protection" not in content:  # a refusal may come with the status 200 and the key "failure"
                log.warning("ECS did not take the task's protection (%s): %s", state, content)
        except (OSError, ValueError, TypeError, http.client.HTTPException) as error:
            log.warning("The task's protection could not be set (%s): %s", state, error)
