"""Whether a change lets somebody in who was kept out."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.diff.model import Danger, Document, Findings, resources

RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
LAST_PORT = 65535


@dataclass(frozen=True)
class Edge:
    """Who may reach a security group, on which ports."""

    group: str
    protocol: str
    first: int
    last: int
    source: str

    def covers(self, other: Edge) -> bool:
        """Whether this one lets in all that the other does."""
        return (
            self.group == other.group
            and self.protocol in ("-1", other.protocol)
            and self.first <= other.first
            and self.last >= other.last
            and _within(other.source, self.source)
        )

    def __str__(self) -> str:
        if self.protocol == "-1":
            ports = "everything"
        else:
            ports = f"{self.protocol} {self.first}" + (f"-{self.last}" if self.last != self.first else "")
        return f"{ports} to {self.source}"


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _within(inner: str, outer: str) -> bool:
    narrow, wide = _network(inner), _network(outer)
    if isinstance(narrow, ipaddress.IPv4Network) and isinstance(wide, ipaddress.IPv4Network):
        return narrow.subnet_of(wide)
    if isinstance(narrow, ipaddress.IPv6Network) and isinstance(wide, ipaddress.IPv6Network):
        return narrow.subnet_of(wide)
    return inner == outer


def edges(document: Document) -> set[Edge]:
    """Every ingress of every security group."""
    ingress = set()
    for resource in resources(document).values():
        if resource.type == RULE:
            values = resource.inputs
            sources = [values.get(key) for key in ("cidrIpv4", "cidrIpv6", "referencedSecurityGroupId", "prefixListId")]
            ingress |= {_edge(str(values["securityGroupId"]), values, str(source)) for source in sources if source}
        elif resource.type == GROUP:
            for values in resource.inputs.get("ingress") or []:
                sources = [*(values.get("cidrBlocks") or []), *(values.get("securityGroups") or [])]
                ingress |= {_edge(resource.label, values, str(source)) for source in sources}
    return ingress


def _edge(group: str, values: Mapping[str, Any], source: str) -> Edge:
    protocol = str(values.get("ipProtocol", values.get("protocol")))
    first, last = values.get("fromPort"), values.get("toPort")
    if protocol == "-1":
        first, last = 0, LAST_PORT
    return Edge(group, protocol, int(str(first or 0)), int(str(last if last is not None else LAST_PORT)), source)


def judge(base: Document, head: Document, findings: Findings) -> None:
    """Compare what is open: security groups, public databases, public balancers."""
    before, titles = edges(base), {resource.label: resource.title for resource in resources(head).values()}
    known = {resource.label for resource in resources(base).values()}
    for edge in sorted(edges(head) - before, key=str):
        if any(old.covers(edge) for old in before):
            continue
        title = titles.get(edge.group, edge.group)
        if edge.group in known or _network(edge.source):
            wider = [old.source for old in before if _same_ports(old, edge) and _within(old.source, edge.source)]
            how = f"lets in more than {', '.join(sorted(wider))}" if wider else "is opened"
            findings.dangers.append(Danger("opening", title, f"{title} {how}: {edge}."))
        else:
            findings.notices.append(f"{title} is new and open for {edge}.")
    findings.dangers += _unlocked(base, head)


def _same_ports(old: Edge, new: Edge) -> bool:
    return (old.group, old.protocol, old.first, old.last) == (new.group, new.protocol, new.first, new.last)


def _unlocked(base: Document, head: Document) -> Iterator[Danger]:
    """Inputs that make something public."""
    olds = resources(base)
    for urn, resource in resources(head).items():
        before = olds[urn].inputs if urn in olds else {}
        if (
            resource.type == "aws:lb/loadBalancer:LoadBalancer"
            and before.get("internal")
            and not resource.inputs.get("internal")
        ):
            yield Danger("opening", resource.title, f"{resource.title} becomes public: it was internal.")
        if resource.type == "aws:ecs/service:Service" and _public_tasks(resource.inputs) and not _public_tasks(before):
            yield Danger("opening", resource.title, f"{resource.title} gives its tasks public addresses.")


def _public_tasks(inputs: Mapping[str, Any]) -> bool:
    return bool((inputs.get("networkConfiguration") or {}).get("assignPublicIp"))
