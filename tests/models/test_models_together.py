"""Several functions in one container: chosen by the call, loaded when called, let go when memory is short."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from models.errors import ModelError, RequestError, UnknownFunctionError
from models.examples import example_body
from models.service import Service, load_service
from models.together import Functions, folders_of, memory_budget

from tests.support.models.model_process import IOG, RCNN, REID, TENSORFLOW, ModelProcess, running, unpack

MIB = 1024**2
TOGETHER = (RCNN, REID, TENSORFLOW)
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


@pytest.fixture(scope="module")
def model_dir(archives: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of several functions, as SageMaker unpacks it."""
    folder = tmp_path_factory.mktemp("together")
    for name in TOGETHER:
        unpack(archives / f"{name}.tar.gz", folder / name)
    return folder


@pytest.fixture(scope="module")
def server(model_dir: Path) -> Iterator[ModelProcess]:
    with running(model_dir) as process:
        yield process


def call(server: ModelProcess, name: str, kind: str) -> tuple[int, object]:
    raw = orjson.dumps(example_body(kind))
    answer = server.send(raw, headers={ATTRIBUTES: f"request-id=1234,function={name}"})
    return answer.status, answer.body


def test_the_call_says_which_function_answers(server: ModelProcess) -> None:
    assert server.send(b"", "/ping", "GET").body == {"function": ", ".join(sorted(TOGETHER))}
    assert call(server, REID, "reid") == (200, [0])
    status, detections = call(server, RCNN, "detector")
    assert (status, isinstance(detections, list)) == (200, True)
    assert call(server, TENSORFLOW, "detector")[0] == 200


def test_nothing_is_loaded_before_it_is_called(model_dir: Path) -> None:
    with running(model_dir) as server:
        assert "loaded function" not in server.logged(), "a start from zero must not load what nobody asks for"
        call(server, REID, "reid")
        call(server, REID, "reid")
        assert server.logged().count("loaded function") == 1


def test_a_function_of_another_container_is_refused_by_name(server: ModelProcess) -> None:
    status, body = call(server, IOG, "interactor")
    assert (status, body) == (
        404,
        {"error": f"function {IOG} is not in this container; it has {', '.join(sorted(TOGETHER))}"},
    )
    answer = server.send(orjson.dumps(example_body("detector")))
    assert answer.status == 400
    assert "name one in the header X-Amzn-SageMaker-Custom-Attributes" in answer.body["error"]


def test_a_container_of_one_function_needs_no_name_and_refuses_another(unpacked: dict[str, Path]) -> None:
    with running(unpacked[REID], {"FUNCTION": REID}) as server:
        assert server.call(example_body("reid")) == [0]
        assert call(server, REID, "reid") == (200, [0])
        assert call(server, RCNN, "detector")[0] == 404, "a call that went astray is no call of this function"


def test_an_archive_in_the_folder_of_another_function_ends_the_start(archives: Path, tmp_path: Path) -> None:
    unpack(archives / f"{REID}.tar.gz", tmp_path / RCNN)
    with pytest.raises(ModelError, match=f"{RCNN} holds the archive of '{REID}'"):
        folders_of(tmp_path)


class Weighed:
    """Functions whose networks take so many MiB each, in a process that has 100 without them."""

    def __init__(self, model_dir: Path, budget: int, sizes: dict[str, int]) -> None:
        self.sizes, self.loads = sizes, [""]
        self.broken: set[str] = set()
        self.functions = Functions(folders_of(model_dir), self.load, budget * MIB, self.in_use)
        self._model_dir = model_dir

    def load(self, name: str) -> Service:
        if name in self.broken and self.functions.loaded:
            raise ModelError("out of memory")
        self.loads.append(name)
        return load_service(self._model_dir / name, 1, name)

    def in_use(self) -> int:
        loaded = self.functions.loaded
        now = [*loaded, self.loads[-1]] if self.loads[-1] and self.loads[-1] not in loaded else loaded
        return (100 + sum(self.sizes[name] for name in now)) * MIB


def test_the_least_recently_used_is_let_go_when_memory_is_short(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.together.GUESSED_BUFFERS", 0)  # the samples are small, and their sizes made up
    weighed = Weighed(model_dir, 100 + 250, dict.fromkeys(TOGETHER, 100))
    functions = weighed.functions
    for name in (RCNN, REID, RCNN, TENSORFLOW):
        functions.service(name)
    assert functions.loaded == [RCNN, TENSORFLOW], "the re-identification was used longest ago"
    assert weighed.loads[1:] == [RCNN, REID, TENSORFLOW], "what is loaded is not loaded again"
    functions.service(REID)
    assert functions.loaded == [TENSORFLOW, REID]
    assert weighed.in_use() <= 350 * MIB


def test_one_function_is_served_whatever_it_takes(model_dir: Path) -> None:
    weighed = Weighed(model_dir, 150, {RCNN: 400, REID: 10, TENSORFLOW: 10})
    assert weighed.functions.service(RCNN).function.name == RCNN, "a small instance is slow, and no failure"
    weighed.functions.service(REID)
    assert weighed.functions.loaded == [REID], "and makes room for the next"


def test_what_does_not_fit_beside_others_is_loaded_alone(model_dir: Path) -> None:
    weighed = Weighed(model_dir, 10_000, dict.fromkeys(TOGETHER, 1))
    weighed.broken = {TENSORFLOW}
    weighed.functions.service(RCNN)
    weighed.functions.service(TENSORFLOW)
    assert weighed.functions.loaded == [TENSORFLOW], "a GPU says that its memory is full by failing"


def test_a_broken_archive_fails_alone_and_is_not_loaded_again(model_dir: Path, archives: Path, tmp_path: Path) -> None:
    for name in (REID, RCNN):
        unpack(archives / f"{name}.tar.gz", tmp_path / name)
    next((tmp_path / RCNN).glob("*.onnx")).write_bytes(b"no network")
    with running(tmp_path) as server:
        statuses = [call(server, name, kind)[0] for name, kind in ((REID, "reid"), (RCNN, "detector"))]
        assert [*statuses, call(server, REID, "reid")[0], call(server, RCNN, "detector")[0]] == [200, 500, 200, 500]
        assert server.logged().count("does not load beside") == 1, "it does not push the other out again and again"


def test_the_budget_is_a_part_of_the_containers_memory() -> None:
    assert 0 < memory_budget(2) < memory_budget(1) < 2**50


def test_a_name_is_needed_where_there_are_several(model_dir: Path) -> None:
    functions = Weighed(model_dir, 1000, dict.fromkeys(TOGETHER, 1)).functions
    with pytest.raises(RequestError, match="name one in the header"):
        functions.service(None)
    with pytest.raises(UnknownFunctionError):
        functions.service("x" * 500)
