"""`python -m gateway`: serve until SIGTERM, keep listening for a while, then finish what is in flight."""

import argparse
import asyncio
import os

from gateway.errors import ConfigError
from gateway.server import serve
from gateway.settings import Settings
from gateway.telemetry import configure_logging


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gateway", description=__doc__)
    parser.add_argument("--backend", choices=["sagemaker", "echo"], help="what answers (variable BACKEND)")
    chosen = {name.upper(): value for name, value in vars(parser.parse_args()).items() if value}
    try:
        settings = Settings.from_environ(os.environ | chosen)
        configure_logging(settings.log_level)
        asyncio.run(serve(settings))
    except (ConfigError, OSError) as error:  # OSError: the port is taken
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
