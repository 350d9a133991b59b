"""The Chinese README has the sections, commands, settings and links of the English one, in the same order."""

from __future__ import annotations

import re

import pytest

from tests.support.paths import ROOT

FOLDERS = ("", "docs/")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(text: str) -> list[list[str]]:
    """Lines of each code block without their comments; of a diagram only that it is one."""
    blocks = re.findall(r"^ *```(\w*)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [
        [language] if language else [re.sub(r" +#.*", "", line).strip() for line in block.splitlines()]
        for language, block in blocks
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_sections_are_the_same(folder: str) -> None:
    english, chinese = (
        re.findall(r"^#+ ", read(folder + name), re.MULTILINE) for name in ("README.md", "README.zh-CN.md")
    )
    assert english == chinese


@pytest.mark.parametrize("folder", FOLDERS)
def test_commands_are_the_same(folder: str) -> None:
    assert commands(read(f"{folder}README.md")) == commands(read(f"{folder}README.zh-CN.md"))


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("what", [r"\]\(([^)]+)\)", r"`(cvat:[^`]*)`", r"`(make [^`]*)`"])
def test_links_and_settings_are_the_same_in_each_section(folder: str, what: str) -> None:
    english, chinese = (
        re.split(r"^## ", read(folder + name), flags=re.MULTILINE) for name in ("README.md", "README.zh-CN.md")
    )
    for before, after in zip(english, chinese, strict=True):
        named = [sorted(text.replace(".zh-CN", "") for text in re.findall(what, part)) for part in (before, after)]
        assert named[0] == named[1], f"section {before.splitlines()[0]!r}"
