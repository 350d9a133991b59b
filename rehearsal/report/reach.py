"""Who reaches whom, in words and as the lines of the diagram; both from the matrix that the check looks at."""

from __future__ import annotations

from rehearsal.checks.aws_services import SERVICES
from rehearsal.checks.reachability import ELSEWHERE, Cell, Matrix
from rehearsal.checks.security_group_edges import Edge

ORDER = "alb ui server worker init canary gateway models endpoints postgresql redis efs".split()
"""Roles from the outside in; others follow by name."""

WORDS = {
    "alb": "load balancer",
    "ui": "UI",
    "init": "init task",
    "canary": "smoke test",
    "endpoints": "VPC endpoints",
    "postgresql": "PostgreSQL",
    "redis": "Redis",
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


def place(role: str) -> tuple[int, str]:
    """Sorts roles from the outside in."""
    return (ORDER.index(role) if role in ORDER else len(ORDER)), role


def words(name: str) -> str:
    """A row, a role or an address range as people call it."""
    return WORDS.get(name, name)


def style(cell: Cell) -> str:
    """How the style sheet calls a cell."""
    return "bad" if cell.wrong else "yes" if cell.routes else "no"


def lines(matrix: Matrix) -> frozenset[Edge]:
    """Connections that can be opened: row, role and port. Whatever goes by NAT leads to the Internet."""
    found: set[Edge] = set()
    for (row, (target, port)), cell in matrix.cells.items():
        if target not in SERVICES and cell.routes:
            found.add((row, target, port))
        elif "NAT" in cell.routes:
            found.add((row, INTERNET, port))
    return frozenset(found)
