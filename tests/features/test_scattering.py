"""Wavelet scattering."""

import numpy as np
import pytest
from scipy.ndimage import convolve
from sklearn.base import clone

from morphokeras.features import ScatteringFeatures
from morphokeras.features._wavelets import scatter

pytestmark = pytest.mark.backend_free


def measure(image, num_scales=3, **options):
    """Return the features of one image by name."""
    features = ScatteringFeatures(num_scales, **options)
    features.set_output(transform="pandas")
    return features.fit_transform(np.asarray(image)[np.newaxis]).iloc[0]


def wave(down, across, size=64):
    """Return a wave of amplitude 0.3 with so many periods along each axis."""
    y, x = np.indices((size, size)) * 2 * np.pi / size
    return 0.5 + 0.3 * np.cos(down * y + across * x)


def morlet(scale, angle, reach=24):
    """Return a wavelet in space, by its formula."""
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    along = np.cos(angle) * x + np.sin(angle) * y
    beside = np.cos(angle) * y - np.sin(angle) * x
    width = 0.8 * scale
    envelope = np.exp(-(along**2 + (beside / 2) ** 2) / (2 * width**2))
    carrier = np.exp(0.75j * np.pi / scale * along)
    wavelet = envelope * (carrier - (envelope * carrier).sum() / envelope.sum())
    return wavelet / (4 * np.pi * width**2)


@pytest.mark.parametrize(
    ("scale", "direction", "down", "across"),
    [
        (1, 0, 0, 24),
        (1, 4, 24, 0),
        (2, 2, 9, 9),
        (2, 6, 9, -9),
        (4, 0, 0, 6),
        (4, 3, 5, 2),
    ],
)
def test_a_wave_has_half_its_amplitude_times_the_filter(scale, direction, down, across):
    y, x = 2 * np.pi / 64 * np.array([down, across])
    angle = np.pi / 8 * direction
    along = np.cos(angle) * x + np.sin(angle) * y
    beside = np.cos(angle) * y - np.sin(angle) * x
    centre = 0.75 * np.pi / scale

    def envelope(along, beside):
        return np.exp(-((0.8 * scale) ** 2) * (along**2 + 4 * beside**2) / 2)

    passed = envelope(along - centre, beside)
    passed -= envelope(along, beside) * envelope(centre, 0)
    first, _ = scatter(wave(down, across).astype("float32"), 3, 8)
    found = first[scale.bit_length() - 1, direction]
    assert found == pytest.approx(0.3 / 2 * passed, rel=0.05)


def test_magnitudes_are_those_of_convolutions_in_space(rng):
    image = rng.random((64, 64))
    found = measure(image)
    for scale, name in ((1, "scale1_0"), (2, "scale2_0"), (2, "scale2_90")):
        kernel = morlet(scale, np.radians(float(name.split("_")[1])))
        parts = [convolve(image, k, mode="wrap") for k in (kernel.real, kernel.imag)]
        assert 10 ** found[name] == pytest.approx(np.hypot(*parts).mean(), rel=0.03)


def test_second_order_is_the_convolution_of_magnitudes(rng):
    image = rng.random((64, 64))
    fine, coarse = morlet(1, 0), morlet(4, np.pi / 2)
    first = np.hypot(*(convolve(image, k, mode="wrap") for k in (fine.real, fine.imag)))
    parts = [convolve(first, k, mode="wrap") for k in (coarse.real, coarse.imag)]
    expected = np.hypot(*parts).mean() / first.mean()
    assert 10 ** measure(image)["scale1_scale4_0_90"] == pytest.approx(
        expected, rel=0.05
    )


def test_modulated_waves_show_their_modulation():
    y, x = np.indices((64, 64)) * 2 * np.pi / 64
    carrier = np.cos(24 * x)
    steady, modulated = (
        measure(0.5 + 0.2 * carrier),
        measure(0.5 + 0.2 * carrier * (1 + np.cos(6 * y)) / 2),
    )
    at_scale_4 = modulated.filter(like="scale1_scale4_0_")
    assert at_scale_4.idxmax() == "scale1_scale4_0_90"
    assert steady["scale1_scale4_0_90"] < at_scale_4.max() - 2


@pytest.mark.parametrize("symmetry", ["flips", "rotation"])
def test_mirroring_changes_nothing(symmetry, rng):
    image = rng.random((32, 64))
    for other in (image[::-1], image[:, ::-1]):
        np.testing.assert_allclose(
            measure(np.roll(other, 1, (0, 1)), symmetry=symmetry),
            measure(image, symmetry=symmetry),
            atol=0.05,
        )


def test_turning_by_a_right_angle_changes_nothing_if_asked(rng):
    image = np.repeat(rng.random((64, 16)), 4, axis=1)
    turned = measure(np.rot90(image), symmetry="rotation")
    np.testing.assert_allclose(turned, measure(image, symmetry="rotation"), atol=0.05)
    kept = measure(np.rot90(image)) - measure(image)
    assert abs(kept["scale1_0"]) > 0.3


def test_moving_a_periodic_image_changes_nothing(rng):
    image = rng.random((64, 64))
    moved = np.roll(image, (8, 16), (0, 1))
    np.testing.assert_allclose(measure(moved), measure(image), atol=1e-3)
    moved = np.roll(image, (3, 5), (0, 1))
    np.testing.assert_allclose(measure(moved), measure(image), atol=0.1)


def test_contrast_scales_the_first_order_alone(rng):
    image = rng.random((32, 32))
    change = measure(0.3 + 0.1 * image) - measure(image)
    second = change.index.str.count("scale") == 2
    np.testing.assert_allclose(change[~second], -1, atol=1e-3)
    np.testing.assert_allclose(change[second], 0, atol=0.01)
    np.testing.assert_allclose(
        measure(0.3 + 0.1 * image, standardize=True),
        measure(image, standardize=True),
        atol=1e-3,
    )


def test_images_of_any_size_and_flat_ones_are_measured(rng):
    for shape in ((1, 1), (2, 3), (5, 40), (33, 47)):
        assert np.isfinite(measure(rng.random(shape), 5)).all()
    flat = measure(np.full((16, 16), 0.7))
    np.testing.assert_allclose(flat[:15], -6, atol=0.1)
    np.testing.assert_allclose(flat[15:], 0, atol=0.1)


def test_scales_beyond_the_image_are_left_out(rng):
    features = ScatteringFeatures(num_scales=9).fit(rng.random((1, 16, 40)))
    names = features.get_feature_names_out()
    assert {name.split("_")[0] for name in names} == {f"scale{2**j}" for j in range(4)}


@pytest.mark.parametrize(("symmetry", "number"), [("flips", 117), ("rotation", 18)])
def test_names_are_unique_and_as_many_as_features(symmetry, number, rng):
    images = rng.random((3, 32, 32))
    features = ScatteringFeatures(3, symmetry=symmetry)
    X = features.fit_transform(images)
    assert X.shape == (3, number)
    assert len(set(features.get_feature_names_out())) == number
    threaded = clone(features).set_params(n_jobs=2)
    np.testing.assert_array_equal(threaded.fit_transform(images), X)


@pytest.mark.parametrize(
    "options",
    [{"num_scales": 0}, {"num_orientations": 5}, {"symmetry": "dihedral"}],
)
def test_a_wrong_parameter_is_named(options, rng):
    with pytest.raises(ValueError, match=next(iter(options))):
        ScatteringFeatures(**options).fit(rng.random((1, 8, 8)))
