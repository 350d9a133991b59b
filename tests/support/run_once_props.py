"""The properties of an initialisation, as Pulumi hands them to its provider."""

from __future__ import annotations

PROPS = {
    "region": "cn-northwest-1",
    "cluster": "cvat",
    "task_definition": "cvat-init:7",
    "image": "server@sha256:1",
    "demo_data": "d1",
    "admin_user": "admin",
    "subnets": ["subnet-1"],
    "security_groups": ["sg-1"],
    "log_group": "logs",
    "timeout_minutes": 30,
    "snapshot_of": "db",
}
