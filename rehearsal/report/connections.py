"""Who reaches whom, in words and as the lines of the diagram; both from the matrix that the check looks at."""

from __future__ import annotations

from rehearsal.checks.aws_services import SERVICES
from rehearsal.checks.reachability import ELSEWHERE, Cell, Matrix

ORDER = "alb ui server worker init canary gateway models endpoints postgresql redis media efs".split()
"""Roles from the outside in; others follow by name."""

LABELS = {
    "alb": "load balancer",
    "ui": "UI",
    "init": "init task",
    "canary": "smoke test",
    "endpoints": "VPC endpoints",
    "postgresql": "PostgreSQL",
    "redis": "Redis",
    "media": "Redis, frames",
    "efs": "EFS",
    "ecr.api": "ECR API",
    "ecr.dkr": "ECR images",
    "s3": "S3",
    "logs": "Logs",
    "secretsmanager": "Secrets Manager",
    "sagemaker.runtime": "SageMaker calls",
    "0.0.0.0/0": "Internet",
    ELSEWHERE: "Internet, elsewhere",
}

INTERNET = "0.0.0.0/0"
"""Where a line leads that leaves the network."""

Connection = tuple[str, str, str]
"""Row of the matrix, role and port."""


def place(role: str) -> tuple[int, str]:
    """Sorts roles from the outside in."""
    return (ORDER.index(role) if role in ORDER else len(ORDER)), role


def label(name: str) -> str:
    """A row, a role or an address range as people call it."""
    return LABELS.get(name, name)


def style(cell: Cell) -> str:
    """How the style sheet calls a cell."""
    return "bad" if cell.wrong else "yes" if cell.routes else "no"


def connections(matrix: Matrix) -> frozenset[Connection]:
    """Connections that can be opened. Whatever goes by NAT leads to the Internet."""
    pairs: set[Connection] = set()
    for (row, (target, port)), cell in matrix.cells.items():
        if target not in SERVICES and cell.routes:
            pairs.add((row, target, port))
        elif "NAT" in cell.routes:
            pairs.add((row, INTERNET, port))
    return frozenset(pairs)
