import numpy as np
import pytest
from keras import ops

from morphokeras.ops.projection import project_volume_fraction, threshold_at_fraction
from tests.gradients import gradients

FRACTIONS = np.array([0.01, 0.3, 0.7, 0.99], "float32")
PHASES = np.array(
    [[0.2, 0.3, 0.5], [0.01, 0.98, 0.01], [1 / 3, 1 / 3, 1 / 3], [0.7, 0.29, 0.01]],
    "float32",
)


def to_numpy(tensor):
    return np.asarray(ops.convert_to_numpy(tensor)).astype("float64")


def project(logits, fraction, method="logit"):
    logits = np.asarray(logits, "float32")
    return to_numpy(project_volume_fraction(logits, fraction, method))


def hard_logits(kind, phases):
    """Four images of 16 x 16 logits that a plain Newton iteration may diverge on."""
    rng = np.random.default_rng(3)
    shape = (4, 16, 16, phases)
    if kind == "equal":
        return np.zeros(shape)
    if kind == "saturated":
        return rng.choice([-50.0, 50.0], shape)
    if kind == "saturated with noise":
        return rng.choice([-50.0, 50.0], shape) + rng.normal(size=shape)
    if kind == "three levels":
        return rng.choice([-50.0, 0.0, 50.0], shape)
    if kind == "wide":
        return rng.uniform(-50, 50, shape)
    if kind == "outlier":
        logits = rng.normal(size=shape)
        logits[:, 0, 0, 0] = 1000
        return logits
    if kind == "far away":
        return rng.normal(size=shape) + 80 * np.eye(phases)[0]
    return rng.normal(size=shape)


KINDS = [
    "normal",
    "equal",
    "saturated",
    "saturated with noise",
    "three levels",
    "wide",
    "outlier",
    "far away",
]


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_is_the_fraction_asked_for(kind):
    fields = project(hard_logits(kind, 1), FRACTIONS)
    np.testing.assert_allclose(fields.mean((1, 2, 3)), FRACTIONS, atol=2e-6)
    assert fields.min() >= 0 and fields.max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_of_each_phase_is_the_fraction_asked_for(kind):
    fields = project(hard_logits(kind, 3), PHASES)
    np.testing.assert_allclose(fields.mean((1, 2)), PHASES, atol=2e-5)
    np.testing.assert_allclose(fields.sum(-1), 1, atol=1e-5)


def test_volumes_are_projected_too(rng):
    fields = project(rng.normal(size=(2, 4, 5, 6, 1)), [0.2, 0.8])
    np.testing.assert_allclose(fields.mean((1, 2, 3, 4)), [0.2, 0.8], atol=1e-6)


def test_two_phases_agree_with_one_channel(rng):
    logits = rng.normal(size=(3, 8, 8, 1)) * 3
    fraction = np.array([0.1, 0.5, 0.8])
    one = project(logits, fraction)
    two = project(
        np.concatenate([logits, np.zeros_like(logits)], -1),
        np.stack([fraction, 1 - fraction], -1),
    )
    np.testing.assert_allclose(two[..., :1], one, atol=1e-5)


def test_the_projection_shifts_the_logits_by_one_constant(rng):
    logits = rng.normal(size=(1, 8, 8, 1))
    fields = project(logits, [0.2])
    shift = np.log(fields / (1 - fields)) - logits
    np.testing.assert_allclose(shift, shift.mean(), atol=1e-4)


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_an_empty_or_full_field_is_reached_up_to_a_millionth(rng, fraction):
    fields = project(rng.normal(size=(1, 8, 8, 1)), [fraction])
    assert np.isfinite(fields).all()
    np.testing.assert_allclose(fields.mean(), fraction, atol=2e-6)


def test_an_absent_phase_is_reached_up_to_a_millionth(rng):
    fields = project(rng.normal(size=(1, 8, 8, 3)), [[0.4, 0.6, 0.0]])
    np.testing.assert_allclose(fields.mean((0, 1, 2)), [0.4, 0.6, 0], atol=1e-5)


def test_one_fraction_serves_the_whole_batch(rng):
    fields = project(rng.normal(size=(3, 8, 8, 1)), 0.4)
    np.testing.assert_allclose(fields.mean((1, 2, 3)), 0.4, atol=1e-6)


@pytest.mark.parametrize("phases", [1, 3])
def test_gradients_agree_with_finite_differences(rng, phases):
    logits = 2 * rng.normal(size=(2, 5, 5, phases)).astype("float32")
    fraction = PHASES[[0, 3]] if phases > 1 else np.array([0.2, 0.9], "float32")
    factor = rng.normal(size=logits.shape).astype("float32")

    def value(logits, fraction):
        fields = project_volume_fraction(logits, fraction)
        return ops.sum(fields * ops.convert_to_tensor(factor))

    found = gradients(value, [logits, fraction])
    for index, gradient in enumerate(found):
        direction = rng.normal(size=gradient.shape).astype("float32")
        step = 1e-2 if index == 0 else 1e-3
        ends = []
        for sign in (1, -1):
            moved = [logits, fraction]
            moved[index] = moved[index] + sign * step * direction
            ends.append((project(*moved) * factor).sum())
        expected = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose((gradient * direction).sum(), expected, rtol=5e-3)


def test_no_gradient_changes_the_projected_mean(rng):
    logits = rng.normal(size=(1, 8, 8, 1)).astype("float32")
    of_logits, of_fraction = gradients(
        lambda x, v: ops.mean(project_volume_fraction(x, v)), [logits, [0.3]]
    )
    np.testing.assert_allclose(of_logits, 0, atol=1e-7)
    np.testing.assert_allclose(of_fraction, 1, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phases", [1, 3])
def test_gradients_of_hard_fields_are_finite(kind, phases):
    logits = hard_logits(kind, phases)
    fraction = PHASES if phases > 1 else FRACTIONS
    found = gradients(
        lambda x, v: ops.sum(ops.square(project_volume_fraction(x, v))),
        [logits, fraction],
    )
    assert all(np.isfinite(gradient).all() for gradient in found)


def test_scaling_is_the_articles_algorithm(rng):
    logits = rng.normal(size=(2, 8, 8, 1))
    fields = 1 / (1 + np.exp(-logits))
    fraction = np.array([0.1, 0.6]).reshape(2, 1, 1, 1)
    mean = fields.mean((1, 2, 3), keepdims=True)
    expected = np.clip(fields * fraction / mean, 0, 1)
    found = project(logits, [0.1, 0.6], method="scale")
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_scaling_misses_the_fraction_where_it_saturates(rng):
    logits = 5 * rng.normal(size=(1, 32, 32, 1)) - 3
    assert abs(project(logits, [0.9], method="scale").mean() - 0.9) > 0.1
    assert abs(project(logits, [0.9]).mean() - 0.9) < 1e-6


def test_several_phases_still_sum_to_one_after_scaling(rng):
    fields = project(rng.normal(size=(1, 8, 8, 3)), [[0.2, 0.3, 0.5]], method="scale")
    np.testing.assert_allclose(fields.sum(-1), 1, atol=1e-5)


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="`method` must be one of"):
        project(np.zeros((1, 4, 4, 1)), [0.5], method="clip")


@pytest.mark.parametrize(
    ("phases", "fraction"), [(3, [0.5]), (1, [[0.5, 0.5]]), (2, 0.5)]
)
def test_fractions_that_do_not_fit_the_phases_are_refused(phases, fraction):
    with pytest.raises(ValueError, match="`fraction` must have the shape"):
        project(np.zeros((1, 4, 4, phases)), fraction)


@pytest.mark.backend_free
@pytest.mark.parametrize("fraction", [0.0, 0.013, 0.5, 0.999, 1.0])
def test_a_binary_image_has_its_fraction_to_half_a_pixel(rng, fraction):
    images = rng.integers(0, 4, (3, 20, 20)).astype("float32")
    binary = threshold_at_fraction(images, fraction)
    assert binary.dtype == bool
    assert (binary.sum((1, 2)) == np.rint(fraction * 400)).all()


@pytest.mark.backend_free
def test_the_brightest_pixels_are_chosen(rng):
    images = rng.random((2, 9, 9, 1))
    fraction = np.array([0.25, 0.6])
    binary = threshold_at_fraction(images, fraction)
    for image, chosen in zip(images, binary, strict=True):
        assert image[chosen].min() > image[~chosen].max()


@pytest.mark.backend_free
def test_equal_pixels_are_taken_in_raster_order():
    binary = threshold_at_fraction(np.array([[[1, 1, 2], [1, 1, 2]]]), 2 / 3)
    assert binary.tolist() == [[[True, True, True], [False, False, True]]]


@pytest.mark.backend_free
def test_values_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="`images` must be finite"):
        threshold_at_fraction(np.array([[0.0, np.nan]]), 0.5)


@pytest.mark.backend_free
@pytest.mark.parametrize("fraction", [-0.1, 1.1, np.nan])
def test_a_fraction_outside_its_range_is_refused(fraction):
    with pytest.raises(ValueError, match="`fraction` must lie in"):
        threshold_at_fraction(np.zeros((1, 4)), fraction)
