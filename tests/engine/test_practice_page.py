"""Every command of docs/practice.md, in its order."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from unittest.mock import ANY

from rehearsal.defaults import HOME
from tests.support.real_engine import copy_project, port

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
START_S = 120
ANSWERS = {
    "BackupRetentionPeriod": ["14", "7"],
    "state-value ALARM": [ANY],
    "DBInstanceStatus'": ["stopped", "available"],
}
"""Part of a command of the AWS CLI -> what it prints each time."""


def test_the_guided_hour_can_be_followed(tmp_path: Path) -> None:
    project = tmp_path / "project"
    copy_project(HOME, project)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    page = (project / "docs" / "practice.md").read_text(encoding="utf-8")
    script = "set -e -x\n" + "\n".join(BLOCK.findall(page))
    number = port()
    command = [sys.executable, "-m", "rehearsal", "practice", "--fresh", "--port", str(number)]
    server = subprocess.Popen(command, cwd=project, env=clean)  # noqa: S603
    try:
        wait_for(number, server)
        with (tmp_path / "walked.log").open("w+", encoding="utf-8") as log:
            shell: Any = {"cwd": project, "env": clean, "stdout": log, "stderr": subprocess.STDOUT}
            walked = subprocess.run(["bash", "-c", script], check=False, **shell)  # noqa: S603, S607
            log.seek(0)
            output = log.read()
        assert walked.returncode == 0, output[-6000:]
        for part, answers in ANSWERS.items():
            assert re.findall(rf"^\++ aws .*{part}.*\n(.+)$", output, re.M) == answers, part
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0, "the account is saved at the end"


def wait_for(number: int, server: subprocess.Popen[bytes]) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            opener.open(f"http://127.0.0.1:{number}/status").close()
        except urllib.error.URLError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("the practice account does not answer")
