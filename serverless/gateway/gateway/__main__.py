"""`python -m gateway`: serve until SIGTERM, then finish what is in flight."""

import argparse
import os
import sys

from aiohttp import web

from .app import create_app
from .errors import ConfigError
from .settings import Settings
from .telemetry import configure_logging


def options() -> dict[str, str]:
    """Command-line options, as the environment variables that they stand for."""
    parser = argparse.ArgumentParser(prog="python -m gateway", description=__doc__)
    parser.add_argument("--backend", dest="BACKEND", choices=["sagemaker", "echo"], help="what answers (BACKEND)")
    parser.add_argument("--functions", dest="FUNCTIONS_DIR", metavar="DIR", help="registry (FUNCTIONS_DIR)")
    parser.add_argument("--port", dest="PORT", help="port to listen on (PORT, 8070)")
    return {name: value for name, value in vars(parser.parse_args()).items() if value is not None}


def main() -> int:
    environ = {**os.environ, **options()}
    try:
        settings = Settings.from_environ(environ)
        configure_logging(settings.log_level)
        app, patience = create_app(settings, environ), settings.request_timeout
        web.run_app(app, port=settings.port, access_log=None, print=None, shutdown_timeout=patience)
    except (ConfigError, OSError) as error:  # OSError: the port is taken
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
