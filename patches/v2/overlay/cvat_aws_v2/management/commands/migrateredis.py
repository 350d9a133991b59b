"""CVAT's command with the connection of its queues: the original opens one without TLS."""

from __future__ import annotations

from typing import Any

import django_rq
from cvat.apps.redis_handler.management.commands import migrateredis

QUEUE = "import"
"""Any will do: CVAT keeps all queues in one database."""


class Command(migrateredis.Command):  # type: ignore[misc]  # CVAT has no types
    def handle(self, *arguments: Any, **options: Any) -> None:
        original = migrateredis.Redis
        migrateredis.Redis = lambda **_: django_rq.get_connection(QUEUE)
        try:
            super().handle(*arguments, **options)
        finally:
            migrateredis.Redis = original
