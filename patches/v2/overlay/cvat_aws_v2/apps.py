"""The overlay as a Django application: its commands come before CVAT's, and its clean-up of lost jobs is installed."""

from __future__ import annotations

from django.apps import AppConfig


class Overlay(AppConfig):  # type: ignore[misc]  # Django has no types
    """First in INSTALLED_APPS: Django takes a command from the first application that has it."""

    name = "cvat_aws_v2"

    def ready(self) -> None:
        from cvat_aws_v2 import lost_jobs

        lost_jobs.install()
