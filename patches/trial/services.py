"""A throw-away PostgreSQL and Redis, both with TLS and a password, and a load balancer; from Debian's packages."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from patches.trial.balancer import configuration

A, B = 8091, 8092
"""Ports of the two web processes."""
HTTPS_A, HTTPS_B = 8443, 8444
"""Ports of the load balancer, one for each web process: a step chooses between them."""
POSTGRES_USER = "postgres"  # PostgreSQL refuses to run as root
WAIT_S = 120.0


class MissingError(Exception):
    """Something that the trial needs is not installed; `str()` says what and how to get it."""


def program(name: str) -> str:
    """Debian keeps PostgreSQL's programs out of PATH, and some others out of that of ordinary users."""
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/sbin")]
    path = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *map(str, places)]))
    if path is None:
        raise MissingError(
            f"'{name}' is not installed. On Debian: apt-get install postgresql redis-server apache2 "
            "libapache2-mod-xsendfile nginx openssl slapd util-linux"
        )
    return path


def quiet(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise MissingError(f"'{command[0]}' failed:\n{done.stdout}{done.stderr}")


def certificates(folder: Path) -> None:
    """A certificate authority (ca.pem) and what it issued for this machine (server.pem, server.key)."""

    def openssl(arguments: str, *more: str) -> None:
        quiet(program("openssl"), *arguments.format(folder=folder).split(), *more)

    names = folder / "names"
    names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("req -x509 -newkey rsa -nodes -days 2 -subj /CN=trial -keyout {folder}/ca.key -out {folder}/ca.pem")
    openssl("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout {folder}/server.key -out {folder}/server.csr")
    openssl(
        "x509 -req -days 2 -CAcreateserial -CA {folder}/ca.pem -CAkey {folder}/ca.key",
        *("-in", f"{folder}/server.csr", "-extfile", str(names), "-out", f"{folder}/server.pem"),
    )


@dataclass
class Services:
    """The services and how to reach them; `stop` ends just what this started."""

    folder: Path
    postgres_port: int = 25432
    redis_port: int = 26379
    postgres_password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    redis_password: str = field(default_factory=lambda: secrets.token_urlsafe(24) + "&^$!")  # what ElastiCache allows
    media_redis_port: int = 0
    """Of a second Redis, which evicts; 0: there is none."""
    media_redis_password: str = field(default_factory=lambda: secrets.token_urlsafe(24) + "&^$!")
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def _as_postgres(self, *command: str) -> list[str]:
        return [program("runuser"), "-u", POSTGRES_USER, "--", *command] if os.geteuid() == 0 else [*command]

    def start(self) -> None:
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        certificates(self.folder)
        self._start_postgres()
        self._start_redis("redis", self.redis_port, self.redis_password, "maxmemory-policy noeviction")
        if self.media_redis_port:
            policy = "maxmemory 256mb\nmaxmemory-policy allkeys-lru"
            self._start_redis("media", self.media_redis_port, self.media_redis_password, policy)
        self._start_balancer()

    def _start_postgres(self) -> None:
        data, password = self.folder / "postgres", self.folder / "password"
        data.mkdir()
        password.write_text(self.postgres_password)
        for name in ("server.key", "server.pem"):
            shutil.copy(self.folder / name, data.parent / f"postgres-{name}")
        mine = [data, password, *self.folder.glob("postgres-*")]
        (self.folder / "postgres-server.key").chmod(0o600)
        if os.geteuid() == 0:
            for path in mine:
                shutil.chown(path, POSTGRES_USER)
        quiet(
            *self._as_postgres(
                program("initdb"), "-D", str(data), "-U", "cvat", "--auth=scram-sha-256", f"--pwfile={password}"
            )
        )
        options = {
            "port": self.postgres_port,
            "listen_addresses": "localhost",
            "unix_socket_directories": "",
            "ssl": "on",
            "ssl_cert_file": self.folder / "postgres-server.pem",
            "ssl_key_file": self.folder / "postgres-server.key",
        }
        arguments = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        self._spawn("postgres.log", self._as_postgres(program("postgres"), "-D", str(data), *arguments))
        self._await_postgres()

    def _await_postgres(self) -> None:
        command = [
            program("psql"),
            "-h",
            "localhost",
            "-p",
            str(self.postgres_port),
            "-U",
            "cvat",
            "-d",
            "postgres",
        ]
        env = {
            **os.environ,
            "PGPASSWORD": self.postgres_password,
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": f"{self.folder}/ca.pem",
        }
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            create = [*command, "-c", "CREATE DATABASE cvat"]
            if subprocess.run(create, env=env, capture_output=True, check=False).returncode == 0:  # noqa: S603
                return
            time.sleep(0.3)
        raise MissingError(f"PostgreSQL does not answer; its log is {self.folder}/postgres.log")

    def _start_redis(self, name: str, port: int, password: str, policy: str) -> None:
        """The password goes into a file: on a command line, every user of the machine could read it."""
        folder = self.folder
        config = folder / f"{name}.conf"
        config.write_text(
            f'port 0\ntls-port {port}\nbind 127.0.0.1\nsave ""\n'
            f'requirepass "{password}"\n'
            f"tls-auth-clients no\ntls-ca-cert-file {folder}/ca.pem\ntls-cert-file {folder}/server.pem\n"
            f"tls-key-file {folder}/server.key\n{policy}\n"
        )
        config.chmod(0o600)
        self._spawn(f"{name}.log", [program("redis-server"), str(config)])

    def _start_balancer(self) -> None:
        user = "root" if os.geteuid() == 0 else ""
        path = self.folder / "balancer.conf"
        path.write_text(configuration(self.folder, {HTTPS_A: A, HTTPS_B: B}, user))
        self._spawn("balancer.log", [program("nginx"), "-p", str(self.folder), "-e", "stderr", "-c", str(path)])

    def _spawn(self, log: str, command: list[str]) -> None:
        with (self.folder / log).open("wb") as out:
            self.started.append(subprocess.Popen(command, stdout=out, stderr=out))  # noqa: S603

    def stop(self) -> None:
        for process in reversed(self.started):
            process.terminate()
        for process in self.started:
            process.wait(timeout=WAIT_S)
