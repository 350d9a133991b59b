"""The registry and the settings: what is wrong is named with its file or variable, its value and the rule."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from gateway.errors import ConfigError
from gateway.registry import Function, read_functions
from gateway.settings import Settings, deployed

from tests.support.gateway.cvat_clients import CLIENTS
from tests.support.gateway.serving import REGISTRY

# The keys of one of CVAT's own files, of which most are Nuclio's alone.
DROPPED_IN = """
metadata:
  name: openvino.some-face_model
  namespace: cvat
  annotations:
    name: Faces
    type: detector
    framework: openvino
    spec: |
      [
        { "id": 0, "name": "face", "type": "rectangle", "attributes": [
          { "name": "age", "input_type": "number", "values": ["0", "150", "1"] },
          { "name": "gender", "input_type": "select", "values": ["female", "male"] } ] }
      ]
spec:
  description: Finds faces
  runtime: 'python:3.6'
  handler: main:handler
  eventTimeout: 30s
  triggers: {myHttpTrigger: {maxWorkers: 2, kind: http}}
"""


def environ(folder: Path, **own: str) -> Settings:
    return Settings.from_environ({"FUNCTIONS_DIR": str(folder), "SERVERLESS_SAGEMAKER_ENDPOINT": "shared", **own})


def load(settings: Settings) -> dict[str, Function]:
    return deployed(read_functions(settings.functions_dir), settings)


def write(folder: Path, name: str = "one", **annotations: Any) -> None:
    document = {"metadata": {"name": name, "annotations": {"type": "detector", **annotations}}}
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(document))


def test_this_repositorys_functions_are_read_by_every_version() -> None:
    functions = load(environ(REGISTRY))
    assert len(functions) == 5
    for client in CLIENTS:
        assert {client.parse(function.item)["kind"] for function in functions.values()} == {
            "detector",
            "interactor",
            "reid",
            "tracker",
        }


def test_one_of_cvats_own_files_can_be_dropped_in(tmp_path: Path) -> None:
    (tmp_path / "openvino.some-face_model.yaml").write_text(DROPPED_IN)
    settings = environ(tmp_path)
    function = load(settings)["openvino.some-face_model"]
    target = settings.target(function.name)
    assert target and target.container == "openvino-some-face-model"
    for client in CLIENTS:
        assert client.parse(function.item)["labels"] == ["face"]


@pytest.mark.parametrize("value", [False, "false", "False", "no", "", None, 0])
def test_what_is_false_is_left_out(tmp_path: Path, value: Any) -> None:
    write(tmp_path, startswith_box=value)
    item = load(environ(tmp_path))["one"].item
    assert "startswith_box" not in item["metadata"]["annotations"], "bool('false') is true to CVAT"


@pytest.mark.parametrize(
    ("annotations", "error"),
    [
        ({"type": "dragon"}, "one.yaml: metadata.annotations.type is 'dragon': Input should be 'detector', "),
        ({"spec": "[{"}, "one.yaml: metadata.annotations.spec is '[{': Invalid JSON: EOF while parsing"),
        ({"spec": '[{"name":"a"},{"name":"a"}]'}, "names must be unique, and these are not: a"),
        ({"spec": '[{"id":1}]'}, "one.yaml: metadata.annotations.spec.0.name is {'id': 1}: Field required"),
        (
            {"spec": '[{"name":"a","attributes":[{"name":"b","values":[]}]}]'},
            "metadata.annotations.spec.0.attributes.0.input_type",
        ),
        (
            {"min_pos_points": "few"},
            "one.yaml: metadata.annotations.min_pos_points is 'few': Input should be a valid int",
        ),
    ],
)
def test_a_bad_file_names_itself_the_key_and_the_rule(tmp_path: Path, annotations: Any, error: str) -> None:
    write(tmp_path, **annotations)
    with pytest.raises(ConfigError) as raised:
        load(environ(tmp_path))
    assert error in str(raised.value)


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    write(tmp_path, "good")
    write(tmp_path, "bad", type="x")
    (tmp_path / "worse.yaml").write_text("a: [")
    (tmp_path / "other.yaml").write_text((tmp_path / "good.yaml").read_text())
    with pytest.raises(ConfigError) as raised:
        load(environ(tmp_path))
    lines = str(raised.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["bad.yaml", "other.yaml", "worse.yaml is no YAML file"]
    assert "asks for the file name good.yaml" in lines[1]


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"FUNCTIONS_DIR is '.*': no \*.yaml is there"):
        load(environ(tmp_path))


def test_only_functions_with_an_endpoint_are_listed(tmp_path: Path) -> None:
    write(tmp_path, "here")
    write(tmp_path, "nowhere")
    own = '{"here": {"endpoint": "e", "container": "c"}}'
    settings = environ(tmp_path, SERVERLESS_SAGEMAKER_ENDPOINT="", SERVERLESS_ENDPOINTS=own)
    assert list(load(settings)) == ["here"]
    echo = environ(tmp_path, SERVERLESS_SAGEMAKER_ENDPOINT="", BACKEND="echo")
    assert list(load(echo)) == ["here", "nowhere"], "an echo needs no endpoint"


def test_an_endpoint_for_an_unknown_function_is_a_mistake(tmp_path: Path) -> None:
    write(tmp_path, "here")
    with pytest.raises(ConfigError, match="SERVERLESS_ENDPOINTS names there: add a file"):
        load(environ(tmp_path, SERVERLESS_ENDPOINTS='{"there": {"endpoint": "e"}}'))


def test_wrong_settings_are_named_together_with_their_values() -> None:
    wrong = {
        "PORT": "eighty",
        "LOG_LEVEL": "LOUD",
        "MAX_PAYLOAD_BYTES": "1",
        "SERVERLESS_ENDPOINTS": '{"f": {"endpoint": "under_score"}}',
        "CVAT_VERSION": "new",
    }
    with pytest.raises(ConfigError) as raised:
        Settings.from_environ(wrong)
    for name, value in wrong.items():
        text = "under_score" if name == "SERVERLESS_ENDPOINTS" else value
        assert any(name in line and text in line for line in str(raised.value).splitlines()), name


def test_settings_have_the_documented_defaults() -> None:
    settings = Settings.from_environ({"SERVERLESS_ENDPOINTS": "", "CVAT_VERSION": "auto"})
    assert (settings.port, settings.max_payload_bytes, settings.request_timeout_s) == (8070, 6_291_456, 115.0)
    assert (settings.serverless_endpoints, settings.cvat_version) == ({}, None)
    assert Settings.from_environ({"CVAT_VERSION": "2.3"}).cvat_version == (2, 3)
