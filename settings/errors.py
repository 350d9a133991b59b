"""Errors of this package: what is wrong with a configuration, in sentences. They know no Pulumi."""

from __future__ import annotations

from collections.abc import Sequence


class SettingsError(Exception):
    """Sentences for the operator, one for each problem; `str()` is the whole message."""

    def __init__(self, problems: Sequence[str], heading: str = "") -> None:
        self.problems = list(problems)
        lines = [f"  - {problem}" for problem in self.problems] if heading else self.problems
        super().__init__("\n".join([heading, *lines] if heading else lines))


class StackFileError(SettingsError):
    """Pulumi.yaml or a stack file is missing or cannot be read as the Pulumi CLI reads it."""

    def __init__(self, *problems: str) -> None:
        super().__init__(problems)


class ConfigurationError(SettingsError):
    """The stack's configuration breaks rules."""

    def __init__(self, problems: Sequence[str]) -> None:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(problems, f"The stack's configuration has {count}:")


class ZonesError(SettingsError):
    """The account does not show the availability zones that a stack needs."""

    def __init__(self, problem: str) -> None:
        super().__init__([problem])


class FunctionsError(SettingsError):
    """The functions' registry or its model archives cannot be deployed."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(problems, "The auto-annotation functions have problems:")
