"""Every version of the Avro schemas: tell whether today's code reads them all, or with `--publish` add what is new.

A file for each, `NAME.vN.avsc`, that never changes once it has been released; the newest is today's schema. Today's reader must
read every older version (BACKWARD_TRANSITIVE): records of all of them may be in a topic, in an archive and among dead letters.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from mastery_engine.contracts.schema_files import schema_files
from tools.avro_compatibility import breaks

FOLDER: Final = Path(__file__).parents[1] / "src" / "mastery_engine" / "contracts" / "schemas" / "versions"
GUIDE: Final = "docs/how-to/change-a-schema.md"
_FILE: Final = re.compile(r"(?P<name>\w+)\.v(?P<version>[1-9]\d*)\.avsc")


def today() -> dict[str, str]:
    """Today's Avro schemas, by name."""
    return {
        file.removesuffix(".avsc"): text for file, text in schema_files().items() if file.endswith(".avsc")
    }


def versions_in(folder: Path) -> dict[str, dict[int, str]]:
    """Every version of every schema, oldest first.

    Raises:
        ValueError: A file has another kind of name.
    """
    found: dict[str, dict[int, str]] = {}
    for file in sorted(folder.iterdir()):
        named = _FILE.fullmatch(file.name)
        if named is None:
            raise ValueError(f"{file.name} is not named NAME.vN.avsc")
        found.setdefault(named["name"], {})[int(named["version"])] = file.read_text("utf-8")
    return {name: dict(sorted(versions.items())) for name, versions in found.items()}


def unreadable(current: Mapping[str, str], versions: Mapping[str, Mapping[int, str]]) -> Iterator[str]:
    """A sentence for each field of an older version that today's code does not read."""
    for name, older in versions.items():
        if name not in current:
            yield (
                f"{name}: has versions and no schema today: what was written under them could not be read; "
                "keep the type"
            )
            continue
        for version, text in older.items():
            for field, what, advice in breaks(json.loads(current[name]), json.loads(text)):
                place = f"field {field}" if field else "the record"
                yield f"{name}: today's code cannot read version {version}: {place} {what}; {advice}"


def unpublished(current: Mapping[str, str], versions: Mapping[str, Mapping[int, str]]) -> Iterator[str]:
    """A sentence for each schema whose newest version is not today's schema, and for each version that is missing."""
    for name, text in current.items():
        older = versions.get(name, {})
        missing = set(range(1, max(older, default=0))) - older.keys()
        for version in sorted(missing):
            yield f"{name}: version {version} is missing; get it back from the history"
        if not older:
            yield f"{name}: has no version yet; run python -m tools.schema_versions --publish"
        elif older[max(older)] != text:
            yield (
                f"{name}: today's schema is not version {max(older)}, the newest; "
                f"run python -m tools.schema_versions --publish, see {GUIDE}"
            )


def publish(current: Mapping[str, str], folder: Path) -> list[str]:
    """Add a version of each schema that has changed; returns the names of the files."""
    folder.mkdir(exist_ok=True)
    versions, made = versions_in(folder), list[str]()
    for name, text in current.items():
        older = versions.get(name, {})
        if text not in older.values():
            made.append(f"{name}.v{max(older, default=0) + 1}.avsc")
            (folder / made[-1]).write_text(text, "utf-8")
    return made


def main() -> int:
    """Return 1 if something is unreadable or, without `--publish`, unpublished."""
    current, publishing = today(), "--publish" in sys.argv[1:]
    versions = versions_in(FOLDER) if FOLDER.is_dir() else {}
    broken = list(unreadable(current, versions))
    if publishing and not broken:
        print("\n".join(publish(current, FOLDER)) or "nothing has changed")
        return 0
    if not publishing:
        broken += unpublished(current, versions)
    for sentence in broken:
        print(sentence, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
