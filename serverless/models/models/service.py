"""One loaded function: bytes of a request in, bytes of an answer out."""

import logging
from pathlib import Path
from typing import Any

import cv2
import orjson

from models.errors import ModelError, RequestError
from models.examples import example_body
from models.function import FILE_NAME, Function, read_function
from models.handlers import ChecksItself, Handler, make_handler
from models.runtime import make_runtime


class Service:
    """A function's handler behind its wire format. For one thread at a time."""

    def __init__(self, function: Function, handler: Handler) -> None:
        self.function = function
        self.handler = handler
        """What answers; for tests and benchmarks to look at."""

    def answer(self, raw: bytes) -> bytes:
        """CVAT's function JSON to CVAT's answer; a RequestError where the request is wrong."""
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise RequestError(f"the body is not JSON: {error}") from None
        return orjson.dumps(self.handler(body), option=orjson.OPT_SERIALIZE_NUMPY)

    def try_example(self) -> Any:
        """The answer to an example request; a ModelError where the network is not what its handler reads."""
        body = example_body(self.function.kind)
        try:
            answer = orjson.loads(self.answer(orjson.dumps(body)))
            if self.function.kind == "tracker":  # its first answer comes from one network of three
                body["states"] = answer["states"]
                answer = orjson.loads(self.answer(orjson.dumps(body)))
            if isinstance(self.handler, ChecksItself):
                self.handler.check_example(body)
        except (RequestError, RuntimeError, ValueError, IndexError) as error:
            logging.debug("the example request failed", exc_info=True)
            raise ModelError(
                f"function {self.function.name}: the network loads, but fails on an image: {error}"
            ) from error
        return answer


def load_service(folder: Path, threads: int, expected: str | None = None, runtime: str | None = None) -> Service:
    """Loads an unpacked archive; a ModelError says what is wrong with it.

    expected is the function that the container is configured to serve: a container with another's archive would
    answer, and answer nonsense. runtime is a name of models.runtime.RUNTIMES; default: the one that is installed.
    """
    function = read_function(folder / FILE_NAME)
    if expected and expected != function.name:
        raise ModelError(
            f"FUNCTION is {expected!r}, but the archive in {folder} is of {function.name!r}: "
            "deploy that function's own archive"
        )
    cv2.setNumThreads(threads)
    handler = make_handler(function, folder, make_runtime(threads, runtime))
    logging.info("loaded function=%s handler=%s threads=%d", function.name, function.handler, threads)
    return Service(function, handler)
