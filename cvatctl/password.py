"""The administrator's password, from Secrets Manager and to nowhere but where it is asked for."""

from __future__ import annotations

import json

from cvatctl.clients import Clients
from cvatctl.errors import ProblemError
from cvatctl.outputs import Outputs


def administrator(outputs: Outputs, clients: Clients) -> tuple[str, str]:
    """Name and password of CVAT's administrator."""
    answer = clients("secretsmanager").get_secret_value(SecretId=outputs.admin_secret_arn)
    try:
        content = json.loads(answer["SecretString"])
        return str(content["username"]), str(content["password"])
    except (KeyError, TypeError, ValueError):
        # Without `from`: the error's text would show the secret.
        raise ProblemError(
            f"The secret {outputs.admin_secret_arn} is not a JSON object with username and password. "
            "Somebody changed it; bring back its earlier version in Secrets Manager."
        ) from None
