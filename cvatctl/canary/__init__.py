"""The smoke test as a plain function. Standard library only: a scheduled function can run it with nothing installed."""

from cvatctl.canary.run import Step, smoke

__all__ = ["Step", "smoke"]
