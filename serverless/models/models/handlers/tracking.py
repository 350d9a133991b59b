"""What all trackers have in common: the forms of CVAT's calls, a target's first shape, and what is remembered of it."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Annotated, Any, Generic, Literal, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.errors import RequestError
from models.images import Pixels, decode_image
from models.validation import Request, parse_request

Coordinate = Annotated[float, Field(ge=-100_000, le=100_000)]
Length = Annotated[float, Field(gt=0, le=100_000)]
Kind = Literal["rectangle", "polygon"]
Vector = npt.NDArray[np.float64]
MIN_SHAPE = 4
"""Numbers of the smallest shape: two corners."""


class TypedShape(Request):
    """A shape as CVAT sends it since v2.40 to functions that declare supported_shape_types."""

    type: Kind
    points: list[float]


class TargetState(Request):
    """What every tracker remembers of a target. It comes back from a browser, so nothing in it is trusted."""

    position: tuple[Coordinate, Coordinate]
    """Centre, in pixels of the image."""
    size: tuple[Length, Length]
    """Width and height in pixels."""
    type: Kind | None = None
    """Of the shape that the target began with, if it had a type: answers have it, too."""


State = TypeVar("State", bound=TargetState)


class TrackerRequest(Request, Generic[State]):
    """CVAT's call of a tracker: since v1.7 for many targets, before it for one."""

    image: str
    shapes: list[list[float] | TypedShape | None] | None = None
    states: list[State | None] | None = None
    shape: list[float] | None = None
    state: State | None = None


@dataclass(frozen=True)
class NewTarget:
    """A shape that the tracker is to follow."""

    position: Vector
    size: Vector
    kind: Kind | None


Remembered = dict[str, Any]
"""A state, ready for JSON."""


def follow(
    body: Any,
    request_type: type[TrackerRequest[State]],
    start: Callable[[Pixels, NewTarget], Remembered],
    track: Callable[[Pixels, State], tuple[list[float] | None, Remembered]],
) -> dict[str, Any]:
    """{"shapes": [...], "states": [...]}, or shape and state where the request was singular.

    start: the state of a new target. track: a target's points in this frame, None where it is lost, and its next state.
    """
    request = parse_request(request_type, body)
    singular = request.shapes is None and request.states is None
    shapes = [request.shape] if singular else request.shapes or []
    states = [request.state] if singular else request.states or []
    pixels = decode_image(request.image)
    results = []
    for number, (shape, state) in enumerate(zip_longest(shapes, states)):
        if state is None:
            kind, points = (shape.type, shape.points) if isinstance(shape, TypedShape) else (None, shape)
            remembered = start(pixels, _new_target(pixels, points, kind, f"shapes.{number}"))
        else:
            kind = state.type
            points, remembered = track(pixels, state)
        results.append(({"type": kind, "points": points} if kind and points is not None else points, remembered))
    if singular:
        return {"shape": results[0][0], "state": results[0][1]}
    return {"shapes": [shape for shape, _ in results], "states": [state for _, state in results]}


def _new_target(pixels: Pixels, numbers: list[float] | None, kind: Kind | None, field: str) -> NewTarget:
    if numbers is None or len(numbers) < MIN_SHAPE or len(numbers) % 2:
        raise RequestError(f"{field}: without a state, a shape of at least two points x, y is needed, not {numbers}")
    points = np.array(numbers, np.float64).reshape(-1, 2)
    low, high = points.min(axis=0), points.max(axis=0)
    if ((high - low) <= 0).any() or (high < 0).any() or (low > np.array(pixels.shape[1::-1])).any():
        raise RequestError(f"{field}: the shape {numbers} has no area inside of the image")
    return NewTarget((low + high) / 2, high - low, kind)


def remembered(position: Vector, size: Vector, kind: Kind | None, **own: Any) -> Remembered:
    """A target's state, with what a tracker remembers beside its place."""
    state = {"position": position.tolist(), "size": size.tolist(), **own}
    return state | {"type": kind} if kind else state
