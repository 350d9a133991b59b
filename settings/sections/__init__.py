"""The configuration keys, one file a section: its keys, its conversions, its rules.

Type, description and default are also what Pulumi.yaml declares and docs/configuration.md lists; `make settings`
writes both from here.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from settings.sections.access import Access
from settings.sections.account import Account
from settings.sections.adopted import Adopted
from settings.sections.alarms import Alarms
from settings.sections.corporate import Corporate
from settings.sections.cvat import Cvat
from settings.sections.data import Data
from settings.sections.https import Https
from settings.sections.images import Images
from settings.sections.inference import Inference
from settings.sections.init import Init
from settings.sections.network import Network
from settings.sections.oidc import Oidc
from settings.sections.restore import Restore
from settings.sections.section import Section
from settings.sections.services import Services
from settings.sections.sleep import Sleep
from settings.sections.stack import Stack
from settings.sections.waf import Waf

SECTIONS: tuple[type[Section], ...] = (
    *(Stack, Cvat, Account, Sleep, Network, Corporate, Access, Https, Waf, Oidc, Data),
    *(Images, Inference, Services, Init, Adopted, Restore, Alarms),
)
"""In the order in which the documentation lists them."""

NAMESPACE = "cvat"
FIELDS: Mapping[str, tuple[str, FieldInfo]] = {
    str(field.alias): (name, field) for section in SECTIONS for name, field in section.model_fields.items()
}
"""Key -> name of its field, and the field."""
SECRETS = frozenset(key for key, (_, field) in FIELDS.items() if field.annotation is SecretStr)
"""Keys that hold secrets."""
