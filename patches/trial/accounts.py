"""Accounts with a real mail server and a real directory: a web process is started again with their addresses."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit

from patches.trial import slapd
from patches.trial.client import PUBLIC_HOST, Client, check
from patches.trial.mail import MailServer, links, mail_server
from patches.trial.processes import ADMIN, Fleet
from patches.trial.services import program
from patches.trial.slapd import Directory, entry

ADDRESS, NEW_PASSWORD = "forgetful@example.com", "n3w-Pass wörd/%&"
MAKE_USER = f"""
import django; django.setup(); from django.contrib.auth import get_user_model
get_user_model().objects.create_user("forgetful", email={ADDRESS!r}, password="f0rgotten-pw")
"""
SUFFIX, PEOPLE, GROUPS = "dc=example", "ou=people,dc=example", "ou=groups,dc=example"
READER, READER_PASSWORD = f"cn=reader,{PEOPLE}", "r3ad/er p@ss:%&ö"
ODD_NAME, ODD_PASSWORD = "zoë.o'hara (r&d)*", 'p@ss "w:ö%/\\#'
ODD_GROUP = 'cn=R&D\\, Ops \\+ \\"QA\\" (ü)'
"""As Active Directory writes it; OpenLDAP writes `R&D\\2C Ops \\2B \\22QA\\22 (ü)`."""
PASSWORDS = {
    "chief": "chief-pw",
    "ann": "ann-pw",
    ODD_NAME: ODD_PASSWORD,
    "guest": "guest-pw",
    ADMIN: "not-the-local-one",
    "reader": READER_PASSWORD,
}
LABELS = [{"name": "car", "attributes": []}]
MEMBERS = {"cn=admins": ["chief"], "cn=annotators": ["ann"], ODD_GROUP: [ODD_NAME]}
SILENCE_S = 10
"""How long the overlay waits for a directory."""


@dataclass
class Roles:
    """What a release makes of users of the directory: CVAT's groups of who is in none, and of an annotator."""

    guest: list[str]
    annotator: str


def people(members: dict[str, list[str]]) -> str:
    """LDIF of all users, and of the groups with these members."""
    names = {name: f"uid={name},{PEOPLE}".replace("(", "\\28").replace(")", "\\29") for name in PASSWORDS}
    names["reader"] = READER
    users = [
        entry(names[name], "objectClass: inetOrgPerson", f"uid: {name}", cn=name, sn="Example", userPassword=password)
        for name, password in PASSWORDS.items()
    ]
    groups = [
        entry(f"{group},{GROUPS}", "objectClass: groupOfNames", *(f"member: {names[name]}" for name in group_members))
        for group, group_members in members.items()
    ]
    units = [entry(name, "objectClass: organizationalUnit") for name in (PEOPLE, GROUPS)]
    return "\n".join([entry(SUFFIX, "objectClass: domain"), *units, *users, *groups])


def own_links(message: EmailMessage) -> set[str]:
    """Links to CVAT's pages; the template's fonts are not counted. None of them may go elsewhere."""
    pages = {link for link in links(message) if "/auth/" in link}
    wrong = [link for link in pages if not link.startswith(f"https://{PUBLIC_HOST}/")]
    check(bool(pages) and not wrong, f"links of the mail: {pages}")
    return pages


class Accounts:
    """Steps of either release's trial."""

    def __init__(
        self,
        fleet: Fleet,
        restart: Callable[[dict[str, str]], None],
        client: Callable[[], Client],
        roles: Roles,
    ) -> None:
        """`restart`: start the web process again with these variables; `client`: a new browser, sent to it.

        Raises MissingError where there is no slapd: better now than after minutes.
        """
        program(slapd.NAME)
        self.fleet = fleet
        self.certificates = fleet.services.folder
        self._restart = restart
        self._client = client
        self.roles = roles

    def mail(self, more: Callable[[MailServer], str] = lambda _: "") -> str:
        """`more`: what else of a release sends mail, while the server takes it and registration is open."""
        code, output = self.fleet.python("forgetful", MAKE_USER)
        check(code == 0, output)
        with mail_server(self.certificates) as server:
            variables = {**server.environment("starttls"), "CVAT_REGISTRATION": "open"}
            self._restart({**variables, "CVAT_SMTP_CA": self.fleet.ca})
            sent = self._reset_password(server) + more(server)
            server.refusal = "554 5.7.1 no mail from you"
            refused = self._ask_reset(503)
        check("could not be sent" in refused, refused)
        began = time.monotonic()
        away = self._ask_reset(503)
        check(away == refused, f"with the mail server away: {away}")
        return f"{sent}; refused, and with the server away after {time.monotonic() - began:.1f} s: 503, {refused}"

    def _ask_reset(self, expected: int, address: str = ADDRESS) -> str:
        return str(self._client().call("POST", "/auth/password/reset", expected, json={"email": address}).json())

    def _reset_password(self, server: MailServer) -> str:
        self._ask_reset(200, "unknown@example.com")
        check(server.messages == [], "mail was sent to who has no account")
        self._ask_reset(200)
        (message,) = server.messages
        check(ADDRESS in str(message["To"]) and "cvat@example.com" in str(message["From"]), str(message.items()))
        (reset,) = own_links(message)
        query = {name: values[0] for name, values in parse_qs(urlsplit(reset).query).items()}
        form = {**query, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
        self._client().call("POST", "/auth/password/reset/confirm", 200, json=form)
        self._client().log_in("forgetful", NEW_PASSWORD)
        return f"'{message['Subject']}' with a link to {urlsplit(reset).netloc}, by which a new password was set"

    def directory(self) -> str:
        directory = self._directory(MEMBERS)
        try:
            self._restart(self._variables(directory))
            self._roles()
            self._refusals()
            self._administrator(self._variables(directory))
            directory.stop()
            directory = self._directory({**MEMBERS, "cn=admins": ["ann"]}, directory.port)
            _, chief = self._log_in("chief")
            check(chief == (self.roles.guest, False), f"chief left the administrators, but is {chief}")
        finally:
            directory.stop()
        away = self._without(directory.port)
        with socket.create_server(("127.0.0.1", directory.port)):  # takes connections, and says nothing
            silent = self._without(directory.port)
        check(silent < 4 * SILENCE_S, f"a silent directory held a login for {silent:.1f} s")
        return (
            f"{len(MEMBERS)} roles by StartTLS, odd characters, an administrator who is none any more; "
            f"with the directory away refused after {away:.1f} s, with a silent one after {silent:.1f} s"
        )

    def _directory(self, members: dict[str, list[str]], port: int = 0) -> Directory:
        folder = self.fleet.folder / f"slapd-{len(list(self.fleet.folder.glob('slapd-*')))}"
        return slapd.start(folder, SUFFIX, people(members), port=port, certificates=self.certificates)

    def _variables(self, directory: Directory) -> dict[str, str]:
        return {
            **{"CVAT_LDAP_URL": directory.ldap, "CVAT_LDAP_CA": self.fleet.ca},
            **{"CVAT_LDAP_BIND_DN": READER, "CVAT_LDAP_BIND_PASSWORD": READER_PASSWORD},
            **{"CVAT_LDAP_USER_BASE": PEOPLE, "CVAT_LDAP_GROUP_BASE": GROUPS},
            "CVAT_LDAP_ADMIN_GROUPS": f"CN=Admins, {GROUPS}",
            "CVAT_LDAP_ANNOTATOR_GROUPS": f"cn=annotators,{GROUPS}",
            "CVAT_LDAP_USER_GROUPS": f"cn=nobody,{GROUPS}; {ODD_GROUP}, ou=groups, dc=example",
        }

    def _log_in(self, name: str, password: str = "") -> tuple[Client, tuple[list[str], bool]]:
        client = self._client()
        client.log_in(name, password or PASSWORDS[name])
        account = client.call("GET", "/users/self").json()
        return client, (account["groups"], account["is_superuser"])

    def _roles(self) -> None:
        expected = {"chief": (["admin"], True), "ann": ([self.roles.annotator], False), ODD_NAME: (["user"], False)}
        for name, role in {**expected, "guest": (self.roles.guest, False)}.items():
            client, actual = self._log_in(name)
            check(actual == role, f"{name} has {actual}, not {role}")
            may = bool({"user", "admin"} & set(role[0]))
            client.call("POST", "/tasks", 201 if may else 403, json={"name": name, "labels": LABELS})

    def _refusals(self) -> None:
        for name, password in (("ann", "wrong"), ("ann", ""), ("*", "ann-pw"), (ADMIN, PASSWORDS[ADMIN])):
            form = {"username": name, "password": password}
            self._client().call("POST", "/auth/login", 400, json=form)
        _, admin = self._log_in(ADMIN, self.fleet.admin_password)
        check(admin[1], f"the local administrator is {admin}")

    def _administrator(self, variables: dict[str, str]) -> None:
        """`init` makes one, although CVAT itself puts new superusers into no group where LDAP is on."""
        secrets = {"DJANGO_SUPERUSER_USERNAME": "second", "DJANGO_SUPERUSER_PASSWORD": NEW_PASSWORD}
        code, output = self.fleet.once("init-directory", "init", **secrets, **variables)
        check(code == 0, output[-2000:])
        client, (_, superuser) = self._log_in("second", NEW_PASSWORD)
        tasks = client.call("GET", "/tasks").json()["count"]
        check(superuser and tasks > 0, f"the administrator that `init` made sees {tasks} tasks")

    def _without(self, port: int) -> float:
        """Seconds until a login is refused. The administrator's account is CVAT's own."""
        began = time.monotonic()
        form = {"username": "ann", "password": PASSWORDS["ann"]}
        self._client().call("POST", "/auth/login", 400, json=form)
        took = time.monotonic() - began
        began = time.monotonic()
        self._log_in(ADMIN, self.fleet.admin_password)
        check(time.monotonic() - began < SILENCE_S, f"the administrator waited for the directory on port {port}")
        return took
