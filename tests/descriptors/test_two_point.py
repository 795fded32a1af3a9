"""Two-point correlation: identities, closed forms and brute force."""

import itertools

import numpy as np
import pytest

from morphokeras.descriptors.two_point import (
    axis_profile,
    radial_average,
    two_point_correlation,
    two_point_cross_correlation,
)

pytestmark = pytest.mark.backend_free

SHAPES = [(15,), (8, 9), (4, 5, 6)]


def brute_force(field, lag, boundary, second=None, known=None):
    """Average products over all pairs of known pixels, one by one."""
    second = field if second is None else second
    known = np.ones(field.shape, bool) if known is None else known
    products = []
    for site in itertools.product(*map(range, field.shape)):
        other = np.add(site, lag)
        if boundary == "periodic":
            other = other % field.shape
        elif (other < 0).any() or (other >= field.shape).any():
            continue
        if known[site] and known[tuple(other)]:
            products.append(field[site] * second[tuple(other)])
    return np.mean(products) if products else np.nan


def all_lags(shape):
    lags = [np.fft.fftfreq(n, 1 / n).round().astype(int) for n in shape]
    return itertools.product(*lags)


@pytest.mark.parametrize("boundary", ["periodic", "open"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_lag_agrees_with_brute_force(rng, shape, boundary):
    field = rng.random(shape)
    dims = len(shape)
    found = two_point_correlation(field[None], boundary=boundary, spatial_dims=dims)[0]
    expected = [brute_force(field, lag, boundary) for lag in all_lags(shape)]
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-12)


@pytest.mark.parametrize("boundary", ["periodic", "open"])
@pytest.mark.parametrize("shape", SHAPES)
def test_missing_pixels_take_no_part(rng, shape, boundary):
    fields = rng.random((2, *shape))
    known = rng.random((2, *shape)) < 0.3
    fields[~known] = np.nan
    found = two_point_correlation(
        fields, boundary=boundary, mask=known, spatial_dims=len(shape)
    )
    for field, mask, result in zip(fields, known, found, strict=True):
        expected = [
            brute_force(field, lag, boundary, known=mask) for lag in all_lags(shape)
        ]
        np.testing.assert_allclose(result.ravel(), expected, atol=1e-12)


def test_one_mask_may_serve_all_fields(rng):
    fields, known = rng.random((3, 8, 9)), rng.random((8, 9)) < 0.5
    found = two_point_correlation(fields, mask=known, boundary="open")
    expected = two_point_correlation(
        fields, mask=np.stack([known] * 3), boundary="open"
    )
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("boundary", ["periodic", "open"])
@pytest.mark.parametrize("shape", SHAPES)
def test_cross_correlation_agrees_with_brute_force(rng, shape, boundary):
    first, second = rng.random((2, *shape))
    found = two_point_cross_correlation(
        first[None], second[None], boundary=boundary, spatial_dims=len(shape)
    )
    expected = [brute_force(first, lag, boundary, second) for lag in all_lags(shape)]
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-12)


def test_correlations_of_all_pairs_of_phases_sum_to_one(rng):
    labels = rng.integers(0, 3, (2, 9, 10))
    known = rng.random((9, 10)) < 0.9
    total = sum(
        two_point_cross_correlation(labels == i, labels == j, mask=known)
        for i in range(3)
        for j in range(3)
    )
    np.testing.assert_allclose(total, 1)


def test_a_phase_is_told_by_its_label(rng):
    labels = rng.integers(0, 3, (2, 9, 10))
    found = two_point_correlation(labels, phase=2)
    np.testing.assert_array_equal(found, two_point_correlation(labels == 2))


@pytest.mark.parametrize("boundary", ["periodic", "open"])
@pytest.mark.parametrize("shape", SHAPES)
def test_lag_zero_is_the_volume_fraction(rng, shape, boundary):
    fields = rng.random((3, *shape)) < 0.3
    found = two_point_correlation(fields, boundary=boundary, spatial_dims=len(shape))
    zero = found.reshape(3, -1)[:, 0]
    np.testing.assert_allclose(zero, fields.reshape(3, -1).mean(axis=1), atol=1e-12)


def test_the_mean_of_a_periodic_map_is_the_squared_fraction(rng):
    fields = rng.random((3, 16, 12)) < 0.3
    maps = two_point_correlation(fields, boundary="periodic")
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
    found = two_point_correlation(board, boundary="periodic")[0]
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


def test_radial_average_measures_in_the_unit_of_the_spacing():
    """Lags that are half as long along x, in micrometres."""
    shape, spacing = (12, 40), (0.5, 0.25)
    lags = np.meshgrid(
        *[np.fft.fftfreq(n, 1 / n) * h for n, h in zip(shape, spacing, strict=True)],
        indexing="ij",
    )
    length = np.hypot(*lags)
    radii, profile = radial_average(length[None], spacing=spacing)
    np.testing.assert_allclose(radii, 0.25 * np.arange(13))
    np.testing.assert_allclose(profile[0], radii, atol=0.05)


def test_lags_without_pairs_are_left_out_of_the_average():
    maps = np.ones((2, 8, 8))
    maps[0, 1, 0] = np.nan
    maps[1, [0, 0, 1, -1], [1, -1, 0, 0]] = np.nan
    maps[1, [1, 1, -1, -1], [1, -1, 1, -1]] = np.nan
    _, profiles = radial_average(maps)
    np.testing.assert_array_equal(profiles[0], 1)
    np.testing.assert_array_equal(profiles[1], [1, np.nan, 1, 1, 1])


@pytest.mark.parametrize("boundary", ["periodic", "open"])
def test_profiles_along_axes_tell_directions_apart(boundary):
    stripes = np.tile(np.repeat([1, 0], 4), (1, 24, 3))
    maps = two_point_correlation(stripes, boundary=boundary)
    lags, along = axis_profile(maps, axis=0, spacing=(2, 0.5))
    np.testing.assert_array_equal(lags, 2 * np.arange(13))
    np.testing.assert_allclose(along[0], 0.5)
    lags, across = axis_profile(maps, axis=1, spacing=(2, 0.5))
    np.testing.assert_array_equal(lags, 0.5 * np.arange(13))
    assert across[0, 4] == pytest.approx(0, abs=1e-12)


def test_profiles_of_cross_correlations_average_opposite_lags(rng):
    first, second = rng.random((2, 1, 4, 6))
    maps = two_point_cross_correlation(first, second, boundary="open")
    _, profile = axis_profile(maps)
    assert profile[0, 2] == pytest.approx((maps[0, 0, 2] + maps[0, 0, -2]) / 2)


def test_porespy_has_the_same_correlation(rng):
    """Its rings hold the lags of lengths from r to less than r + 1.

    Its `probability` is the correlation over the volume fraction, contrary to what its
    documentation says; `probability_scaled` is S2.
    """
    porespy = pytest.importorskip("porespy")
    field = rng.random((48, 48)) < 0.4
    theirs = porespy.metrics.two_point_correlation(field, bins=24).probability_scaled
    maps = two_point_correlation(field[None], boundary="open")[0]
    length = np.hypot(*np.meshgrid(*[np.fft.fftfreq(48, 1 / 48)] * 2))
    for radius in range(23):
        ring = maps[(length >= radius) & (length < radius + 1)]
        assert theirs[radius] == pytest.approx(ring.mean())


@pytest.mark.parametrize(
    "fields, message",
    [
        (np.zeros(4), "n_samples"),
        (np.zeros((0, 4, 4)), "none empty"),
        (np.full((1, 4, 4), np.inf), "16 values"),
    ],
)
@pytest.mark.parametrize("function", [two_point_correlation, radial_average])
def test_wrong_fields_are_refused(function, fields, message):
    with pytest.raises(ValueError, match=message):
        function(fields)


def test_a_single_image_is_not_taken_for_a_set_of_lines(rng):
    with pytest.raises(ValueError, match=r"pass `fields\[np.newaxis\]`"):
        two_point_correlation(rng.random((8, 8)))
    with pytest.raises(ValueError, match="`spatial_dims=3`"):
        two_point_cross_correlation(*rng.random((2, 1, 8, 8, 8)))


def test_images_of_different_sizes_are_refused_in_plain_words(rng):
    with pytest.raises(ValueError, match="`fields` must be one array, of fields"):
        two_point_correlation([rng.random((8, 8)), rng.random((6, 6))])


def test_unknown_boundary_is_refused():
    with pytest.raises(ValueError, match="`boundary` .*'symmetric'"):
        two_point_correlation(np.zeros((1, 4, 4)), boundary="symmetric")


@pytest.mark.parametrize(
    "options, message",
    [
        ({"spatial_dims": 3}, "For a single field"),
        ({"mask": np.ones((3, 3), bool)}, "`mask` must be boolean"),
        ({"mask": np.ones((4, 4))}, "`mask` must be boolean"),
        ({"mask": np.zeros((4, 4), bool)}, "no known pixel in sample 0"),
        ({"phase": 0.5}, "`phase` must be one label"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        two_point_correlation(np.zeros((1, 4, 4)), **options)


def test_black_and_white_images_are_not_taken_for_labels():
    with pytest.raises(ValueError, match="`phase=255`"):
        two_point_correlation(np.full((1, 4, 4), 255, "uint8"), phase=1)


def test_grey_fields_have_no_phase(rng):
    with pytest.raises(ValueError, match="fields > 0.5"):
        two_point_correlation(rng.random((1, 4, 4)), phase=1)


def test_masked_arrays_are_refused_with_the_way_out():
    fields = np.ma.masked_equal(np.eye(4)[None], 0)
    with pytest.raises(ValueError, match="mask=~fields.mask"):
        two_point_correlation(fields)


def test_wrong_spacing_and_axis_are_refused():
    maps = np.ones((1, 4, 4))
    with pytest.raises(ValueError, match="`spacing` must be a positive"):
        radial_average(maps, spacing=(1, 0))
    for wrong in ("1", True, [1.0, "2"]):
        with pytest.raises(ValueError, match="`spacing` must be a positive"):
            radial_average(maps, spacing=wrong)
    with pytest.raises(ValueError, match="`axis` must be"):
        axis_profile(maps, axis=2)
