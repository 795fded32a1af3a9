"""The examples are sound: the one for the user's own images runs end to end."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).parent.parent / "examples"


def write_micrographs(folder):
    """Write a table and 16 x 24 images of two classes and four specimens."""
    rng = np.random.default_rng(0)
    lines = ["file,label,specimen,um_per_px"]
    for index in range(24):
        image = rng.integers(0, 255, (32, 40)).astype("uint8")
        if index % 2:
            image = np.repeat(image[:, :1], 40, axis=1)
        Image.fromarray(image).save(folder / f"{index}.png")
        label = ("network", "pearlite+spheroidite")[index % 2]
        lines.append(f"{index}.png,{label},{index // 6},0.25")
    (folder / "labels.csv").write_text("\n".join(lines))


@pytest.mark.backend_free
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda p: p.name)
def test_example_is_a_gallery_page(path):
    text = ast.get_docstring(ast.parse(path.read_text()))
    title, rule = text.splitlines()[:2]
    assert len(title) == len(rule) and set(rule) == {"="}


@pytest.mark.one_backend
def test_own_micrographs_are_classified(tmp_path):
    write_micrographs(tmp_path)
    figure = tmp_path / "figure.png"
    command = [sys.executable, str(EXAMPLES / "classify_micrographs.py"), str(tmp_path)]
    command += "--groups specimen --um-per-px um_per_px --merge-at +".split()
    command += f"--size 16x20 --folds 2 --epochs 1 --output {figure}".split()
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "MPLBACKEND": "agg", "PYTHONPATH": str(EXAMPLES.parent)},
    )
    assert result.returncode == 0, result.stderr
    assert "24 images of 16 x 20 pixels, 4 groups" in result.stdout
    assert "accuracy over the folds" in result.stdout
    assert figure.stat().st_size > 10_000
