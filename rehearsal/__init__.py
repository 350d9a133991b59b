"""The whole program against an in-memory AWS: `python -m rehearsal`, or `rehearse()` for tests.

from rehearsal import rehearse

with rehearse("cn-northwest-1") as rehearsal:
    assert rehearsal.ok, rehearsal.error
    rehearsal.client("ec2").describe_vpcs()

Names are imported when they are used: boto3, moto and Pulumi take two seconds, and `--help` needs none of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.aws.account import Account
    from rehearsal.aws.faults import Ending, Fault, Scenario
    from rehearsal.diff.stores import losses
    from rehearsal.engine.state import Failure, Record
    from rehearsal.errors import MissingHandlerError, RehearsalError, UserInputError
    from rehearsal.report import write as write_report
    from rehearsal.report.stable import document
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
    "document",
    "losses",
    "rehearse",
    "write_report",
]

_EXPORTS = {
    "Account": "aws.account:Account",
    "Ending": "aws.faults:Ending",
    "Failure": "engine.state:Failure",
    "Fault": "aws.faults:Fault",
    "MissingHandlerError": "errors:MissingHandlerError",
    "Record": "engine.state:Record",
    "Rehearsal": "result:Rehearsal",
    "RehearsalError": "errors:RehearsalError",
    "Scenario": "aws.faults:Scenario",
    "UserInputError": "errors:UserInputError",
    "Verdict": "result:Verdict",
    "document": "report.stable:document",
    "losses": "diff.stores:losses",
    "rehearse": "run:rehearse",
    "write_report": "report:write",
}


def __getattr__(name: str) -> Any:
    """Import an exported name (PEP 562)."""
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _EXPORTS[name].partition(":")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), attribute)
    globals()[name] = value
    return value
