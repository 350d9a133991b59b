"""Encrypted settings: nobody here can decrypt them, so they get doubles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from rehearsal.defaults import HOME
from settings.certificate import problems
from settings.secret_placeholders import with_placeholders
from settings.stack_file import Configuration, read_configuration, read_project
from tests.support.pem import pair

HOST = "cvat.example.com"


def stack_file(folder: Path, **config: Any) -> Configuration:
    """A stack's file as Pulumi writes it, read by the rehearsal."""
    (folder / "Pulumi.yaml").write_text((HOME / "Pulumi.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    content = {"aws:region": "ap-northeast-1"} | {f"cvat:{key}": value for key, value in config.items()}
    (folder / "Pulumi.own.yaml").write_text(yaml.safe_dump({"config": content}), encoding="utf-8")
    return with_placeholders(read_configuration(read_project(folder), "own", {}))


def test_an_encrypted_key_is_rehearsed_with_a_double_of_its_certificate(tmp_path: Path) -> None:
    real = pair(HOST, "*.example.com")
    read = stack_file(tmp_path, certificate=real.certificate, certificateKey={"secure": "AAABAKc="})
    assert read.secrets == {"cvat:certificateKey"}
    own, key = read.values["cvat:certificate"], read.values["cvat:certificateKey"]
    assert own != real.certificate, "the real one's key is not known here"
    assert not list(problems(own, key, "other.example.com")), "the double is for the same names"


def test_an_expired_certificate_is_reported_though_its_key_is_encrypted(tmp_path: Path) -> None:
    old = pair(HOST, since=-30, days=-1)
    read = stack_file(tmp_path, certificate=old.certificate, certificateKey={"secure": "AAABAKc="})
    (problem,) = problems(read.values["cvat:certificate"], read.values["cvat:certificateKey"], HOST)
    assert "expired on" in problem
