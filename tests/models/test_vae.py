"""MorphoTensorVAE: its objective, its samples, its file."""

import pathlib

import keras
import numpy as np
import pytest
from keras import ops

from morphokeras.models import _objective, _statistics
from morphokeras.models._objective import MATCHING_SCALE, Objective
from morphokeras.models.vae import MorphoTensorVAE
from morphokeras.topology.matching import image_matching_loss

REFERENCE = pathlib.Path(__file__).parent / "data" / "vae_reference.npz"
SMALL = {"filters": 8, "depth": 2, "latent_dim": 3, "kernel_size": 3}


def make(shape=(16, 16, 1), **options):
    return MorphoTensorVAE(shape, **{**SMALL, "backbone": "plain", **options})


def numpy(x):
    return np.asarray(ops.convert_to_numpy(x))


def terms(model, batch, training=True):
    """Return every term of one batch, as the history would show it."""
    batch = {name: ops.convert_to_tensor(value) for name, value in batch.items()}
    model.reset_metrics()
    model.compute_loss(batch, None, model(batch, training=training), training=training)
    return {name: float(mean.result()) for name, mean in model._term_means.items()}


@pytest.fixture
def images(rng):
    return rng.random((6, 16, 16, 1), "float32")


@pytest.fixture
def labels():
    return np.array([0, 1, 0, 1, -1, 0], "int32")


def test_an_encoder_that_also_classifies_is_twice_as_wide():
    classify = {"num_classes": 2, "loss_weights": {"rec": 1.0, "class": 1.0}}
    assert make(filters=16).encoder.widths[0] == 8
    assert make(filters=16, **classify).encoder.widths[0] == 16


def test_every_term_is_in_the_history(images, labels):
    weights = dict.fromkeys(_objective.TERMS, 0.1)
    model = make(loss_weights=weights, num_classes=2, topology_samples=0.5, depth=1)
    model.adapt(images, labels)
    # To trace all terms takes TensorFlow far longer than to compute them once.
    model.compile("adam", run_eagerly=keras.backend.backend() == "tensorflow")
    batch = {"image": images, "label": labels}
    history = model.fit(batch, batch_size=3, verbose=0).history
    others = {"loss", "skipped_steps", "accuracy", "folded"}
    assert set(history) == {*_objective.TERMS, *others}
    assert np.isfinite([values[0] for values in history.values()]).all()
    assert history["skipped_steps"] == [0.0]


def test_the_loss_is_the_weighted_sum_of_the_terms(images):
    model = make(loss_weights={"rec": 2.0, "kl": 0.5})
    outputs = model(images, training=False)
    model.compile("sgd")
    loss = numpy(model.compute_loss(images, None, outputs, training=False))
    found = {name: float(mean.result()) for name, mean in model._term_means.items()}
    assert float(loss) == pytest.approx(
        2.0 * found["rec"] + 0.5 * found["kl"], rel=1e-5
    )


def test_a_term_without_weight_is_not_computed(images, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("computed though its weight is 0")

    names = ("kl_divergence", "patch_loss", "betti_loss", "two_point_loss")
    for name in (*names, "mutual_information_loss", "betti_distribution_loss"):
        monkeypatch.setattr(_objective.losses, name, refuse)
    monkeypatch.setattr(_objective, "deformation_losses", refuse)
    monkeypatch.setattr(_objective, "class_terms", refuse)
    monkeypatch.setattr(_objective.geometry, "curvature_surrogate", refuse)
    monkeypatch.setattr(_statistics, "soft_betti", refuse)
    model = make(loss_weights={"rec": 1.0, "topo": 0.0, "patch": 0.0})
    model.adapt(images)
    assert list(terms(model, {"image": images})) == ["rec"]


def test_images_without_a_label_train_the_generative_part_only(images):
    model = make(loss_weights={"rec": 1.0, "class": 1.0}, num_classes=2)
    found = terms(model, {"image": images, "label": np.full(6, -1, "int32")})
    assert found["class"] == 0.0 and found["rec"] > 0.0


def test_missing_pixels_are_left_out(images):
    mask = np.ones((6, 16, 16, 1), "float32")
    mask[:, 12:] = 0.0
    model = make(loss_weights={"rec": 1.0})
    batch = {"image": images, "mask": mask}
    spoilt = np.where(mask > 0, images, 50.0).astype("float32")
    found = terms(model, {**batch, "target": spoilt}, training=False)
    expected = terms(model, {**batch, "target": images}, training=False)
    assert found["rec"] == pytest.approx(expected["rec"], rel=1e-5)


def test_topology_is_measured_in_deviations_of_the_data(images):
    model = make(loss_weights={"topo": 1.0})
    model.adapt(images)
    deviation = model.statistics.betti_deviation
    before = terms(model, {"image": images}, training=False)["topo"]
    deviation.assign(1e3 * ops.convert_to_tensor(deviation))
    assert terms(model, {"image": images}, training=False)["topo"] < 0.01 * before


def test_the_mean_can_be_the_target_of_topology(images, labels):
    model = make(
        loss_weights={"topo": 1.0}, topology_target="mean", num_classes=2, seed=0
    )
    model.adapt(images, labels)
    batch = {"image": images, "label": labels}
    assert np.isfinite(terms(model, batch)["topo"])


def test_diagrams_can_be_the_target_of_topology(images, labels):
    model = make(
        loss_weights={"topo": 1.0}, topology_target="diagram", num_classes=2, seed=0
    )
    model.adapt(images, labels)
    batch = {"image": images, "label": labels}
    outputs = model(batch, training=True)
    own = image_matching_loss(
        outputs["reconstruction"], images, data_format="channels_last"
    )
    fresh = outputs["samples"]
    number = fresh.shape[0]
    drawn = image_matching_loss(
        fresh,
        images[:number],
        outputs["sample_labels"],
        data_format="channels_last",
    )
    found = Objective(model, batch, outputs).term("topo")
    expected = MATCHING_SCALE * (ops.mean(own) + ops.mean(drawn))
    np.testing.assert_allclose(numpy(found), numpy(expected), rtol=1e-5)
    model.compile(keras.optimizers.Adam(1e-3))
    assert np.isfinite(model.train_on_batch(batch, return_dict=True)["topo"])


@pytest.mark.torch_only
def test_sizes_that_cannot_be_halved_are_filled_up_and_cropped(rng):
    model = make((13, 10, 1))
    images = rng.random((2, 13, 10, 1), "float32")
    assert tuple(model.reconstruct(images).shape) == (2, 13, 10, 1)
    assert model.generate(2).shape == (2, 13, 10, 1)


def test_samples_may_be_larger_than_the_training_images():
    model = make(field="phase")
    samples = model.generate(2, shape=(32, 20), volume_fraction=0.3)
    assert samples.shape == (2, 32, 20, 1)
    np.testing.assert_allclose(samples.mean((1, 2, 3)), 0.3, atol=1e-3)


def test_a_model_without_a_latent_field_has_one_size():
    model = make(latent_field_channels=0)
    assert model.generate(1).shape == (1, 16, 16, 1)
    with pytest.raises(ValueError, match="one image size"):
        model.generate(1, shape=(32, 32))


@pytest.mark.torch_only
def test_samples_draw_their_fraction_from_the_training_images_of_their_class():
    model = make(field="phase", num_classes=2)
    levels = np.array([0.2, 0.3, 0.6, 0.7], "float32")
    images = np.broadcast_to(levels[:, None, None, None], (4, 16, 16, 1))
    model.adapt(images, np.array([0, 0, 1, 1]))
    means = model.generate(12, label=1, seed=0).mean((1, 2, 3)).round(2)
    assert set(means.tolist()) == {np.float32(0.6), np.float32(0.7)}


@pytest.mark.parametrize("size", ["as trained", "larger"])
def test_samples_get_as_sharp_as_images_and_keep_their_fraction(images, size):
    model = make(field="phase")
    binary = (images > 0.5).astype("float32")
    model.adapt(binary)
    shape = (16, 16) if size == "as trained" else (24, 40)
    before = model.generate(8, volume_fraction=0.3, shape=shape, seed=0)
    assert model.match_contrast(binary) > 16
    after = model.generate(8, volume_fraction=0.3, shape=shape, seed=0)
    assert np.mean((after > 0.1) & (after < 0.9)) < 0.05
    np.testing.assert_allclose(after.mean(axis=(1, 2, 3)), 0.3, atol=1e-3)
    # What was bright stays bright.
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.7


def test_samples_of_soft_images_get_no_sharper_than_these(images):
    model = make(field="phase")
    soft = 0.5 + 0.5 * (images - 0.5)
    model.adapt(soft)
    model.match_contrast(soft, seed=1)
    spread = model.generate(32, seed=1).std()
    assert spread == pytest.approx(soft.std(), rel=0.1)


def test_grey_images_have_no_sharpness(images):
    assert make(field="grey").match_contrast(images) == 1.0


def test_labels_are_drawn_as_often_as_they_were_seen(images):
    model = make(num_classes=2)
    model.adapt(images, np.array([1, 1, 1, 1, 0, 1]))
    drawn = model.statistics.draw_labels(600, np.random.default_rng(0))
    assert drawn.min() == 0 and 0.75 < drawn.mean() < 0.92


def test_a_phase_fields_reconstruction_has_the_fraction_of_its_image(images):
    rebuilt = numpy(make(field="phase").reconstruct(images))
    np.testing.assert_allclose(
        rebuilt.mean((1, 2, 3)), images.mean((1, 2, 3)), atol=1e-4
    )


def test_samples_of_a_periodic_model_have_no_seam():
    model = make(boundary="periodic", filters=16, seed=0)
    samples = model.generate(24, seed=0)[..., 0]
    for axis in (1, 2):
        steps = np.abs(samples - np.roll(samples, 1, axis=axis))
        profile = steps.mean(axis=(0, 3 - axis))
        assert profile[0] < profile[1:].mean() + 4 * profile[1:].std()


def test_rolled_images_have_rolled_fields(images):
    model = make(boundary="periodic")
    z, field = model.encode(images)
    moved_z, moved_field = model.encode(np.roll(images, 16, axis=2))
    np.testing.assert_allclose(numpy(moved_z), numpy(z), atol=1e-4)
    np.testing.assert_allclose(numpy(moved_field), numpy(field), atol=1e-4)


def test_encode_and_decode_fit_together(images):
    model = make(field="phase")
    z, field = model.encode(images)
    assert tuple(z.shape) == (6, 3) and tuple(field.shape) == (6, 4, 4, 4)
    decoded = model.decode(z, field, volume_fraction=images.mean((1, 2, 3)))
    np.testing.assert_allclose(
        numpy(decoded), numpy(model.reconstruct(images)), atol=1e-4
    )


def test_the_same_seed_draws_the_same_samples():
    model = make()
    np.testing.assert_array_equal(model.generate(2, seed=3), model.generate(2, seed=3))
    assert np.abs(model.generate(2) - model.generate(2)).max() > 0


def test_the_latent_metric_is_symmetric_and_not_negative(rng):
    model = make(loss_weights={"rec": 1.0})
    for layer in model.generator.scales[0].modulations:
        kernel = rng.normal(0, 0.3, layer.kernel.shape).astype("float32")
        layer.kernel.assign(kernel)
    metric = numpy(model.latent_metric(np.zeros((2, 3), "float32")))
    assert metric.shape == (2, 3, 3)
    np.testing.assert_allclose(metric, metric.swapaxes(1, 2), atol=1e-6)
    assert (np.linalg.eigvalsh(metric) > -1e-5 * np.abs(metric).max()).all()


def test_collapsed_latents_are_not_counted(images):
    model = make()
    model.posterior.dense.kernel.assign(
        0 * ops.convert_to_tensor(model.posterior.dense.kernel)
    )
    active = model.active_latents(images)
    assert active.code == 0 and active.field == 4


@pytest.mark.torch_only
def test_gradient_norms_follow_the_weights_and_change_nothing(images):
    model = make(loss_weights={"rec": 1.0, "kl": 1.0}, depth=1, seed=0)
    before = [numpy(v) for v in [*model.variables, *model.metrics_variables]]
    norms = model.gradient_norms(images)
    assert list(norms) == ["rec", "kl"]
    assert model.active_terms == list(norms)
    after = [numpy(v) for v in [*model.variables, *model.metrics_variables]]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(new, old)
    model.loss_weights["kl"] = 3.0
    tripled = model.gradient_norms(images)
    np.testing.assert_allclose(tripled["kl"], 3 * norms["kl"], rtol=1e-4)
    np.testing.assert_allclose(tripled["rec"], norms["rec"], rtol=1e-4)


def test_the_attention_map_is_that_of_the_classifier(images):
    model = make(loss_weights={"rec": 1.0, "class": 1.0}, num_classes=2)
    found = numpy(model.attention_map(images))
    expected = model.classifier.head.attention_map(model.encoder(images)[-1])
    np.testing.assert_allclose(found, numpy(expected), atol=1e-6)


def test_the_saved_model_knows_its_statistics(images, labels, tmp_path):
    weights = {"rec": 1.0, "topo": 0.5, "s2": 0.1, "class": 1.0}
    model = make(
        loss_weights=weights, num_classes=2, field="phase", boundary="periodic"
    )
    model.adapt(images, labels)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.get_config() == model.get_config()
    np.testing.assert_array_equal(
        numpy(again.statistics.betti_mean), numpy(model.statistics.betti_mean)
    )
    np.testing.assert_allclose(
        again.generate(2, seed=0), model.generate(2, seed=0), atol=1e-6
    )


def test_mixed_precision_gives_finite_single_precision_terms(images):
    model = make(
        loss_weights={"rec": 1.0, "kl": 1.0, "patch": 1.0}, dtype="mixed_float16"
    )
    assert np.isfinite(list(terms(model, {"image": images}).values())).all()
    assert model.generate(1).dtype == np.float32


@pytest.mark.one_backend
def test_volumes_are_learned_too(rng):
    volumes = rng.random((2, 8, 8, 8, 1), "float32")
    model = make((8, 8, 8, 1), depth=1, field="phase", boundary="periodic")
    assert np.isfinite(list(terms(model, {"image": volumes}).values())).all()
    assert model.generate(1, shape=(8, 12, 8)).shape == (1, 8, 12, 8, 1)


@pytest.mark.one_backend
def test_three_phases_are_learned_too(rng):
    fields = rng.dirichlet(np.ones(3), (4, 16, 16)).astype("float32")
    model = make((16, 16, 3), field="phase", loss_weights={"rec": 1.0, "topo": 1.0})
    model.adapt(fields)
    assert np.isfinite(list(terms(model, {"image": fields}).values())).all()
    samples = model.generate(2, volume_fraction=[[0.2, 0.3, 0.5]])
    np.testing.assert_allclose(samples.mean((0, 1, 2)), [0.2, 0.3, 0.5], atol=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss_weights": {"lipschitz": 1.0}}, "`loss_weights` maps"),
        ({"loss_weights": {"rec": 0.0}}, "at least one positive weight"),
        ({"loss_weights": {"class": 1.0}}, "needs `num_classes`"),
        ({"latent_field_stride": 3}, "`latent_field_stride` must be one of"),
        ({"field": "gray"}, "`field` must be one of"),
        ({"topology_samples": 2.0}, r"\(0, 1\]"),
        ({"first_strides": 2, "latent_field_stride": 2}, "twice `first_strides`"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_a_fraction_is_refused_for_grey_images():
    with pytest.raises(ValueError, match="belongs to phase fields"):
        make().generate(1, volume_fraction=0.5)


def test_images_of_another_shape_are_not_adapted_to(images):
    with pytest.raises(ValueError, match="must have shape"):
        make((16, 12, 1)).adapt(images)


def outputs_of_numbered_weights():
    """Return what a model with weights from NumPy makes of images from NumPy.

    The file of references was written, on PyTorch, by::

        np.savez_compressed(REFERENCE, **outputs_of_numbered_weights())
    """
    rng = np.random.default_rng(0)
    model = make(
        (16, 16, 1),
        num_classes=2,
        boundary="periodic",
        field="phase",
        backbone="steerable",
        loss_weights={"rec": 1.0, "kl": 1.0, "topo": 1.0, "warp": 1.0, "class": 1.0},
    )
    for weight in model.weights:
        path = weight.path
        if "statistics" in path or "seed" in path or "metric" in path:
            continue
        values = rng.normal(0, 0.2, weight.shape)
        # Variances of normalisations are positive.
        weight.assign(np.abs(values) + 0.5 if "variance" in path else values)
    images = rng.random((2, 16, 16, 1), "float32")
    model.adapt(images, np.array([0, 1]))
    batch = {"image": images, "label": np.array([0, 1], "int32")}
    outputs = model(batch, training=False)
    found = {name: numpy(outputs[name]) for name in ("reconstruction", "z_mean")}
    found["logits_class"] = numpy(outputs["logits_class"])
    found["field_mean"] = numpy(outputs["field_mean"])
    found["displacement"] = numpy(outputs["displacement"])
    found["samples"] = model.generate(2, label=1, shape=(24, 16), seed=0)
    found["rec_kl_warp"] = np.array(
        [terms(model, batch, training=False)[name] for name in ("rec", "kl", "warp")]
    )
    return found


def test_the_same_weights_give_the_same_numbers_on_every_backend():
    found = outputs_of_numbered_weights()
    with np.load(REFERENCE) as reference:
        assert set(found) == set(reference)
        for name, expected in reference.items():
            np.testing.assert_allclose(
                found[name], expected, rtol=1e-3, atol=1e-4, err_msg=name
            )
