"""The sizes behind `cvat:preset`, by field of a section; any of them can be set on its own."""

from __future__ import annotations

from collections.abc import Mapping

from settings.sections.stack import Stack

STANDARD: dict[str, str | int] = {
    "nat_gateways": "one-per-zone",
    "canary": "off",
    "db_instance_class": "db.m6g.xlarge",
    "db_storage_gb": 50,
    "db_max_storage_gb": 200,
    "db_availability": "multi-az",
    "db_backup_days": 14,
    "backup_days": 35,
    "redis_node_type": "cache.r6g.large",
    "redis_replicas": 1,
    "inference_instance_type": "ml.c5d.xlarge",
    "inference_instance_count": 1,
    "inference_max_instance_count": 1,
    "server_cpu": 2048,
    "server_memory": 4096,
    "server_count": 2,
    "server_max_count": 4,
    "ui_cpu": 256,
    "ui_memory": 512,
    "ui_count": 2,
    "ui_max_count": 2,
    "gateway_cpu": 1024,
    "gateway_memory": 2048,
    "gateway_count": 2,
    "gateway_max_count": 4,
    "worker_cpu": 1024,
    "worker_memory": 4096,
    "worker_count": 2,
    "worker_max_count": 6,
    "annotation_worker_count": 1,
    "annotation_worker_max_count": 4,
}
"""What the reference deployment runs (aws-samples/cvat-on-aws-china), with standbys where it had none."""

TEAM: dict[str, str | int] = STANDARD | {
    "nat_gateways": "single",
    "db_instance_class": "db.t4g.medium",
    "db_storage_gb": 20,
    "db_max_storage_gb": 100,
    "db_availability": "single",
    "db_backup_days": 7,
    "backup_days": 14,
    "redis_node_type": "cache.t4g.small",
    "redis_replicas": 0,
    "inference_instance_type": "ml.m5.large",
    "server_cpu": 1024,
    "server_count": 1,
    "server_max_count": 1,
    "ui_count": 1,
    "ui_max_count": 1,
    "gateway_cpu": 512,
    "gateway_memory": 1024,
    "gateway_count": 1,
    "gateway_max_count": 1,
    "worker_memory": 3072,
    "worker_count": 1,
    "worker_max_count": 3,
    "annotation_worker_count": 0,
    "annotation_worker_max_count": 2,
}
"""The least that serves five people well: one of each, auto-annotation's worker only while there is work, a single
NAT gateway, burstable stores."""

PRODUCTION: dict[str, str | int] = STANDARD | {
    "canary": "hourly",
    "db_instance_class": "db.m6g.2xlarge",
    "db_storage_gb": 100,
    "db_max_storage_gb": 1000,
    "db_backup_days": 35,
    "backup_days": 90,
    "redis_node_type": "cache.r6g.xlarge",
    "redis_replicas": 2,
    "inference_instance_type": "ml.c5d.2xlarge",
    "inference_instance_count": 2,
    "inference_max_instance_count": 4,
    "server_memory": 8192,
    "server_count": 3,
    "server_max_count": 12,
    "ui_count": 3,
    "ui_max_count": 6,
    "gateway_count": 3,
    "gateway_max_count": 9,
    "worker_cpu": 2048,
    "worker_memory": 8192,
    "worker_count": 4,
    "worker_max_count": 12,
    "annotation_worker_count": 3,
    "annotation_worker_max_count": 12,
}
"""For whom CVAT must not stand still: something of everything in each of three zones, restore points of a quarter."""

PRESETS: Mapping[str, Mapping[str, str | int]] = {"production": PRODUCTION, "standard": STANDARD, "team": TEAM}


def preset_values(stack: Stack) -> Mapping[str, str | int]:
    """What the stack's preset decides. A disposable stack keeps no restore points unless it asks for them."""
    return {**PRESETS[stack.preset], **({"backup_days": 0} if stack.disposable else {})}
