"""Section "Images": ready ones, and where builds download from."""

from __future__ import annotations

from settings.fields import Image
from settings.sections.section import Section
from settings.values import Mirrors


class Images(Section):
    """Images"""

    server_image: Image = ""
    """Reference by digest of a ready CVAT server image. Empty: it is built."""
    ui_image: Image = ""
    """Reference by digest of a ready CVAT UI image. Empty: it is built."""
    gateway_image: Image = ""
    """Reference by digest of a ready gateway image. Empty: it is built."""
    models_image: Image = ""
    """Reference by digest of a ready model image. Empty: it is built."""
    canary_image: Image = ""
    """Reference by digest of a ready image of the smoke test. Empty: it is built, where canary is hourly."""
    mirror_base_registry: str = "docker.io/library"
    """Registry and path that hold python, node and nginx for the builds."""
    mirror_apt: str = "http://deb.debian.org"
    """Debian mirror for the builds."""
    mirror_pypi: str = "https://pypi.org/simple"
    """PyPI index for the builds."""
    mirror_npm: str = "https://registry.npmjs.org"
    """npm registry for the builds."""
    mirror_cvat_repository: str = "https://github.com/opencv/cvat.git"
    """Git repository from which the builds fetch CVAT's commit."""

    @property
    def ready(self) -> dict[str, str]:
        """References of images that are not built, by image name."""
        references = {
            "server": self.server_image,
            "ui": self.ui_image,
            "gateway": self.gateway_image,
            "models": self.models_image,
            "canary": self.canary_image,
        }
        return {name: reference for name, reference in references.items() if reference}

    @property
    def mirrors(self) -> Mirrors:
        return Mirrors(
            base_registry=self.mirror_base_registry,
            apt=self.mirror_apt,
            pypi=self.mirror_pypi,
            npm=self.mirror_npm,
            cvat_repository=self.mirror_cvat_repository,
        )
