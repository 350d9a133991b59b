"""serverless/models/environment.json says what a container reads and refuses; here it is held against its code."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import models
import pytest
from models.errors import ModelError
from models.settings import read_settings

from rehearsal.checks.image_environment import ImageEnvironment

PACKAGE = Path(models.__file__).parent
DECLARATION = json.loads((PACKAGE.parent / "environment.json").read_text(encoding="utf-8"))
DECLARED = ImageEnvironment(DECLARATION)


def test_declared_are_the_variables_that_the_settings_read_and_no_others() -> None:
    tree = ast.parse((PACKAGE / "settings.py").read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    levels = {"INFO", "DEBUG", "WARNING", "ERROR"}
    assert set(DECLARATION["properties"]) == {text for text in texts if text.isupper() and text.isascii()} - levels


@pytest.mark.parametrize(
    ("variable", "value"),
    [("MODEL_CONTAINERS", "many"), ("MODEL_CONTAINERS", "16"), ("SAGEMAKER_BIND_TO_PORT", "0"), ("LOG_LEVEL", "LOUD")],
)
def test_declaration_and_settings_refuse(variable: str, value: str) -> None:
    (problem,) = DECLARED.problems([], {variable: value})
    assert problem.startswith(f"{variable} is refused")
    with pytest.raises(ModelError, match=variable):
        read_settings({variable: value})


@pytest.mark.parametrize(("variable", "value"), [("MODEL_CONTAINERS", "15"), ("LOG_LEVEL", "DEBUG"), ("FUNCTION", "f")])
def test_declaration_and_settings_accept(variable: str, value: str) -> None:
    assert not list(DECLARED.problems([], {variable: value}))
    read_settings({variable: value})
