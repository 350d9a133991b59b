"""Section "Images": ready ones, and where builds download from."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from settings.fields import Image, Many, Pattern, Url
from settings.sections.section import Section
from settings.values import Mirrors

Registry = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="docker.io/library",
            optional=False,
            pattern=r"[a-z0-9]+([.-][a-z0-9]+)*(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*",
            rule="must be a registry and a path, without scheme and tag, such as docker.io/library",
        )
    ),
]
WebAddress = Annotated[
    str, AfterValidator(Url(example="https://mirror.example.com", schemes=("https", "http"), optional=False))
]
Repository = Annotated[
    str,
    AfterValidator(
        Url(example="https://github.com/opencv/cvat.git", schemes=("https", "http", "ssh", "git"), optional=False)
    ),
]

PinnedImage = Annotated[
    str,
    AfterValidator(
        Pattern(
            example=f"cvat/server:v2.73.0@sha256:{'0123456789abcdef' * 4}",
            optional=False,
            pattern=r"[a-z0-9]+([./_-]+[a-z0-9]+)*:[\w.-]+@sha256:[0-9a-f]{64}",
            rule="must be name:tag@sha256: and 64 digits from 0 to f, as in mirror/images.lock",
        )
    ),
]


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
    opa_image: Image = ""
    """Reference by digest of a ready image of Open Policy Agent (release `v2`). Empty: it is built."""
    upgrade_image: Image = ""
    """Reference by digest of a ready image for upgradeFrom. Empty: it is built, where upgradeFrom is set."""
    base_image_digests: Annotated[tuple[PinnedImage, ...], Many] = ()
    """Digests of published images that mirror/images.lock has none of, each as name:tag@sha256:... (release `v2`)."""
    mirror_base_registry: Registry = "docker.io/library"
    """Registry and path that hold python, node and nginx for the builds, and of release `v2` CVAT's own images."""
    mirror_apt: WebAddress = "http://deb.debian.org"
    """Debian mirror for the builds."""
    mirror_pypi: WebAddress = "https://pypi.org/simple"
    """PyPI index for the builds."""
    mirror_npm: WebAddress = "https://registry.npmjs.org"
    """npm registry for the builds."""
    mirror_cvat_repository: Repository = "https://github.com/opencv/cvat.git"
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
            "opa": self.opa_image,
            "upgrade": self.upgrade_image,
        }
        return {name: reference for name, reference in references.items() if reference}

    def mirrors(self, certificate_authorities: str) -> Mirrors:
        return Mirrors(
            certificate_authorities=certificate_authorities,
            base_registry=self.mirror_base_registry,
            apt=self.mirror_apt,
            pypi=self.mirror_pypi,
            npm=self.mirror_npm,
            cvat_repository=self.mirror_cvat_repository,
        )
