"""The RQ worker of a task that can be stopped at any time."""

from __future__ import annotations

import os
import threading
from typing import Any

from rq import Worker

from cvat_aws.commands import DRAIN_S


class DrainingWorker(Worker):  # type: ignore[misc]  # RQ 1.5 has no types
    """On SIGTERM finishes its job, but fails it when that takes longer than the container will be given.

    Left to SIGKILL, a job stays "started" in Redis until its time limit (4 or 24 hours), and for as long CVAT
    answers 409 to a new automatic annotation of its task. A failed job can be started again at once.
    """

    def handle_warm_shutdown_request(self) -> Any:
        limit = int(os.environ.get("CVAT_WORKER_DRAIN_S", DRAIN_S))
        timer = threading.Timer(limit, self._give_up)
        timer.daemon = True
        timer.start()
        return super().handle_warm_shutdown_request()

    def _give_up(self) -> None:
        if self.horse_pid:  # 0 would signal the whole process group
            self.log.warning("The job did not finish before the task has to stop: failing it.")
            self.kill_horse()
