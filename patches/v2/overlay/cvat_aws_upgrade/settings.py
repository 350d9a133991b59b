"""Settings of v2.48.0 for its migrations: logs to standard output, those of migrations beside the data."""

import os
from pathlib import Path

# CVAT's settings name a file beside the code, where a task cannot write.
os.environ.setdefault("CVAT_EVENTS_LOCAL_DB_FILENAME", "/tmp/events.db")  # noqa: S108 - the task's own

from cvat.settings.production import *  # noqa: F403

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
MIGRATIONS_LOGS_ROOT = str(Path(globals()["DATA_ROOT"]) / "upgrade-logs")
Path(MIGRATIONS_LOGS_ROOT).mkdir(parents=True, exist_ok=True)
