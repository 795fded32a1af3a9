"""Laue groups: names and rotations."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from morphokeras.ebsd import LAUE_GROUPS, Phase, laue_group, symmetry_rotations

pytestmark = pytest.mark.backend_free

ORDERS = dict(zip(LAUE_GROUPS, (1, 2, 4, 4, 8, 3, 6, 6, 12, 12, 24), strict=True))


@pytest.mark.parametrize(
    "symbol, expected",
    [
        ("43", "m-3m"),
        ("m-3m", "m-3m"),
        ("-43m", "m-3m"),
        ("23", "m-3"),
        ("62", "6/mmm"),
        ("6 m m", "6/mmm"),
        ("32", "-3m"),
        ("42", "4/mmm"),
        ("22", "mmm"),
        ("20", "2/m"),
        ("1", "-1"),
        (225, "m-3m"),
        (206, "m-3"),
        (194, "6/mmm"),
        (167, "-3m"),
        (14, "2/m"),
        (1, "-1"),
    ],
)
def test_every_way_of_naming_a_group_gives_its_laue_group(symbol, expected):
    assert laue_group(symbol) == expected


@pytest.mark.parametrize("symbol", ["99", "", 0, 231, 43])
def test_unknown_groups_are_refused_or_are_space_groups(symbol):
    if symbol == 43:
        assert laue_group(43) == "mmm"
        return
    with pytest.raises(ValueError, match="point group"):
        laue_group(symbol)


@pytest.mark.parametrize("name", LAUE_GROUPS)
@pytest.mark.parametrize("x_axis", ["a", "a*"])
def test_the_rotations_form_a_group_of_the_right_order(name, x_axis):
    group = symmetry_rotations(name, x_axis=x_axis)
    assert len(group) == ORDERS[name]
    assert group[0].magnitude() == pytest.approx(0)
    quaternions = group.as_quat()
    for rotation in group:
        products = np.abs((group * rotation).as_quat() @ quaternions.T)
        closest = products.max(axis=1)
        np.testing.assert_allclose(closest, 1, atol=1e-12)
        assert len(set(products.argmax(axis=1))) == len(group)


def test_trigonal_twofold_axes_are_along_a():
    """In the a* setting, a lies at 30 degrees from x."""
    for x_axis, azimuth in (("a", 0), ("a*", 30)):
        a = [np.cos(np.deg2rad(azimuth)), np.sin(np.deg2rad(azimuth)), 0]
        half_turn = Rotation.from_rotvec(np.pi * np.array(a)).as_quat()
        group = symmetry_rotations("-3m", x_axis=x_axis).as_quat()
        assert np.abs(group @ half_turn).max() == pytest.approx(1)


def test_the_lattice_says_which_axis_of_a_monoclinic_crystal_is_unique():
    for angles, axis in (((90, 103, 90), 1), ((90, 90, 103), 2), ((103, 90, 90), 0)):
        phase = Phase("glaucophane", "2/m", (9.5, 17.7, 5.3, *angles))
        vector = phase.rotations[1].as_rotvec(degrees=True)
        assert abs(vector[axis]) == pytest.approx(180)


def test_a_phase_without_symmetry_says_how_to_give_it():
    with pytest.raises(ValueError, match=r"'slag' is not known.*`phases="):
        _ = Phase("slag", None).laue_group


@pytest.mark.parametrize("options", [{"x_axis": "b"}, {"unique_axis": "b"}])
def test_wrong_settings_are_refused(options):
    with pytest.raises(ValueError, match=f"`{next(iter(options))}` must be"):
        symmetry_rotations("-3m", **options)
