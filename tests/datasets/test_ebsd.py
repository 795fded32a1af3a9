"""Orientation maps from files: grids, headers, marks of every kind, and complaints."""

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from morphokeras.datasets import load_ebsd
from morphokeras.ebsd import Phase, grain_labels, ipf_colors

pytestmark = pytest.mark.backend_free

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
SHAPES = {"square": (1.0, 1.0), "hexagonal": (np.sqrt(0.75), 1.0)}


def points_of(height=4, width=6, grid="square", step=0.5, start=(0.0, 0.0)):
    """Return row, column, x and y of the points of a grid, in reading order."""
    dy, dx = np.array(SHAPES[grid]) * step
    rows = []
    for row in range(height):
        shifted = grid == "hexagonal" and row % 2 == 1
        for column in range(width - shifted):
            x, y = start[1] + (column + 0.5 * shifted) * dx, start[0] + row * dy
            rows.append((row, column, x, y))
    return rows


def ang_lines(points, decimals=5, more=""):
    return [
        f"  {0.1 * r:.5f} 0.20000 {0.01 * c:.5f}  {x:.{decimals}f} {y:.{decimals}f} "
        f"{100 * r + c:.1f} 0.9 1{more}"
        for r, c, x, y in points
    ]


def ang_header(width, height, grid="SqrGrid", step=0.5, even=None):
    dy = step * (np.sqrt(0.75) if grid == "HexGrid" else 1)
    return [
        "# TEM_PIXperUM          1.000000",
        "# Phase 1",
        "# MaterialName  \tferrite",
        "# Symmetry              43",
        "# LatticeConstants      2.87 2.87 2.87 90 90 90",
        f"# GRID: {grid}",
        f"# XSTEP: {step:.6f}",
        f"# YSTEP: {dy:.6f}",
        f"# NCOLS_ODD: {width}",
        f"# NCOLS_EVEN: {width if even is None else even}",
        f"# NROWS: {height}",
        "#",
    ]


CTF_HEADER = [
    "Channel Text File",
    "Prj\tmap.ctf",
    "JobMode\tGrid",
    "XCells\t6",
    "YCells\t4",
    "XStep\t0.5",
    "YStep\t0.5",
    "Euler angles refer to Sample Coordinate system (CS0)!\tMag\t400\tKV\t20",
    "Phases\t2",
    "3.2;3.2;5.2\t90;90;120\tMagnesium\t9\t194\t\t\tsomeone",
    "2.87;2.87;2.87\t90;90;90\tIron bcc\t11\t229",
    "Phase\tX\tY\tBands\tError\tEuler1\tEuler2\tEuler3\tMAD\tBC\tBS",
]


def ctf_lines(points):
    return [
        f"{1 + c % 2}\t{x:.4f}\t{y:.4f}\t9\t0\t{30 + r:.3f}\t40.5\t{50 + c:.3f}"
        f"\t0.5\t{r}\t{c}"
        for r, c, x, y in points
    ]


def write(path, *parts, end="\n"):
    path.write_text(end.join(line for part in parts for line in part) + end)
    return path


def quiet(path, **options):
    """Load a file and let no warning pass."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load_ebsd(path, **options)


def test_an_ang_file_becomes_images(tmp_path):
    path = write(tmp_path / "a.ang", ang_header(6, 4), ang_lines(points_of()))
    ebsd = quiet(path)
    assert ebsd.shape == (4, 6) and ebsd.grid == "square" and ebsd.step == (0.5, 0.5)
    rows, columns = np.indices((4, 6))
    expected = np.stack([0.1 * rows, 0.2 + 0 * rows, 0.01 * columns], axis=-1)
    np.testing.assert_allclose(ebsd.euler_angles, expected)
    np.testing.assert_allclose(ebsd.quality["iq"], 100 * rows + columns)
    np.testing.assert_allclose(ebsd.x, 0.5 * columns)
    np.testing.assert_allclose(ebsd.y, 0.5 * rows)
    assert ebsd.phases == {1: Phase("ferrite", "43", (2.87, 2.87, 2.87, 90, 90, 90))}
    assert ebsd.is_indexed.all() and ebsd.header["NROWS"] == "4"


def test_a_ctf_file_has_degrees_two_phases_and_gaps(tmp_path):
    lines = ctf_lines(points_of())
    lines[7] = re.sub(r"^\d", "0", lines[7])
    ebsd = quiet(write(tmp_path / "A.CTF", CTF_HEADER, lines, end="\r\n"))
    rows, columns = np.indices((4, 6))
    expected = np.where((rows == 1) & (columns == 1), 0, 1 + columns % 2)
    np.testing.assert_array_equal(ebsd.phase_id, expected)
    np.testing.assert_allclose(ebsd.euler_angles[2, 3], np.deg2rad([32, 40.5, 53]))
    assert np.isnan(ebsd.euler_angles[1, 1]).all() and ebsd.quality["bc"][1, 1] == 1
    assert [p.laue_group for p in ebsd.phases.values()] == ["6/mmm", "m-3m"]
    assert ebsd.phases[1].space_group == 194 and ebsd.phases[1].x_axis == "a*"
    assert list(ebsd.quality) == ["bands", "error", "mad", "bc", "bs"]
    assert ebsd.header["KV"] == "20"


@pytest.mark.parametrize("kind", ["ang", "ctf"])
def test_decimal_commas_are_read(tmp_path, kind):
    lines = ang_header(6, 4) + ang_lines(points_of())
    if kind == "ctf":
        lines = CTF_HEADER + ctf_lines(points_of())
    point = quiet(write(tmp_path / f"point.{kind}", lines))
    comma = quiet(
        write(tmp_path / f"comma.{kind}", [s.replace(".", ",") for s in lines])
    )
    np.testing.assert_array_equal(comma.euler_angles, point.euler_angles)
    assert comma.step == point.step and comma.phases == point.phases


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_names_keep_their_letters_in_any_encoding(tmp_path, encoding):
    text = "\n".join([*ang_header(6, 4), *ang_lines(points_of())]) + "\n"
    (tmp_path / "a.ang").write_bytes(text.replace("ferrite", "Ånes").encode(encoding))
    assert quiet(tmp_path / "a.ang").phases[1].name == "Ånes"


@pytest.mark.parametrize("more, names", [
    ("", []),
    (" 7", ["sem"]),
    (" 7 0.5", ["sem", "fit"]),
    (" 7 0.5 1 2 3 4", ["sem", "fit", "extra_1", "extra_2", "extra_3", "extra_4"]),
])  # fmt: skip
def test_eight_to_fourteen_columns_are_named(tmp_path, more, names):
    lines = ang_lines(points_of(), more=more)
    ebsd = quiet(write(tmp_path / "a.ang", ang_header(6, 4), lines))
    assert list(ebsd.quality) == ["iq", "ci", *names]


def test_named_columns_may_have_another_order(tmp_path):
    header = [
        *ang_header(6, 4),
        "# COLUMN_HEADERS: phi1, PHI, phi2, x, y, IQ, Phase index, CI",
    ]
    lines = [re.sub(r"0\.9 1$", "1 0.9", s) for s in ang_lines(points_of())]
    ebsd = quiet(write(tmp_path / "a.ang", header, lines))
    assert ebsd.quality["ci"].max() == 0.9 and ebsd.is_indexed.all()


def test_too_few_columns_are_refused(tmp_path):
    path = write(tmp_path / "a.ang", ["0 0 0 0 0 1 1", "0 0 0 1 0 1 1"])
    with pytest.raises(ValueError, match=r"a\.ang: .*at least 8 columns.*has 7"):
        load_ebsd(path)


@pytest.mark.parametrize("step, decimals", [(0.5, 5), (0.3, 2), (1.7, 1)])
def test_a_hexagonal_grid_keeps_its_rows(tmp_path, step, decimals):
    points = points_of(5, 6, "hexagonal", step)
    header = ang_header(6, 5, "HexGrid", step, even=5)
    ebsd = quiet(write(tmp_path / "a.ang", header, ang_lines(points, decimals)))
    assert ebsd.grid == "hexagonal" and ebsd.shape == (5, 6) and ebsd.shifted_rows == 1
    np.testing.assert_allclose(
        ebsd.step, np.array(SHAPES["hexagonal"]) * step, rtol=1e-5
    )
    assert (~ebsd.is_indexed).sum() == 2 and not ebsd.is_indexed[1::2, -1].any()
    for row, column, x, _ in points:
        assert ebsd.quality["iq"][row, column] == 100 * row + column
        assert abs(ebsd.x[row, column] - x) <= 0.51 * 10**-decimals


def test_a_hexagonal_grid_is_seen_without_a_header(tmp_path):
    lines = ang_lines(points_of(5, 6, "hexagonal"))
    ebsd = quiet(write(tmp_path / "a.ang", lines))
    assert ebsd.grid == "hexagonal" and ebsd.to_square().grid == "square"
    header = ang_header(6, 5, "SqrGrid")
    with pytest.warns(UserWarning, match="says square, the grid is hexagonal"):
        load_ebsd(write(tmp_path / "b.ang", header, lines))


def test_without_a_header_phases_have_no_symmetry_until_given(tmp_path):
    path = write(tmp_path / "a.ang", ang_lines(points_of()))
    ebsd = quiet(path)
    assert ebsd.phases == {1: Phase("phase 1", None)}
    with pytest.raises(ValueError, match="`phases="):
        ipf_colors(ebsd)
    assert quiet(path, phases={1: "m-3m"}).phases[1].laue_group == "m-3m"
    given = Phase("steel", "432")
    assert quiet(path, phases={1: given}).phases == {1: given}
    with pytest.raises(ValueError, match=r"of the map, \[1\]. Received: \[2\]"):
        load_ebsd(path, phases={2: "m-3m"})
    with pytest.raises(ValueError, match="point group"):
        load_ebsd(path, phases={1: "cubic"})
    for wrong in ({1: 225}, ["m-3m"], "m-3m"):
        with pytest.raises(TypeError, match="`phases` must be a dict of point groups"):
            load_ebsd(path, phases=wrong)


def test_a_ctf_file_without_names_of_columns_takes_the_usual(tmp_path):
    path = write(tmp_path / "a.ctf", ctf_lines(points_of()))
    with pytest.warns(UserWarning, match="the usual order was taken"):
        ebsd = load_ebsd(path)
    assert ebsd.quality["bs"][0].tolist() == [0, 1, 2, 3, 4, 5]
    assert [p.symmetry for p in ebsd.phases.values()] == [None, None]


def test_a_column_less_than_named_is_said(tmp_path):
    lines = [s.rsplit("\t", 1)[0] for s in ctf_lines(points_of())]
    with pytest.warns(UserWarning, match="11 columns are named and 10 .*missing: bs"):
        ebsd = load_ebsd(write(tmp_path / "a.ctf", CTF_HEADER, lines))
    assert list(ebsd.quality) == ["bands", "error", "mad", "bc"]
    with pytest.raises(ValueError, match=r"line 12: it names 11 columns.*have 12"):
        more = [s + "\t1" for s in ctf_lines(points_of())]
        load_ebsd(write(tmp_path / "b.ctf", CTF_HEADER, more))


@pytest.mark.parametrize("header, message", [
    (ang_header(6, 4, step=1.0), "says 1 for step in x, it is 0.5"),
    (ang_header(7, 4), "says 7 for columns, it is 6"),
    (ang_header(6, 40), "says 40 for rows, it is 4"),
])  # fmt: skip
def test_a_wrong_header_is_corrected_and_said(tmp_path, header, message):
    path = write(tmp_path / "a.ang", header, ang_lines(points_of()))
    with pytest.warns(UserWarning, match=message):
        ebsd = load_ebsd(path)
    assert ebsd.shape == (4, 6) and ebsd.step == (0.5, 0.5)


def test_a_step_a_little_wrong_does_not_run_away(tmp_path):
    points = points_of(3, 200, step=1.0)
    path = write(tmp_path / "a.ang", ang_header(200, 3, step=0.98), ang_lines(points))
    with pytest.warns(UserWarning, match="says 0.98 for step in x, it is 1"):
        assert load_ebsd(path).shape == (3, 200)


@pytest.mark.parametrize("with_header", [True, False])
def test_rounded_coordinates_do_not_lose_points(tmp_path, with_header):
    """Steps of 0.0512, written with two decimals: rows differ by 0.05 and 0.06."""
    points = points_of(30, 40, step=0.0512)
    header = ang_header(40, 30, step=0.0512) if with_header else []
    ebsd = quiet(write(tmp_path / "a.ang", header, ang_lines(points, decimals=2)))
    assert ebsd.shape == (30, 40) and ebsd.is_indexed.all()
    np.testing.assert_allclose(ebsd.step, 0.0512, rtol=4e-3)
    rows, columns = np.indices((30, 40))
    np.testing.assert_array_equal(ebsd.quality["iq"], 100 * rows + columns)


def test_a_partial_last_row_is_filled_with_gaps(tmp_path):
    lines = ang_lines(points_of())[:-4]
    with pytest.warns(UserWarning, match="4 points .*: the last row holds 2 of 6"):
        ebsd = load_ebsd(write(tmp_path / "a.ang", ang_header(6, 4), lines))
    assert ebsd.shape == (4, 6) and ebsd.is_indexed.sum() == 20
    assert np.isnan(ebsd.quality["iq"][3, 2:]).all() and ebsd.x[3, 5] == 2.5


def test_missing_points_are_gaps(tmp_path):
    lines = ang_lines(points_of())
    with pytest.warns(UserWarning, match="3 points of the grid are missing"):
        ebsd = load_ebsd(write(tmp_path / "a.ang", [lines[0], *lines[4:]]))
    assert ebsd.shape == (4, 6)
    assert ebsd.is_indexed[0].tolist() == [True, False, False, False, True, True]


@pytest.mark.parametrize("order", ["columns", "upwards", "random", "serpentine"])
def test_the_order_of_the_points_does_not_count(tmp_path, order):
    points = points_of()
    expected = quiet(write(tmp_path / "a.ang", ang_lines(points)))
    if order == "random":
        np.random.default_rng(0).shuffle(points)
    else:
        key = {
            "columns": lambda p: (p[1], p[0]),
            "upwards": lambda p: (-p[0], p[1]),
            "serpentine": lambda p: (p[0], p[1] * (-1) ** p[0]),
        }[order]
        points.sort(key=key)
    points = [(int(r), int(c), x, y) for r, c, x, y in points]
    found = quiet(write(tmp_path / "b.ang", ang_lines(points)))
    np.testing.assert_array_equal(found.euler_angles, expected.euler_angles)


@pytest.mark.parametrize("height, width", [(1, 6), (4, 1), (1, 1)])
def test_lines_and_single_points_are_maps(tmp_path, height, width):
    ebsd = quiet(write(tmp_path / "a.ang", ang_lines(points_of(height, width))))
    assert ebsd.shape == (height, width)


def test_a_start_beside_the_origin_counts(tmp_path):
    ebsd = quiet(write(tmp_path / "a.ang", ang_lines(points_of(start=(-3.0, 1.0)))))
    assert (ebsd.y[0, 0], ebsd.x[0, 0]) == (-3, 1) and ebsd.shape == (4, 6)


@pytest.mark.parametrize("mark", ["ci", "angles", "zeros", "phase"])
def test_points_that_are_not_indexed_are_seen(tmp_path, mark):
    lines = ang_lines(points_of())
    x_y = " ".join(lines[8].split()[3:5])
    lines[8] = {
        "ci": f"0.1 0.2 0.3 {x_y} 50.0 -1.0 1",
        "angles": f"12.56637 12.56637 12.56637 {x_y} 50.0 0.1 1",
        "zeros": f"0 0 0 {x_y} 0 0 1",
        "phase": f"0.1 0.2 0.3 {x_y} 50.0 0.9 -1",
    }[mark]
    ebsd = quiet(write(tmp_path / "a.ang", ang_header(6, 4), lines))
    assert (~ebsd.is_indexed).sum() == 1 and not ebsd.is_indexed[1, 2]
    assert ebsd.phase_id[1, 2] == 0 and np.isnan(ebsd.euler_angles[1, 2]).all()


@pytest.mark.parametrize("header, column, expected", [
    ([1], [0, 0], {1: [1, 1]}),
    ([0], [0, 0], {1: [1, 1]}),
    ([3], [3, 3], {3: [3, 3]}),
    ([0, 1], [0, 1], {1: [1, 2], 2: None}),
    ([1, 2], [2, 0], {1: [2, 0], 2: None}),
    ([], [0, 1], {1: [1, 2], 2: None}),
    ([1], [1, 2], {1: [1, 2], 2: None}),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*that the header does not name")
def test_phases_are_numbered_from_one(tmp_path, header, column, expected):
    lines = [s for n in header for s in (f"# Phase {n}", f"# MaterialName  m{n}")]
    rows = [f"0.1 0.2 0.3 {x} 0 9 0.9 {n}" for x, n in enumerate(column)]
    ebsd = load_ebsd(write(tmp_path / "a.ang", lines, rows))
    assert ebsd.phase_id[0].tolist() == next(iter(expected.values()))
    assert list(ebsd.phases) == list(expected)


def test_phases_that_the_header_does_not_name_are_said(tmp_path):
    lines = [s[:-1] + "7" for s in ang_lines(points_of())]
    lines[0] = lines[0][:-1] + "1"
    path = write(tmp_path / "a.ang", ang_header(6, 4), lines)
    with pytest.warns(UserWarning, match=r"the header does not name, \[7\]: give"):
        assert load_ebsd(path).phases[7].symmetry is None
    rows = [s.replace("2\t", "3\t", 1) for s in ctf_lines(points_of())]
    with pytest.warns(UserWarning, match=r"the header does not name, \[3\]: give"):
        load_ebsd(write(tmp_path / "a.ctf", CTF_HEADER, rows))


@pytest.mark.parametrize("phase", ["1.5", "nan", "inf"])
def test_phases_that_are_no_whole_numbers_are_refused(tmp_path, phase):
    lines = ang_header(6, 4) + ang_lines(points_of())
    lines[16] = lines[16][:-1] + phase
    path = write(tmp_path / "a.ang", lines)
    with pytest.raises(ValueError, match=f"line 17: the phase must be .* got {phase}"):
        load_ebsd(path)


def test_degrees_in_an_ang_file_are_seen(tmp_path):
    lines = [f"{90 * x} 45 10 {x} 0 9 0.9 1" for x in range(4)]
    path = write(tmp_path / "a.ang", lines)
    with pytest.warns(UserWarning, match="up to 270: they were taken as degrees"):
        ebsd = load_ebsd(path)
    np.testing.assert_allclose(ebsd.euler_angles[0, 2], np.deg2rad([180, 45, 10]))
    assert quiet(path, angle_unit="degrees").euler_angles[0, 2, 0] == np.pi
    assert quiet(path, angle_unit="radians").euler_angles[0, 2, 0] == 180


def test_radians_in_a_ctf_file_are_suspected(tmp_path):
    rows = [f"1\t{x}\t0\t9\t0\t{x}.5\t1.2\t2.0\t0.5\t1\t1" for x in range(4)]
    path = write(tmp_path / "a.ctf", CTF_HEADER[-1:], rows)
    with pytest.warns(UserWarning, match='give `angle_unit="radians"`'):
        load_ebsd(path)
    assert quiet(path, angle_unit="radians").euler_angles[0, 1, 0] == 1.5


@pytest.mark.parametrize("change, message", [
    (("0.20000", "0.2x"), "line 17, column 2: expected a number, got '0.2x'"),
    ((" 0.9 1", " 0.9"), "line 17: it has 7 columns, the first line of data has 8"),
    ((" 0.9 1", " 0.9 1 1"), "line 17: it has 9 columns, the first line of data has 8"),
    (("  2.00000", "  1.50000"), "line 17: there is another point at its place"),
    (("  2.00000", "  2.20000"), "line 17: its point does not lie on the grid"),
    (("  2.00000", "  nan"), "line 17: its coordinates are no numbers"),
])  # fmt: skip
def test_a_line_that_cannot_be_read_is_named(tmp_path, change, message):
    lines = ang_header(6, 4) + ang_lines(points_of())
    assert change[0] in lines[16]
    lines[16] = lines[16].replace(*change)
    path = write(tmp_path / "a.ang", lines)
    with pytest.raises(ValueError, match=re.escape(str(path)) + ", " + message):
        load_ebsd(path)


def test_points_and_commas_mixed_are_refused(tmp_path):
    path = write(tmp_path / "a.ang", ["1,5 0.2 0.3 0 0 9 1 1"])
    with pytest.raises(ValueError, match="line 1: it mixes points and commas"):
        load_ebsd(path)


def test_a_last_line_cut_short_is_left_out(tmp_path):
    text = "\n".join(ang_header(6, 4) + ang_lines(points_of()))
    (tmp_path / "a.ang").write_text(text[:-20])
    with pytest.warns(UserWarning, match="last line, 36, is cut short.*holds 5 of 6"):
        assert load_ebsd(tmp_path / "a.ang").is_indexed.sum() == 23


def test_blank_lines_and_late_comments_are_passed_over(tmp_path):
    lines = ang_lines(points_of())
    path = write(tmp_path / "a.ang", lines[:9], ["", "# pause"], lines[9:], ["", ""])
    assert quiet(path).shape == (4, 6)


def test_two_maps_in_one_file_are_refused(tmp_path):
    lines = ang_lines(points_of())
    with pytest.raises(ValueError, match="another point at its place"):
        load_ebsd(write(tmp_path / "a.ang", lines, lines))


def test_wrong_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="Nothing is at"):
        load_ebsd(tmp_path / "a.ang")
    with pytest.raises(FileNotFoundError, match="A folder is at"):
        load_ebsd(tmp_path)
    with pytest.raises(ValueError, match=r"must end in \.ang"):
        load_ebsd(write(tmp_path / "a.txt", ["1"]))
    with pytest.raises(ValueError, match="holds no line of data"):
        load_ebsd(write(tmp_path / "b.ang", ang_header(6, 4)))
    with pytest.raises(ValueError, match="holds no line of data"):
        load_ebsd(write(tmp_path / "b.ctf", ["Channel Text File"]))
    with pytest.raises(ValueError, match="`angle_unit` must be"):
        load_ebsd(tmp_path / "b.ang", angle_unit="turns")


def real_maps():
    file = SHARED / "expected.json"
    return json.loads(file.read_text())["ebsd"] if file.exists() else {}


@pytest.mark.skipif(not real_maps(), reason="needs the shared maps")
@pytest.mark.parametrize("name", sorted(real_maps()))
@pytest.mark.filterwarnings("ignore:.*11 columns are named and 10 are there")
def test_real_maps_have_their_known_counts(name):
    expected = real_maps()[name]
    ebsd = load_ebsd(SHARED / "ebsd" / name)
    assert ebsd.shape == (expected["unique_y"], expected["unique_x"])
    assert ebsd.phase_id.size == expected["points"]
    ranges = [ebsd.x.min(), ebsd.x.max(), ebsd.y.min(), ebsd.y.max()]
    np.testing.assert_allclose(ranges, expected["x_range"] + expected["y_range"])
    counts = {int(k): v for k, v in expected["phase_column_counts"].items()}
    measured = np.isfinite(ebsd.x)
    if name.endswith(".ang") and set(counts) == {0}:
        assert set(ebsd.phases) == {1} and measured.sum() == counts[0]
        filled = {"ebsd_316L.ang": 2151}.get(name, 0)
        assert (~ebsd.is_indexed).sum() == filled
    else:
        found = np.unique(ebsd.phase_id, return_counts=True)
        assert dict(zip(*(a.tolist() for a in found), strict=True)) == counts
    unit = np.deg2rad if expected["euler_unit_in_file"] == "deg" else float
    if ebsd.is_indexed[0, 0]:
        first = [unit(angle) for angle in expected["first_euler"]]
        np.testing.assert_allclose(ebsd.euler_angles[0, 0], first)
    assert grain_labels(ebsd).max() > 1
