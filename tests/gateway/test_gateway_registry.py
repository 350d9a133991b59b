"""The registry and the settings: what is wrong is named with its file or variable, its value and the rule."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from gateway.errors import ConfigError
from gateway.registry import Function, read_functions
from gateway.server import serve
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
        ({"type": "dragon"}, "one.yaml: metadata.annotations.type: 'dragon' is not one of ['detector', "),
        ({"type": None}, "one.yaml: metadata.annotations.type: None is not one of"),
        ({"spec": "[{"}, "one.yaml: metadata.annotations.spec is not JSON: "),
        ({"spec": '{"name":"a"}'}, "one.yaml: metadata.annotations.spec: {'name': 'a'} is not of type 'array'"),
        ({"spec": '[{"name":"a"},{"name":"a"}]'}, "names must be unique, and these are not: a"),
        ({"spec": '[{"id":1}]'}, "one.yaml: metadata.annotations.spec.0: 'name' is a required property"),
        (
            {"spec": '[{"name":"a","attributes":[{"name":"b","values":[]}]}]'},
            "one.yaml: metadata.annotations.spec.0.attributes.0: 'input_type' is a required property",
        ),
        (
            {
                "spec": '[{"name":"a","attributes":[{"name":"b","input_type":"text","values":[]}]}]'.replace(
                    "}]}]", '},{"name":"b","input_type":"text","values":[]}]}]'
                )
            },
            "one.yaml: metadata.annotations.spec.0.attributes: names must be unique, and these are not: b",
        ),
        (
            {"spec": '[{"name":"a","type":"skeleton","svg":"<circle/>"}]'},
            "one.yaml: metadata.annotations.spec.0: 'sublabels' is a required property",
        ),
        (
            {"spec": '[{"name":"a","type":"skeleton","sublabels":[{"name":"b"}]}]'},
            "one.yaml: metadata.annotations.spec.0: 'svg' is a required property",
        ),
        ({"min_pos_points": "few"}, "one.yaml: metadata.annotations.min_pos_points: 'few' does not match"),
        ({"supported_shape_types": "square"}, "one.yaml: metadata.annotations.supported_shape_types: 'square'"),
    ],
)
def test_a_bad_file_names_itself_the_key_and_the_rule(tmp_path: Path, annotations: Any, error: str) -> None:
    write(tmp_path, **annotations)
    with pytest.raises(ConfigError) as raised:
        load(environ(tmp_path))
    assert error in str(raised.value)


@pytest.mark.parametrize("name", ["_a", "a_", "-a", ".a", "a" * 64, "a b", "\u00e9", "a/b"])
def test_a_name_that_sagemaker_or_cvat_would_refuse_is_refused(tmp_path: Path, name: str) -> None:
    document = {"metadata": {"name": name, "annotations": {"type": "reid"}}}
    (tmp_path / "one.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(ConfigError, match=r"one\.yaml: metadata\.name: .* does not match"):
        load(environ(tmp_path))


def test_every_name_that_is_taken_makes_a_host_name_of_sagemaker(tmp_path: Path) -> None:
    for name in ("a", "a" * 63, "a.b_c-d", "a..__--b", "0_" + "x" * 60 + "9"):
        write(tmp_path, name)
        target = environ(tmp_path).target(name)  # pydantic checks it against SageMaker's rule
        assert target and target.container
        assert name in load(environ(tmp_path))


def test_two_names_of_one_container_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.b")
    write(tmp_path, "a-b")
    with pytest.raises(ConfigError, match=r"a-b\.yaml and a\.b\.yaml: both would be container a-b: rename one"):
        load(environ(tmp_path))


def test_a_file_with_the_other_suffix_is_not_ignored(tmp_path: Path) -> None:
    write(tmp_path, "one")
    (tmp_path / "one.yaml").rename(tmp_path / "one.yml")
    with pytest.raises(ConfigError, match=r"one\.yml: metadata\.name asks for the file name one\.yaml"):
        load(environ(tmp_path))


NO_FUNCTIONS = ["", "[]", "a: 1", "metadata: 5", "metadata: {name: x}", "metadata: {name: x, annotations: []}"]


@pytest.mark.parametrize("text", NO_FUNCTIONS)
def test_a_file_that_is_no_function_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"x\.yaml: (the file|metadata)"):
        load(environ(tmp_path))


def test_flags_of_later_versions_are_sent_only_if_they_are_true(tmp_path: Path) -> None:
    write(tmp_path, "one", type="interactor", startswith_box=True, startswith_box_optional=False)
    write(tmp_path, "two", type="tracker", supported_shape_types="rectangle,polygon")
    functions = load(environ(tmp_path))
    assert functions["one"].item["metadata"]["annotations"]["startswith_box"] == "true"
    assert "startswith_box_optional" not in functions["one"].item["metadata"]["annotations"]
    assert functions["two"].item["metadata"]["annotations"]["supported_shape_types"] == "rectangle,polygon"


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


def test_one_port_for_both_kinds_of_calls_is_a_mistake(tmp_path: Path) -> None:
    write(tmp_path, "here")
    batch = {"driver": "asynchronous", "folder": "s3://bucket/batch", "config": "c"}
    own = json.dumps({"here": {"endpoint": "e", "batch": batch}})
    settings = environ(tmp_path, SERVERLESS_ENDPOINTS=own, AWS_REGION="cn-north-1", PORT="8071")
    with pytest.raises(ConfigError, match=r"PORT and BATCH_PORT are both 8071: .* Set BATCH_PORT to another"):
        asyncio.run(serve(settings))


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
