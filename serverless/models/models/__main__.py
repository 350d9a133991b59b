"""Command line: `serve` is what SageMaker starts, the rest makes model archives."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

from models.errors import ModelError
from models.settings import read_settings

BUILD = Path(__file__).resolve().parents[3] / "build"
REGISTRY = Path(__file__).resolve().parents[2] / "functions"
"""serverless/functions of the checkout."""


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; the exit code is 1, with a sentence on stderr, where something is wrong."""
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except ModelError as error:
        sys.stderr.write(f"models: {error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve the archive in MODEL_DIR (default /opt/ml/model) over HTTP")
    serve.set_defaults(run=_serve)
    registry = argparse.ArgumentParser(add_help=False)
    registry.add_argument("--functions", type=Path, default=REGISTRY, help="registry folder (default: %(default)s)")
    pack = commands.add_parser(
        "pack", parents=[registry], help="make a function's archive from its weights, and try it"
    )
    pack.add_argument("function", metavar="FUNCTION", help="name of a file in the registry, without .yaml")
    pack.add_argument("--weights", type=Path, nargs="+", required=True, metavar="FILE", help="the network's files")
    pack.add_argument("--output", type=Path, default=Path(), metavar="DIR", help="default: the current folder")
    pack.set_defaults(run=_pack)
    sample = commands.add_parser("sample", parents=[registry], help="make archives of tiny networks, for tests")
    sample.add_argument("names", metavar="FUNCTION", nargs="*", help="functions of the registry")
    sample.add_argument("--all", action="store_true", help="every function that has a sample")
    sample.add_argument("directory", type=Path, metavar="DIR", help="where to put <function>.tar.gz")
    sample.set_defaults(run=_sample)
    _add_catalogue(commands, registry)
    export = commands.add_parser("export", help="make a function's network file from its public source")
    export.add_argument("function", choices=["pth-faster-rcnn"], metavar="FUNCTION", help="pth-faster-rcnn")
    export.add_argument("--output", type=Path, default=Path("model.onnx"), metavar="FILE", help="default: %(default)s")
    export.add_argument(
        "--weights", type=Path, metavar="FILE", help="state dict; default: torchvision downloads its own"
    )
    export.set_defaults(run=_export)
    return parser


def _add_catalogue(commands: Any, registry: argparse.ArgumentParser) -> None:
    listing = commands.add_parser("list", help="the models of the catalogue: licences, sizes, seconds, sources")
    listing.set_defaults(run=_list)
    adding = commands.add_parser(
        "add", parents=[registry], help="fetch models of the catalogue, pack them, write their registry files"
    )
    adding.add_argument("names", metavar="MODEL", nargs="+", help="see `list`")
    adding.add_argument(
        "--from", dest="given", type=Path, nargs="+", default=[], metavar="FILE", help="files or folders that are here"
    )
    adding.add_argument("--mirror", metavar="HOST", help="takes the place of huggingface.co, e.g. hf-mirror.com")
    adding.add_argument("--archives", type=Path, default=BUILD / "models", metavar="DIR", help="default: %(default)s")
    adding.add_argument("--cache", type=Path, default=BUILD / "model-cache", metavar="DIR", help="default: %(default)s")
    adding.add_argument("--picture", type=Path, metavar="FILE", help="a photo to try the model on")
    adding.set_defaults(run=_add)
    converting = commands.add_parser(
        "convert", parents=[registry], help="CVAT's own function.yaml files to registry files, or what is missing"
    )
    converting.add_argument(
        "path", type=Path, metavar="PATH", help="a checkout of CVAT, a folder, or one function.yaml"
    )
    converting.add_argument("--output", type=Path, metavar="DIR", help="where to write what is ready; default: nowhere")
    converting.add_argument("--weights", type=Path, metavar="FILE", help="ONNX network of a function that is not known")
    converting.set_defaults(run=_convert)


# Imports wait for their command: `serve` needs no packer, `pack` no HTTP server, and torch is rarely there.
def _serve(_parsed: argparse.Namespace) -> int:
    from models.server import serve  # noqa: PLC0415

    settings = read_settings()
    logging.basicConfig(level=settings.log_level, stream=sys.stdout, format="%(levelname)s %(message)s")
    return asyncio.run(serve(settings))


def _pack(parsed: argparse.Namespace) -> int:
    from models.archive import pack  # noqa: PLC0415

    sys.stdout.write(f"{pack(parsed.functions, parsed.function, parsed.weights, parsed.output)}\n")
    return 0


def _sample(parsed: argparse.Namespace) -> int:
    from models.samples import pack_samples  # noqa: PLC0415

    if parsed.all == bool(parsed.names):
        raise ModelError("sample: name the functions, or say --all")
    for archive in pack_samples(parsed.directory, parsed.functions, parsed.names or None):
        sys.stdout.write(f"{archive}\n")
    return 0


def _list(_parsed: argparse.Namespace) -> int:
    from models.catalogue import listing, read_catalogue  # noqa: PLC0415

    sys.stdout.write(f"{listing(list(read_catalogue().values()))}\n")
    return 0


def _add(parsed: argparse.Namespace) -> int:
    from models.adding import Places, add, try_on  # noqa: PLC0415
    from models.catalogue import find  # noqa: PLC0415

    places = Places(functions=parsed.functions, archives=parsed.archives, cache=parsed.cache)
    for model in find(parsed.names):
        entry = model.entry
        sys.stdout.write(f"{model.name}: {entry.what}. {entry.licence}: {entry.provenance}\n")
        archive = add(model, places, parsed.given, parsed.mirror)
        sys.stdout.write(f"{archive}\n{parsed.functions / model.name}.yaml\n")
        if parsed.picture:
            sys.stdout.write(f"{try_on(archive.path, parsed.picture)}\n")
    return 0


def _convert(parsed: argparse.Namespace) -> int:
    from models.convert import convert, write  # noqa: PLC0415

    conversions = convert(parsed.path, parsed.functions, parsed.weights)
    for conversion in conversions:
        sys.stdout.write(f"{conversion}\n")
    ready = sum(conversion.document is not None for conversion in conversions)
    sys.stdout.write(f"{ready} of {len(conversions)} are ready\n")
    for path in write(conversions, parsed.output) if parsed.output else ():
        sys.stdout.write(f"{path}\n")
    return 0


def _export(parsed: argparse.Namespace) -> int:
    from models.export import export_faster_rcnn  # noqa: PLC0415

    export_faster_rcnn(parsed.output, parsed.weights)
    sys.stdout.write(f"{parsed.output}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
