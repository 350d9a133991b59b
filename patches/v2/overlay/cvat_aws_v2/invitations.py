"""Invitations to an organisation, of people who have no account yet: CVAT makes one at once, and sends a mail.

Where accounts are made by administrators, or by a directory, the mail would lead to a registration that is refused.
Where the mail cannot be sent, the account and the membership would stay, and a second invitation be refused for them.
"""

from __future__ import annotations

from typing import Any

from cvat.apps.organizations.serializers import InvitationWriteSerializer
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from rest_framework.exceptions import ValidationError

CLOSED = (
    "Nobody on this server has this address, and registration is closed. Ask an administrator for an account with the "
    "address (with a directory: let the user log in once), then invite it."
)


def install() -> None:
    """Once, with the routes: only the server needs it."""
    original = InvitationWriteSerializer.save
    open_to_all = settings.REGISTRATION_OPEN and settings.IAM_TYPE == "BASIC"

    def save(serializer: Any, request: Any, **more: Any) -> Any:
        address = serializer.validated_data["membership"]["user"]["email"]
        if not open_to_all and not get_user_model().objects.filter(email__iexact=address).exists():
            raise ValidationError({"email": [CLOSED]})
        with transaction.atomic():
            return original(serializer, request, **more)

    InvitationWriteSerializer.save = save
