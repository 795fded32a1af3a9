"""Orientation maps from HDF5 files of the makers, written here by their layouts."""

import sys
import types
import warnings

import h5py
import numpy as np
import pytest

from morphokeras.datasets import load_ebsd
from morphokeras.ebsd import Phase

pytestmark = pytest.mark.backend_free

HEIGHT, WIDTH, STEP = 4, 6, 0.3
ROWS, COLUMNS = (values.ravel() for values in np.indices((HEIGHT, WIDTH)))
X, Y = STEP * COLUMNS, STEP * ROWS
DEGREES = np.stack([30.0 + ROWS, np.full(ROWS.size, 40.5), 50.0 + COLUMNS], axis=1)
PHASE = np.where((ROWS == 1) & (COLUMNS == 2), 0, 1 + COLUMNS % 2)
MAD = 0.5 + 0.01 * COLUMNS


def oxford(path, changes=(), name="1"):
    """Write a map as the specification of .h5oina files has it, or with changes."""
    entries = {
        "Data/Phase": PHASE.astype("uint8")[:, None],
        "Data/X": X.astype("float32")[:, None],
        "Data/Y": Y.astype("float32")[:, None],
        "Data/Euler": np.deg2rad(DEGREES).astype("float32"),
        "Data/Mean Angular Deviation": np.deg2rad(MAD).astype("float32"),
        "Data/Band Contrast": ROWS.astype("uint8"),
        "Data/Processed Patterns": np.zeros((ROWS.size, 2, 2), "uint8"),
        "Header/X Cells": np.array([WIDTH], "int32"),
        "Header/Y Cells": np.array([HEIGHT], "int32"),
        "Header/X Step": np.array([STEP], "float32"),
        "Header/Y Step": np.array([STEP], "float32"),
        "Header/Project Label": np.array([b"steel"]),
    }
    phases = {1: ("Magnesium", 9, 194, 120), 2: ("Iron bcc", 11, 229, 90)}
    for number, (title, laue, space, gamma) in phases.items():
        group = f"Header/Phases/{number}/"
        entries |= {
            group + "Phase Name": np.array([title.encode()]),
            group + "Laue Group": np.array([laue], "int32"),
            group + "Space Group": np.array([space], "int32"),
            group + "Lattice Dimensions": np.array([[3.2, 3.2, 5.2]], "float32"),
            group + "Lattice Angles": np.deg2rad([[90, 90, gamma]]).astype("float32"),
        }
    return _write(path, entries, dict(changes), f"{name}/EBSD/")


def edax(path, changes=(), name="Scan 1"):
    """Write a map as EDAX's OIM program does, or with changes."""
    entries = {
        "Data/Phase": np.zeros(ROWS.size, "int8"),
        "Data/X Position": X.astype("float32"),
        "Data/Y Position": Y.astype("float32"),
        "Data/CI": np.where(PHASE == 0, -1, 0.9).astype("float32"),
        "Data/IQ": (100 * ROWS + COLUMNS).astype("float32"),
        "Data/SEM Signal": ROWS.astype("int32"),
        "Header/Grid Type": np.array([b"SqrGrid"]),
        "Header/nColumns": np.array([WIDTH], "int32"),
        "Header/nRows": np.array([HEIGHT], "int32"),
        "Header/Step X": np.array([STEP], "float32"),
        "Header/Step Y": np.array([STEP], "float32"),
        "Header/Phase/1/MaterialName": np.array([b"Nickel"]),
        "Header/Phase/1/Symmetry": np.array([43], ">i4"),
    }
    for letter, column in zip(["Phi1", "Phi", "Phi2"], DEGREES.T, strict=True):
        entries["Data/" + letter] = np.deg2rad(column).astype("float32")
    for letter, size in zip("a b c".split(), [3.56] * 3, strict=True):
        entries[f"Header/Phase/1/Lattice Constant {letter}"] = np.array([size], ">f4")
    for letter in "alpha beta gamma".split():
        entries[f"Header/Phase/1/Lattice Constant {letter}"] = np.array([90], ">f4")
    return _write(path, entries, dict(changes), f"{name}/EBSD/")


def _write(path, entries, changes, group):
    with h5py.File(path, "a") as file:
        for name, values in (entries | changes).items():
            if values is not None:
                file[group + name] = values
    return path


def quiet(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load_ebsd(path, **options)


def text_map(path):
    """Write the same points as a .ctf file."""
    lines = [
        "XCells\t6\nYCells\t4\nXStep\t0.3\nYStep\t0.3",
        "3.2;3.2;5.2\t90;90;120\tMagnesium\t9\t194",
        "3.2;3.2;5.2\t90;90;90\tIron bcc\t11\t229",
        "Phase\tX\tY\tEuler1\tEuler2\tEuler3\tMAD\tBC",
    ]
    for i, angles in enumerate(DEGREES):
        row = [PHASE[i], f"{X[i]:.1f}", f"{Y[i]:.1f}", *angles, MAD[i], ROWS[i]]
        lines.append("\t".join(map(str, row)))
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("suffix", ["h5oina", "H5", "hdf5"])
def test_oxford_instruments_maps_are_those_of_their_text_files(tmp_path, suffix):
    expected = quiet(text_map(tmp_path / "a.ctf"))
    found = quiet(oxford(tmp_path / f"a.{suffix}"))
    np.testing.assert_array_equal(found.phase_id, expected.phase_id)
    for one, other in (
        (found.euler_angles, expected.euler_angles),
        (found.x, expected.x),
        (found.y, expected.y),
        (found.quality["mad"], expected.quality["mad"]),
        (found.quality["bc"], expected.quality["bc"]),
    ):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)
    assert found.phases == expected.phases and found.step == expected.step
    assert set(found.quality) == {"mad", "bc"}
    assert found.header["Project Label"] == "steel"


def test_edax_maps_have_radians_and_marks_of_what_is_not_indexed(tmp_path):
    ebsd = quiet(edax(tmp_path / "a.h5"))
    assert ebsd.shape == (HEIGHT, WIDTH) and ebsd.step == (STEP, STEP)
    np.testing.assert_array_equal(ebsd.is_indexed.ravel(), PHASE > 0)
    expected = np.deg2rad(DEGREES.reshape(HEIGHT, WIDTH, 3)[3, 5])
    np.testing.assert_allclose(ebsd.euler_angles[3, 5], expected, rtol=1e-6)
    assert ebsd.phases == {1: Phase("Nickel", "43", (3.56, 3.56, 3.56, 90, 90, 90))}
    assert list(ebsd.quality) == ["ci", "iq", "sem"] and ebsd.quality["iq"][2, 4] == 204


def test_edax_maps_may_be_hexagonal(tmp_path):
    height = np.sqrt(0.75) * STEP
    changes = {
        "Data/X Position": (X + 0.5 * STEP * (ROWS % 2)).astype("float32"),
        "Data/Y Position": (ROWS * height).astype("float32"),
        "Header/Grid Type": np.array([b"HexGrid"]),
        "Header/Step Y": np.array([height], "float32"),
    }
    ebsd = quiet(edax(tmp_path / "a.h5", changes))
    assert ebsd.grid == "hexagonal" and ebsd.shape == (HEIGHT, WIDTH)
    assert ebsd.quality["iq"][3, 5] == 305


@pytest.mark.parametrize("write, mark", [(oxford, np.nan), (edax, -1111111.0)])
def test_points_outside_of_the_scanned_area_are_gaps(tmp_path, write, mark):
    outside = (ROWS == 0) & (COLUMNS < 2)
    names = ("X", "Y") if write is oxford else ("X Position", "Y Position")
    changes = {
        f"Data/{name}": np.where(outside, mark, values).astype("float32")
        for name, values in zip(names, (X, Y), strict=True)
    }
    with pytest.warns(UserWarning, match="2 points of the grid are missing"):
        ebsd = load_ebsd(write(tmp_path / "a.h5", changes))
    np.testing.assert_array_equal(ebsd.is_indexed.ravel(), (PHASE > 0) & ~outside)


def test_places_that_are_left_out_are_those_of_the_cells(tmp_path):
    changes = {"Data/X": None, "Data/Y": None}
    found = quiet(oxford(tmp_path / "a.h5oina", changes))
    np.testing.assert_allclose(found.x.ravel(), X)
    np.testing.assert_allclose(found.y.ravel(), Y)


@pytest.mark.parametrize("write", [oxford, edax])
def test_one_of_several_maps_is_chosen_by_its_name(tmp_path, write):
    path = write(tmp_path / "a.h5", name="1")
    change = {"Data/Phase": np.ones(ROWS.size, "int8")}
    write(path, change, name="site/2")
    with pytest.raises(ValueError, match=r"`key` must name .* 2 maps .*: 1, site/2"):
        load_ebsd(path)
    with pytest.raises(ValueError, match="key='3'"):
        load_ebsd(path, key="3")
    assert quiet(path, key="1").shape == (HEIGHT, WIDTH)
    assert set(quiet(path, key="site/2").phase_id.ravel()) <= {0, 1}


def test_a_header_that_disagrees_is_corrected_and_said(tmp_path):
    path = edax(tmp_path / "a.h5", {"Header/nColumns": np.array([7], "int32")})
    with pytest.warns(UserWarning, match="says 7 for columns, it is 6"):
        assert load_ebsd(path).shape == (HEIGHT, WIDTH)
    path = oxford(tmp_path / "b.h5", {"Data/Phase": np.full(ROWS.size, 3, "uint8")})
    with pytest.warns(UserWarning, match=r"the header does not name, \[3\]"):
        assert load_ebsd(path).phases[3] == Phase("phase 3", None, x_axis="a*")


def test_columns_of_other_lengths_are_refused(tmp_path):
    path = edax(tmp_path / "a.h5", {"Data/Phi": np.zeros(5, "float32")})
    with pytest.raises(ValueError, match=r"a\.h5, .*Phi: its shape is \(5,\), .* 24"):
        load_ebsd(path)
    path = edax(tmp_path / "b.h5", {"Data/X Position": np.zeros(24, "float32")})
    with pytest.raises(ValueError, match=r"b\.h5, point 2: there is another point"):
        load_ebsd(path)


def test_other_hdf5_files_are_refused(tmp_path, monkeypatch):
    (tmp_path / "a.h5").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"a\.h5 cannot be read as HDF5"):
        load_ebsd(tmp_path / "a.h5")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["volume"] = np.zeros((3, 4))

    def load(path):
        raise AttributeError("no such reader")

    monkeypatch.setitem(sys.modules, "orix", types.ModuleType("orix"))
    monkeypatch.setitem(sys.modules, "orix.io", types.SimpleNamespace(load=load))
    with pytest.raises(ValueError, match="orientation map that can be read.*no such r"):
        load_ebsd(tmp_path / "b.h5")
    monkeypatch.setitem(sys.modules, "orix.io", None)
    with pytest.raises(ImportError, match=r'pip install "morphokeras\[ebsd\]"'):
        load_ebsd(tmp_path / "b.h5")


@pytest.mark.filterwarnings("default")
def test_hdf5_files_of_orix_are_read_by_it(tmp_path):
    pytest.importorskip("orix")
    from orix.io import load, save

    lines = [
        "# Phase 1",
        "# MaterialName  ferrite",
        "# Symmetry  43",
        "# GRID: SqrGrid",
    ]
    for angles, x, y, row in zip(np.deg2rad(DEGREES), X, Y, ROWS, strict=True):
        euler = " ".join(f"{angle:.5f}" for angle in angles)
        lines.append(f"{euler} {x:.5f} {y:.5f} {row}.0 0.9 1 7 1.0")
    (tmp_path / "a.ang").write_text("\n".join(lines))
    save(str(tmp_path / "a.h5"), load(str(tmp_path / "a.ang")))
    expected, found = load_ebsd(tmp_path / "a.ang"), load_ebsd(tmp_path / "a.h5")
    np.testing.assert_allclose(found.euler_angles, expected.euler_angles, atol=1e-9)
    np.testing.assert_allclose(found.quality["iq"], expected.quality["iq"])
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.step, expected.step)
    assert found.phases[1].laue_group == "m-3m" and found.phases[1].name == "ferrite"
