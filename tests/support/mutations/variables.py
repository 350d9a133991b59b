"""Mutations of what containers are given in their environment."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from rehearsal import Rehearsal
from rehearsal.checks import environment, gateway_calls
from tests.support.mutations.table import container, noticed_by, redefine, remodel, tell

SERVER = "Task definition cvat-server, container server: "


@noticed_by(environment.variables, SERVER, "CVAT_POSTGRES_HOST is not set")
def the_server_lacks_a_variable_that_it_requires(on: Rehearsal, undo: ExitStack) -> None:
    tell(on, undo, "cvat-server", CVAT_POSTGRES_HOST=None)


@noticed_by(environment.variables, SERVER, "CVAT_POSTGRES_HOTS is given, but CVAT's image does not read it")
def the_server_is_given_a_misspelt_variable(on: Rehearsal, undo: ExitStack) -> None:
    tell(on, undo, "cvat-server", CVAT_POSTGRES_HOTS="db")


@noticed_by(environment.variables, SERVER, "CVAT_REDIS_SSL")
def the_server_is_given_a_value_that_its_image_refuses(on: Rehearsal, undo: ExitStack) -> None:
    tell(on, undo, "cvat-server", CVAT_REDIS_SSL="perhaps")


@noticed_by(environment.variables, SERVER, "is given twice, plainly and as a secret")
def a_variable_is_given_twice(on: Rehearsal, undo: ExitStack) -> None:
    tell(on, undo, "cvat-server", CVAT_POSTGRES_PASSWORD="x")


@noticed_by(environment.variables, SERVER, "CVAT_BASE_URL shows the value of the secret CVAT_REDIS_PASSWORD")
def a_plain_variable_shows_a_secret(on: Rehearsal, undo: ExitStack) -> None:
    client = on.client("secretsmanager")
    (arn,) = [
        secret["ARN"] for secret in client.list_secrets()["SecretList"] if secret["Name"].startswith("data-redis-")
    ]
    text = client.get_secret_value(SecretId=arn)["SecretString"]
    tell(on, undo, "cvat-server", CVAT_BASE_URL=f"http://{text.split(chr(34))[3]}@host")


@noticed_by(environment.variables, "container worker: its command 'worker nothing' is refused")
def a_worker_serves_a_queue_that_does_not_exist(on: Rehearsal, undo: ExitStack) -> None:
    container(on, undo, "cvat-worker", command=["worker", "nothing"])


@noticed_by(environment.variables, "container init: ", "DJANGO_SUPERUSER_PASSWORD is not set")
def the_init_task_lacks_the_administrators_password(on: Rehearsal, undo: ExitStack) -> None:
    def without(definition: dict[str, Any]) -> None:
        first = definition["containerDefinitions"][0]
        first["secrets"] = [secret for secret in first["secrets"] if secret["name"] != "DJANGO_SUPERUSER_PASSWORD"]

    redefine(on, undo, "init", without)


@noticed_by(environment.variables, "container copy-demo: ", "which is not mounted for writing: add the mount point.")
def the_demo_is_copied_to_a_folder_that_is_lost_with_its_task(on: Rehearsal, undo: ExitStack) -> None:
    redefine(on, undo, "init", lambda definition: definition["containerDefinitions"][1]["mountPoints"].pop())


@noticed_by(environment.variables, "container gateway: ", "SERVERLESS_ENDPOINTS")
@noticed_by(gateway_calls.answered, "container gateway: ")
def the_gateway_receives_nonsense(on: Rehearsal, undo: ExitStack) -> None:
    tell(on, undo, "cvat-gateway", SERVERLESS_ENDPOINTS="{nonsense")


@noticed_by(environment.variables, "container gateway: SERVERLES_LIMIT is given, but the gateway does not read it")
def the_gateway_is_given_a_misspelt_variable(on: Rehearsal, undo: ExitStack) -> None:
    tell(on, undo, "cvat-gateway", SERVERLES_LIMIT="1")


@noticed_by(environment.variables, "container ui: CVAT_BASE_URL is given, but the UI's nginx does not read it")
def the_ui_is_given_a_variable(on: Rehearsal, undo: ExitStack) -> None:
    tell(on, undo, "cvat-ui", CVAT_BASE_URL="http://host")


@noticed_by(environment.variables, "container worker: it runs ", "which variables that reads is not declared")
def a_worker_runs_an_unknown_image(on: Rehearsal, undo: ExitStack) -> None:
    container(on, undo, "cvat-worker", image="busybox")


@noticed_by(environment.variables, "Model inference, pth-faster-rcnn: ", "MODEL_CONTAINERS")
def a_model_container_is_given_a_value_that_it_refuses(on: Rehearsal, undo: ExitStack) -> None:
    def refuse(model: dict[str, Any]) -> None:
        (container,) = [
            container for container in model["Containers"] if container["ContainerHostname"] == "pth-faster-rcnn"
        ]
        container["Environment"]["MODEL_CONTAINERS"] = "many"

    remodel(on, undo, refuse)
