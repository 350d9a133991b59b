"""What must hold in the emulated account; each check asks it by boto3, as an operator would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.model import Verdict

if TYPE_CHECKING:
    from rehearsal.run import Rehearsal


def judge(rehearsal: Rehearsal) -> tuple[Verdict, ...]:
    """The verdicts of all checks, in the table's order."""
    return ()
