"""What a change does to a deployment: `python -m rehearsal diff BASE HEAD`.

Both sides are rehearsed, each with its own program and with this checkout's engine, and compared by logical names. What
a real provider would replace is computed from its schema (`forced`), and follows references from there on.
"""

from rehearsal.diff.compare import compare
from rehearsal.diff.model import Change, Danger, Diff, Document, Property

__all__ = ["Change", "Danger", "Diff", "Document", "Property", "compare"]
