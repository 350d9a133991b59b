"""Secrets Manager."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import SecretsManagerBackend

from rehearsal.aws.moto_patches.patch import Client, before, moto_patch, refusal


def _refuses_values_of_deleted_secrets(client: Client) -> bool:
    secrets, name = client("secretsmanager"), {"SecretId": "s"}
    secrets.create_secret(Name="s", SecretString="1")
    secrets.delete_secret(**name, RecoveryWindowInDays=7)
    refusals = (
        refusal(secrets.put_secret_value, **name, SecretString="2"),
        refusal(secrets.create_secret, Name="s", SecretString="2"),
    )
    secrets.restore_secret(**name)
    return (*refusals, refusal(secrets.put_secret_value, **name, SecretString="2")) == (
        "InvalidRequestException",
        "InvalidRequestException",
        "",
    )


@moto_patch(_refuses_values_of_deleted_secrets)
def secrets_that_await_deletion(stack: ExitStack) -> None:
    """moto gives a secret that is scheduled for deletion a new value, and says of its name only that it exists.

    API reference, PutSecretValue and CreateSecret: InvalidRequestException.
    """

    def put(self: Any, secret_id: str, *_: Any, **__: Any) -> None:
        if self._is_valid_identifier(secret_id) and self.secrets[secret_id].is_deleted():
            text = "You can't perform this operation on the secret because it was marked for deletion."
            raise InvalidRequestException(text)

    def create(self: Any, name: str, *_: Any, **__: Any) -> None:
        if self._is_valid_identifier(name) and self.secrets[name].is_deleted():
            text = "You can't create this secret because a secret with this name is already scheduled for deletion."
            raise InvalidRequestException(text)

    before(stack, SecretsManagerBackend, "put_secret_value", put)
    before(stack, SecretsManagerBackend, "create_secret", create)
