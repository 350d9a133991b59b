"""Writes docs/security.md and .checkov.yaml, or with --check says whether they are current."""

from __future__ import annotations

import sys

from policy.baseline import contents


def main() -> int:
    stale = {
        path: text for path, text in contents().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"{path} does not say what policy/baseline/findings.yaml says. Run `make security`.\n")
        return 1 if stale else 0
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
