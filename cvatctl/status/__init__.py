"""`status`: the state of every part of a deployed stack."""
