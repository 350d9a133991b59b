"""Tasks from every kind of source, chunks, exports and imports, backups."""

from __future__ import annotations

import io
import json
import shutil
import time
import zipfile
from pathlib import Path
from typing import Any

from patches.trial.client import check
from patches.trial.cloud import Cloud
from patches.trial.v2.client import ClientV2
from patches.trial.v2.fleet import FleetV2

DEMO = Path(__file__).parents[3] / "demo/files"
FORMATS = (
    "CVAT for images 1.1",
    "COCO 1.0",
    "PASCAL VOC 1.1",
    "YOLO 1.1",
    "Datumaro 1.0",
    "Ultralytics YOLO Detection 1.0",
)
IMPORT_NAMES = {"CVAT for images 1.1": "CVAT 1.1"}
"""Formats that CVAT calls otherwise when it reads them."""
ROUNDED = 2.0
"""Pixels: some formats keep fractions of the picture's size, or whole numbers."""
BUCKET, FOREIGN = "trial-images", "trial-foreign"
"""The first is on the list of buckets that are opened by the task's role, the second is not."""
SIGNATURES = """
import django; django.setup()
from cvat.apps.engine.cloud_provider import S3CloudStorageClient
for bucket, more in (("trial-images", {}), ("trial-foreign", {}), ("trial-images", {"region": "eu-west-1"}),
                     ("trial-images", {"endpoint_url": "https://elsewhere.example"})):
    client = S3CloudStorageClient(bucket, **more)._client
    print(client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"}))
"""


class DataSteps:
    def __init__(self, fleet: FleetV2, cloud: Cloud, a: ClientV2, b: ClientV2) -> None:
        self.fleet = fleet
        self.cloud = cloud
        self.a = a
        self.b = b
        self.task = self.video = 0

    def images(self) -> str:
        self.task = self.a.create_task("images")
        files = sorted(DEMO.glob("*.jpg"))
        began = time.monotonic()
        self.a.upload(self.task, files)
        meta = self.b.call("GET", f"/tasks/{self.task}/data/meta").json()
        check(meta["size"] == len(files), f"{meta['size']} frames of {len(files)} files")
        made = time.monotonic()
        chunk = self.b.chunk(self.task)
        check(zipfile.ZipFile(io.BytesIO(chunk)).testzip() is None, "the chunk is no archive")
        again = time.monotonic()
        check(self.a.chunk(self.task) == chunk, "A has another chunk than B")
        took = time.monotonic() - again
        return f"{len(files)} frames in {made - began:.1f} s, first chunk in {again - made:.1f} s, then in {took:.2f} s"

    def films(self) -> str:
        self.video = self.b.create_task("video")
        (film,) = DEMO.glob("*.mp4")
        content = film.read_bytes()
        self.b.send_in_pieces(f"/tasks/{self.video}/data", film.name, content, self.a)
        finish = self.a.call(
            "POST", f"/tasks/{self.video}/data/", 202, headers={"Upload-Finish": "true"}, json={"image_quality": 70}
        )
        self.a.request(finish)
        meta = self.a.call("GET", f"/tasks/{self.video}/data/meta").json()
        frame = self.a.call("GET", f"/tasks/{self.video}/data?type=frame&number=3&quality=original")
        check(frame.headers["Content-Type"].startswith("image/"), frame.headers["Content-Type"])
        chunk = len(self.b.chunk(self.video))
        return f"{len(content)} bytes in three pieces; {meta['size']} frames, first chunk {chunk} bytes"

    def share(self) -> str:
        folder = self.fleet.folder / "home/share/street"
        folder.mkdir(parents=True)
        for file in sorted(DEMO.glob("*.jpg")):
            shutil.copy(file, folder)
        names = [f"street/{file.name}" for file in sorted(folder.iterdir())]
        task = self.a.create_task("share")
        self.a.data_from(task, names, storage="share")
        return f"{len(names)} files; first chunk {len(self.b.chunk(task))} bytes, made by the worker from the share"

    def bucket(self) -> str:
        """The storage names no keys and no region: the role's, and the stack's."""
        s3, file = self.cloud.s3, sorted(DEMO.glob("*.jpg"))[0]
        for name in (BUCKET, FOREIGN):
            s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
        s3.put_object(Bucket=BUCKET, Key=file.name, Body=file.read_bytes())
        storage = self.a.call("POST", "/cloudstorages", json=self._storage(BUCKET)).json()["id"]
        task = self.b.create_task("bucket")
        self.b.data_from(task, [file.name], cloud_storage_id=storage, use_cache=True)
        return f"a storage without keys: first chunk {len(self.a.chunk(task))} bytes"

    @staticmethod
    def _storage(bucket: str) -> dict[str, Any]:
        kind = {"provider_type": "AWS_S3_BUCKET", "credentials_type": "ANONYMOUS_ACCESS"}
        return {**kind, "resource": bucket, "display_name": bucket}

    def signatures(self) -> str:
        """Without the trial's S3: the address that boto3 makes of the region, and whether a request is signed."""
        keys = {"AWS_ACCESS_KEY_ID": "role", "AWS_SECRET_ACCESS_KEY": "r"}
        code, output = self.fleet.python("signatures", SIGNATURES, CVAT_S3_ROLE_BUCKETS=BUCKET, **keys)
        own, foreign, elsewhere, endpoint = output.strip().splitlines()[-4:] if code == 0 else [output] * 4
        check(".cn-northwest-1.amazonaws.com.cn/" in own and "Signature" in own, own)
        check("Signature" not in foreign, f"any bucket is opened with the role: {foreign}")
        check(".amazonaws.com/" in elsewhere and "Signature" in elsewhere, elsewhere)
        check("Signature" not in endpoint, f"an address of the user's gets signed requests: {endpoint}")
        return f"listed: {own.split('?')[0]} is signed; not listed, or with an address of its own: not"

    def annotate(self) -> int:
        """One box in place of all that the task has; the label's number."""
        label = int(self.a.call("GET", "/labels", params={"task_id": str(self.task)}).json()["results"][0]["id"])
        box = {"type": "rectangle", "points": [10, 12, 60, 48], "frame": 0, "label_id": label}
        self.a.call("PUT", f"/tasks/{self.task}/annotations", json={"shapes": [box], "tags": [], "tracks": []})
        return label

    def formats(self) -> str:
        label = self.annotate()
        sizes = {}
        for name in FORMATS:
            archive = self.b.export(f"/tasks/{self.task}/dataset/export", format=name, save_images="false")
            self.a.call("PUT", f"/tasks/{self.task}/annotations", json={"shapes": [], "tags": [], "tracks": []})
            shapes = self._import(name, archive)
            check(len(shapes) == 1 and shapes[0]["label_id"] == label, f"{name}: {json.dumps(shapes)}")
            moved = max(abs(was - now) for was, now in zip([10, 12, 60, 48], shapes[0]["points"], strict=True))
            check(moved < ROUNDED, f"{name}: {shapes[0]['points']}")
            sizes[name] = len(archive)
        return ", ".join(f"{name} {size}" for name, size in sizes.items())

    def _import(self, name: str, archive: bytes) -> list[Any]:
        files = {"annotation_file": ("annotations.zip", archive)}
        query = {"format": IMPORT_NAMES.get(name, name)}
        sent = self.b.call("POST", f"/tasks/{self.task}/annotations", 202, params=query, files=files)
        self.a.request(sent)
        shapes: list[Any] = self.b.call("GET", f"/tasks/{self.task}/annotations").json()["shapes"]
        return shapes

    def dataset(self) -> str:
        archive = self.a.export(f"/tasks/{self.task}/dataset/export", format=FORMATS[0], save_images="true")
        names = zipfile.ZipFile(io.BytesIO(archive)).namelist()
        check(len(names) == len(list(DEMO.glob("*.jpg"))) + 1, str(names))
        return f"{len(archive)} bytes, {len(names)} files"

    def backup(self) -> str:
        self.annotate()
        archive = self.a.export(f"/tasks/{self.task}/backup/export")
        sent = self.b.call("POST", "/tasks/backup", 202, files={"task_file": ("task.zip", archive)})
        restored = int(self.a.request(sent)["result_id"])
        shapes = self.b.call("GET", f"/tasks/{restored}/annotations").json()["shapes"]
        check(len(shapes) == 1, json.dumps(shapes))
        size = len(self.b.chunk(restored))
        return f"{len(archive)} bytes; task {self.task} came back as task {restored}, first chunk {size} bytes"
