"""The server: one account, its HTTP port, its page, and what happens by itself as time passes."""

from __future__ import annotations

import json
import sys
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import waitress

from rehearsal.aws.account import Account
from rehearsal.aws.passing_time import carry_out, due_calls, evaluate_alarms
from rehearsal.aws.wall_clock import WallClock
from rehearsal.errors import RehearsalError, UserInputError
from rehearsal.server import page, state_file
from rehearsal.server.answer import Answer, answer, json_answer
from rehearsal.server.application import AccountApplication
from rehearsal.server.calls import now
from rehearsal.server.faults import container_ending, fault

HOST = "127.0.0.1"
THREADS = 16
CONNECTIONS = 500
IDLE_SECONDS = 3600
"""A connection stays open: a Go client loses an answer now and then when the server closes one."""
LONGEST_MOVE = timedelta(days=31)
TICK_SECONDS = 15.0
EVENTS = 200
_LARGEST_FORM = 10_000


class AccountServer:
    """Serves one open account."""

    def __init__(self, account: Account, region: str, port: int, state: Path | None = None) -> None:
        """Takes the port. Raises OSError if it is in use."""
        self.account, self.region, self.port = account, region, port
        self.state = state
        self.clock = WallClock()
        self.application = AccountApplication(self._own)
        self.stand_ins: list[str] = []
        """What the stack's configuration names as existing, as setting = value."""
        self.events: deque[str] = deque(maxlen=EVENTS)
        """What happened by itself as time passed."""
        self._caught_up = now()
        self._saved_after = 0
        """Number of calls that the last save of `_save_changes` holds."""
        self._server = waitress.create_server(
            self.application,
            host=HOST,
            port=port,
            threads=THREADS,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            ident=None,
        )
        self._ended = threading.Event()

    @property
    def url(self) -> str:
        """Of the account."""
        return f"http://{HOST}:{self.port}"

    def serve(self) -> None:
        """Answer requests until an interrupt."""
        threading.Thread(target=self._tick, name="time", daemon=True).start()
        self._server.run()

    def end(self) -> None:
        """Save the account, and let time be the machine's again."""
        self._ended.set()
        if self.state is not None:
            with self.application.lock:
                self.save()
        self.clock.stop()
        self._server.close()

    def save(self) -> None:
        """Write the state file; the caller holds the lock."""
        if self.state is None:
            raise UserInputError("There is no file to save to: start the server with --state FILE.")
        more = {"ahead": self.clock.ahead, "stand_ins": self.stand_ins, "runs": self.account.tasks.runs}
        state_file.save(self.state, {**more, "region": self.region})

    def _save_changes(self) -> None:
        """A loss of power must not leave a Pulumi state without its account; the caller holds the lock."""
        calls = sum(self.application.log.counts.values())
        if self.state is not None and calls != self._saved_after:
            self.save()
            self._saved_after = calls

    def load(self, file: Path) -> None:
        """Take the account from a state file. Raises UserInputError."""
        saved = state_file.load(file)
        if (region := saved.get("region", self.region)) != self.region:
            raise UserInputError(
                f"--state {file} holds an account with resources in {region}, and this stack is in {self.region}: give "
                f"a --stack in {region}, or another file."
            )
        self.stand_ins = saved["stand_ins"]
        self.account.tasks.runs.update(saved["runs"])
        if saved["ahead"]:
            self.clock.move(saved["ahead"])
        self._caught_up = now()

    def greeting(self) -> str:
        """What to copy into another terminal."""
        lines = [f"The emulated account is at {self.url} (this machine only); its page is there, too.", ""]
        lines += [f"export {name}={value}" for name, value in self.environment().items()]
        lines += [f"stand-in: {named}" for named in self.stand_ins]
        return "\n".join(lines) + "\n"

    def environment(self) -> dict[str, str]:
        """Variables that lead every AWS client here, and nowhere else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "practice",
            "AWS_SECRET_ACCESS_KEY": "practice",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,  # boto3 and version 1 of the AWS CLI read no other
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _tick(self) -> None:
        """Once in a while, do what AWS does by itself."""
        while not self._ended.wait(TICK_SECONDS):
            with self.application.lock:
                if self._ended.is_set():
                    return
                for work in (self._catch_up, self._save_changes):
                    try:
                        work()
                    except Exception as error:  # a schedule that is not carried must not end what else happens
                        sys.stderr.write(f"as time passed: {type(error).__name__}: {error}\n")

    def _catch_up(self) -> list[str]:
        """Make the calls that have become due, and say what happened; the caller holds the lock."""
        until = now()
        lines = [carry_out(call) for call in due_calls(self.account, self._caught_up, until)]
        lines += evaluate_alarms(self.account)
        self._caught_up = until
        return [self._happened(line) for line in lines]

    def _happened(self, line: str) -> str:
        self.events.append(f"{now():%Y-%m-%d %H:%M:%S} {line}")
        return self.events[-1]

    def _pass(self, by: timedelta) -> list[str]:
        """Move the clock from one scheduled call to the next, and say what happened; the caller holds the lock."""
        end, lines = now() + by, []
        for call in due_calls(self.account, self._caught_up, end):
            self.clock.move(max(call.at - now(), timedelta()))
            lines.append(self._happened(carry_out(call)))
        self.clock.move(max(end - now(), timedelta()))
        self._caught_up = now()
        return lines + self._catch_up()

    def _own(self, environ: Mapping[str, Any]) -> Answer | None:
        """Requests that no AWS client makes: none of them is signed."""
        if origin := _another_page(environ):
            text = f"A page of {origin} asked for this: the account answers programs, and its own page."
            return json_answer({"error": text}, HTTPStatus.FORBIDDEN)
        request = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if "HTTP_AUTHORIZATION" in environ or "X-Amz-" in environ.get("QUERY_STRING", ""):
            return None
        routes = {
            ("GET", "/"): self._page,
            ("GET", "/status"): self._status,
            ("GET", "/favicon.ico"): lambda _: answer(HTTPStatus.NO_CONTENT, "", "image/x-icon"),
            ("POST", "/clock"): self._move_clock,
            ("POST", "/faults"): self._add_fault,
            ("DELETE", "/faults"): self._remove_faults,
            ("POST", "/save"): self._save,
        }
        if request not in routes:
            return None
        try:
            return routes[request](environ)
        except RehearsalError as error:
            return json_answer({"error": str(error)}, HTTPStatus.BAD_REQUEST)
        except Exception as error:
            sys.stderr.write(f"{request[0]} {request[1]}: {type(error).__name__}: {error}\n")
            return json_answer({"error": f"{type(error).__name__}: {error}"}, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _shown(self) -> page.Shown:
        environment = self.environment()
        return page.Shown(self.account, self.region, self.application, self.stand_ins, self.events, environment)

    def _page(self, _: Mapping[str, Any]) -> Answer:
        with self.application.lock:
            text = page.render(self._shown())
        return answer(HTTPStatus.OK, text, "text/html; charset=utf-8")

    def _status(self, _: Mapping[str, Any]) -> Answer:
        with self.application.lock:
            return json_answer(page.status(self._shown()))

    def _move_clock(self, environ: Mapping[str, Any]) -> Answer:
        form = _form(environ)
        parts = {name: value for name, value in form.items() if name in ("days", "hours", "minutes", "seconds")}
        try:
            by = timedelta(**{name: float(value) for name, value in parts.items()})
        except (TypeError, ValueError, OverflowError) as error:
            raise UserInputError(f"days, hours, minutes and seconds must be numbers: {error}.") from error
        if set(form) - set(parts) or not timedelta() < by <= LONGEST_MOVE:
            raise UserInputError(
                "Say by how much: days, hours, minutes and seconds, together more than 0 and at most 31 days."
            )
        with self.application.lock:
            happened = self._pass(by)
        return json_answer({"now": now().isoformat(timespec="seconds"), "happened": happened})

    def _add_fault(self, environ: Mapping[str, Any]) -> Answer:
        form = _form(environ)
        if "container" in form:
            name, ending = container_ending(form)
            scenario = self.account.scenario
            self.account.scenario = replace(scenario, containers={**scenario.containers, name: ending})
        else:
            self.application.faults.add(fault(form))
        return json_answer(page.faults(self._shown()))

    def _remove_faults(self, _: Mapping[str, Any]) -> Answer:
        self.application.faults.clear()
        self.account.scenario = replace(self.account.scenario, containers={})
        return json_answer(page.faults(self._shown()))

    def _save(self, _: Mapping[str, Any]) -> Answer:
        with self.application.lock:
            self.save()
        return json_answer({"saved": str(self.state)})


def _another_page(environ: Mapping[str, Any]) -> str:
    """Whose web page a browser shows that sends this; empty for our own page, and for programs, which name none."""
    origin = str(environ.get("HTTP_ORIGIN", ""))
    return "" if urlsplit(origin).hostname in (HOST, "localhost") else origin


def _form(environ: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object that a request carries."""
    body = environ["wsgi.input"].read(_LARGEST_FORM + 1)
    try:
        form = json.loads(body or b"{}") if len(body) <= _LARGEST_FORM else None
    except ValueError:
        form = None
    if not isinstance(form, dict):
        raise UserInputError('The body must be a JSON object, such as {"hours": 8}.')
    return form
