"""Samples with as many components and holes as are asked for."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops

from morphokeras.models._steering import check_betti_numbers, steer
from morphokeras.models._train_step import gradient_function
from morphokeras.models.vae import MorphoTensorVAE
from morphokeras.topology import betti_numbers

SHAPE = (16, 16, 1)
SMALL = {"filters": 4, "depth": 2, "latent_dim": 2, "kernel_size": 3}


def make(**options):
    settings = {**SMALL, "field": "phase", "boundary": "periodic", "seed": 0}
    return MorphoTensorVAE(SHAPE, **{**settings, "backbone": "plain", **options})


def bumps(heights):
    """Return logits of -2 with three bumps of these heights, (1, 24, 24, 1)."""
    rows, columns = np.mgrid[:24, :24]
    field = np.full((24, 24), -2.0)
    for height, (row, column) in zip(heights, [(5, 5), (5, 17), (17, 11)], strict=True):
        distance = (rows - row) ** 2 + (columns - column) ** 2
        field += (height + 2.0) * np.exp(-distance / 8.0)
    return field[np.newaxis, ..., np.newaxis].astype("float32")


def direct():
    """Return a stand-in for a model whose images are its latent field, bent."""
    return SimpleNamespace(
        connectivity="full",
        boundary="symmetric",
        temperature=0.05,
        threshold=0.5,
        statistics=SimpleNamespace(sharpness=5.0),
        field_deviation=lambda: np.ones(1, "float32"),
        _fractions=lambda fraction, num: ops.convert_to_tensor(fraction),
        _generator_inputs=lambda z, field, labels, fraction: (field,),
        generator=lambda field, shape, sharpness: ops.sigmoid(
            field * (1.0 if sharpness is None else sharpness)
        ),
    )


@pytest.mark.parametrize(
    ("heights", "wanted"), [((2.0, 2.0, -0.3), 3), ((2.0, 2.0, 0.3), 2)]
)
def test_the_bump_nearest_to_the_level_appears_or_vanishes(heights, wanted):
    field = bumps(heights)
    latents = (np.zeros((1, 2), "float32"), field, [-1], np.zeros((1, 1), "float32"))
    asked = check_betti_numbers(wanted, 1, 2)
    moved = ops.convert_to_numpy(steer(direct(), latents, asked, (24, 24)))
    assert betti_numbers(field[..., 0] > 0)[0, 0] == 5 - wanted
    assert betti_numbers(moved[..., 0] > 0)[0, 0] == wanted
    # The two clear bumps stay.
    assert moved[0, 5, [5, 17], 0].min() > 1.0


@pytest.fixture(scope="module")
def model():
    """Return an untrained model whose phases are sharp."""
    keras.utils.set_random_seed(0)
    model = make()
    model.statistics.sharpness.assign(30.0)
    return model


def test_samples_near_the_numbers_that_are_asked_for(model):
    options = {"volume_fraction": 0.3, "seed": 0}
    grey = model.generate(6, **options)
    drawn = count(grey)
    wanted = np.maximum(drawn[:, 0] + np.array([1, -1, 1, -1, 1, -1]), 1)
    asked = np.stack([wanted, np.full(6, np.nan)], axis=1)
    samples = model.generate(6, betti_numbers=asked, **options)
    before, after = (np.abs(count(x)[:, 0] - wanted) for x in (grey, samples))
    assert np.all(after <= before) and after.sum() < before.sum()
    # The fraction is met as before.
    np.testing.assert_allclose(
        samples.mean(axis=(1, 2, 3)), grey.mean(axis=(1, 2, 3)), atol=1e-3
    )


def test_samples_that_have_the_numbers_stay(model):
    plain = model.generate(3, seed=1)
    same = model.generate(3, seed=1, betti_numbers=count(plain))
    np.testing.assert_allclose(same, plain, atol=1e-5)


def test_the_gradient_is_that_of_the_first_argument():
    slope = gradient_function(lambda x, y: ops.sum(y * ops.square(x)))
    x, y = (np.array(v, "float32") for v in ([1.0, -2.0], [3.0, 0.5]))
    found = slope(ops.convert_to_tensor(x), ops.convert_to_tensor(y))
    np.testing.assert_allclose(ops.convert_to_numpy(found), 2 * x * y, rtol=1e-6)


@pytest.mark.backend_free
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (3, [[3, np.nan]] * 2),
        ((3, 1), [[3, 1]] * 2),
        ([[3, None], [None, 0]], [[3, np.nan], [np.nan, 0]]),
    ],
)
def test_numbers_are_given_for_all_or_for_each(wanted, expected):
    np.testing.assert_array_equal(check_betti_numbers(wanted, 2, 2), expected)
    tunnels = check_betti_numbers((1, None, 0), 2, 3)
    np.testing.assert_array_equal(tunnels, [[1, np.nan, 0]] * 2)


@pytest.mark.backend_free
@pytest.mark.parametrize("wanted", [-1, 1.5, (1, 2, 3), [[1, 2]] * 3, "many"])
def test_other_numbers_are_refused(wanted):
    with pytest.raises(ValueError, match="components, holes.*Received"):
        check_betti_numbers(wanted, 2, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"field": "grey"}, "phase fields of one channel"),
        ({"latent_field_channels": 0}, "moving the latent field"),
    ],
)
def test_models_that_cannot_be_steered_say_so(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options).generate(1, betti_numbers=2)


def count(samples):
    return betti_numbers(samples[..., 0], boundary="periodic")
