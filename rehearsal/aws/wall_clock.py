"""The time of the whole process, which can be moved ahead: for an account that lives for days.

time_machine must be imported before an account is open, whose clock replaces time.time: it takes
any function for one of C, and ends the process by a segmentation fault.

`rehearsal.aws.clock` is another thing: it lets a program's own waiting pass at once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine


class WallClock:
    """Moves time.time and datetime.now of the process, for every thread."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        """Of the machine's clock."""
        self._traveller: Any = None

    def move(self, by: timedelta) -> None:
        """Let time jump ahead."""
        self.ahead += by
        if self._traveller is None:
            travel = time_machine.travel(datetime.now(UTC) + by, tick=True)
            self._traveller = travel
            self._coordinates = travel.start()
        else:
            self._coordinates.shift(by)

    def stop(self) -> None:
        """Back to the machine's clock."""
        if self._traveller is not None:
            self._traveller.stop()
            self._traveller, self.ahead = None, timedelta()
