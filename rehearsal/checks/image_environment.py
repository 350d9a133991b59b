"""What each image declares of the variables that it reads: a JSON file beside its Dockerfile.

A declaration is a JSON Schema of the environment (`properties`, `patternProperties`, `dependentRequired`) with some
keys beside: `reader` names the image in findings; an image with one process has `required`; one with several has
`commands` (each with its `required`, its `arguments`, of which it takes one, or several if `many`, its `folders` to
write to) and `default`, the command without arguments; `keepAliveSeconds` is how long a server keeps an idle
connection. `examples` show what a `pattern` asks for. Numbers and JSON are checked as such, although an environment
holds text only. Each image's own tests hold its declaration against its code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from rehearsal.checks import stack_queries
from rehearsal.result import Rehearsal

OURS = {
    "gateway": "serverless/gateway/environment.json",
    "models": "serverless/models/environment.json",
    "canary": "cvatctl/canary/environment.json",
}
"""By image: its declaration, from the project's folder. Those of CVAT's images are beside their Dockerfiles."""


class ImageEnvironment:
    """The declaration of one image."""

    def __init__(self, declaration: Mapping[str, Any]) -> None:
        self.reader = str(declaration["reader"])
        self.keep_alive_s = int(declaration.get("keepAliveSeconds", 0))
        self.properties: Mapping[str, Mapping[str, Any]] = declaration["properties"]
        self._patterns = [re.compile(pattern) for pattern in declaration.get("patternProperties", {})]
        self._dependent: Mapping[str, Sequence[str]] = declaration.get("dependentRequired", {})
        single = {"": {"required": declaration.get("required", [])}}
        self.commands: Mapping[str, Mapping[str, Any]] = declaration.get("commands") or single
        self._default: Sequence[str] = declaration.get("default", [])
        self._values = {name: Draft202012Validator(rule) for name, rule in self.properties.items()}

    def knows(self, variable: str) -> bool:
        """Whether anything in the image reads this variable."""
        return variable in self.properties or any(pattern.search(variable) for pattern in self._patterns)

    def problems(self, command: Sequence[str], environment: Mapping[str, str]) -> Iterator[str]:
        """What the image would refuse of a command and its environment, and variables that it does not read."""
        name, *arguments = [*(command or self._default), ""][: max(len(command or self._default), 1)]
        if len(self.commands) > 1:
            rule = self.commands.get(name)
            if rule is None or not self._takes(rule, arguments):
                yield f"its command {' '.join(command)!r} is refused: {self._usage(name)}"
                return
        else:
            rule = self.commands[""]
        given = {variable: text for variable, text in environment.items() if text.strip()}
        dependent = [required for variable in given for required in self._dependent.get(variable, ())]
        for variable in dict.fromkeys((*rule["required"], *dependent)):
            if variable not in given:
                yield f"{variable} is not set: it is {self._meaning(variable)}. Set it in the task definition."
        for variable, text in given.items():
            if not self.knows(variable):
                yield f"{variable} is given, but {self.reader} does not read it: correct the name, or leave it out."
            elif variable in self._values and not self._is_valid(variable, text):
                yield f"{variable} is refused by {self.reader}: it must be {self._rule(variable)}."

    def folders(self, command: Sequence[str]) -> Sequence[str]:
        """Folders that a command writes to, and that must outlast its task."""
        rule = self.commands.get(command[0] if command else "", {})
        return list(rule.get("folders", ()))

    @staticmethod
    def _takes(rule: Mapping[str, Any], arguments: Sequence[str]) -> bool:
        choices = rule.get("arguments", ())
        if rule.get("many"):
            return bool(arguments) and set(arguments) <= set(choices)
        return len(arguments) == 1 and arguments[0] in choices if choices else not arguments

    def _usage(self, name: str) -> str:
        if choices := self.commands.get(name, {}).get("arguments"):
            number = "one or more" if self.commands[name].get("many") else "one"
            return f"{name} takes {number} of {', '.join(choices)}."
        return f"it must be one of {', '.join(self.commands)}, without arguments."

    def _meaning(self, variable: str) -> str:
        return str(self.properties.get(variable, {}).get("description", "required"))

    def _is_valid(self, variable: str, text: str) -> bool:
        rule = self.properties[variable]
        try:
            if "contentSchema" in rule:
                return bool(Draft202012Validator(rule["contentSchema"]).is_valid(json.loads(text)))
            value: Any = text.strip()
            if rule.get("type") in ("integer", "number"):
                value = int(text) if rule["type"] == "integer" else float(text)
        except ValueError:
            return False
        return bool(self._values[variable].is_valid(value.lower() if _ignores_case(rule, value) else value))

    def _rule(self, variable: str) -> str:
        rule = self.properties[variable]
        if "enum" in rule:
            return f"one of {', '.join(rule['enum'])}"
        if "contentSchema" in rule:
            return f"JSON of the form that {variable} has: {rule['description']}"
        if "minLength" in rule:
            return f"{rule['minLength']} characters or more"
        if "type" in rule:
            least, most = rule.get("minimum", rule.get("exclusiveMinimum")), rule.get("maximum")
            kind = "a whole number" if rule["type"] == "integer" else "a number"
            return f"{kind} from {least} to {most}" if most is not None else f"{kind} of {least} or more"
        return f"like {rule['examples'][0]}"


def _ignores_case(rule: Mapping[str, Any], value: Any) -> bool:
    """yes, Yes and YES are one; DEBUG is not debug."""
    return isinstance(value, str) and "yes" in rule.get("enum", ())


def of_image(rehearsal: Rehearsal, image: str) -> ImageEnvironment:
    """The declaration of an image of the rehearsed project."""
    dockerfile = stack_queries.release(rehearsal).dockerfiles.get(image)
    own = dockerfile and f"{dockerfile.removesuffix('.Dockerfile')}.environment.json"
    return _read(rehearsal.folder / (own or OURS[image]))


@cache
def _read(path: Path) -> ImageEnvironment:
    return ImageEnvironment(json.loads(path.read_text(encoding="utf-8")))
