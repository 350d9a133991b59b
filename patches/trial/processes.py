"""CVAT's processes, each with a /tmp of its own, as separate containers have."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from patches.trial.services import HTTPS_A, Services
from patches.trial.services import program as program_path

# What a container runtime gives a task: a read-only root with two volumes on it, /dev, /proc, /etc/hosts, and, where
# its task definition has the volume (settings/releases), scratch space of its own.
SEPARATE = """
root=$1; scratch_folder=$2; shift 2; home=$root/home/django; set -e
touch "$root/etc/hosts"
for volume in "$root" "$home/data" "$home/share"; do mount --bind "$volume" "$volume"; done
mount -o remount,bind,ro "$root"
for own in /dev /etc/hosts; do mount --bind "$own" "$root$own"; done
mount -t proc proc "$root/proc"
for scratch in "$root/dev/shm" ${scratch_folder:+"$root$scratch_folder"}; do mount -t tmpfs tmpfs "$scratch"; done
exec chroot --userspec=1000:1000 "$root" "$@"
"""
WITHOUT_SCRATCH = ("queue-metrics", "copy-demo")
"""Commands whose containers have no volume at /tmp."""
BASE_URL = "https://cvat.test:8443"
ADMIN = "admin"


@dataclass(frozen=True)
class Place:
    """Where CVAT is: a root file system made from the image, or a patched checkout with its Python."""

    root: Path | None
    home: Path
    python: str

    def command(self, arguments: list[str]) -> list[str]:
        """In an image's root: a mount namespace of its own, read-only but for a task's mounts; user 1000."""
        program = [self.python, *arguments]
        if self.root is None:
            return program
        scratch = "" if arguments[2:3] and arguments[2] in WITHOUT_SCRATCH else "/tmp"  # noqa: S108
        return [program_path("unshare"), "--mount", "sh", "-c", SEPARATE, "sh", str(self.root), scratch, *program]


@dataclass
class Fleet:
    """What runs, and the environment that all of it shares."""

    place: Place
    services: Services
    folder: Path
    models_port: int = 0
    """Where the gateway would be."""
    secret_key: str = field(default_factory=lambda: secrets.token_hex(32))
    admin_password: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    package = "cvat_aws"
    """The overlay, whose `__main__` is the entry point."""

    def environment(self, name: str, **more: str) -> dict[str, str]:
        services, scratch = self.services, Path("/tmp") if self.place.root else self.folder / name  # noqa: S108
        home = "/home/django" if self.place.root else str(self.place.home)
        return {
            "PATH": "/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            **{"HOME": home, "CVAT_HOME": home, "USER": "django", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
            **{
                "TMPDIR": str(scratch),
                "CVAT_SCRATCH_DIR": f"{scratch}/cvat",
                "MPLCONFIGDIR": f"{scratch}/mpl",
            },
            **{
                "CVAT_SERVER_ROOT": f"{scratch}/server",
                "PYTHONUNBUFFERED": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            **{"DJANGO_SETTINGS_MODULE": "cvat_aws.settings", "DJANGO_SECRET_KEY": self.secret_key},
            **{"CVAT_BASE_URL": BASE_URL, "CVAT_ALLOWED_HOSTS": "localhost", "AWS_REGION": "cn-northwest-1"},
            **{"CVAT_SERVERLESS": "yes", "CVAT_NUCLIO_HOST": "127.0.0.1", "CVAT_NUCLIO_PORT": str(self.models_port)},
            **{"CVAT_POSTGRES_HOST": "localhost", "CVAT_POSTGRES_PORT": str(services.postgres_port)},
            **{"CVAT_POSTGRES_USER": "cvat", "CVAT_POSTGRES_PASSWORD": services.postgres_password},
            **{"PGSSLMODE": "verify-full", "PGSSLROOTCERT": self.ca, "TF_CPP_MIN_LOG_LEVEL": "2"},
            **{
                "CVAT_REDIS_HOST": "localhost",
                "CVAT_REDIS_PORT": str(services.redis_port),
                "CVAT_REDIS_SSL": "yes",
            },
            **{"CVAT_REDIS_PASSWORD": services.redis_password, "CVAT_REDIS_CA": self.ca},
            **more,
        }

    @property
    def ca(self) -> str:
        """An image's root cannot see the folder of the services, but has the share mounted."""
        return "/home/django/share/trial-ca.pem" if self.place.root else str(self.services.folder / "ca.pem")

    def start(self, name: str, *command: str, **more: str) -> subprocess.Popen[bytes]:
        """Start a command of the entry point."""
        return self._spawn(name, ["-m", self.package, *command], more)

    def _spawn(self, name: str, arguments: list[str], more: dict[str, str]) -> subprocess.Popen[bytes]:
        scratch = self.folder / name
        scratch.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603
                self.place.command(arguments),
                env=self.environment(name, **more),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running[name] = process
        return process

    def once(self, name: str, *command: str, **more: str) -> tuple[int, str]:
        """Run a command to its end; (exit code, what it printed)."""
        return self._finish(name, self.start(name, *command, **more))

    def python(self, name: str, code: str) -> tuple[int, str]:
        """Run a piece of Python where CVAT runs; (exit code, what it printed)."""
        return self._finish(name, self._spawn(name, ["-c", code], {"PYTHONPATH": self.environment(name)["CVAT_HOME"]}))

    def cli(self, name: str, *arguments: str) -> tuple[int, str]:
        """Run CVAT's own command line against the load balancer, as the administrator."""
        program = f"{self.environment(name)['CVAT_HOME']}/utils/cli/cli.py"
        server = ["--https", "--server-host", "localhost", "--server-port", str(HTTPS_A), "--auth", ADMIN]
        more = {"PASS": self.admin_password, "REQUESTS_CA_BUNDLE": self.ca}
        return self._finish(name, self._spawn(name, [program, *server, *arguments], more))

    def _finish(self, name: str, process: subprocess.Popen[bytes]) -> tuple[int, str]:
        code = process.wait(timeout=600)
        del self.running[name]
        return code, (self.folder / f"{name}.log").read_text()

    def terminate(self, name: str, patience_s: float = 130.0) -> tuple[int, float]:
        """SIGTERM to the process alone, as ECS sends it; (exit code, seconds it took)."""
        process, began = self.running.pop(name), time.monotonic()
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=patience_s), time.monotonic() - began

    def kill(self, name: str) -> None:
        """SIGKILL to all of a container's processes, as when its host is lost: RQ's child has a process group of its
        own, and would finish the job.
        """
        process = self.running.pop(name)
        _kill_session(process.pid)
        process.wait(timeout=20)

    def ended(self) -> dict[str, str]:
        """Processes that should run and do not: name -> exit code and the end of the log."""
        return {
            name: f"{name} ended with exit code {process.returncode}:\n{self.log(name)}"
            for name, process in self.running.items()
            if process.poll() is not None
        }

    def log(self, name: str, lines: int = 40) -> str:
        """The end of a process's log."""
        path = self.folder / f"{name}.log"
        text = path.read_text(errors="replace") if path.is_file() else ""
        return "\n".join(f"  {name}| {line}" for line in text.splitlines()[-lines:])

    def stop(self) -> None:
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
            _kill_session(process.pid)

    def memory(self, name: str) -> int:
        """Resident memory of a process and its descendants, in MiB; what they share is counted for each."""
        return sum(_resident(pid) for pid in _family(self.running[name].pid)) // 1024


def _kill_session(leader: int) -> None:
    """SIGKILL to a process that `start` made, and to all that it has started, as long as there are any."""
    while members := [pid for pid in _pids() if _session(pid) == leader]:
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _session(pid: int) -> int:
    """0 for what has ended, be it that nobody has asked for its exit code yet."""
    try:
        state, _, _, session = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:4]
    except OSError:
        return 0
    return 0 if state in "ZX" else int(session)


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]


def _resident(pid: int) -> int:
    """KiB; 0 if the process has gone meanwhile."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
