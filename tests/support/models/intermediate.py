"""Networks of OpenVINO's operations as files: the form in which Intel publishes its own."""

from pathlib import Path

import openvino as ov


def save(networks: dict[str, ov.Model], folder: Path) -> list[Path]:
    """Writes networks as OpenVINO IR, stem.xml and stem.bin, full precision; returns the files."""
    for stem, model in networks.items():
        # OpenVINO numbers nodes by a counter of the process: a second time, the bytes would be others.
        for index, node in enumerate(model.get_ordered_ops()):
            node.set_friendly_name(f"{node.get_type_name()}_{index}")
        ov.save_model(model, folder / f"{stem}.xml", compress_to_fp16=False)
    return sorted(folder.iterdir())
