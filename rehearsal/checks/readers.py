"""What the images' own programs read of their environment, asked of their source: CVAT's overlay and the gateway.

The overlay's settings and the gateway's are pure: they are imported from the project's folder and called with the
environment that a task definition gives. Which other variables the overlay reads is found in its syntax.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from rehearsal.errors import RehearsalError

OVERLAY = Path("patches") / "overlay"
GATEWAY = Path("serverless") / "gateway"
MODELS = Path("serverless") / "models"

READING = ("text", "required", "flag", "number", "choice", "words", "url", "get", "getenv")
"""Methods of the overlay's Reader, and of mappings, whose first argument names a variable."""

CVATS_OWN = {
    "CVAT_SERVERLESS": "cvat/apps/engine/views.py",
    "CVAT_ANALYTICS": "cvat/apps/engine/views.py",
    "CLAM_AV": "cvat/apps/engine/utils.py",
    "ADAPTIVE_AUTO_ANNOTATION": "cvat/settings/base.py",
    "DJANGO_LOG_SERVER_PORT": "cvat/settings/base.py",
    "DJANGO_LOG_VIEWER_HOST": "cvat/settings/base.py",
    "DJANGO_LOG_VIEWER_PORT": "cvat/apps/log_viewer/views.py",
    "TZ": "cvat/settings/base.py",
}
"""Variables that CVAT itself reads and the overlay does not, and where (CVAT at components/cvat_release.COMMIT)."""

LIBPQ = re.compile(r"PG[A-Z]+")
AWS = re.compile(r"AWS_[A-Z0-9_]+")
"""Read by libraries in every image: libpq and botocore."""

BASE = {
    "LOGGING": {"handlers": {"console": {}, "logstash": {}}, "loggers": {}},
    "REST_FRAMEWORK": {},
    "NUCLIO": {},
    "AUTHENTICATION_BACKENDS": [],
    "MIDDLEWARE": [],
}
"""As much of CVAT's own settings as the overlay looks at."""


@contextlib.contextmanager
def importing(folder: Path, package: str) -> Iterator[None]:
    """Import a package from this folder and forget it afterwards: another rehearsal may be of another folder."""
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if _in(name, package)}
    sys.path.insert(0, str(folder))
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    except ImportError as error:
        raise RehearsalError(
            f"{package} cannot be imported from {folder}: {error}. Run `make setup`, which installs what it needs."
        ) from error
    finally:
        sys.dont_write_bytecode = writes
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if _in(name, package)]:
            del sys.modules[name]
        sys.modules.update(kept)


def _in(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


class Overlay:
    """CVAT's image: its entry point, its settings, and all variables that either reads."""

    def __init__(self, project: Path) -> None:
        self._folder = project / OVERLAY
        with importing(self._folder, "cvat_aws"):
            self._entry = importlib.import_module("cvat_aws.__main__")
            self._settings = importlib.import_module("cvat_aws.overlay")
            self._demo = importlib.import_module("cvat_aws.demo")
            self._commands = importlib.import_module("cvat_aws.commands")
            self._metrics = importlib.import_module("cvat_aws.queue_metrics")
            self._problem = importlib.import_module("cvat_aws.environment").UnusableError
        modules = {path.stem: _read(path) for path in sorted((self._folder / "cvat_aws").glob("*.py"))}
        self._known = [pattern for names in modules.values() for pattern in names.read]
        self._first = modules["initialise"].required
        self._folders = modules["demo"].folders

    def knows(self, variable: str) -> bool:
        """Whether anything in the image reads this variable."""
        own = variable in CVATS_OWN or LIBPQ.fullmatch(variable) or AWS.fullmatch(variable)
        return bool(own) or any(re.fullmatch(pattern, variable) for pattern in self._known)

    def problems(self, command: list[str], environment: Mapping[str, str]) -> list[str]:
        """What the image would say of a command and its environment before it starts; nothing if all is well."""
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said):
                chosen = self._entry.parser().parse_args(command)
        except SystemExit:
            return [f"its command {' '.join(command)!r} is refused: {said.getvalue().strip().splitlines()[-1]}"]
        try:
            self._check(chosen.command, environment)
        except self._problem as problem:
            return str(problem).splitlines()
        return self._lacking(environment) if chosen.command == "init" else []

    def folders(self, command: list[str]) -> list[str]:
        """Folders that a command writes to outside its own file system: those that `copy-demo` names."""
        return self._folders if command[:1] == ["copy-demo"] else []

    def _check(self, command: str, environment: Mapping[str, str]) -> None:
        if command == "copy-demo":
            self._demo.source(environment)
            return
        if command == "queue-metrics":
            self._metrics.settings(environment)
            return
        self._settings.overlay(environment, BASE)
        if command == "web":
            self._commands.web_arguments(environment)

    def _lacking(self, environment: Mapping[str, str]) -> list[str]:
        """`init` reads the administrator's name and password after Django has started: told by its source."""
        return [
            f"{name} is not set. Set it in the task definition." for name in self._first if not environment.get(name)
        ]


class _Names:
    """Variables that a module reads, as regular expressions, those that it cannot do without, and default folders."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.required: list[str] = []
        self.folders: list[str] = []


def _read(path: Path) -> _Names:
    names = _Names()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            pattern = _pattern(node.args[0]) if node.func.attr in READING else ""
            if pattern:
                names.read.append(pattern)
                names.required += [pattern] if node.func.attr == "required" else []
                names.folders += [
                    one.value
                    for one in node.args[1:]
                    if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value.startswith("/home/")
                ]
    return names


def _pattern(argument: ast.expr) -> str:
    """A variable's name; where a part of it is computed, anything in its place."""
    parts: list[Any] = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
    text = "".join(
        re.escape(part.value) if isinstance(part, ast.Constant) and isinstance(part.value, str) else "[A-Z]+"
        for part in parts
    )
    return text if re.match(r"[A-Z][A-Z0-9]*_", text) else ""


class GatewaySettings:
    """The gateway's settings: a pydantic model whose aliases are the variables' names."""

    def __init__(self, project: Path) -> None:
        with importing(project / GATEWAY, "gateway"):
            self._module: ModuleType = importlib.import_module("gateway.settings")
            self._problem = importlib.import_module("gateway.errors").ConfigError

    def knows(self, variable: str) -> bool:
        """Whether the gateway reads this variable."""
        fields = self._module.Settings.model_fields.values()
        names = {name for field in fields for name in (field.alias, *_choices(field.validation_alias)) if name}
        return variable in names or bool(AWS.fullmatch(variable))

    def problems(self, environment: Mapping[str, str]) -> list[str]:
        """What the gateway would say before it starts."""
        try:
            self._module.Settings.from_environ(environment)
        except self._problem as problem:
            return str(problem).splitlines()
        return []


def _choices(alias: Any) -> list[str]:
    return list(getattr(alias, "choices", ()))


class ModelSettings:
    """The model containers' settings."""

    def __init__(self, project: Path) -> None:
        with importing(project / MODELS, "models"):
            self._module = importlib.import_module("models.settings")
            self._problem = importlib.import_module("models.errors").ModelError

    def problems(self, environment: Mapping[str, str]) -> list[str]:
        """What a model container would say before it starts."""
        try:
            self._module.read_settings(environment)
        except self._problem as problem:
            return [str(problem)]
        return []
