"""The whole program against an in-memory AWS: `python -m rehearsal`, or `rehearse()` for tests.

from rehearsal import rehearse

with rehearse("cn-northwest-1") as rehearsal:
    assert rehearsal.ok, rehearsal.error
    rehearsal.client("ec2").describe_vpcs()
"""

from rehearsal.aws.account import Account
from rehearsal.aws.faults import Ending, Fault, Scenario
from rehearsal.engine.state import Failure, Record
from rehearsal.errors import MissingHandlerError, RehearsalError, UserInputError
from rehearsal.result import Rehearsal, Verdict
from rehearsal.run import rehearse

__all__ = [
    "Account",
    "Ending",
    "Failure",
    "Fault",
    "MissingHandlerError",
    "Record",
    "Rehearsal",
    "RehearsalError",
    "Scenario",
    "UserInputError",
    "Verdict",
    "rehearse",
]
