"""Misorientation angles under crystal symmetry."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.spatial.transform import Rotation

from morphokeras.ebsd import (
    LAUE_GROUPS,
    mackenzie_density,
    misorientation_angle,
    orientations,
    symmetry_rotations,
)

pytestmark = pytest.mark.backend_free


def random_angles(n, seed=0):
    return Rotation.random(n, random_state=seed).as_euler("ZXZ")


@pytest.mark.parametrize("name", LAUE_GROUPS)
def test_equivalent_orientations_have_no_misorientation(name):
    euler = random_angles(5)
    for rotation in symmetry_rotations(name):
        same = (orientations(euler) * rotation).as_euler("ZXZ")
        np.testing.assert_allclose(
            misorientation_angle(euler, same, name), 0, atol=3e-6
        )


@pytest.mark.parametrize("name", LAUE_GROUPS)
def test_the_angle_is_the_least_over_both_crystals_symmetries(name):
    first, second = random_angles(20, 1), random_angles(20, 2)
    group = symmetry_rotations(name)
    least = np.full(20, np.inf)
    p, q = orientations(first), orientations(second)
    for s in group:
        for t in group:
            angle = ((p * s).inv() * (q * t)).magnitude()
            least = np.minimum(least, np.rad2deg(angle))
    found = misorientation_angle(first, second, name)
    np.testing.assert_allclose(found, least, atol=1e-5)
    np.testing.assert_allclose(found, misorientation_angle(second, first, name))


def test_bunge_angles_take_the_sample_to_the_crystal():
    """The first matrix of Bunge's book, written out."""
    phi1, phi, phi2 = 0.3, 0.8, 1.9
    c1, s1, c2, s2 = np.cos(phi1), np.sin(phi1), np.cos(phi2), np.sin(phi2)
    c, s = np.cos(phi), np.sin(phi)
    g = [
        [c1 * c2 - s1 * s2 * c, s1 * c2 + c1 * s2 * c, s2 * s],
        [-c1 * s2 - s1 * c2 * c, -s1 * s2 + c1 * c2 * c, c2 * s],
        [s1 * s, -c1 * s, c],
    ]
    found = orientations([phi1, phi, phi2]).inv().as_matrix()[0]
    np.testing.assert_allclose(found, g, atol=1e-12)


def test_magnesium_tension_twins_are_at_86_degrees():
    """{10-12} twins: 86.3 degrees about <11-20>, by the ratio c/a of magnesium."""
    ratio = 5.2101 / 3.2089
    angle = 2 * np.rad2deg(np.arctan(ratio / np.sqrt(3)))
    twin = Rotation.from_rotvec(np.deg2rad(angle) * np.array([1, 0, 0]))
    found = misorientation_angle(np.zeros(3), twin.as_euler("ZXZ"), "6/mmm")
    assert found == pytest.approx(angle) and angle == pytest.approx(86.3, abs=0.1)


def test_random_cubes_follow_mackenzies_closed_form():
    angles = misorientation_angle(
        random_angles(40_000, 1), random_angles(40_000, 2), "m-3m"
    )
    edges = np.array([0, 10, 20, 30, 40, 45, 50, 55, 60, 60.72, 62, 62.8])
    counts = np.histogram(angles, edges)[0]
    expected = [
        40_000 * quad(lambda a: float(mackenzie_density(a)), low, high)[0]
        for low, high in zip(edges[:-1], edges[1:], strict=True)
    ]
    assert counts.sum() == 40_000
    assert np.sum((counts - expected) ** 2 / expected) < 29.6  # chi-squared, 0.1 %


def test_mackenzies_density_is_one_in_all_and_continuous():
    angles = np.linspace(0, 63, 63_001)
    density = mackenzie_density(angles)
    assert density.sum() * 1e-3 == pytest.approx(1, abs=1e-6)
    assert np.abs(np.diff(density)).max() < 1e-4
    assert mackenzie_density(np.array([-1.0, 62.8, 90.0])).tolist() == [0, 0, 0]


def test_unknown_orientations_give_nan():
    euler = np.array([[0, 0, 0], [np.nan, 0, 0]])
    found = misorientation_angle(euler, np.zeros(3), "m-3m")
    assert found[0] == 0 and np.isnan(found[1])
