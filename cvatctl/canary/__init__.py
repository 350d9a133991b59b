"""The end-to-end test as a plain function. Standard library only: its image installs no package."""

from cvatctl.canary.run import Step, smoke

__all__ = ["Step", "smoke"]
