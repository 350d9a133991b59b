"""Calls of asynchronous endpoints, which scale from zero: SageMaker keeps them in a queue, and answers in S3."""

import asyncio
import re
from weakref import WeakValueDictionary

import orjson

from gateway.batch.cloud import CALL_LIMIT_S, QUEUE_TTL_S, Locations
from gateway.batch.waiting import ASLEEP_PAUSE_S, BatchCall, Waiting
from gateway.batch.waking import State, Waking
from gateway.errors import GatewayError

PAUSES_S = (0.15, 0.3, 0.5)
"""Between two looks for an answer while the endpoint is awake; the last one repeats."""
LOOKS_PER_FAILURE = 4
"""Looks for an answer, for one look for a failure."""
TRIES = 3
"""Of a call that the container was too busy for."""
_CONTAINER_STATUS = re.compile(r"\((\d{3})\)")
"""In SageMaker's text about a failed call: `Received client error (400) from primary with message "..."`."""
_BUSY = {"429", "503", "504"}


class AsynchronousCalls:
    """Queues calls, each once, and fetches their answers."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting, self._cloud = waiting, waiting.cloud
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def invoke(self, batch_call: BatchCall, endpoint: Waking) -> bytes:
        """The answer. A call that is not patient is queued, too: whoever tries again later finds its answer."""
        for _ in range(TRIES):
            where = await self._queued(batch_call)
            batch_call.let_go()
            answer = await self._answer(batch_call, endpoint, where)
            if answer is not None:
                return answer
            await self._waiting.take_back(batch_call)
        raise GatewayError("busy", "Model is busy: its container refused the call again and again", retryable=True)

    async def _queued(self, batch_call: BatchCall) -> Locations:
        """Where the answer will be. What is queued already, by whichever gateway, is not queued again."""
        async with self._locks.setdefault(batch_call.key, asyncio.Lock()):
            noted = await self._noted(batch_call)
            if noted:
                return noted
            address, trace = batch_call.address("in"), batch_call.trace
            await self._cloud.put(address, batch_call.call.body, batch_call.digest)
            trace.attempts += 1
            endpoint = batch_call.target.endpoint
            where = await self._cloud.invoke_async(endpoint, address, batch_call.function, trace.request_id)
            note = orjson.dumps({"output": where.output, "failure": where.failure})
            await self._cloud.put(batch_call.address("calls"), note)
            return where

    async def _noted(self, batch_call: BatchCall) -> Locations | None:
        """Where the answer of a call that is queued already will be; None where it has expired in the queue."""
        address = batch_call.address("calls")
        noted = await self._cloud.get(address)
        if noted is None:
            return None
        where = Locations(**orjson.loads(noted))
        at = await self._cloud.written_at(address)
        age = (self._waiting.clock.now() - at).total_seconds() if at else 0.0
        if age > QUEUE_TTL_S + CALL_LIMIT_S and not await self._cloud.written_at(where.output):
            return None
        return where

    async def _answer(self, batch_call: BatchCall, endpoint: Waking, where: Locations) -> bytes | None:
        """The answer of a queued call; None where the container was too busy for it. Raises GatewayError."""
        looks = 0
        while True:
            raw = await self._waiting.fetch(batch_call, where.output)
            if raw is not None:
                if looks:  # else it has been kept since an earlier call
                    endpoint.answered()
                return raw
            looks += 1
            if looks % LOOKS_PER_FAILURE == 0 and where.failure:
                failure = await self._cloud.get(where.failure)
                if failure is not None:
                    await self._cloud.delete(batch_call.address("calls"))  # or every retry would get it
                    raise_unless_busy(failure.decode(errors="replace"))
                    return None
            if endpoint.state is State.FAILED:
                raise endpoint.failed_error()
            endpoint.wake()
            awake = endpoint.state is State.AWAKE
            if not (awake or batch_call.patient):
                raise endpoint.asleep_error()
            seconds = PAUSES_S[min(looks, len(PAUSES_S)) - 1] if awake else ASLEEP_PAUSE_S
            await self._waiting.pause(seconds, batch_call.deadline)


def raise_unless_busy(text: str) -> None:
    """Raises GatewayError for what SageMaker says of a failed call, unless the container was only busy."""
    status = _CONTAINER_STATUS.search(text)
    code = status[1] if status else ""
    if code in _BUSY:
        return
    if code.startswith("4"):
        raise GatewayError("refused", f"Model refused the request: {text}")
    if "expired" in text.lower() or "timed out" in text.lower():
        raise GatewayError("timeout", f"Model did not answer in time: {text:.120}", retryable=True)
    raise GatewayError("model", f"Model failed: {text}")
