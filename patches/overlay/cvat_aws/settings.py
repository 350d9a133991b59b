"""The module that DJANGO_SETTINGS_MODULE names: CVAT's production settings with the overlay on top."""

import os
import sys
from pathlib import Path
from types import ModuleType

from cvat_aws.environment import Reader
from cvat_aws.web import secret_key

# CVAT's base settings write keys/secret_key.py when they cannot import it (several processes race, and at
# build time it would be baked into the image). Giving them the real key leaves nothing to write.
_keys = ModuleType("keys.secret_key")
_keys.__dict__["SECRET_KEY"] = secret_key(Reader(os.environ))
sys.modules.setdefault("keys", ModuleType("keys"))
sys.modules["keys.secret_key"] = _keys

from cvat.settings.production import *  # noqa: E402, F403

from cvat_aws import directory, overlay  # noqa: E402

globals().update(directory.with_searches(overlay.overlay(os.environ, globals())))
for _folder in ("CACHE_ROOT", "MIGRATIONS_LOGS_ROOT"):
    Path(globals()[_folder]).mkdir(parents=True, exist_ok=True)
