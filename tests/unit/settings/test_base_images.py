"""Published images that a release's own are derived from: nothing is built from a tag that could move."""

from __future__ import annotations

from pathlib import Path

import pytest

from settings import ConfigurationError, base_images
from settings.releases import DEFAULT, RELEASES
from settings.values import Mirrors

V2 = RELEASES["v2"]
UI = V2.base_images["ui"].reference
DIGEST, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def mirrors(base_registry: str = "docker.io/library") -> Mirrors:
    return Mirrors(base_registry=base_registry, apt="", pypi="", npm="", cvat_repository="")


def test_a_build_takes_the_digest_of_the_lock_and_before_it_the_stacks_own(tmp_path: Path) -> None:
    lock = tmp_path / base_images.LOCK
    lock.parent.mkdir()
    lock.write_text(f"# a comment\n{UI} {DIGEST}\ncvat/server:v2.73.0\n", encoding="utf-8")
    known = base_images.digests(tmp_path)
    assert base_images.build_args(V2, "ui", mirrors(), known) == {
        "CVAT_REGISTRY": "docker.io",
        "CVAT_UI": f"{UI}@{DIGEST}",
    }
    own = base_images.digests(tmp_path, [f"{UI}@{OTHER}"])
    assert base_images.build_args(V2, "ui", mirrors(), own)["CVAT_UI"] == f"{UI}@{OTHER}"
    assert base_images.build_args(V2, "gateway", mirrors(), known) == {}, "that one is built from source"


def test_an_image_without_a_digest_is_refused_with_all_that_lack_one_and_what_to_do() -> None:
    with pytest.raises(ConfigurationError) as refused:
        base_images.check(V2, V2.images, mirrors(), {UI: DIGEST})
    text = str(refused.value)
    for part in ("cvat/server:v2.73.0, openpolicyagent/opa:", "make lock-images", "cvat:baseImageDigests"):
        assert part in text
    assert UI not in text, "it has a digest"
    assert "v2.48.0" not in text, "that one is for upgrades only"


def test_what_is_not_built_from_a_published_image_needs_no_digest() -> None:
    base_images.check(DEFAULT, DEFAULT.images, mirrors(), {})
    base_images.check(V2, ["gateway", "models"], mirrors(), {})
    base_images.check(V2, V2.images, mirrors("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/mirror"), {})
    with pytest.raises(ConfigurationError):
        base_images.check(V2, V2.images, mirrors("harbor.example.com/library"), {})
