"""Actions and conditions of listeners and their rules."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.load_balancer.routes import Route
from settings.ingress_options import Login

Action = aws.lb.ListenerRuleActionArgsDict
"""Listeners take the same dictionaries under another type name."""
Condition = aws.lb.ListenerRuleConditionArgsDict


def forward(target_group_arn: pulumi.Input[str]) -> Action:
    return {"type": "forward", "target_group_arn": target_group_arn}


def to_https(port: int) -> Action:
    """Redirects to the same address by HTTPS."""
    return {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": str(port), "status_code": "HTTP_301"}}


def fixed(content_type: str, text: str, status: str) -> Action:
    """The load balancer's own answer; text: 1024 bytes at most."""
    response: aws.lb.ListenerRuleActionFixedResponseArgsDict = {
        "content_type": content_type,
        "message_body": text,
        "status_code": status,
    }
    return {"type": "fixed-response", "fixed_response": response}


def forbidden() -> Action:
    return fixed("text/plain", "These pages open only from the administrators' network.", "403")


def after_login(login: Login, unauthenticated: str, steps: Sequence[Action]) -> list[Action]:
    """The steps after a login at the identity provider. `unauthenticated`: what ELB does without one (authenticate,
    deny)."""
    authentication: aws.lb.ListenerRuleActionAuthenticateOidcArgsDict = {
        "issuer": login.issuer,
        "client_id": login.client_id,
        "client_secret": pulumi.Output.secret(login.client_secret),
        "authorization_endpoint": login.authorization_endpoint,
        "token_endpoint": login.token_endpoint,
        "user_info_endpoint": login.user_info_endpoint,
        "scope": login.scope,
        "session_timeout": login.session_seconds,
        "on_unauthenticated_request": unauthenticated,
    }
    ordered: list[Action] = [{"type": "authenticate-oidc", "authenticate_oidc": authentication}, *steps]
    return [{**step, "order": order} for order, step in enumerate(ordered, start=1)]


def conditions(route: Route) -> list[Condition]:
    """The conditions of a rule; a request must meet all of them."""
    conditions: list[Condition] = [{"path_pattern": {"values": list(route.paths)}}]
    if route.tokens:  # ALB compares without regard to case, as CVAT does
        conditions.append(
            {"http_header": {"http_header_name": "Authorization", "values": [f"{scheme} *" for scheme in route.tokens]}}
        )
    if route.sources:
        conditions.append({"source_ip": {"values": list(route.sources)}})
    return conditions
