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
    "rehearsal/": ("region.py", "settings/stack_file.py", "settings/releases/", "policy/", "rehearsal/"),
    # A configuration that the settings refuse is answered with their sentences, before anything is rehearsed.
    "rehearsal/placeholders.py": ("rehearsal/", "settings/"),
}
"""Path -> paths that it may import, beside its own. The longest entry that a path begins with counts."""


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
    breaches = [line for lines in violations().values() for line in lines]
    assert not breaches, "\n".join(breaches)


def test_settings_need_no_pulumi() -> None:
    users = [source.path for source in sources() if source.path.startswith("settings/") and imports_pulumi(source)]
    assert not users, "settings are plain values, read before any engine runs (cvatctl, documentation)"


def test_no_file_imports_itself_by_way_of_others() -> None:
    groups = circles(imports())
    assert not groups, f"files that import one another in a circle: {groups}"


def test_the_emulator_of_aws_does_not_mention_cvat() -> None:
    lines = [
        f"{source.path}:{number}: {line.strip()}"
        for source in sources()
        if source.path.startswith(EMULATOR)
        for number, line in enumerate(source.text.splitlines(), 1)
        if "cvat" in line.lower()
    ]
    assert not lines, "\n".join(lines)


def test_the_engine_knows_pulumi_and_no_cloud() -> None:
    engine = [source for source in sources() if source.path.startswith("rehearsal/engine/")]
    clouds = {"boto3", "botocore", "moto", "pulumi_aws", "pulumi_awsx"}
    assert not [source.path for source in engine if clouds & third_party(source)]
    lines = [line for source in engine for line in source.text.splitlines() if "aws" in line.lower()]
    assert not lines, "\n".join(lines)
