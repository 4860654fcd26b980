"""Imports every module under a source folder and prints what its own module code does to the world.

Usage: python -B watch_imports.py SRC. An effect counts when the nearest module body around it is ours:
what a library does while it is being imported is the library's business.
"""

import importlib
import pkgutil
import sys
from pathlib import Path
from types import FrameType

EFFECTS = {
    "open",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.system",
    "socket.bind",
    "socket.connect",
    "sqlite3.connect",
    "subprocess.Popen",
    "_thread.start_new_thread",
    "_thread.start_joinable_thread",
}
SOURCE = Path(sys.argv[1]).resolve()
PACKAGE = "mastery_engine"


def body_of_ours(frame: FrameType | None) -> str | None:
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith("<frozen importlib"):
            return None
        if code.co_name == "<module>":
            inside = code.co_filename.startswith(str(SOURCE / PACKAGE))
            return f"{code.co_filename}:{frame.f_lineno}" if inside else None
        frame = frame.f_back
    return None


def watch(event: str, args: tuple[object, ...]) -> None:
    if event in EFFECTS and (where := body_of_ours(sys._getframe(1))):
        sys.stdout.write(f"{where}: {event} {args[:1]}\n")


def main() -> None:
    sys.path.insert(0, str(SOURCE))
    sys.addaudithook(watch)
    package = importlib.import_module(PACKAGE)
    for module in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


main()
