"""The learned prior: what flows, what is learned, what is left alone."""

import keras
import numpy as np
import pytest
from keras import ops

from morphokeras.models._flow_networks import time_features
from morphokeras.models.latent_flow import LatentFlow
from morphokeras.models.vae import MorphoTensorVAE


def numpy(x):
    return np.asarray(ops.convert_to_numpy(x))


def randomise(flow, seed=0):
    """Give every weight a random value: a fresh flow moves nothing."""
    rng = np.random.default_rng(seed)
    for network in (flow.code_velocity, flow.field_velocity):
        for variable in [] if network is None else network.variables:
            variable.assign(0.3 * rng.standard_normal(variable.shape))
    return flow


def make_vae(**options):
    small = {"filters": 4, "depth": 1, "latent_dim": 3, "kernel_size": 3}
    small |= {"backbone": "plain", "prior": "flow", "prior_filters": 4}
    return MorphoTensorVAE((16, 16, 1), **{**small, **options})


@pytest.fixture
def latents(rng):
    z = 3.0 + 2.0 * rng.standard_normal((64, 3))
    field = -1.0 + 0.5 * rng.standard_normal((64, 6, 6, 2))
    return {"z": z.astype("float32"), "field": field.astype("float32")}


def test_a_fresh_flow_gives_latents_the_mean_and_deviation_of_the_data(latents, rng):
    flow = LatentFlow(3, 2, filters=4)
    flow.adapt(**latents)
    z, field = flow.sample(latents["z"], latents["field"])
    expected = latents["z"] * latents["z"].std(0) + latents["z"].mean(0)
    np.testing.assert_allclose(numpy(z), expected, rtol=1e-4)
    axes = (0, 1, 2)
    expected = latents["field"] * latents["field"].std(axes)
    expected += latents["field"].mean(axes)
    np.testing.assert_allclose(numpy(field), expected, rtol=1e-4)


def test_latents_that_say_nothing_stay_at_their_mean(latents):
    latents["z"][:, 1] = 0.7 + 0.01 * latents["z"][:, 0]
    flow = randomise(LatentFlow(3, 2, filters=4))
    flow.adapt(**latents)
    z, _ = flow.sample(latents["z"], latents["field"])
    np.testing.assert_allclose(numpy(z)[:, 1], latents["z"][:, 1].mean(), rtol=1e-4)
    assert numpy(z)[:, 0].std() > 0.1


@pytest.mark.torch_only
def test_the_error_of_standing_still_is_the_variance_of_data_and_noise(latents):
    flow = LatentFlow(3, 2, filters=4, seed=0)
    flow.adapt(**latents)
    batch = {name: np.repeat(x, 30, axis=0) for name, x in latents.items()}
    errors = flow({k: ops.convert_to_tensor(v) for k, v in batch.items()})
    assert numpy(errors["prior_code"]).mean() == pytest.approx(2.0, rel=0.05)
    assert numpy(errors["prior_field"]).mean() == pytest.approx(2.0, rel=0.05)


def test_steps_follow_a_constant_velocity_exactly(latents):
    flow = LatentFlow(3, 0, filters=4)
    flow.code_velocity.leave.bias.assign([1.0, -2.0, 0.5])
    noise = latents["z"]
    for num_steps in (1, 7):
        z, field = flow.sample(noise, num_steps=num_steps)
        np.testing.assert_allclose(numpy(z), noise + [1.0, -2.0, 0.5], rtol=1e-4)
        assert field is None


def test_ten_steps_follow_an_exponential_to_a_hundredth():
    flow = LatentFlow(3, 0, filters=4)
    end = flow._follow(lambda x, context: x, np.ones((1, 3)), 10)
    # Euler's method would give 2.59.
    np.testing.assert_allclose(numpy(end), np.e, rtol=0.01)


def test_times_are_told_apart():
    features = numpy(time_features(ops.linspace(0.0, 1.0, 33)))
    distances = np.abs(features[:, None] - features[None]).max(-1)
    assert distances[~np.eye(33, dtype=bool)].min() > 0.02


def test_a_periodic_field_flows_alike_everywhere(rng):
    flow = randomise(LatentFlow(3, 2, filters=4, boundary="periodic"))
    z = rng.standard_normal((2, 3)).astype("float32")
    noise = rng.standard_normal((2, 8, 12, 2)).astype("float32")
    _, field = flow.sample(z, noise, num_steps=3)
    # By two cells: the coarser of the two scales moves by one.
    _, rolled = flow.sample(z, np.roll(noise, (2, -4), (1, 2)), num_steps=3)
    expected = np.roll(numpy(field), (2, -4), (1, 2))
    np.testing.assert_allclose(numpy(rolled), expected, atol=1e-3)
    _, twice = flow.sample(z, np.tile(noise, (1, 2, 1, 1)), num_steps=3)
    np.testing.assert_allclose(numpy(twice)[:, :8], numpy(field), atol=1e-3)


@pytest.mark.parametrize("grid", [(5, 8), (3, 7), (4, 3, 5)])
@pytest.mark.parametrize("boundary", ["symmetric", "periodic", "zero"])
def test_grids_of_any_size_are_filled(grid, boundary, rng):
    flow = LatentFlow(
        2, 1, filters=2, condition_dim=2, boundary=boundary, spatial_dims=len(grid)
    )
    z = rng.standard_normal((2, 2)).astype("float32")
    noise = rng.standard_normal((2, *grid, 1)).astype("float32")
    _, field = flow.sample(z, noise, condition=np.ones((2, 2)), num_steps=1)
    assert tuple(field.shape) == noise.shape


@pytest.mark.parametrize("boundary", ["symmetric", "periodic"])
def test_predictions_are_the_samples_compiled_on_grids_of_any_size(boundary, rng):
    flow = randomise(LatentFlow(2, 1, filters=2, condition_dim=1, boundary=boundary))
    # TensorFlow compiles the third grid for sizes that it does not know.
    for grid in ((4, 4), (5, 7), (6, 3)):
        noise = {"z_noise": (3, 2), "field_noise": (3, *grid, 1), "condition": (3, 1)}
        noise = {k: rng.standard_normal(v).astype("float32") for k, v in noise.items()}
        found = flow.predict_on_batch(noise)
        z, field = flow.sample(**noise)
        np.testing.assert_allclose(found["z"], numpy(z), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(found["field"], numpy(field), rtol=1e-3, atol=1e-3)


@pytest.mark.one_backend
def test_two_kinds_of_codes_are_learned_by_condition(rng):
    kind = rng.integers(2, size=512)
    z = np.where(kind[:, None] == 1, 2.0, -2.0) + 0.3 * rng.standard_normal((512, 2))
    condition = np.eye(2, dtype="float32")[kind]
    flow = LatentFlow(2, 0, condition_dim=2, filters=8, seed=0)
    flow.adapt(z)
    flow.compile(keras.optimizers.Adam(5e-3))
    batches = {"z": z.astype("float32"), "condition": condition}
    flow.fit(batches, batch_size=64, epochs=20, verbose=0)
    noise = rng.standard_normal((200, 2)).astype("float32")
    for row, mean in ((1, 2.0), (0, -2.0)):
        asked = np.tile(np.eye(2, dtype="float32")[row], (200, 1))
        drawn = numpy(flow.sample(noise, condition=asked)[0])
        np.testing.assert_allclose(drawn.mean(0), mean, atol=0.3)
        assert (drawn.std(0) < 0.8).all()


@pytest.mark.one_backend
def test_the_arrangement_of_a_field_is_learned_and_kept_on_larger_grids(rng):
    noise = rng.standard_normal((256, 8, 8, 1))
    smooth = noise + np.roll(noise, 1, 1) + np.roll(noise, 1, 2)
    field = smooth.astype("float32") / np.sqrt(3.0)
    z = rng.standard_normal((256, 2)).astype("float32")
    flow = LatentFlow(2, 1, filters=4, boundary="periodic", seed=0)
    flow.adapt(z, field)
    flow.compile(keras.optimizers.Adam(1e-2))
    flow.fit({"z": z, "field": field}, batch_size=64, epochs=25, verbose=0)
    larger = rng.standard_normal((64, 16, 12, 1)).astype("float32")
    drawn = numpy(flow.sample(z[:64], larger)[1])
    for axis in (1, 2):
        # Neighbours share one of three terms.
        correlation = np.mean(drawn * np.roll(drawn, 1, axis)) / drawn.var()
        assert correlation == pytest.approx(1 / 3, abs=0.1)


def test_a_model_with_a_flow_comes_back_from_its_file(tmp_path):
    model = make_vae(num_classes=2, field="phase")
    randomise(model.latent_flow)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    options = {"label": 1, "volume_fraction": 0.3, "shape": (12, 20), "seed": 0}
    np.testing.assert_allclose(
        loaded.generate(2, **options), model.generate(2, **options), atol=1e-5
    )


def test_samples_come_from_the_flow_and_know_their_class():
    model = make_vae(num_classes=2)
    randomise(model.latent_flow)
    white = model.with_prior("white")
    first, second = (model.generate(2, label=label, seed=0) for label in (0, 1))
    assert np.abs(first - white.generate(2, label=0, seed=0)).max() > 1e-3
    assert np.abs(first - second).max() > 1e-3


@pytest.mark.torch_only
def test_another_prior_leaves_everything_else_as_it_was(rng):
    images = rng.random((2, 16, 16, 1), "float32")
    white = make_vae(prior="white")
    flow = white.with_prior("flow")
    np.testing.assert_array_equal(
        numpy(flow.reconstruct(images)), numpy(white.reconstruct(images))
    )
    # Not yet fitted, a flow moves nothing.
    samples = white.generate(2, seed=0)
    np.testing.assert_allclose(flow.generate(2, seed=0), samples, atol=1e-4)
    np.testing.assert_array_equal(flow.with_prior("white").generate(2, seed=0), samples)
    randomise(flow.latent_flow)
    np.testing.assert_array_equal(
        flow.with_prior("flow").generate(2, seed=0), flow.generate(2, seed=0)
    )


@pytest.mark.torch_only
def test_training_the_autoencoder_leaves_the_flow_alone(rng):
    model = make_vae(loss_weights={"rec": 1.0})
    before = [numpy(v).copy() for v in model.latent_flow.get_weights()]
    model.compile("sgd")
    model.fit(rng.random((4, 16, 16, 1), "float32"), batch_size=4, verbose=0)
    for old, new in zip(before, model.latent_flow.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.torch_only
def test_codes_and_conditions_for_the_flow_are_those_of_the_batch(rng):
    model = make_vae(num_classes=2, field="phase")
    images = rng.random((3, 16, 16, 1), "float32")
    batch = model.prior_batch({"image": images, "label": np.array([0, 1, -1])})
    z, field = model.encode(images)
    np.testing.assert_array_equal(batch["z"], numpy(z))
    np.testing.assert_array_equal(batch["field"], numpy(field))
    fraction = images.mean(axis=(1, 2, 3))
    expected = [[1, 0], [0, 1], [0, 0]]
    np.testing.assert_array_equal(batch["condition"][:, :2], expected)
    logits = np.log(fraction / (1 - fraction))
    np.testing.assert_allclose(batch["condition"][:, 2], logits, atol=1e-5)


def test_a_model_without_a_latent_field_has_a_flow_of_codes(rng):
    model = make_vae(latent_field_channels=0)
    assert "field" not in model.prior_batch({"image": rng.random((2, 16, 16, 1))})
    assert model.generate(2, seed=0).shape == (2, 16, 16, 1)


def test_unknown_priors_are_refused():
    with pytest.raises(ValueError, match=r"`prior` must be one of \('white', 'flow'\)"):
        make_vae(prior="black")
    with pytest.raises(ValueError, match="`filters` must be positive"):
        LatentFlow(2, 1, filters=0)
