"""Two-point correlation: identities, closed forms and brute force."""

import itertools

import numpy as np
import pytest

from morphokeras.descriptors.two_point import radial_average, two_point_correlation

pytestmark = pytest.mark.backend_free

SHAPES = [(15,), (8, 9), (4, 5, 6)]


def brute_force(field, lag, boundary):
    """Average products over all pairs of pixels, one by one."""
    products = []
    for site in itertools.product(*map(range, field.shape)):
        other = np.add(site, lag)
        if boundary == "periodic":
            other = other % field.shape
        elif (other < 0).any() or (other >= field.shape).any():
            continue
        products.append(field[site] * field[tuple(other)])
    return np.mean(products)


@pytest.mark.parametrize("boundary", ["periodic", "open"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_lag_agrees_with_brute_force(rng, shape, boundary):
    field = rng.random(shape)
    found = two_point_correlation(field[None], boundary=boundary)[0]
    lags = [np.fft.fftfreq(n, 1 / n).round().astype(int) for n in shape]
    expected = [brute_force(field, lag, boundary) for lag in itertools.product(*lags)]
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-12)


@pytest.mark.parametrize("boundary", ["periodic", "open"])
@pytest.mark.parametrize("shape", SHAPES)
def test_lag_zero_is_the_volume_fraction(rng, shape, boundary):
    fields = rng.random((3, *shape)) < 0.3
    found = two_point_correlation(fields, boundary=boundary)
    zero = found.reshape(3, -1)[:, 0]
    np.testing.assert_allclose(zero, fields.reshape(3, -1).mean(axis=1), atol=1e-12)


def test_the_mean_of_a_periodic_map_is_the_squared_fraction(rng):
    fields = rng.random((3, 16, 12)) < 0.3
    maps = two_point_correlation(fields)
    expected = fields.mean(axis=(1, 2)) ** 2
    np.testing.assert_allclose(maps.mean(axis=(1, 2)), expected, atol=1e-12)


@pytest.mark.parametrize("boundary", ["periodic", "open"])
def test_stripes_give_a_triangle_wave(boundary):
    stripes = np.tile(np.repeat([1.0, 0.0], 8), (1, 32, 4))
    found = two_point_correlation(stripes, boundary=boundary)[0]
    lag = np.abs(np.fft.fftfreq(64, 1 / 64))
    if boundary == "periodic":
        expected = np.abs((lag % 16) - 8) / 16
        np.testing.assert_allclose(found, np.tile(expected, (32, 1)), atol=1e-12)
    np.testing.assert_allclose(found[:, 0], 0.5)
    np.testing.assert_allclose(found[:, [16, 32]], 0.5)
    np.testing.assert_allclose(found[:, 8], 0.0, atol=1e-12)


def test_a_checkerboard_alternates():
    board = np.indices((16, 16)).sum(axis=0)[None] % 2
    found = two_point_correlation(board)[0]
    expected = 0.5 * (np.indices((16, 16)).sum(axis=0) % 2 == 0)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_independent_pixels_have_no_correlation(rng):
    fields = rng.random((8, 128, 128)) < 0.3
    for boundary in ("periodic", "open"):
        _, profile = radial_average(two_point_correlation(fields, boundary=boundary))
        np.testing.assert_allclose(profile.mean(axis=0)[1:], 0.09, atol=2e-3)


def test_a_uniform_open_field_is_uniformly_correlated():
    found = two_point_correlation(np.full((1, 9, 10), 0.5), boundary="open")
    np.testing.assert_allclose(found, 0.25)


def test_boolean_discs_have_their_closed_form(rng):
    """S2 of overlapping discs: exp(-density * area of the union of two discs)."""
    size, radius, density = 512, 15, 0.0008
    indicator = np.ones((6, size, size), bool)
    y, x = np.indices((size, size))
    near = (np.minimum(y, size - y) ** 2 + np.minimum(x, size - x) ** 2) < radius**2
    for image in indicator:
        for centre in rng.integers(0, size, (rng.poisson(density * size**2), 2)):
            image &= ~np.roll(near, centre, axis=(0, 1))
    radii, profiles = radial_average(two_point_correlation(indicator))
    r = np.minimum(radii[: 3 * radius], 2 * radius)
    lens = 2 * radius**2 * np.arccos(r / 2 / radius) - r / 2 * np.sqrt(
        4 * radius**2 - r**2
    )
    expected = np.exp(-density * (2 * np.pi * radius**2 - lens))
    np.testing.assert_allclose(profiles.mean(axis=0)[: 3 * radius], expected, atol=0.02)


def test_radial_average_takes_each_ring_of_lags():
    shape = (9, 12)
    lags = np.meshgrid(*[np.fft.fftfreq(n, 1 / n) for n in shape], indexing="ij")
    length = np.hypot(*lags)
    radii, profile = radial_average(length[None])
    assert radii.tolist() == [0, 1, 2, 3, 4]
    for radius in radii:
        expected = length[np.rint(length) == radius].mean()
        assert profile[0, radius] == pytest.approx(expected)


def test_radial_average_of_a_volume_is_by_distance():
    shape = (8, 8, 8)
    lags = np.meshgrid(*[np.fft.fftfreq(n, 1 / n) for n in shape], indexing="ij")
    length = np.rint(np.sqrt(sum(lag**2 for lag in lags)))
    radii, profile = radial_average(length[None])
    np.testing.assert_allclose(profile[0], radii)


@pytest.mark.parametrize(
    "fields, message",
    [
        (np.zeros(4), "n_samples"),
        (np.zeros((0, 4, 4)), "none empty"),
        (np.full((1, 4, 4), np.nan), "16 values"),
    ],
)
@pytest.mark.parametrize("function", [two_point_correlation, radial_average])
def test_wrong_fields_are_refused(function, fields, message):
    with pytest.raises(ValueError, match=message):
        function(fields)


def test_unknown_boundary_is_refused():
    with pytest.raises(ValueError, match="`boundary` .*'symmetric'"):
        two_point_correlation(np.zeros((1, 4, 4)), boundary="symmetric")
