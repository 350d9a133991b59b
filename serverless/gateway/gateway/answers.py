"""Containers' answers: what CVAT could not store is corrected or refused; older CVATs get forms that they know."""

from typing import Any

from gateway.contract import BOUNDED_MASKS, FIRST, Call, Payload, Version

DETECTION_TYPES: dict[str, Version] = {
    "rectangle": FIRST,
    "polygon": FIRST,
    "polyline": FIRST,
    "points": FIRST,
    "cuboid": FIRST,
    "tag": (2, 0),
    "ellipse": (2, 0),
    "mask": (2, 3),
    "skeleton": (2, 9),
}
"""By type of a detector's item, the first version that takes it; an older one fails the user's whole job on it."""

COORDINATES = {"rectangle": 4, "ellipse": 4, "cuboid": 16}
"""Numbers in the points of a type, which takes no others."""
LEAST_COORDINATES = {"polygon": 6, "polyline": 4, "points": 2}
"""Likewise, where more may be given, in pairs."""
LEAST_OUTLINE = 3
"""Points of a polygon."""
LOST_OBJECTS = (2, 26)
"""A tracker's shape may be null: the object is lost."""
MASK_BOX = 4
"""Numbers at the end of a mask: left, top, right and bottom, inclusive."""


def storable(call: Call, answer: Any) -> Any:
    """A container's answer as CVAT can store it; equal to what it was where nothing had to be corrected.

    Only what needs no guess is corrected. Raises ValueError, which names what CVAT would fail on.
    """
    readers = {"detector": _detections, "interactor": _outline, "tracker": _tracks, "reid": _matches}
    return readers[call.kind](call, answer)


def known_to(version: Version, item: Payload) -> Payload | None:
    """A detector's item for a version that may not know its type.

    A mask becomes its polygon or box, a skeleton the points of it that are seen, others nothing.
    """
    if version >= DETECTION_TYPES[item["type"]]:
        return item
    if item["type"] == "skeleton":
        seen = [value for part in item["elements"] if not part.get("outside") for value in part["points"]]
        plain = {key: value for key, value in item.items() if key != "elements"}
        return plain | {"type": "points", "points": seen} if seen else None
    if item["type"] != "mask":
        return None
    plain = {key: value for key, value in item.items() if key != "mask"}
    if item.get("points"):
        return plain | {"type": "polygon"}
    return plain | {"type": "rectangle", "points": item["mask"][-MASK_BOX:]}


def _numbers(value: Any) -> bool:
    """Whether `value` is a list of nothing but numbers; a bool is none."""
    return isinstance(value, list) and all(type(part) in (int, float) for part in value)


def _detections(_: Call, answer: Any) -> list[Payload]:
    if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
        raise ValueError("it is no list of objects")
    return [item for item in map(_detection, answer) if item is not None]


def _detection(item: Payload) -> Payload | None:
    """An item that CVAT can store; None for a polygon or a polyline of too few points, which shows nothing."""
    if type(item.get("label")) is not str or type(item.get("type")) is not str:
        raise ValueError("an item has no 'label' or no 'type'")
    kind = item["type"].lower()
    if kind not in DETECTION_TYPES:
        raise ValueError(f"type '{item['type']:.20}' is none of {', '.join(DETECTION_TYPES)}")
    if kind != item["type"]:
        item = item | {"type": kind}
    item = _with_attributes(_with_confidence(_with_rotation(item)))
    if kind == "mask":
        return _mask(item)
    if kind == "skeleton":
        return item | {"elements": _elements(item)}
    return item if kind == "tag" else _shape(item, kind)


def _shape(item: Payload, kind: str) -> Payload | None:
    points = item.get("points")
    if not _numbers(points) or not points:
        raise ValueError(f"the 'points' of type '{kind}' are no list of numbers")
    if kind in COORDINATES and len(points) != COORDINATES[kind]:
        raise ValueError(f"the 'points' of type '{kind}' are {COORDINATES[kind]} numbers, not {len(points)}")
    if len(points) % 2:
        raise ValueError(f"the 'points' of type '{kind}' are pairs, not {len(points)} numbers")
    return None if len(points) < LEAST_COORDINATES.get(kind, 0) else item


def _mask(item: Payload) -> Payload:
    values = item.get("mask")
    if not isinstance(values, list) or len(values) < MASK_BOX:
        raise ValueError("the 'mask' of an item is no list")
    width, height = mask_size(values[-MASK_BOX:])
    if len(values) - MASK_BOX != width * height:
        raise ValueError(f"a mask of {width} x {height} pixels has {len(values) - MASK_BOX} values")
    if not set(values[:-MASK_BOX]) <= {0, 1}:
        raise ValueError("a mask has values other than 0 and 1")
    outline = item.get("points")
    if outline is not None and (
        not _numbers(outline) or len(outline) % 2 or len(outline) < LEAST_COORDINATES["polygon"]
    ):
        return {key: value for key, value in item.items() if key != "points"}
    return item


def mask_size(box: list[Any]) -> tuple[int, int]:
    """Width and height of a mask whose box is left, top, right, bottom, inclusive. Raises ValueError."""
    if not _numbers(box) or len(box) != MASK_BOX or any(edge != int(edge) for edge in box):
        raise ValueError("the box of a mask is not four whole numbers")
    width, height = int(box[2]) - int(box[0]) + 1, int(box[3]) - int(box[1]) + 1
    if min(width, height) < 1:
        raise ValueError(f"a mask of {width} x {height} pixels is empty")
    return width, height


def _elements(item: Payload) -> list[Payload]:
    elements = item.get("elements")
    if not isinstance(elements, list) or not elements or not all(isinstance(element, dict) for element in elements):
        raise ValueError("the 'elements' of a skeleton are no list of objects")
    stored = [_detection(element) for element in elements]
    for element in stored:
        if element is None or element["type"] != "points" or len(element["points"]) != 2:  # noqa: PLR2004
            raise ValueError("an element of a skeleton is not one point")
    return [element for element in stored if element is not None]


def _with_confidence(item: Payload) -> Payload:
    """CVAT takes 0 to 1."""
    if item.get("confidence") is None:
        return {key: value for key, value in item.items() if key != "confidence"} if "confidence" in item else item
    given = item["confidence"]
    try:
        confidence = float(given)
    except (TypeError, ValueError):
        raise ValueError(f"confidence {given!r:.20} is no number") from None
    if 0 <= confidence <= 1:
        return item
    return item | {"confidence": 1.0 if confidence > 1 else 0.0}


def _with_rotation(item: Payload) -> Payload:
    """CVAT takes 0 to 360 degrees."""
    rotation = item.get("rotation", 0)
    if type(rotation) not in (int, float):
        raise ValueError(f"rotation {rotation!r:.20} is no number")
    return item if 0 <= rotation <= 360 else item | {"rotation": rotation % 360}  # noqa: PLR2004


def _with_attributes(item: Payload) -> Payload:
    """CVAT calls text methods on the values, and fails on a name or a value that is not there."""
    attributes = item.get("attributes")
    if attributes is None:
        return {key: value for key, value in item.items() if key != "attributes"} if "attributes" in item else item
    if not isinstance(attributes, list) or not all(isinstance(attribute, dict) for attribute in attributes):
        raise ValueError("the 'attributes' of an item are no list of objects")
    stored = [_attribute(attribute) for attribute in attributes if attribute.get("value") is not None]
    return item if stored == attributes else item | {"attributes": stored}


def _attribute(attribute: Payload) -> Payload:
    name, value = attribute.get("name"), attribute["value"]
    if type(name) is not str:
        raise ValueError("an attribute has no 'name'")
    if isinstance(value, str):
        return attribute
    if isinstance(value, bool):
        return attribute | {"value": "true" if value else "false"}
    if not isinstance(value, int | float):
        raise ValueError(f"the value of attribute '{name:.30}' is neither text nor number")
    return attribute | {"value": str(int(value) if value == int(value) else value)}


def _outline(call: Call, answer: Any) -> Payload:
    """An interactor's answer; an outline of one or two points is none."""
    if not isinstance(answer, dict) or {"points", "mask", "blob"}.isdisjoint(answer):
        raise ValueError("no 'points' and no 'mask'")
    if "points" not in answer and call.version < BOUNDED_MASKS:
        raise ValueError("no 'points', which this CVAT needs")
    points = answer.get("points", [])
    if not isinstance(points, list) or not all(_numbers(point) and len(point) == 2 for point in points):  # noqa: PLR2004
        raise ValueError("'points' are no [x, y]")
    _check_rows(answer.get("mask"), answer.get("bounds"))
    return answer | {"points": []} if 0 < len(points) < LEAST_OUTLINE else answer


def _check_rows(rows: Any, bounds: Any) -> None:
    """Raises ValueError unless an interactor's mask is rows of 0 and 1 that fill its bounds."""
    if rows is None:
        return
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ValueError("'mask' is no list of rows")
    if len({len(row) for row in rows}) > 1:
        raise ValueError("the rows of a mask have different lengths")
    if not all(set(row) <= {0, 1} for row in rows):
        raise ValueError("a mask has values other than 0 and 1")
    if bounds is not None:
        width, height = mask_size(bounds)
        if len(rows) != height or len(rows[0]) != width:
            raise ValueError(f"a mask of {width} x {height} pixels has {sum(map(len, rows))} values")


def _tracks(call: Call, answer: Any) -> Any:
    shapes, states = answer["shapes"], answer["states"]
    asked = call.fields["shapes"]
    count = max(len(asked), len(call.fields["states"]))
    if not len(shapes) == len(states) == count:
        raise ValueError(f"{len(shapes)} shapes and {len(states)} states for {count} objects")
    before = [*asked, *[None] * (count - len(asked))]
    stored = [_track(call.version, shape, last) for shape, last in zip(shapes, before, strict=True)]
    return answer if stored == shapes else answer | {"shapes": stored}


def _track(version: Version, shape: Any, before: Any) -> Any:
    """A tracked shape: numbers or, since v2.40 and if the function says so, an object; null if the object is lost.

    A version that cannot show a lost object gets the shape that it sent.
    """
    if shape is None and version < LOST_OBJECTS:
        if before is None:
            raise ValueError("an object is lost, which this CVAT cannot show")
        return before
    if shape is None:
        return None
    points = shape.get("points") if isinstance(shape, dict) else shape
    if not _numbers(points) or not points or len(points) % 2:
        raise ValueError("a shape is no list of pairs of numbers")
    if isinstance(shape, dict) and shape.get("type") not in DETECTION_TYPES:
        raise ValueError(f"a shape has type {shape.get('type')!r:.20}")
    return shape


def _matches(call: Call, answer: Any) -> list[int]:
    """A reid function's indices; CVAT's job fails on a box that is matched twice, so that the first match counts."""
    boxes0, boxes1 = len(call.fields["boxes0"]), len(call.fields["boxes1"])
    if not isinstance(answer, list) or len(answer) != boxes0 or not all(type(index) is int for index in answer):
        raise ValueError("not an index for each box")
    if not all(-1 <= index < boxes1 for index in answer):
        raise ValueError("an index of no box")
    taken: set[int] = set()
    matches = []
    for index in answer:
        matches.append(-1 if index in taken else index)
        taken.add(index)
    return matches
