"""The overlay of CVAT v2 with CVAT's real settings, where a patched checkout and its Python are at hand."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from cvat_aws_v2.queue_metrics import QUEUES

from tests.patches.test_v2_overlay import ENV

PATCHES = Path(__file__).parents[2] / "patches"
PROGRAM = """
import json, django
django.setup()
from django.conf import settings
from django.core.management import get_commands
from django.urls import NoReverseMatch, reverse
from rq.registry import StartedJobRegistry

def offered(name):
    try:
        return reverse(name)
    except NoReverseMatch:
        return None

def saves_invitations():
    from cvat.apps.organizations.serializers import InvitationWriteSerializer
    return InvitationWriteSerializer.save.__module__

print(json.dumps({
    "queues": list(settings.RQ_QUEUES),
    "migrateredis": get_commands()["migrateredis"],
    "counts lost jobs": getattr(StartedJobRegistry.cleanup, "counts_lost_jobs", False),
    "register": offered("rest_register"),
    "login": offered("rest_login"),
    "keys": [entry.name for entry in settings.BASE_DIR.iterdir()],
    "opa": settings.IAM_OPA_DATA_URL,
    "invitations": saves_invitations(),
}))
"""


def test_cvats_own_queues_commands_and_routes_are_those_that_the_overlay_expects(tmp_path: Path) -> None:
    home, python = os.environ.get("CVAT_V2_HOME", ""), os.environ.get("CVAT_V2_PYTHON", "")
    if not home or not python:
        pytest.skip("CVAT_V2_HOME and CVAT_V2_PYTHON do not name a patched checkout of CVAT v2 and its Python 3.12")
    paths = [home, str(PATCHES / "overlay"), str(PATCHES / "v2/overlay")]
    places = {"CVAT_BASE_DIR": str(tmp_path / "base"), "CVAT_SCRATCH_DIR": str(tmp_path / "scratch")}
    env = ENV | places | {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(paths)}
    env |= {"DJANGO_SETTINGS_MODULE": "cvat_aws_v2.settings", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([python, "-c", PROGRAM], env=env, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    settings = json.loads(done.stdout.splitlines()[-1])
    assert sorted(settings["queues"]) == sorted(QUEUES)
    assert settings["migrateredis"] == "cvat_aws_v2", "CVAT's own opens a connection without TLS"
    assert settings["counts lost jobs"], "CVAT's clean-up would fail jobs that may be repeated"
    assert settings["register"] is None, "the interface would offer to register"
    assert settings["login"]
    assert "keys" not in settings["keys"], "a key was written beside the code"
    assert settings["invitations"] == "cvat_aws_v2.invitations", "a mail would lead to a registration that is closed"
    assert settings["opa"] == "http://127.0.0.1:8181/v1/data"
