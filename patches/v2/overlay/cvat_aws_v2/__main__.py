"""The container's entry point: `python -m cvat_aws_v2 COMMAND`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from cvat_aws import demo, entry

from cvat_aws_v2 import commands, queue_metrics


def parser() -> argparse.ArgumentParser:
    description = "CVAT's processes, one at a time. docs/images.md lists the environment variables."
    top = argparse.ArgumentParser(prog="cvat-aws", description=description)
    sub = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    sub.add_parser("front", help="nginx on port 8080: bodies, static files, downloads; all else to `web`")
    sub.add_parser("web", help="CVAT's API on the loopback interface")
    worker = sub.add_parser("worker", help="run the jobs of one or more queues, the first named first")
    worker.add_argument("queue", nargs="+", choices=queue_metrics.QUEUES)
    sub.add_parser("scheduler", help="put periodic jobs into their queue, and find jobs whose worker was killed")
    sub.add_parser("queue-metrics", help="publish the state of the queues in CloudWatch (run one)")
    sub.add_parser("smokescreen", help="the proxy for addresses that users name")
    sub.add_parser("init", help="migrate both stores and make the administrator; safe to run again")
    sub.add_parser("copy-demo", help="copy DEMO_SOURCE (s3://bucket/prefix) to the share; safe to run again")
    sub.add_parser("health", help="exit with 0 if the web server of this task answers")
    return top


def main(arguments: list[str] | None = None) -> int:
    chosen = parser().parse_args(arguments)
    runs: dict[str, Callable[[], int]] = {
        "front": commands.front_server,
        "web": commands.web,
        "worker": lambda: commands.worker(chosen.queue),
        "scheduler": commands.scheduler,
        "queue-metrics": lambda: queue_metrics.run(os.environ),
        "smokescreen": commands.smokescreen,
        "init": commands.init,
        "copy-demo": lambda: demo.run(os.environ),
        "health": commands.health,
    }
    return entry.run(runs, chosen.command)


if __name__ == "__main__":
    sys.exit(main())
