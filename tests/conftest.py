"""What all tests share: outputs must not be turned into text by accident."""

from __future__ import annotations

import os

os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"
