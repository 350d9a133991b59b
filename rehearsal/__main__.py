"""python -m rehearsal: the command line."""

from __future__ import annotations

import sys

from rehearsal.cli import main
from rehearsal.interrupt import end_quickly_on_interrupt

if __name__ == "__main__":
    end_quickly_on_interrupt()
    sys.exit(main())
