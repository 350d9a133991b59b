"""Whoever follows a link in the documentation arrives: every file and every heading that one names exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import ROOT

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


def documents() -> list[Path]:
    """All Markdown files of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    without_code = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    names: set[str] = set()
    for heading in _HEADING.findall(without_code):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = sum(1 for earlier in names if re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", earlier))
        names.add(f"{anchor}-{number}" if number else anchor)
    return names


def broken(page: Path) -> list[str]:
    """What a page's links miss."""
    missing = []
    for target in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists():
            missing.append(f"{target}: there is no such file")
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text(encoding="utf-8")):
            missing.append(f"{target}: there is no such heading")
    return missing


@pytest.mark.parametrize("page", documents(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert not broken(page), "a newcomer would be left alone here"


def turned(text: str) -> list[str]:
    """Pointers [above](#heading) and [below](#heading) to a heading that is on the other side."""
    places = {anchor: text.find(heading) for heading, anchor in headings(text)}
    return [
        match.group()
        for match in re.finditer(r"\[(above|below)\]\(#([^)]+)\)", text)
        if (places[match[2]] < match.start()) is not (match[1] == "above")
    ]


def headings(text: str) -> list[tuple[str, str]]:
    """Lines of headings, each with its anchor."""
    return [(match.group(), next(iter(anchors(match.group())))) for match in _HEADING.finditer(text)]


@pytest.mark.parametrize("page", documents(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_above_is_above_and_below_is_below(page: Path) -> None:
    assert not turned(page.read_text(encoding="utf-8"))


def test_a_pointer_that_is_turned_round_is_recognised() -> None:
    text = "[below](#a) [above](#a)\n\n## A\n\n[above](#a) [below](#a)\n"
    assert turned(text) == ["[above](#a)", "[below](#a)"]


@pytest.mark.parametrize("index", ["README.md", "README.zh-CN.md"])
def test_the_index_lists_every_page(index: str) -> None:
    text = (ROOT / "docs" / index).read_text(encoding="utf-8")
    linked = {(ROOT / "docs" / target.partition("#")[0]).resolve() for target in _LINK.findall(text)}
    own = {page for page in documents() if page.parent == ROOT / "docs" and not page.name.startswith("README")}
    lost = sorted(page.name for page in own - linked)
    assert not lost, f"docs/{index} says nothing of {', '.join(lost)}: add a line with what it answers"


def test_links_and_headings_are_recognised(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b` (c)\n[x](#a-b-c) [y](#gone) [z](lost.md) `[code](no)` [web](https://x.y)", encoding="utf-8"
    )
    assert broken(page) == ["#gone: there is no such heading", "lost.md: there is no such file"]
