"""Imports between the rooms of the package point one way."""

import ast
from pathlib import Path

import pytest

import morphokeras

pytestmark = pytest.mark.backend_free

PACKAGE = Path(morphokeras.__file__).parent
# What each room may import, besides itself.
ALLOWED = {
    "utils": set(),
    "ops": {"utils"},
    "topology": {"utils", "ops"},
    "layers": {"utils", "ops", "topology"},
    "losses": {"utils", "ops", "topology"},
    "models": {"utils", "ops", "topology", "layers", "losses"},
    "ebsd": {"utils"},
    "descriptors": {"utils", "topology", "ebsd"},
    "metrics": {"utils", "topology", "descriptors"},
    "features": {"utils", "topology", "descriptors"},
    "estimators": {
        *("utils", "ops", "topology", "layers", "losses", "models"),
        *("descriptors", "metrics", "features", "reports"),
    },
    "datasets": {"utils", "ebsd"},
    "plots": {"utils", "topology", "ebsd", "descriptors", "metrics"},
    "reports": {"utils", "metrics", "plots"},
}


def modules():
    return [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {path}"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "morphokeras" and len(parts) > 1:
                yield parts[1]


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_import_points_backward(path):
    allowed = ALLOWED[room(path)] | {room(path)}
    assert set(imported_rooms(path)) <= allowed


def test_a_backward_import_is_seen(tmp_path):
    path = tmp_path / "wrong.py"
    path.write_text("from morphokeras.estimators import MicrostructureClassifier\n")
    assert set(imported_rooms(path)) == {"estimators"}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_underscored_files_name_a_backend(path):
    """Backend code lives in files whose names say so."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).split(".")[0])
    backends = names & {"tensorflow", "jax", "torch"}
    assert not backends or path.name.startswith("_")
