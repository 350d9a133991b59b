"""CVAT's RQ, of 2020, in today's Python: its last import of what has moved is put back before it is imported."""

import collections
import collections.abc
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    vars(collections)["Iterable"] = collections.abc.Iterable
    from rq import Queue

__all__ = ["Queue"]
