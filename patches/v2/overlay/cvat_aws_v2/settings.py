"""The module that DJANGO_SETTINGS_MODULE names: CVAT's production settings with the overlay on top."""

import os
from pathlib import Path

from cvat_aws.overlay import SCRATCH

from cvat_aws_v2 import overlay

# CVAT's settings make this file when they are imported, by default beside the code, where a task cannot write.
_scratch = Path(os.environ.get("CVAT_SCRATCH_DIR", SCRATCH))
_scratch.mkdir(parents=True, exist_ok=True)
os.environ.setdefault("CVAT_EVENTS_LOCAL_DB_FILENAME", str(_scratch / "events.db"))

from cvat.settings.production import *  # noqa: E402, F403

globals().update(overlay.with_searches(overlay.overlay(os.environ, globals())))
# Logs of migrations are needed to go back: on the file system that outlives the task.
MIGRATIONS_LOGS_ROOT = Path(globals()["DATA_ROOT"]) / "upgrade-logs"
MIGRATIONS_LOGS_ROOT.mkdir(parents=True, exist_ok=True)
