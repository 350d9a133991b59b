"""serverless/gateway/environment.json says what the gateway reads and refuses; here it is held against its settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gateway
import pytest
from gateway.errors import ConfigError
from gateway.settings import Settings

from rehearsal.checks.image_environment import ImageEnvironment

DECLARATION = json.loads((Path(gateway.__file__).parent.parent / "environment.json").read_text(encoding="utf-8"))
DECLARED = ImageEnvironment(DECLARATION)

REFUSED = {
    "SERVERLESS_SAGEMAKER_ENDPOINT": ["two words"],
    "SERVERLESS_ENDPOINTS": [
        "{nonsense",
        "[]",
        '{"f": {}}',
        '{"f": {"endpoint": "e", "other": 1}}',
        '{"f": {"endpoint": "a b"}}',
    ],
    "BACKEND": ["nuclio"],
    "PORT": ["many", "65536"],
    "LOG_LEVEL": ["LOUD"],
    "REQUEST_TIMEOUT_S": ["0", "3601"],
    "SHUTDOWN_DELAY_S": ["-1", "101"],
    "MAX_PAYLOAD_BYTES": ["1023"],
    "MAX_IN_FLIGHT_BYTES": ["1024"],
    "CVAT_VERSION": ["newest"],
}
"""By variable: values that must be refused."""

ACCEPTED = {
    "SERVERLESS_SAGEMAKER_ENDPOINT": ["inference"],
    "SERVERLESS_ENDPOINTS": ['{"f": {"endpoint": "e"}}', '{"f": {"endpoint": "e", "container": "c"}}'],
    "BACKEND": ["echo"],
    "PORT": ["0", "8070"],
    "REQUEST_TIMEOUT_S": ["115.5"],
    "SHUTDOWN_DELAY_S": ["0", "15"],
    "CVAT_VERSION": ["auto", "2.4"],
}


def accepts(variable: str, value: str) -> bool:
    try:
        Settings.from_environ({variable: value})
    except ConfigError as error:
        assert variable.lower() in str(error).lower()
        return False
    return True


def test_declared_are_the_settings_and_no_others() -> None:
    assert set(DECLARATION["properties"]) == {str(field.alias) for field in Settings.model_fields.values()}


def pairs(table: dict[str, list[str]]) -> list[Any]:
    return [(variable, value) for variable, values in table.items() for value in values]


@pytest.mark.parametrize(("variable", "value"), pairs(REFUSED))
def test_declaration_and_settings_refuse(variable: str, value: str) -> None:
    (problem,) = DECLARED.problems([], {variable: value})
    assert problem.startswith(f"{variable} is refused by the gateway: it must be ")
    assert not accepts(variable, value)


@pytest.mark.parametrize(("variable", "value"), pairs(ACCEPTED))
def test_declaration_and_settings_accept(variable: str, value: str) -> None:
    assert not list(DECLARED.problems([], {variable: value}))
    assert accepts(variable, value)
