"""Cloud Map: private DNS namespaces, and the services that register in them."""

from __future__ import annotations

from typing import Any, ClassVar

from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, deleted_by, words


class PrivateDnsNamespace(ResourceType, token="aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"):
    """A private DNS zone in which services register."""

    tags = True
    replace_on = words("name vpc")
    delete_call = deleted_by("servicediscovery:DeleteNamespace", Id="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name()
        request.call_with_inputs("servicediscovery", "CreatePrivateDnsNamespace", {"Name": name})
        namespaces = request.call("servicediscovery", "ListNamespaces")["Namespaces"]
        newest = [namespace for namespace in namespaces if namespace["Name"] == name][-1]
        zone = newest["Properties"]["DnsProperties"]["HostedZoneId"]
        return Attributes(newest["Id"], {"arn": newest["Arn"], "name": name, "hostedZone": zone})


class Service(ResourceType, token="aws:servicediscovery/service:Service"):
    """A name in a namespace."""

    tags = True
    replace_on = words(
        "dnsConfig.namespaceId dnsConfig.routingPolicy dnsConfig.dnsRecords.type healthCheckConfig.type "
        "healthCheckCustomConfig name namespaceId type"
    )
    provider_only: ClassVar = {"forceDestroy": "used on deletion"}
    delete_call = deleted_by("servicediscovery:DeleteService", Id="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name()
        service = request.call_with_inputs("servicediscovery", "CreateService", {"Name": name})["Service"]
        return Attributes(service["Id"], {"arn": service["Arn"], "name": name})

    def update(self, request: ResourceRequest) -> None:
        """Its records and description."""
        change: dict[str, Any] = {}
        if dns := request.inputs.take("dnsConfig"):
            records = [{"Type": record["type"], "TTL": record["ttl"]} for record in dns["dnsRecords"]]
            change["DnsConfig"] = {"DnsRecords": records}
        if text := request.inputs.take("description"):
            change["Description"] = text
        request.call("servicediscovery", "UpdateService", Id=request.id, Service=change)
