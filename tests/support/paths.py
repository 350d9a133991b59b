"""Where things lie, for tests that read files of the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PROGRAMS = ROOT / "tests" / "support" / "programs"
"""Small Pulumi programs for the tests of the rehearsal."""
