"""The container's entry point: `python -m cvat_aws COMMAND`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Callable

from cvat_aws import commands, demo, entry, queue_metrics


def parser() -> argparse.ArgumentParser:
    description = "CVAT's processes, one at a time. docs/images.md lists the environment variables."
    top = argparse.ArgumentParser(prog="cvat-aws", description=description)
    sub = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    sub.add_parser("web", help="serve HTTP on port 8080")
    worker = sub.add_parser("worker", help="run the jobs of a queue")
    worker.add_argument("queue", choices=["default", "low"], help="low: automatic annotation; default: all else")
    sub.add_parser("scheduler", help="put jobs that are due into their queue")
    sub.add_parser("queue-metrics", help="publish the state of the queues in CloudWatch (run one)")
    sub.add_parser("git-status", help="keep the state of linked git repositories up to date (run one)")
    sub.add_parser("init", help="migrate the database and make the administrator; safe to run again")
    sub.add_parser("copy-demo", help="copy DEMO_SOURCE (s3://bucket/prefix) to the share; safe to run again")
    sub.add_parser("health", help="exit with 0 if the web server of this container answers")
    return top


def main(arguments: list[str] | None = None) -> int:
    chosen = parser().parse_args(arguments)
    runs: dict[str, Callable[[], int]] = {
        "web": commands.web,
        "worker": lambda: commands.worker(chosen.queue),
        "scheduler": commands.scheduler,
        "queue-metrics": lambda: queue_metrics.run(os.environ),
        "git-status": commands.git_status,
        "init": commands.init,
        "copy-demo": lambda: demo.run(os.environ),
        "health": commands.health,
    }
    return entry.run(runs, chosen.command)


if __name__ == "__main__":
    sys.exit(main())
