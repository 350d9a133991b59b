"""SageMaker's container contract, on the real process."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from models.errors import ModelError
from models.examples import example_body
from models.settings import read_settings

from tests.support.models.model_process import (
    IOG,
    PROGRAM,
    RCNN,
    TENSORFLOW,
    ModelProcess,
    running,
    start,
    wait_until_ready,
)


@pytest.fixture
def server(unpacked: dict[str, Path]) -> Iterator[ModelProcess]:
    with running(unpacked[IOG]) as process:
        yield process


def test_ping_names_the_function_that_is_loaded(server: ModelProcess) -> None:
    answer = server.send(b"", "/ping", "GET")
    assert (answer.status, answer.body) == (200, {"function": IOG})


def test_ping_is_never_200_before_the_model_is_loaded(unpacked: dict[str, Path]) -> None:
    server = start(unpacked[TENSORFLOW])
    try:
        statuses: set[int] = set()
        deadline = time.monotonic() + 30
        while 200 not in statuses and time.monotonic() < deadline:
            try:
                statuses.add(server.send(b"", "/ping", "GET").status)
            except ConnectionError:
                continue
            if 200 in statuses:
                assert server.send(orjson.dumps(example_body("detector"))).status == 200
        assert statuses <= {200, 503}
        assert 200 in statuses, "it never became ready"
    finally:
        server.end()


def test_sigterm_ends_the_process_with_code_0_after_the_request_in_work(server: ModelProcess) -> None:
    answers: list[int] = []
    raw = orjson.dumps(example_body("interactor", (5000, 4000)))

    def call() -> None:
        answers.append(server.send(raw).status)

    thread = threading.Thread(target=call)
    thread.start()
    time.sleep(0.15)
    assert server.stop() == 0
    thread.join()
    assert answers == [200], "a request that was accepted is answered"


def test_other_paths_and_methods_are_refused_in_json(server: ModelProcess) -> None:
    assert server.send(b"{}", "/nothing").status == 404
    answer = server.send(b"", "/invocations", "GET")
    assert answer.status == 405
    assert "POST /invocations" in answer.body["error"]


def test_an_archive_of_another_function_is_not_served(unpacked: dict[str, Path]) -> None:
    with (
        pytest.raises(AssertionError, match=f"FUNCTION is '{RCNN}', but the archive .* is of '{IOG}'"),
        running(unpacked[IOG], {"FUNCTION": RCNN}),
    ):
        pass


def test_a_folder_without_an_archive_ends_the_process_with_code_1_and_a_sentence(tmp_path: Path) -> None:
    server = start(tmp_path)
    try:
        assert server.process.wait(timeout=30) == 1
        assert "function.yaml does not exist" in server.logged()
        assert "Traceback" not in server.logged()
    finally:
        server.end()


def test_cores_are_divided_among_the_containers_of_an_instance() -> None:
    assert [read_settings({"MODEL_CONTAINERS": str(n)}, cores=8).threads for n in (1, 3, 5, 15)] == [
        8,
        2,
        1,
        1,
    ]
    assert read_settings({}, cores=8).port == 8080
    assert read_settings({"SAGEMAKER_BIND_TO_PORT": "9000"}, cores=8).port == 9000


def test_every_wrong_variable_is_named_at_once() -> None:
    with pytest.raises(ModelError) as caught:
        read_settings({"SAGEMAKER_BIND_TO_PORT": "http", "MODEL_CONTAINERS": "0", "LOG_LEVEL": "loud"}, cores=8)
    for part in ("SAGEMAKER_BIND_TO_PORT is 'http'", "MODEL_CONTAINERS is '0'", "LOG_LEVEL is 'LOUD'"):
        assert part in str(caught.value)


def test_the_port_that_is_taken_ends_the_process_with_a_sentence(
    unpacked: dict[str, Path], server: ModelProcess
) -> None:
    second = start(unpacked[IOG], {"SAGEMAKER_BIND_TO_PORT": str(server.port)})
    try:
        assert second.process.wait(timeout=30) == 1
        assert "address already in use" in second.logged()
        assert "Traceback" not in second.logged()
    finally:
        second.end()


def test_the_image_carries_the_label_that_endpoints_of_several_containers_ask_for() -> None:
    text = (PROGRAM / "Dockerfile").read_text()
    assert "LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true" in text
    assert 'CMD ["serve"]' in text


def test_the_lock_file_pins_what_the_requirements_name() -> None:
    named = {line for line in (PROGRAM / "requirements.txt").read_text().lower().split() if "==" in line}
    locked = set((PROGRAM / "requirements.lock").read_text().split())
    assert named <= locked, f"run pip-compile: {named - locked} are not in requirements.lock"


def test_the_server_does_not_wait_for_clients_that_are_not_ready(unpacked: dict[str, Path]) -> None:
    server = start(unpacked[IOG])
    try:
        wait_until_ready(server)
        assert "ready after" in server.logged()
    finally:
        server.end()
