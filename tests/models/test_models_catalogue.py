"""The catalogue: licences, hashes, and a model by one command, from a package, an address or a file that is here."""

import hashlib
import http.server
import json
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import onnx
import pytest
import yaml
from models.__main__ import main
from models.adding import Places, add
from models.catalogue import LICENCES, CatalogueModel, find, read_catalogue
from models.errors import ModelError
from models.function import read_function
from models.handlers import HANDLERS
from models.samples import network, save

from tests.support.models.model_process import FUNCTIONS

SCHEMA = json.loads((FUNCTIONS / "schema.json").read_text())
CATALOGUE = read_catalogue()
FORBIDDEN = ("agpl", "gpl", "non-commercial", "noncommercial", "cc-by-nc", "ultralytics", "insightface")


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=CATALOGUE.keys())
def test_each_model_has_a_permissive_licence_a_pinned_hash_and_a_valid_registry_file(
    model: CatalogueModel, tmp_path: Path
) -> None:
    entry = model.entry
    assert entry.licence in LICENCES
    words = f"{entry.provenance} {entry.what} {entry.notes}".lower()
    assert not [word for word in FORBIDDEN if word in words]
    for item in entry.files:
        assert item.sha256 or item.package_sha256 or not (item.url or item.pypi or item.npm)
    jsonschema.validate(model.document, SCHEMA)
    jsonschema.validate(json.loads(model.document["metadata"]["annotations"].get("spec") or "[]"), SCHEMA_OF_LABELS)
    assert HANDLERS[model.document["sagemaker"]["handler"]][0] == model.kind
    (tmp_path / "function.yaml").write_text(yaml.safe_dump(model.document))
    assert read_function(tmp_path / "function.yaml").name == model.name


SCHEMA_OF_LABELS = {"$defs": SCHEMA["$defs"], "$ref": "#/$defs/labels"}


def test_the_list_says_licence_size_and_source_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, model in CATALOGUE.items():
        (line,) = [line for line in lines if line.startswith(f"{name} ")]
        assert model.entry.licence in line
        assert model.sources in line
        assert model.in_china in line


def test_an_unknown_model_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(ModelError, match=r"the catalogue has no nothing; there are .*ppocr-v6-small"):
        find(["nothing"])


def detector() -> onnx.ModelProto:
    body = "mean = ReduceMean <keepdims = 0> (pixel_values) \n none = Mul(mean, zero) \n"
    body += "logits = Add(sure, none) \n pred_boxes = Add(boxes, none)"
    signature = "(float[1, 3, 64, 64] pixel_values) => (float[1, 1, 2] logits, float[1, 1, 4] pred_boxes)"
    return network(signature, body, zero=0.0, sure=[[[5.0, -5.0]]], boxes=[[[0.5, 0.5, 0.5, 0.5]]])


def entry(folder: Path, **source: str) -> CatalogueModel:
    """A catalogue of one model, whose file is to be had from there."""
    annotations = {"type": "detector", "spec": '[{"id": 0, "name": "cat"}]'}
    files = [{"file": "model.onnx", **source}]
    document = {
        "metadata": {"name": "mine", "annotations": annotations},
        "sagemaker": {"handler": "detr-detector", "options": {"input": {}}},
        "catalogue": {"what": "cats", "licence": "MIT", "provenance": "mine", "megabytes": 0.1, "files": files},
    }
    folder.mkdir(exist_ok=True)
    (folder / "mine.yaml").write_text(yaml.safe_dump(document))
    return find(["mine"], folder)[0]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(functions=tmp_path / "functions", archives=tmp_path / "archives", cache=tmp_path / "cache")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    folder.mkdir()
    return save({"model": detector()}, folder)[0]


@pytest.fixture
def address(weights: Path) -> Iterator[str]:
    """A web server with the weights' folder."""

    class Files(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(weights.parent))  # type: ignore[arg-type]

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_model_is_fetched_checked_packed_and_given_a_registry_file(
    tmp_path: Path, places: Places, weights: Path, address: str
) -> None:
    model = entry(tmp_path / "catalogue", url=f"{address}/model.onnx", sha256=sha256(weights))
    archive = add(model, places)
    assert archive.path == places.archives / "mine.tar.gz"
    assert archive.answer[0]["label"] == "cat", "it was tried on an image"
    written = yaml.safe_load((places.functions / "mine.yaml").read_text())
    assert "catalogue" not in written
    assert written == model.document
    weights.unlink()
    assert add(model, places).sha256 == archive.sha256, "what was fetched once is not fetched again"


def test_another_file_than_the_catalogues_is_refused(
    tmp_path: Path, places: Places, weights: Path, address: str
) -> None:
    model = entry(tmp_path / "catalogue", url=f"{address}/model.onnx", sha256="0" * 64)
    with pytest.raises(ModelError, match=r"has SHA-256 [0-9a-f]{64}; the catalogue says 0{64}.*nothing was packed"):
        add(model, places)
    with pytest.raises(ModelError, match=r"the catalogue's model\.onnx has 0{64}"):
        add(model, places, [weights])
    assert not places.archives.exists()
    assert not places.functions.exists()


def test_a_file_that_is_here_serves_by_its_hash_whatever_it_is_called(
    tmp_path: Path, places: Places, weights: Path
) -> None:
    model = entry(tmp_path / "catalogue", url="https://nowhere.invalid/model.onnx", sha256=sha256(weights))
    renamed = weights.rename(weights.with_name("downloaded (1).bin"))
    assert add(model, places, [renamed]).answer
    assert add(model, places, [renamed.parent]).answer, "a folder with it serves, too"


def test_one_file_of_a_zip_is_checked_by_the_zips_hash(
    tmp_path: Path, places: Places, weights: Path, address: str
) -> None:
    bundle = weights.with_name("bundle.zip")
    with zipfile.ZipFile(bundle, "w") as packed:
        packed.write(weights, "inside/network.onnx")
    source = {"url": f"{address}/bundle.zip", "path": "inside/network.onnx"}
    model = entry(tmp_path / "catalogue", **source, package_sha256=sha256(bundle))
    assert add(model, places).answer
    wrong = entry(tmp_path / "catalogue", **source, package_sha256="1" * 64)
    with pytest.raises(ModelError, match=r"the catalogue says 1{64}"):
        add(wrong, places)


def test_an_address_that_does_not_answer_ends_in_a_sentence_with_the_remedy(
    tmp_path: Path, places: Places, address: str
) -> None:
    model = entry(tmp_path / "catalogue", url=f"{address}/missing.onnx", sha256="0" * 64)
    with pytest.raises(ModelError, match=r"404.*Fetch it where it can be reached and name it: --from FILE"):
        add(model, places)


def test_a_mirror_takes_the_place_of_hugging_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def urlopen(url: str, timeout: float) -> None:
        asked.append(url)
        raise OSError("unreachable")

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    (model,) = find(["dfine-s"])
    places = Places(functions=tmp_path, archives=tmp_path, cache=tmp_path / "cache")
    for mirror in ("hf-mirror.com", None):
        with pytest.raises(ModelError, match=r"unreachable.*--from FILE, or name a mirror of .*: --mirror HOST"):
            add(model, places, mirror=mirror)
    assert [url.split("/")[2] for url in asked] == ["hf-mirror.com", "huggingface.co"]


def test_what_users_export_themselves_must_be_given(tmp_path: Path, places: Places, weights: Path) -> None:
    model = entry(tmp_path / "catalogue")
    with pytest.raises(ModelError, match="is your own export: name it with --from FILE"):
        add(model, places)
    assert add(model, places, [weights]).answer


def test_the_command_tries_the_model_on_a_photo(
    tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry(tmp_path / "catalogue")
    monkeypatch.setattr("models.catalogue.FOLDER", tmp_path / "catalogue")
    monkeypatch.setattr(find, "__defaults__", (tmp_path / "catalogue",))
    photo = next((FUNCTIONS.parents[1] / "demo" / "files").glob("*.jpg"))
    folders = ["--functions", str(tmp_path / "functions"), "--archives", str(tmp_path / "out")]
    assert main(["add", "mine", "--from", str(weights), "--picture", str(photo), *folders]) == 0
    printed = capsys.readouterr().out
    assert "mine: cats. MIT: mine" in printed, "what and under which licence"
    assert '"label":"cat"' in printed.split("mine.yaml")[1], "what it found in the photo"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"licence": "AGPL-3.0"}, "licence"),
        ({"files": []}, "files"),
        ({"files": [{"file": "a", "url": "https://x/y"}]}, "what is fetched has a sha256"),
        ({"files": [{"file": "a", "pypi": "x==1", "sha256": "0" * 64}]}, "the first two with a path"),
        ({"files": [{"file": "a", "url": "https://x/y", "package_sha256": "0" * 64}]}, "in which path names the file"),
    ],
)
def test_entries_that_break_the_rules_are_refused(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    entry(tmp_path)
    document = yaml.safe_load((tmp_path / "mine.yaml").read_text())
    document["catalogue"] |= change
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(ModelError, match=reason):
        read_catalogue(tmp_path)
