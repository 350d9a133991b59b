"""Invitations to an organisation: refused where they lead nowhere, else a mail that leads to a registration."""

from __future__ import annotations

from typing import Any

from patches.trial.accounts import Accounts, own_links
from patches.trial.client import Client, check
from patches.trial.mail import MailServer
from patches.trial.v2.client import ClientV2

INVITED, PASSWORD = "invited@example.com", "s3cret-pw-x1"


class InvitationSteps:
    def __init__(self, accounts: Accounts, a: ClientV2, b: ClientV2) -> None:
        """`a`: the administrator at a server that is closed and sends no mail; `b`: at the one that starts again."""
        self.accounts = accounts
        self.a = a
        self.b = b

    def mail(self) -> str:
        self.a.call("POST", "/organizations", json={"slug": "team"})
        closed = str(self._invite(self.a, 400)["email"])
        check("registration is closed" in closed, closed)
        return self.accounts.mail(self._arrives)

    @staticmethod
    def _invite(client: Client, expected: int) -> dict[str, Any]:
        body = {"email": INVITED, "role": "worker"}
        answer: dict[str, Any] = client.call("POST", "/invitations", expected, params={"org": "team"}, json=body).json()
        return answer

    def _arrives(self, server: MailServer) -> str:
        """After one that failed, which must leave nothing behind."""
        server.refusal = "451 4.3.0 try later"
        self._invite(self.b, 503)
        server.refusal = ""
        self._invite(self.b, 201)
        (link,) = own_links(server.messages[-1])
        form = {"username": "invited", "email": INVITED, "password1": PASSWORD, "password2": PASSWORD}
        ClientV2(self.b.port, self.a.ca, self.a.ended).call("POST", "/auth/register", 201, json=form)
        return f"; an invitation by {link.partition('?')[0]}, and a registration with it"
