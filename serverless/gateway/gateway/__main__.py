"""`python -m gateway`: serve until SIGTERM, then finish what is in flight."""

import argparse
import os

from aiohttp import web

from .app import Gateway
from .errors import ConfigError
from .settings import Settings
from .telemetry import configure_logging

parser = argparse.ArgumentParser(prog="python -m gateway", description=__doc__)
parser.add_argument("--backend", choices=["sagemaker", "echo"], help="what answers (variable BACKEND)")

if __name__ == "__main__":
    chosen = {name.upper(): value for name, value in vars(parser.parse_args()).items() if value}
    try:
        settings = Settings.from_environ(os.environ | chosen)
        configure_logging(settings.log_level)
        app, patience = Gateway(settings).app, settings.request_timeout_s
        web.run_app(app, port=settings.port, access_log=None, print=None, shutdown_timeout=patience)
    except (ConfigError, OSError) as error:  # OSError: the port is taken
        parser.exit(2, f"{error}\n")
