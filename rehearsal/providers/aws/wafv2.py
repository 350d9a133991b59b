"""WAF: address sets, web ACLs, their associations and logging."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import RehearsalError
from rehearsal.providers import shapes
from rehearsal.providers.resource import EVERY, Attributes, ResourceRequest, ResourceType, deleted_by, words


def _subject(request: ResourceRequest) -> dict[str, Any]:
    """What names an address set or a web ACL in every call."""
    return {"Name": request.attribute("name"), "Scope": request.attribute("scope"), "Id": request.id}


class IpSet(ResourceType, token="aws:wafv2/ipSet:IpSet"):
    """A list of address ranges."""

    tags = True
    replace_on = words("ipAddressVersion name namePrefix scope")

    def create(self, request: ResourceRequest) -> Attributes:
        name, renames = request.physical_name(limit=128), {"ipAddressVersion": "IPAddressVersion"}
        summary = request.call_with_inputs("wafv2", "CreateIPSet", {"Name": name}, renames=renames)["Summary"]
        return Attributes(summary["Id"], {"arn": summary["ARN"], "name": name})

    def update(self, request: ResourceRequest) -> None:
        """The addresses as a whole."""
        request.inputs.put("addresses", request.all_inputs["addresses"])
        extra = {**_subject(request), "LockToken": self._lock_token(request)}
        request.call_with_inputs("wafv2", "UpdateIPSet", extra)

    def delete(self, request: ResourceRequest) -> None:
        """With the token of its present state."""
        request.call("wafv2", "DeleteIPSet", **_subject(request), LockToken=self._lock_token(request))

    def _lock_token(self, request: ResourceRequest) -> Any:
        return request.call("wafv2", "GetIPSet", **_subject(request))["LockToken"]


class WebAcl(ResourceType, token="aws:wafv2/webAcl:WebAcl"):
    """A firewall's rules."""

    tags = True
    replace_on = words("name namePrefix scope")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(limit=128)
        summary = request.call_with_inputs("wafv2", "CreateWebACL", {"Name": name})["Summary"]
        return Attributes(summary["Id"], {"arn": summary["ARN"], "name": name})

    def update(self, request: ResourceRequest) -> None:
        """The rules as a whole, with the other members that WAF requires."""
        for key in ("defaultAction", "visibilityConfig", "rules"):
            request.inputs.put(key, request.all_inputs.get(key, []))
        extra = {**_subject(request), "LockToken": self._lock_token(request)}
        request.call_with_inputs("wafv2", "UpdateWebACL", extra)

    def delete(self, request: ResourceRequest) -> None:
        """With the token of its present state."""
        request.call("wafv2", "DeleteWebACL", **_subject(request), LockToken=self._lock_token(request))

    def _lock_token(self, request: ResourceRequest) -> Any:
        return request.call("wafv2", "GetWebACL", **_subject(request))["LockToken"]


class WebAclAssociation(ResourceType, token="aws:wafv2/webAclAssociation:WebAclAssociation"):
    """A web ACL before a load balancer."""

    replace_on = EVERY
    delete_call = deleted_by("wafv2:DisassociateWebACL", ResourceArn="resourceArn")

    def create(self, request: ResourceRequest) -> Attributes:
        web_acl, balancer = request.inputs.take("webAclArn"), request.inputs.take("resourceArn")
        request.call("elbv2", "DescribeLoadBalancers", LoadBalancerArns=[balancer])  # WAF refuses what does not exist
        request.call("wafv2", "AssociateWebACL", WebACLArn=web_acl, ResourceArn=balancer)
        return Attributes(f"{web_acl},{balancer}")


class WebAclLoggingConfiguration(ResourceType, token="aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"):
    """Where a web ACL logs requests, and what it leaves out."""

    replace_on = words("resourceArn")
    creation_is_put = True
    delete_call = deleted_by("wafv2:DeleteLoggingConfiguration", ResourceArn="id")

    def create(self, request: ResourceRequest) -> Attributes:
        inputs = request.inputs
        web_acl, destinations = inputs.take("resourceArn"), inputs.take("logDestinationConfigs")
        for arn in destinations:
            if ":log-group:" in arn and not arn.partition(":log-group:")[2].startswith("aws-waf-logs-"):
                raise RehearsalError(f"logDestinationConfigs: {arn} must be named aws-waf-logs-...")
        model = request.client("wafv2").meta.service_model.operation_model("PutLoggingConfiguration")
        rest = {key: inputs.take(key) for key in ("redactedFields", "loggingFilter") if key in inputs}
        logging = shapes.convert(rest, model.input_shape.members["LoggingConfiguration"], "", {})
        logging |= {"ResourceArn": web_acl, "LogDestinationConfigs": destinations}
        request.call("wafv2", "PutLoggingConfiguration", LoggingConfiguration=logging)
        return Attributes(web_acl)
