"""CVAT v2's containers as processes: a server is nginx, uvicorn, OPA and smokescreen, a worker has a smokescreen."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from patches.trial.processes import BASE_URL, Fleet
from patches.trial.v2.go_programs import OPA, SMOKESCREEN, go_program

ROOT = Path(__file__).parents[3]
API_OFFSET, OPA_OFFSET = 10_000, 20_000
"""uvicorn and OPA listen this much above their nginx."""


@dataclass
class FleetV2(Fleet):
    """Each server has ports of its own here, and one smokescreen serves all: CVAT names its port."""

    package = "cvat_aws_v2"

    def environment(self, name: str, **more: str) -> dict[str, str]:
        services, base = self.services, self.folder / "home"
        home = str(self.place.home)
        return {
            "PATH": os.pathsep.join(
                [str(Path(self.place.python).parent), "/usr/local/bin", "/usr/sbin", "/usr/bin", "/bin"]
            ),
            **{"HOME": str(base), "USER": "django", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PYTHONPATH": home},
            **{"TMPDIR": str(self.folder / name), "CVAT_SCRATCH_DIR": f"{self.folder / name}/cvat"},
            **{"MPLCONFIGDIR": str(self.folder / name), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            **{"CVAT_BASE_DIR": str(base), "CVAT_SHARE_DIR": f"{base}/share", "CVAT_DATA_DIR": f"{base}/data"},
            **{"DJANGO_SETTINGS_MODULE": "cvat_aws_v2.settings", "DJANGO_SECRET_KEY": self.secret_key},
            **{"CVAT_BASE_URL": BASE_URL, "CVAT_ALLOWED_HOSTS": "localhost", "AWS_REGION": "cn-northwest-1"},
            **{"CVAT_SERVERLESS": "yes", "CVAT_NUCLIO_HOST": "127.0.0.1", "CVAT_NUCLIO_PORT": str(self.models_port)},
            **{"CVAT_POSTGRES_HOST": "localhost", "CVAT_POSTGRES_PORT": str(services.postgres_port)},
            **{"CVAT_POSTGRES_USER": "cvat", "CVAT_POSTGRES_PASSWORD": services.postgres_password},
            **{"PGSSLMODE": "verify-full", "PGSSLROOTCERT": self.ca},
            **{"CVAT_REDIS_HOST": "localhost", "CVAT_REDIS_PORT": str(services.redis_port), "CVAT_REDIS_CA": self.ca},
            **{"CVAT_REDIS_PASSWORD": services.redis_password, "CVAT_REDIS_SSL": "yes"},
            **{"CVAT_MEDIA_REDIS_HOST": "localhost", "CVAT_MEDIA_REDIS_PORT": str(services.media_redis_port)},
            **{"CVAT_MEDIA_REDIS_PASSWORD": services.media_redis_password},
            **more,
        }

    def server(self, name: str, port: int, **more: str) -> None:
        """The four containers of a server task but smokescreen; `port` is nginx's."""
        self.start(f"front-{name}", "front", **self._ports(port))
        self.web(name, port, **more)
        self.opa(name, port + OPA_OFFSET, port + API_OFFSET)

    def web(self, name: str, port: int, **more: str) -> None:
        """uvicorn, behind the nginx that listens on `port`."""
        opa = f"http://127.0.0.1:{port + OPA_OFFSET}"
        self.start(f"web-{name}", "web", CVAT_WEB_PROCESSES="1", CVAT_OPA_URL=opa, **self._ports(port), **more)

    @staticmethod
    def _ports(port: int) -> dict[str, str]:
        return {"CVAT_FRONT_PORT": str(port), "CVAT_API_PORT": str(port + API_OFFSET)}

    def opa(self, name: str, port: int, api: int) -> None:
        """As the program's task definition starts it."""
        self.run(
            f"opa-{name}",
            *(go_program(OPA), "run", "--server", f"--addr=127.0.0.1:{port}", "--log-level=error"),
            *(f"--set=services.cvat.url=http://127.0.0.1:{api}", "--set=bundles.cvat.service=cvat"),
            *("--set=bundles.cvat.resource=/api/auth/rules", "--set=bundles.cvat.polling.min_delay_seconds=5"),
            "--set=bundles.cvat.polling.max_delay_seconds=15",
        )

    def smokescreen(self, options: str) -> None:
        """`options`: what may be called here, where all is on the loopback interface."""
        folder = str(Path(go_program(SMOKESCREEN)).parent)
        path = os.pathsep.join([folder, self.environment("smokescreen")["PATH"]])
        self.start("smokescreen", "smokescreen", PATH=path, SMOKESCREEN_OPTS=options)

    def python(self, name: str, code: str, **more: str) -> tuple[int, str]:
        """Run a piece of Python where CVAT runs; (exit code, what it printed)."""
        return self._finish(name, self._spawn(name, ["-c", code], more))

    def gateway(self, port: int) -> None:
        """Ours, with its echo in SageMaker's place."""
        self.models_port = port
        env = {"BACKEND": "echo", "PORT": str(port), "PATH": os.environ["PATH"]}
        self._log_to("gateway", [sys.executable, "-m", "gateway"], env, ROOT / "serverless/gateway")

    def run(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start a program that is not CVAT's."""
        return self._log_to(name, list(command), self.environment(name), self.folder)

    def _log_to(self, name: str, command: list[str], env: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
        (self.folder / name).mkdir(exist_ok=True)
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603
                command, env=env, cwd=folder, stdout=log, stderr=log, start_new_session=True
            )
        self.running[name] = process
        return process
