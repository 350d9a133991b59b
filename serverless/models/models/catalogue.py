"""Models that can be had by one command: where their files come from, under which licence, and what they cost.

An entry is a file of `catalogue/`: a registry file with one more block, `catalogue`. Nothing with an AGPL, GPL or
non-commercial licence is listed, of code or weights.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, model_validator

from models.errors import ModelError
from models.validation import Options, parse_options

HUGGING_FACE = "huggingface.co"
FOLDER = Path(__file__).resolve().parents[1] / "catalogue"
LICENCES = ("Apache-2.0", "MIT", "BSD-3-Clause")
"""Licences of code and weights that entries may have: each allows commercial use and asks for no source."""


class SourceFile(Options):
    """A file to fetch. Exactly one of pypi, npm and url; none where it has to be given with --from."""

    file: str
    """What it is called in the archive, or what the steps call it."""
    pypi: str | None = None
    """A package and its version: name==1.0."""
    npm: str | None = None
    """A package and its version: name@1.0."""
    url: str | None = None
    path: str | None = None
    """Of the file in the package, or in the zip that the address gives."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """Of the file. What users export themselves has none."""
    package_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """Of the zip, where the file's own is not known."""

    @model_validator(mode="after")
    def _one_source(self) -> "SourceFile":
        sources = [name for name in ("pypi", "npm", "url") if getattr(self, name)]
        if len(sources) > 1 or (sources in (["pypi"], ["npm"]) and not self.path):
            raise ValueError("a file has one of pypi, npm and url, the first two with a path")
        if sources and not (self.sha256 or self.package_sha256):
            raise ValueError("what is fetched has a sha256, or a package_sha256")
        if self.package_sha256 and not self.path:
            raise ValueError("a package_sha256 is of a package, in which path names the file")
        return self

    @property
    def source(self) -> str:
        """Where it comes from, in words."""
        if self.url:
            return self.url.split("/")[2]
        return f"PyPI {self.pypi}" if self.pypi else f"npm {self.npm}" if self.npm else "your own export (--from)"

    @property
    def in_china(self) -> str:
        """How it is had where that source is slow or cut off, in a few words."""
        if self.url:
            return "--mirror hf-mirror.com" if self.source == HUGGING_FACE else "--from FILE"
        return "mirror of PyPI" if self.pypi else "mirror of npm" if self.npm else "--from FILE"

    @property
    def remedy(self) -> str:
        """What to do where the source cannot be reached."""
        ways = {
            "--mirror hf-mirror.com": f", or name a mirror of {HUGGING_FACE}: --mirror HOST, such as hf-mirror.com",
            "mirror of PyPI": ", or let pip use a mirror: export PIP_INDEX_URL=https://...",
            "mirror of npm": ", or let npm use a mirror: npm config set registry https://...",
        }
        return f"Fetch it where it can be reached and name it: --from FILE{ways.get(self.in_china, '')}"


class Step(Options):
    """How a file of the archive is made from fetched ones."""

    file: str
    step: Literal["characters", "tfjs"]
    of: str


class Entry(Options):
    """The block `catalogue` of an entry."""

    what: str
    licence: Literal["Apache-2.0", "MIT", "BSD-3-Clause"]
    """The strictest of code and weights."""
    provenance: str
    """Whose weights they are, and what says so."""
    megabytes: float
    cpu_seconds: float | None = None
    """Of one core of an AMD EPYC for an image, by `make bench-models`: random or real weights. None: not measured."""
    gpu_ms: float | None = None
    """As published, on an NVIDIA T4."""
    files: tuple[SourceFile, ...] = Field(min_length=1)
    steps: tuple[Step, ...] = ()
    packed: tuple[str, ...] = ()
    """Files of the archive; default: all that are fetched."""
    notes: str | None = None
    """What else to do, as for networks that users export themselves."""

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the archive's files."""
        return self.packed or tuple(item.file for item in self.files)


class CatalogueModel(Options):
    """A model of the catalogue."""

    name: str
    kind: str
    entry: Entry
    document: dict[str, Any]
    """The registry file's content."""

    @property
    def sources(self) -> str:
        """Where its files come from, in words."""
        return ", ".join(sorted({item.source for item in self.entry.files}))

    @property
    def in_china(self) -> str:
        """How its files are had in China."""
        return ", ".join(sorted({item.in_china for item in self.entry.files}))


def read_catalogue(folder: Path = FOLDER) -> dict[str, CatalogueModel]:
    """All models by name. Raises ModelError."""
    return {model.name: model for model in map(_read, sorted(folder.glob("*.yaml")))}


def find(names: Sequence[str], folder: Path = FOLDER) -> list[CatalogueModel]:
    """The models of these names. Raises ModelError."""
    models = read_catalogue(folder)
    unknown = [name for name in names if name not in models]
    if unknown:
        raise ModelError(f"the catalogue has no {', '.join(unknown)}; there are {', '.join(models)}")
    return [models[name] for name in names]


def registry_text(model: CatalogueModel) -> str:
    """The registry file of a model."""
    return readable_yaml(model.document)


def readable_yaml(document: Mapping[str, Any]) -> str:
    """YAML as one would write it."""
    text: str = yaml.dump(dict(document), Dumper=_Readable, sort_keys=False, width=120, allow_unicode=True)
    return text


def listing(models: Sequence[CatalogueModel]) -> str:
    """The catalogue as a table of text."""
    head = ("model", "kind", "licence", "MB", "CPU s", "T4 ms", "from", "in China", "what")
    rows = [head, *(_row(model) for model in models)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.append(
        "\nCPU s: seconds of one core for an image (interactors: for the first click on it), measured by us. "
        "T4 ms: as published. In China: what reaches the file where the source is slow or cut off."
    )
    return "\n".join(lines)


def _row(model: CatalogueModel) -> tuple[str, ...]:
    entry = model.entry
    numbers = ["" if value is None else f"{value:g}" for value in (entry.megabytes, entry.cpu_seconds, entry.gpu_ms)]
    return (model.name, model.kind, entry.licence, *numbers, model.sources, model.in_china, entry.what)


def _read(path: Path) -> CatalogueModel:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        entry = document.pop("catalogue")
        kind, name = document["metadata"]["annotations"]["type"], document["metadata"]["name"]
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is no file of the catalogue: {error!r}") from None
    if name != path.stem:
        raise ModelError(f"{path}: metadata.name is {name!r}; it must be the file's name without .yaml")
    return CatalogueModel(name=name, kind=kind, entry=parse_options(Entry, name, entry), document=document)


class _Readable(yaml.SafeDumper):
    """Writes texts of several lines as such."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _text)
