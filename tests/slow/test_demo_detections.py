"""Real weights, from an empty cache to golden boxes: what `make demo-detections` promises to a new user."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.models.model_process import PROGRAM

LIMIT_S = 180


@pytest.mark.slow
def test_real_models_find_in_photos_what_is_written_down_of_them(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    command = [sys.executable, "-m", "models_demo", "--output", str(tmp_path), "--cache", str(tmp_path / "cache")]
    shown = subprocess.run(  # noqa: S603  our own package
        command, cwd=PROGRAM, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert shown.returncode == 0, f"{shown.stdout}{shown.stderr}"
    assert "every answer is the golden one" in shown.stdout
    page = (tmp_path / "index.html").read_text()
    assert page.count("<img src=") == 4, "each photo is shown with what was found"
    for name in ("ssdlite-person", "movenet-multipose", "ppocr-v6-small"):
        assert (tmp_path / "archives" / f"{name}.tar.gz").stat().st_size > 5_000_000, "real weights, no samples"
