"""Build arguments: every Dockerfile that uses the network takes what a mirror, a proxy or an own authority asks for."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from components.images.build_context import builds
from settings.releases import RELEASES
from tests.support.paths import ROOT
from tests.support.pem import signer

NAMED = {build.dockerfile for release in RELEASES.values() for build in builds(release).values()}
FILES = sorted(file for file in NAMED if (ROOT / file).exists())
TEXTS = {file: text for file in FILES if "ARG BASE_REGISTRY" in (text := (ROOT / file).read_text(encoding="utf-8"))}
"""Dockerfiles that begin with Python, node or nginx. The others take over an image as it is published."""
TRUST = re.compile(r"^RUN if \[ -n \"\$\{CA_CERTIFICATES\}\" \]; then \\\n(?:.*\\\n)+ *fi$", re.MULTILINE)


def arguments(text: str) -> set[str]:
    return set(re.findall(r"^ARG (\w+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_an_image_that_installs_packages_takes_their_index_and_trusts_its_host(name: str) -> None:
    taken = arguments(TEXTS[name])
    assert "CA_CERTIFICATES" in taken, "behind a proxy that opens TLS, nothing is verified otherwise"
    assert ("PIP_INDEX_URL" in taken) == ("PIP_TRUSTED_HOST" in taken), "pip refuses an index on plain HTTP"
    assert "PIP_INDEX_URL" not in taken or "PIP_CERT=/etc/ssl/certs/ca-certificates.crt" in TEXTS[name], (
        "pip has a list of authorities of its own"
    )
    assert "NPM_REGISTRY" not in taken or "NODE_EXTRA_CA_CERTS=" in TEXTS[name], "node has one, too"


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_all_images_trust_authorities_by_the_same_lines(name: str) -> None:
    lines = TRUST.findall(TEXTS[name])
    assert lines, "the argument alone does nothing"
    assert set(lines) == set(TRUST.findall(TEXTS["patches/server.Dockerfile"])), "one way to do it"


@pytest.mark.skipif(not shutil.which("awk"), reason="Debian has awk, and so have the base images")
def test_each_authority_becomes_a_file_of_its_own(tmp_path: Path) -> None:
    first, second = signer("First").pem, signer("Second").pem
    (tmp_path / "update-ca-certificates").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "update-ca-certificates").chmod(0o755)
    script = TRUST.findall(TEXTS["patches/server.Dockerfile"])[0].removeprefix("RUN ").replace("\\\n", "\n ")
    script = " ".join(script.split("\n")).replace("/usr/local/share/ca-certificates", str(tmp_path))
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "CA_CERTIFICATES": f"# ours\n{first}{second}".strip()}
    subprocess.run(["/bin/sh", "-c", script], env=environment, check=True, capture_output=True)  # noqa: S603  (our own lines)
    files = sorted(tmp_path.glob("*.crt"))
    names = [x509.load_pem_x509_certificate(file.read_bytes()).subject.rfc4514_string() for file in files]
    assert names == ["CN=First", "CN=Second"], "update-ca-certificates passes over a file that holds several"
