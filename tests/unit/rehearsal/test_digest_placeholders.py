"""Published images have stand-ins for the digests that nobody has asked a registry for; nothing is built here."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from rehearsal.defaults import HOME
from rehearsal.placeholders import read_stack, without_digest
from settings.base_images import LOCK
from settings.releases import RELEASES

KEY = "cvat:baseImageDigests"
REFERENCES = [base.reference for base in RELEASES["v2"].base_images.values()]


def digests(folder: Path, **config: object) -> dict[str, str]:
    """What the rehearsed program would read, by name and tag."""
    (folder / "Pulumi.yaml").write_text((HOME / "Pulumi.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    content = {"aws:region": "ap-northeast-1"} | {f"cvat:{key}": value for key, value in config.items()}
    (folder / "Pulumi.own.yaml").write_text(yaml.safe_dump({"config": content}), encoding="utf-8")
    _, configuration = read_stack(folder, "own", {})
    return dict(text.split("@") for text in json.loads(configuration.values[KEY]))


def test_what_has_no_digest_gets_one_of_its_own(tmp_path: Path) -> None:
    assert digests(tmp_path) == {}, "the default release is built from source"
    made = digests(tmp_path, release="v2")
    assert sorted(made) == sorted(REFERENCES)
    assert len(set(made.values())) == len(REFERENCES), "a mix-up of two images would not be found"
    _, configuration = read_stack(tmp_path, "own", {})
    assert sorted(without_digest(configuration)) == sorted(REFERENCES), "the output says so"


def test_digests_of_the_lock_and_of_the_stack_stay(tmp_path: Path) -> None:
    locked, own, *others = REFERENCES
    (tmp_path / LOCK).parent.mkdir()
    (tmp_path / LOCK).write_text(f"{locked} sha256:{'a' * 64}\n", encoding="utf-8")
    pinned = f"sha256:{'b' * 64}"
    made = digests(tmp_path, release="v2", baseImageDigests=[f"{own}@{pinned}"])
    assert made.pop(own) == pinned
    assert sorted(made) == sorted(others), "the program reads the lock itself"
