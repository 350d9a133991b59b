"""AWS's root certificates: nothing gets into the image that is not locked."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from patches import truststores
from region import Region


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bundle and a lock that lists it; returns its address."""
    content = b"-----BEGIN CERTIFICATE-----\n"
    (tmp_path / "bundle.pem").write_bytes(content)
    (tmp_path / "lock").write_text(f"# a comment\n{hashlib.sha256(content).hexdigest()}  https://x  2026-01-01\n")
    monkeypatch.setattr(truststores, "LOCK", tmp_path / "lock")
    return (tmp_path / "bundle.pem").as_uri()


def test_what_is_locked_is_taken_from_any_address(bundle: str, tmp_path: Path) -> None:
    truststores.main([str(tmp_path / "out.pem"), bundle, bundle])
    assert (tmp_path / "out.pem").read_bytes().count(b"BEGIN CERTIFICATE") == 2


def test_what_is_not_locked_is_refused(bundle: str, tmp_path: Path) -> None:
    (tmp_path / "bundle.pem").write_bytes(b"forged")
    with pytest.raises(SystemExit, match=r"which truststores[.]lock does not list"):
        truststores.main([str(tmp_path / "out.pem"), bundle])
    assert not (tmp_path / "out.pem").exists()


def test_an_address_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(SystemExit, match="cannot be fetched"):
        truststores.main([str(tmp_path / "out.pem"), (tmp_path / "none.pem").as_uri()])


def test_the_lock_names_the_bundle_of_every_partition() -> None:
    text = truststores.LOCK.read_text()
    assert len(truststores.locked(text)) == 3
    for name in ("eu-west-1", "cn-north-1", "us-gov-west-1"):
        assert f"  {Region(name).database_ca_bundle}  " in text, "the build of that partition would stop"
