"""Reading environment variables, with every mistake reported at once and as a sentence."""

from __future__ import annotations

from typing import Mapping
from urllib.parse import SplitResult, urlsplit

FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class UnusableError(Exception):
    """The environment cannot be used; `str()` has one sentence a line, fit to be shown to an operator."""


class Reader:
    """Reads variables and remembers what was wrong with them; `finish` raises when anything was."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        return self.env.get(name, "").strip() or default

    def required(self, name: str, meaning: str) -> str:
        value = self.text(name)
        if not value:
            self.problems.append(f"{name} is not set: it is {meaning}. Set it in the task definition.")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name, "yes" if default else "no").lower()
        if value not in FLAGS:
            self.problems.append(f"{name} is '{value}', but must be yes or no.")
        return FLAGS.get(value, default)

    def number(self, name: str, default: int, low: int = 1, high: int = 65535) -> int:
        value = self.text(name, str(default))
        if not value.isdigit() or not low <= int(value) <= high:
            self.problems.append(f"{name} is '{value}', but must be a whole number from {low} to {high}.")
            return default
        return int(value)

    def choice(self, name: str, options: list[str]) -> str:
        value = self.text(name, options[0])
        if value not in options:
            self.problems.append(f"{name} is '{value}', but must be one of {', '.join(options)}.")
            return options[0]
        return value

    def words(self, name: str) -> list[str]:
        return [word.strip() for word in self.text(name).split(",") if word.strip()]

    def url(self, name: str, meaning: str) -> SplitResult:
        value = self.required(name, meaning)
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or _port(parts) is None):
            self.problems.append(f"{name} is '{value}', but must be like https://cvat.example.com:8443.")
            return urlsplit("http://invalid")
        return parts

    def finish(self) -> None:
        if self.problems:
            raise UnusableError("\n".join(self.problems))


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port or 0
    except ValueError:  # not a number, or past 65535
        return None
