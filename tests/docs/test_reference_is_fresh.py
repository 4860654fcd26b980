"""The generated pages of the reference tell what the program does now."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "generate_reference.py"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_reference", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cli.md", "settings.md", "mcp.md"])
def test_a_generated_page_is_fresh(generator: ModuleType, name: str) -> None:
    held = (generator.REFERENCE / name).read_text("utf-8")
    assert held == generator.pages()[name], "run: python tools/generate_reference.py"
