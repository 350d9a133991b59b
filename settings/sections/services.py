"""Section "Tasks": sizes and numbers of CVAT's tasks, their variables, their logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from settings.fields import NAME_VALUE, Many, Pattern, Retention, SecretReference, variable_and_secret
from settings.outward_ports import ADDRESSES, outward_ports
from settings.sections.section import Section
from settings.values import TaskSize, fargate_size_problem

_MOST_TASKS = 5000
"""Tasks of an ECS service ("Tasks per service", 5,000 by default,
https://docs.aws.amazon.com/general/latest/gr/ecs-service.html; tables of others say the same; read 2026-11)."""
_MOST_TARGETS = 1000
"""Of a load balancer ("Targets per Application Load Balancer",
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html) and of a service in Cloud
Map, where the gateway is ("Instances per service", https://docs.aws.amazon.com/general/latest/gr/cloud_map.html); both
read 2026-11."""
Served = Annotated[int, Field(ge=1, le=_MOST_TARGETS)]
"""Tasks that requests go to: with none, CVAT does not answer."""
_MOST_REST = 3
Workers = Annotated[int, Field(ge=0, le=_MOST_TASKS)]
Variable = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="CVAT_SMTP_HOST=mail.example.com",
            optional=False,
            pattern=NAME_VALUE,
            rule="must be NAME=value, as in CVAT_SMTP_HOST=mail.example.com, with a name of letters, digits and _",
        )
    ),
]


class Services(Section):
    """Tasks"""

    server_cpu: int
    """CPU units of a CVAT server task (1024 are one virtual CPU)."""
    server_memory: int
    """MiB of a CVAT server task."""
    server_count: Served
    """CVAT server tasks."""
    server_max_count: Served
    """CVAT server tasks at most; above the count, their number follows their CPU. Not below the count."""
    ui_cpu: int
    """CPU units of a UI task."""
    ui_memory: int
    """MiB of a UI task."""
    ui_count: Served
    """UI tasks."""
    ui_max_count: Served
    """UI tasks at most; above the count, their number follows their CPU."""
    gateway_cpu: int
    """CPU units of a gateway task."""
    gateway_memory: int
    """MiB of a gateway task."""
    gateway_count: Served
    """Gateway tasks."""
    gateway_max_count: Served
    """Gateway tasks at most; above the count, their number follows their CPU."""
    worker_cpu: int
    """CPU units of a worker task of any queue but chunks."""
    worker_memory: int
    """MiB of a worker task of any queue but chunks."""
    worker_count: Workers
    """Worker tasks that create tasks, import and export, one job each at a time. In release `v2` exports have workers
    of their own, as many again."""
    worker_max_count: Workers
    """These worker tasks at most; above the count, their number follows their queue."""
    annotation_worker_count: Workers
    """Worker tasks that run auto-annotation jobs, one job each at a time. 0: one starts with the first job, which
    takes about three minutes, and the last one ends ten minutes after the last job."""
    annotation_worker_max_count: Workers
    """These worker tasks at most; above the count, their number follows their queue."""
    chunks_cpu: int
    """CPU units of a worker task that makes the frames which people look at (release `v2`)."""
    chunks_memory: int
    """MiB of such a task (release `v2`)."""
    chunks_count: Served
    """These worker tasks; with none, no picture would appear (release `v2`)."""
    chunks_max_count: Served
    """These worker tasks at most; above the count, their number follows how long people wait (release `v2`)."""
    fargate_spot: bool = False
    """true: UI and gateway run on Fargate Spot, for about a third of the price; AWS may replace a task at any time."""
    server_environment: Annotated[tuple[Variable, ...], Many] = ()
    """More variables for CVAT's processes, each as NAME=value: mail, LDAP and so on (docs/images.md#environment)."""
    server_secrets: Annotated[tuple[Annotated[str, AfterValidator(SecretReference(optional=False))], ...], Many] = ()
    """More secrets for CVAT's processes, each as NAME=ARN of a secret, or NAME=ARN:key for a key of a JSON secret."""
    log_retention_days: Retention = 30
    """Days for which logs are kept; CloudWatch Logs takes certain numbers only, such as 7, 30, 90 or 365."""

    @property
    def environment(self) -> dict[str, str]:
        """More variables of CVAT's processes."""
        return dict(variable.split("=", 1) for variable in self.server_environment)

    @property
    def outward_ports(self) -> tuple[int, ...]:
        """Ports of a mail server and a directory that CVAT's server calls."""
        return outward_ports(self.environment)

    @property
    def secrets(self) -> dict[str, tuple[str, str]]:
        """More secrets of CVAT's processes: variable -> ARN, key (empty: the whole secret)."""
        references = map(variable_and_secret, self.server_secrets)
        return {variable: (arn, key) for variable, arn, key in references}

    @property
    def server(self) -> TaskSize:
        return TaskSize(
            cpu=self.server_cpu, memory=self.server_memory, count=self.server_count, max_count=self.server_max_count
        )

    @property
    def ui(self) -> TaskSize:
        return TaskSize(cpu=self.ui_cpu, memory=self.ui_memory, count=self.ui_count, max_count=self.ui_max_count)

    @property
    def gateway(self) -> TaskSize:
        return TaskSize(
            cpu=self.gateway_cpu, memory=self.gateway_memory, count=self.gateway_count, max_count=self.gateway_max_count
        )

    @property
    def worker(self) -> TaskSize:
        """Of what imports and exports."""
        return TaskSize(
            cpu=self.worker_cpu, memory=self.worker_memory, count=self.worker_count, max_count=self.worker_max_count
        )

    @property
    def annotation_worker(self) -> TaskSize:
        """Of auto-annotation: as large as the other workers."""
        return TaskSize(
            cpu=self.worker_cpu,
            memory=self.worker_memory,
            count=self.annotation_worker_count,
            max_count=self.annotation_worker_max_count,
        )

    @property
    def chunks(self) -> TaskSize:
        """Of what makes frames."""
        return TaskSize(
            cpu=self.chunks_cpu, memory=self.chunks_memory, count=self.chunks_count, max_count=self.chunks_max_count
        )

    @property
    def rest(self) -> TaskSize:
        """Of what has no size of its own: webhooks must leave at once, reports and exports of them may take an hour."""
        return TaskSize(cpu=self.worker_cpu, memory=self.worker_memory, count=1, max_count=_MOST_REST)

    @property
    def sizes(self) -> dict[str, TaskSize]:
        """While the stack is awake, by the names that the processes of releases use."""
        return {
            "server": self.server,
            "ui": self.ui,
            "gateway": self.gateway,
            "worker": self.worker,
            "annotation_worker": self.annotation_worker,
            "chunks": self.chunks,
            "rest": self.rest,
            "scheduler": TaskSize(cpu=256, memory=1024, count=1),
        }


def fargate_size(kind: str, size: TaskSize) -> Iterator[str]:
    if problem := fargate_size_problem(size.cpu, size.memory):
        keys = f"cvat:{kind}Cpu = {size.cpu} and cvat:{kind}Memory = {size.memory}"
        yield f"{keys} do not go together: {problem}. Change one of them."


def maximum(key: str, size: TaskSize) -> Iterator[str]:
    if size.max_count < size.count:
        yield (
            f"cvat:{key}MaxCount = {size.max_count}: it must not be below cvat:{key}Count = {size.count}. Raise it, or "
            f"make both the same for a fixed number: pulumi config set cvat:{key}MaxCount {size.count}"
        )


def variable_names(services: Services) -> Iterator[str]:
    """A process has one value for a variable."""
    names = [("serverEnvironment", variable.partition("=")[0]) for variable in services.server_environment]
    names += [("serverSecrets", reference.partition("=")[0]) for reference in services.server_secrets]
    for index, (key, name) in enumerate(names):
        if name in [earlier for _, earlier in names[:index]]:
            yield f"cvat:{key} names {name}, which is set already: a variable has one value. Remove one of the two."


def secret_addresses(services: Services) -> Iterator[str]:
    """Of what the server calls, a port must be opened: outward_ports does not see secrets."""
    for name in (variable_and_secret(reference)[0] for reference in services.server_secrets):
        if name in ADDRESSES:
            yield (
                f"cvat:serverSecrets names {name}: it is no secret, and the program must know it to let CVAT's server "
                "out to its port. Put it into cvat:serverEnvironment."
            )


def some_worker(key: str, size: TaskSize) -> Iterator[str]:
    if max(size.count, size.max_count) < 1:
        yield (
            f"cvat:{key}Count = 0 and cvat:{key}MaxCount = 0: jobs would wait for ever. Set cvat:{key}MaxCount to "
            "the number of workers that may start when there is work."
        )
