"""Write the schema files from the types, or with `--check` tell whether they are fresh."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from mastery_engine.contracts.schema_files import schema_files

FOLDER: Final = Path(__file__).parents[1] / "src" / "mastery_engine" / "contracts" / "schemas"


def main() -> int:
    """Return 1 if `--check` found a file that is not as it should be."""
    files = schema_files()
    if "--check" not in sys.argv[1:]:
        FOLDER.mkdir(exist_ok=True)
        for name, text in files.items():
            (FOLDER / name).write_text(text, "utf-8")
        return 0
    there = {file.name: file.read_text("utf-8") for file in FOLDER.iterdir() if file.is_file()}
    stale = sorted(name for name in files.keys() | there.keys() if files.get(name) != there.get(name))
    if stale:
        print(f"stale: {', '.join(stale)}; run python tools/generate_schemas.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
