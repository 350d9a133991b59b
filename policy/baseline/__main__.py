"""Writes docs/security.md and .checkov.yaml, or with --check says whether they are current."""

from __future__ import annotations

import argparse
import sys

from policy.baseline import contents


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m policy.baseline", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; say what is not current")
    chosen = parser.parse_args()
    stale = {
        path: text for path, text in contents().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    if chosen.check:
        for path in stale:
            sys.stderr.write(f"{path} does not say what policy/baseline/findings.yaml says. Run `make security`.\n")
        return 1 if stale else 0
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
