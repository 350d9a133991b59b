"""Whether an endpoint is awake, and what wakes it: one state for each, however many calls wait for it.

ASLEEP -- a call --> WAKING -- an instance in service --> AWAKE -- no instance any more --> ASLEEP
                        |                                    |
                        +-- no instance in 30 minutes, or EndpointStatus Failed --> FAILED -- after 5 minutes --> ?
"""

import asyncio
import logging
import statistics
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import Enum, auto
from zoneinfo import ZoneInfo

from gateway.batch.clock import Clock
from gateway.batch.cloud import DELETING, FAILED, IN_SERVICE, Cloud, EndpointView
from gateway.errors import GatewayError

log = logging.getLogger("gateway")

LOOK_S = 60.0
"""What is known of an endpoint counts for so long."""
WATCH_S = 10.0
"""Between two looks at an endpoint that is waking."""
WAKE_LIMIT_S = 1800.0
"""SageMaker itself gives up a creation after about 30 minutes."""
FIRST_ESTIMATE_S = 420.0
"""For the first wake; then the mean of the last ones."""
WAKES_KEPT = 5
LEAST_ESTIMATE_S = 60.0
TRIAL_S = 300.0
"""After a failure, until SageMaker is asked again."""


class State(Enum):
    UNKNOWN = auto()
    ASLEEP = auto()
    WAKING = auto()
    AWAKE = auto()
    FAILED = auto()


class Waking:
    """One endpoint's state."""

    def __init__(
        self,
        name: str,
        cloud: Cloud,
        start: Callable[[], Awaitable[None]],
        clock: Clock,
        zone: str = "UTC",
        *,
        recreated: bool = False,
    ) -> None:
        """`recreated`: whether `start` creates the endpoint, so that one whose creation failed is in the way."""
        self.name, self.state = name, State.UNKNOWN
        self._recreated = recreated
        self._cloud, self._start, self._clock = cloud, start, clock
        self._zone = ZoneInfo(zone)
        self._looking = asyncio.Lock()
        self._looked = float("-inf")
        self._woken_at = 0.0
        self._reason = ""
        self._wakes: deque[float] = deque(maxlen=WAKES_KEPT)
        self._watch: asyncio.Task[None] | None = None

    async def look(self) -> State:
        """The state, asked of SageMaker where what is known is old. Calls at the same time ask once."""
        async with self._looking:
            age = self._clock.monotonic() - self._looked
            fresh = age < (TRIAL_S if self.state is State.FAILED else LOOK_S)
            if self.state is not State.WAKING and not (fresh and self.state is not State.UNKNOWN):
                view = await self._cloud.describe(self.name)
                if view.status == FAILED and self.state is State.FAILED and self._recreated:
                    await self._cloud.delete_endpoint(self.name)  # SageMaker keeps it, and its name, for ever
                    view = EndpointView(status=DELETING)
                self._see(view)
        return self.state

    def _see(self, view: EndpointView) -> None:
        self._looked = self._clock.monotonic()
        if view.status == FAILED:
            self.fail(view.reason or "it gives no reason")
        elif view.status == IN_SERVICE and view.instances:
            self.state = State.AWAKE
        elif view.status in {"", DELETING, IN_SERVICE}:
            self.state = State.ASLEEP
        elif view.instances:  # Updating: what runs goes on answering
            self.state = State.AWAKE
        else:  # Creating, Updating: another gateway has woken it, or Pulumi changes it
            self._begin(started=True)

    def answered(self) -> None:
        """Notes that the endpoint has just answered a call."""
        self.state, self._looked = State.AWAKE, self._clock.monotonic()

    def gone(self) -> None:
        """Notes that the endpoint has no instance any more."""
        self.state, self._looked = State.ASLEEP, self._clock.monotonic()

    def fail(self, reason: str) -> None:
        self.state, self._reason, self._looked = State.FAILED, reason, self._clock.monotonic()
        log.error("endpoint failed", extra={"endpoint": self.name, "reason": reason})

    def wake(self) -> None:
        """Starts an instance, once for all calls that wait for it."""
        if self.state is State.ASLEEP:
            self._begin(started=False)

    def _begin(self, *, started: bool) -> None:
        self.state, self._woken_at = State.WAKING, self._clock.monotonic()
        self.stop()  # the watch of a wake that a call's answer has ended
        self._watch = asyncio.get_running_loop().create_task(self._until_awake(started=started))

    async def _until_awake(self, *, started: bool) -> None:
        log.info("waking", extra={"endpoint": self.name})
        if not started:
            await self._try_to_start()
        while self.state is State.WAKING:
            await self._clock.sleep(WATCH_S)
            try:
                view = await self._cloud.describe(self.name)
            except GatewayError as error:
                log.warning("look failed", extra={"endpoint": self.name, "reason": error.reason})
                view = EndpointView(status="unknown")
            if not view.status and not started:  # it was being deleted when this wake began
                await self._try_to_start()
            self._judge(view, ours=not started)

    async def _try_to_start(self) -> None:
        try:
            await self._start()
        except GatewayError as error:  # the alarm of the waiting calls starts an instance, too, only later
            log.warning("wake refused", extra={"endpoint": self.name, "reason": error.reason})

    def _judge(self, view: EndpointView, *, ours: bool) -> None:
        """What a look at an endpoint that is waking means; `ours`: this gateway woke it."""
        seconds = self._clock.monotonic() - self._woken_at
        if self.state is not State.WAKING:  # a call was answered meanwhile
            return
        if view.status == IN_SERVICE and view.instances:
            self._wakes.append(seconds)
            self.answered()
            log.info("awake", extra={"endpoint": self.name, "seconds": round(seconds)})
        elif view.status == FAILED:
            self.fail(view.reason or "it gives no reason")
        elif view.status in {"", IN_SERVICE} and not ours:  # an update, and no wake; or it is deleted already
            self.gone()
        elif seconds >= WAKE_LIMIT_S:
            self.fail(f"no instance within {WAKE_LIMIT_S / 60:.0f} minutes")

    @property
    def estimate_s(self) -> float:
        """Seconds that a wake takes, by the last ones."""
        return statistics.fmean(self._wakes) if self._wakes else FIRST_ESTIMATE_S

    @property
    def seconds_left(self) -> float:
        """Until an endpoint that is waking should be awake."""
        waited = self._clock.monotonic() - self._woken_at if self.state is State.WAKING else 0.0
        return max(LEAST_ESTIMATE_S, self.estimate_s - waited)

    def asleep_error(self) -> GatewayError:
        """What a person is told, with the time at which to try again."""
        seconds = self.seconds_left
        at = (self._clock.now() + timedelta(seconds=seconds)).astimezone(self._zone)
        minutes = max(1, round(seconds / 60))
        text = f"Model is asleep; waking it takes about {minutes} min: try again at {at:%H:%M} {at:%Z}"
        return GatewayError("asleep", text, retry_after_s=round(seconds))

    def failed_error(self) -> GatewayError:
        return GatewayError("endpoint", f"Endpoint {self.name} failed: {self._reason}")

    @property
    def note(self) -> str:
        """For the list of functions: how long a first use takes. Empty while the endpoint is awake or unknown."""
        minutes = max(1, round(self.seconds_left / 60))
        texts = {
            State.ASLEEP: f"(asleep: first use takes about {minutes} minutes)",
            State.WAKING: f"(waking: about {minutes} minutes left)",
            State.FAILED: "(its endpoint failed)",
        }
        return texts.get(self.state, "")

    def stop(self) -> None:
        if self._watch:
            self._watch.cancel()
