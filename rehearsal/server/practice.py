"""`python -m rehearsal practice`: everything that the Pulumi CLI needs to practise on the emulated account."""

from __future__ import annotations

import ipaddress
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import click
import yaml

from region import Region
from rehearsal.aws.account import Account
from rehearsal.defaults import DEFAULT_STACK, HOME
from rehearsal.errors import UserInputError
from rehearsal.sample_archives import sample_archives
from rehearsal.server import serve
from rehearsal.server.service import AccountServer
from rehearsal.server.state_file import claimed

STACK = "practice"
FOLDER = Path("build") / "practice"
BACKUP_DAYS = 7
"""A disposable stack keeps no recovery points unless it asks for them, and a restore is to be practised."""
IMAGES = ("server", "ui", "gateway", "models", "opa")
_HARMLESS = frozenset(
    """
    AWS_REGION AWS_DEFAULT_REGION AWS_PAGER AWS_DEFAULT_OUTPUT AWS_EC2_METADATA_DISABLED AWS_CA_BUNDLE AWS_MAX_ATTEMPTS
    AWS_RETRY_MODE AWS_CLI_AUTO_PROMPT
    """.split()
)
_OWN_FILES = {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}
_KEYS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
"""Keys alone reach nothing where the endpoint is this machine."""


@click.command("practice", epilog=serve.EPILOG)
@click.option("--stack", show_default=DEFAULT_STACK, help="Whose settings the practice stack gets.")
@click.option("--port", type=click.IntRange(1, 65535), default=serve.PORT, show_default=True, help="On 127.0.0.1 only.")
@click.option("--up", is_flag=True, help="Also run `pulumi up`, once the account answers.")
@click.option("--fresh", is_flag=True, help="Throw away the account and the stack of earlier practice.")
def command(stack: str | None, port: int, up: bool, fresh: bool) -> int:
    """Serve an account to practise on, with a Pulumi stack for it, until it is interrupted.

    The account, the stack's state and its passphrase are in build/practice and stay there: next time it goes on where
    it was. docs/practice.md is a guided hour.
    """
    refuse_real_accounts(os.environ)
    if shutil.which("pulumi") is None:
        raise UserInputError(
            "The Pulumi CLI is not on PATH: install it (https://www.pulumi.com/docs/install/), and try again. "
            "`python -m rehearsal` needs no CLI."
        )
    folder = HOME / FOLDER
    settings = HOME / f"Pulumi.{STACK}.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    with claimed(folder / "account"):
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
            settings.unlink(missing_ok=True)
    (folder / "state").mkdir(parents=True, exist_ok=True)
    shutil.copytree(sample_archives(HOME), folder / "archives", dirs_exist_ok=True)
    write_settings(settings, folder / "source", stack)
    _refuse_profile(settings)

    def begin(server: AccountServer) -> None:
        variables = environment(server, folder)
        (folder / "environment").write_text(_exports(variables), encoding="utf-8")
        sys.stdout.write(_greeting(server))
        sys.stdout.flush()
        if up:
            threading.Thread(target=_up, args=(variables,), daemon=True).start()

    return serve.run(STACK, port, state=folder / "account", begin=begin)


def refuse_real_accounts(variables: Mapping[str, str]) -> None:
    """Raise UserInputError if a variable could lead an AWS client of this shell to a real account."""
    endpoint = variables.get("AWS_ENDPOINT_URL", "")
    local = _is_this_machine(endpoint)
    allowed = _HARMLESS | ({"AWS_ENDPOINT_URL", *_KEYS} if local else set())
    names = [
        name
        for name in sorted(variables)
        if name.startswith("AWS_") and name not in allowed and not _is_practice_file(name, variables[name])
    ]
    if names:
        raise UserInputError(
            f"{', '.join(names)}: in this shell, a command could reach a real account. Practise in a shell without "
            f"these variables:\n  unset {' '.join(names)}"
        )


def _is_practice_file(name: str, value: str) -> bool:
    return name in _OWN_FILES and value in (os.devnull, str(HOME / FOLDER / "no-profile"))


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_profile(settings: Path) -> None:
    config = (yaml.safe_load(settings.read_text(encoding="utf-8")) or {}).get("config", {})
    for key in ("aws:profile", "aws:endpoints", "aws:accessKey", "aws:assumeRole", "aws:assumeRoles"):
        if config.get(key):
            raise UserInputError(
                f"{key} in {settings.name} could lead the AWS provider to a real account. Remove it there: the "
                "practice account needs none."
            )


def write_settings(settings: Path, source: Path, stack: str | None) -> None:
    """Write the practice stack's file, unless earlier practice left one, and into `source` whose settings it has.

    Raises UserInputError where another stack is asked for than earlier practice took.
    """
    if not settings.exists():
        chosen = stack or DEFAULT_STACK
        settings.write_text(practice_settings(HOME / f"Pulumi.{chosen}.yaml"), encoding="utf-8")
        source.write_text(chosen, encoding="utf-8")
    elif stack and source.exists() and (before := source.read_text(encoding="utf-8")) != stack:
        raise UserInputError(
            f"--stack {stack}: earlier practice goes on here, with the settings of {before}. Leave --stack out, or "
            "throw earlier practice away with --fresh."
        )


def practice_settings(source: Path) -> str:
    """The stack's file of the practice stack: another's settings, images that need no Docker, sample models."""
    if not source.exists():
        raise UserInputError(f"--stack: there is no {source.name}.")
    config = dict((yaml.safe_load(source.read_text(encoding="utf-8")) or {}).get("config", {}))
    region = Region(config["aws:region"])
    registry = f"{Account.id}.dkr.ecr.{region.name}.{region.dns_suffix}"
    config["aws:allowedAccountIds"] = [Account.id]  # the provider refuses a real one, in a shell without our variables
    config["cvat:modelArchives"] = str(FOLDER / "archives")
    if config.get("cvat:preset") != "production":  # which no stack may have that is deleted without a trace
        config["cvat:disposable"] = True
        config.setdefault("cvat:backupDays", BACKUP_DAYS)
    for number, image in enumerate(IMAGES, 1):
        config[f"cvat:{image}Image"] = f"{registry}/practice/{image}@sha256:{f'{number:x}' * 64}"
    text = yaml.safe_dump({"config": config}, sort_keys=False, allow_unicode=True)
    return f"# Written by `make practice` from {source.name}: a stack on an emulated account.\n{text}"


def environment(server: AccountServer, folder: Path) -> dict[str, str]:
    """Variables for the Pulumi CLI and every AWS client: this account, this state, and no profile of the user's."""
    nothing = folder / "no-profile"
    nothing.touch()
    return server.environment() | {
        "AWS_CONFIG_FILE": str(nothing),
        "AWS_SHARED_CREDENTIALS_FILE": str(nothing),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": STACK,
        "PULUMI_STACK": STACK,
    }


def _exports(variables: Mapping[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def _greeting(server: AccountServer) -> str:
    lines = (
        f"An emulated account runs at {server.url}; its page is there, too. Ctrl-C ends it, and it goes on next time.",
        "In another terminal, in this folder:",
        "",
        f"  . {FOLDER}/environment",
        f"  pulumi stack select --create {STACK}",
        "  pulumi up",
        "  aws ecs list-clusters",
        "  pulumi destroy",
        "",
        "docs/practice.md is a guided hour.",
    )
    return "\n".join(lines) + "\n"


def _up(variables: Mapping[str, str]) -> None:
    """Create the stack with the CLI; its output is the user's to read."""
    for words in _commands():
        ended = subprocess.run(["pulumi", *words], cwd=HOME, env=os.environ | dict(variables), check=False)  # noqa: S603, S607
        if ended.returncode:
            sys.stderr.write(f"pulumi {' '.join(words)} ended with {ended.returncode}; the account goes on.\n")
            return


def _commands() -> Iterator[list[str]]:
    yield ["stack", "select", "--create", STACK]
    yield ["up", "--yes", "--skip-preview"]
