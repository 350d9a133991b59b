"""What an operator is told instead of a traceback."""

from __future__ import annotations


class ProblemError(Exception):
    """Something the operator can mend: one or more sentences that name it, the rule and the remedy."""
