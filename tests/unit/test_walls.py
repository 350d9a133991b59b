"""Which room of the repository may import which: docs/architecture.md, "Walls"."""

from __future__ import annotations

from tests.support.source_tree import Source, circles, imports, sources, third_party

EMULATOR = ("rehearsal/engine/", "rehearsal/providers/", "rehearsal/aws/")
"""The part of the rehearsal that runs any Pulumi program against moto."""

ALLOWED: dict[str, tuple[str, ...]] = {
    "region.py": (),
    "settings/": ("region.py",),
    "components/": ("region.py", "settings/"),
    "__main__.py": ("region.py", "settings/", "components/"),
    "cvatctl/": ("region.py", "settings/"),
    "policy/": ("region.py",),
    "mirror/": ("region.py",),
    "serverless/gateway/": ("serverless/models/cvat_images/",),
    "serverless/models/": (),
    "patches/": (),
    "rehearsal/engine/": ("rehearsal/errors.py",),
    "rehearsal/providers/": ("region.py", "rehearsal/errors.py", "rehearsal/engine/", "rehearsal/aws/"),
    "rehearsal/aws/": ("region.py", "rehearsal/errors.py"),
    "rehearsal/": ("region.py", "settings/stack_file.py", "policy/", "rehearsal/"),
}
"""Path -> paths that it may import, beside its own. The longest entry that a path begins with counts."""

KNOWN: dict[tuple[str, str], int] = {
    ("rehearsal/", "serverless/models/"): 1,
    ("rehearsal/", "settings/"): 1,
}
"""Room and what it must not import, but does: number of imports. Entries may only get smaller, and go."""

KNOWN_CIRCLES: list[list[str]] = []

KNOWN_MENTIONS: list[str] = []


def room(path: str) -> str | None:
    """The entry of ALLOWED that a path belongs to; None: it belongs to no room (tests, scripts)."""
    return max((entry for entry in ALLOWED if path.startswith(entry)), key=len, default=None)


def imports_pulumi(source: Source) -> bool:
    return bool({"pulumi", "pulumi_aws", "pulumi_awsx"} & third_party(source))


def violations() -> dict[tuple[str, str], list[str]]:
    """Room and what it must not import -> the imports."""
    breaches: dict[tuple[str, str], list[str]] = {}
    for path, targets in imports().items():
        own = room(path)
        for target in sorted(targets):
            if own is not None and not target.startswith((own, *ALLOWED[own])):
                breaches.setdefault((own, room(target) or target), []).append(f"{path} imports {target}")
    return breaches


def test_no_room_imports_another_that_it_must_not_know() -> None:
    breaches = violations()
    fresh = [line for pair, lines in breaches.items() if len(lines) > KNOWN.get(pair, 0) for line in lines]
    assert not fresh, "\n".join(fresh)
    gone = [pair for pair in KNOWN if pair not in breaches]
    assert not gone, f"these imports are gone: delete their entries of KNOWN: {gone}"


def test_settings_need_no_pulumi() -> None:
    users = [source.path for source in sources() if source.path.startswith("settings/") and imports_pulumi(source)]
    assert not users, "settings are plain values, read before any engine runs (cvatctl, documentation)"


def test_no_file_imports_itself_by_way_of_others() -> None:
    groups = [group for group in circles(imports()) if group not in KNOWN_CIRCLES]
    assert not groups, f"files that import one another in a circle: {groups}"
    gone = [group for group in KNOWN_CIRCLES if group not in circles(imports())]
    assert not gone, f"these circles are gone: delete their entries of KNOWN_CIRCLES: {gone}"


def test_the_emulator_of_aws_does_not_mention_cvat() -> None:
    lines = [
        f"{source.path}:{number}: {line.strip()}"
        for source in sources()
        if source.path.startswith(EMULATOR) and source.path not in KNOWN_MENTIONS
        for number, line in enumerate(source.text.splitlines(), 1)
        if "cvat" in line.lower()
    ]
    assert not lines, "\n".join(lines)
    texts = {source.path: source.text.lower() for source in sources()}
    gone = [path for path in KNOWN_MENTIONS if "cvat" not in texts.get(path, "")]
    assert not gone, f"these files no longer mention CVAT: delete their entries of KNOWN_MENTIONS: {gone}"


def test_the_engine_knows_pulumi_and_no_cloud() -> None:
    engine = [source for source in sources() if source.path.startswith("rehearsal/engine/")]
    clouds = {"boto3", "botocore", "moto", "pulumi_aws", "pulumi_awsx"}
    assert not [source.path for source in engine if clouds & third_party(source)]
    lines = [line for source in engine for line in source.text.splitlines() if "aws" in line.lower()]
    assert not lines, "\n".join(lines)
