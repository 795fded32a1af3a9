"""Colours of inverse pole figures, and symmetry-invariant channels."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from morphokeras.ebsd import (
    LAUE_GROUPS,
    Phase,
    direction_colors,
    ipf_colors,
    misorientation_angle,
    orientation_channels,
    orientations,
    sector_corners,
    symmetry_rotations,
)
from morphokeras.ebsd._harmonics import real_harmonics, turning_matrix
from tests.ebsd.maps import map_of

pytestmark = pytest.mark.backend_free


def random_directions(n, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(n, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def channels_of(euler, symmetry):
    degrees = np.rad2deg(np.asarray(euler)).reshape(1, -1, 3)
    ebsd = map_of(degrees, phases={1: Phase("x", symmetry)})
    return orientation_channels(ebsd)[0]


@pytest.mark.parametrize("name", LAUE_GROUPS)
def test_equivalent_directions_have_one_colour(name):
    directions = random_directions(200)
    colors = direction_colors(directions, name)
    for rotation in symmetry_rotations(name):
        for sign in (1, -1):
            same = direction_colors(sign * rotation.apply(directions), name)
            np.testing.assert_allclose(same, colors, atol=1e-5)


@pytest.mark.parametrize("x_axis", ["a", "a*"])
def test_trigonal_colours_follow_the_setting(x_axis):
    phase = Phase("quartz", "-3m", x_axis=x_axis)
    directions = random_directions(200)
    colors = direction_colors(directions, phase)
    for rotation in phase.rotations:
        same = direction_colors(rotation.apply(directions), phase)
        np.testing.assert_allclose(same, colors, atol=1e-5)


@pytest.mark.parametrize("name", LAUE_GROUPS)
def test_corners_are_red_green_and_blue(name):
    corners = np.array(list(sector_corners(name).values()))
    found = direction_colors(corners, name)
    np.testing.assert_allclose(found, np.eye(3), atol=1e-6)


@pytest.mark.parametrize("name", ["mmm", "4/mmm", "6/mmm", "m-3m", "m-3", "6/m", "2/m"])
def test_colours_do_not_jump(name):
    """Where colours change fastest, at white, a step of 1e-3 still changes little."""
    directions = random_directions(3000)
    near = directions + 1e-3 * random_directions(3000, 1)
    jump = np.abs(direction_colors(near, name) - direction_colors(directions, name))
    assert jump.max() < 0.02


def test_colours_fill_the_key():
    colors = direction_colors(random_directions(5000), "m-3m")
    assert colors.min() < 0.01 and (colors.max(axis=1) == 1).all()
    assert colors.min(axis=1).max() > 0.8  # nearly white


def test_maps_show_the_crystal_direction_along_the_sample_direction():
    """A cube turned by 45 degrees around x has a face diagonal along y and z."""
    ebsd = map_of([[[0, 45, 0], [0, 0, 0]]], [[1, 0]])
    assert ipf_colors(ebsd, "x")[0, 0].tolist() == [1, 0, 0]
    np.testing.assert_allclose(ipf_colors(ebsd, "z")[0, 0], [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(ipf_colors(ebsd, (0, 2, 0))[0, 0], [0, 1, 0], atol=1e-6)
    assert ipf_colors(ebsd)[0, 1].tolist() == [0, 0, 0]


@pytest.mark.parametrize("direction", ["w", (0, 0, 0), (1, 2), ("a", 0, 1)])
def test_wrong_directions_are_refused(direction):
    with pytest.raises(ValueError, match="`direction` must be"):
        ipf_colors(map_of([[0.0]]), direction)


@pytest.mark.parametrize("degree", [2, 4, 6])
def test_harmonics_are_orthonormal(degree):
    """On a product grid that integrates polynomials of the degree exactly."""
    z, weight = np.polynomial.legendre.leggauss(degree + 1)
    azimuth = np.arange(2 * degree + 2) * np.pi / (degree + 1)
    radius = np.sqrt(1 - z**2)[:, np.newaxis]
    grid = [
        radius * np.cos(azimuth),
        radius * np.sin(azimuth),
        z[:, np.newaxis] + 0 * azimuth,
    ]
    values = real_harmonics(np.stack(grid, -1).reshape(-1, 3), degree)
    weights = np.repeat(weight * np.pi / (degree + 1), len(azimuth))
    gram = values.T @ (weights[:, np.newaxis] * values)
    np.testing.assert_allclose(gram, np.eye(2 * degree + 1), atol=1e-12)
    matrix = turning_matrix(Rotation.random(random_state=0), degree)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(len(matrix)), atol=1e-7)


@pytest.mark.parametrize("name", LAUE_GROUPS)
def test_channels_are_equal_for_equivalent_orientations_only(name):
    euler = Rotation.random(60, random_state=1).as_euler("ZXZ")
    channels = channels_of(euler, name)
    for rotation in symmetry_rotations(name):
        same = (orientations(euler) * rotation).as_euler("ZXZ")
        np.testing.assert_allclose(channels_of(same, name), channels, atol=1e-5)
    index = np.triu_indices(60, 1)
    angles = misorientation_angle(euler[index[0]], euler[index[1]], name)
    distances = np.linalg.norm(channels[index[0]] - channels[index[1]], axis=1)
    assert (distances > 0.003 * angles).all()


@pytest.mark.parametrize("name", LAUE_GROUPS)
def test_no_other_rotation_keeps_the_channels(name):
    """Of all rotations of a larger group, those of this one alone."""
    larger = Rotation.concatenate(
        [symmetry_rotations(other) for other in ("m-3m", "6/mmm")]
    )
    same = (
        np.abs(larger.as_quat() @ symmetry_rotations(name).as_quat().T).max(1) > 0.999
    )
    turned = Rotation.from_euler("ZXZ", [0.3, 1.0, 2.0]) * larger
    channels = channels_of(turned.as_euler("ZXZ"), name)
    distances = np.linalg.norm(channels - channels[0], axis=1)
    assert (distances[same] < 1e-5).all() and (distances[~same] > 0.1).all()


@pytest.mark.parametrize("name, count", [("m-3m", 9), ("6/mmm", 26), ("mmm", 10)])
def test_channels_are_as_many_as_said_and_of_norm_one_a_function(name, count):
    channels = channels_of(np.array([[0.3, 0.5, 0.7]]), name)
    assert channels.shape == (1, count)
    functions = {9: 1, 26: 2, 10: 2}[count]
    assert np.linalg.norm(channels) == pytest.approx(np.sqrt(functions), abs=1e-6)


def test_turning_the_sample_keeps_distances_of_channels():
    euler = Rotation.random(2, random_state=3).as_euler("ZXZ")
    turn = Rotation.random(random_state=4)
    turned = (turn * orientations(euler)).as_euler("ZXZ")
    first, second = channels_of(euler, "m-3m"), channels_of(turned, "m-3m")
    np.testing.assert_allclose(
        np.linalg.norm(first[0] - first[1]),
        np.linalg.norm(second[0] - second[1]),
        rtol=1e-5,
    )


def test_cubic_channels_are_the_turned_cubic_harmonic():
    """x^4 + y^4 + z^4 - 3/5 of the crystal direction, seen from the sample."""
    euler = np.array([[0.4, 1.1, 2.0]])
    directions = random_directions(30)
    crystal = orientations(euler).inv().apply(directions)
    polynomial = (crystal**4).sum(axis=1) - 0.6
    values = real_harmonics(directions, 4) @ channels_of(euler, "m-3m")[0]
    ratio = values / polynomial
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)


def test_phases_of_different_symmetry_need_a_choice():
    phases = {1: Phase("a", "m-3m"), 2: Phase("b", "6/mmm")}
    ebsd = map_of([[0, 10, 20]], [[1, 2, 0]], phases)
    with pytest.raises(ValueError, match=r"\[1, 2\] as `phase=`"):
        orientation_channels(ebsd)
    channels = orientation_channels(ebsd, phase=2)
    assert channels.shape == (1, 3, 26) and not channels[0, [0, 2]].any()
    with pytest.raises(ValueError, match="`phase` must be one of"):
        orientation_channels(ebsd, phase=3)
    with pytest.raises(ValueError, match="no indexed point"):
        orientation_channels(map_of([[0.0]], [[0]]))
