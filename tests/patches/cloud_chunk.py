"""`python -m tests.patches.cloud_chunk IMAGE`: make a chunk of a task whose picture is an object below a prefix.

Runs in CVAT's Python with patched CVAT and the overlay's settings; only the storage and the manifest are stand-ins.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import django


class Storage:
    """A bucket with one object."""

    name = "bucket"

    def __init__(self, image: bytes) -> None:
        self._image = image

    def initialize_content(self) -> None:
        """Nothing to list."""

    def __contains__(self, key: str) -> bool:
        return key == "folder/1.jpg"

    def download_fileobj(self, key: str) -> io.BytesIO:
        assert key in self
        return io.BytesIO(self._image)


def main(image: bytes) -> None:
    django.setup()
    from cvat.apps.engine import cache  # noqa: PLC0415 - has models: Django must be set up
    from cvat.apps.engine.frame_provider import FrameProvider  # noqa: PLC0415
    from cvat.apps.engine.models import DataChoice, StorageChoice  # noqa: PLC0415

    data = SimpleNamespace(
        id=1,
        compressed_chunk_type=DataChoice.IMAGESET,
        original_chunk_type=DataChoice.IMAGESET,
        image_quality=70,
        storage=StorageChoice.CLOUD_STORAGE,
        get_upload_dirname=lambda: "/nowhere",
        get_manifest_path=lambda: "",
        chunk_size=1,
        start_frame=0,
        stop_frame=0,
        get_frame_step=lambda: 1,
        cloud_storage=mock.MagicMock(),
    )
    manifest = [{"name": "folder/1", "extension": ".jpg"}]
    standins = {
        "ImageDatasetManifestReader": mock.Mock(return_value=manifest),
        "Credentials": mock.Mock(),
        "get_cloud_storage_instance": mock.Mock(return_value=Storage(image)),
    }
    with mock.patch.multiple(cache, **standins):
        chunk, _ = cache.CacheInteraction().prepare_chunk_buff(data, FrameProvider.Quality.COMPRESSED, 0)
    sys.stdout.write(f"{len(zipfile.ZipFile(chunk).namelist())} picture\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).read_bytes())
