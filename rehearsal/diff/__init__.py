"""What a change does to a deployment: `python -m rehearsal diff BASE HEAD`.

Both sides are rehearsed, each with its own program and with this checkout's engine, and compared by logical names. What
a real provider would replace follows from its schema (providers/replacement.py), and from there on from references.
"""
