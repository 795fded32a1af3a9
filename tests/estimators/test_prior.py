"""The learned prior in the estimator: trained after the rest, chosen, saved."""

import numpy as np
import pytest

import morphokeras
from morphokeras.estimators import _prior
from morphokeras.estimators._data import Examples
from tests.estimators.tiny import make_generator

torch_only = pytest.mark.torch_only


def make_with_flow(**params):
    return make_generator(**{"prior": "flow", "prior_filters": 2, **params})


@pytest.fixture(scope="module")
def fields():
    return np.random.default_rng(0).random((40, 16, 16))


@pytest.fixture(scope="module")
def fitted(fields):
    names = np.array(["a", "b"] * 20)
    return make_with_flow(field="phase", boundary="periodic").fit(fields, names)


def test_samples_come_from_a_flow_that_is_fitted_after_the_rest(fitted):
    assert fitted.prior_ == "flow"
    assert set(fitted.prior_history_) >= {"prior_code", "prior_field", "loss"}
    assert not set(fitted.prior_history_) & {"rec", "kl"}
    samples = fitted.sample(3, y="a", volume_fraction=0.4, random_state=0)
    np.testing.assert_allclose(samples.mean(axis=(1, 2)), 0.4, atol=1e-3)
    white = fitted.model_.with_prior("white").generate(3, seed=0)
    assert np.abs(fitted.model_.generate(3, seed=0) - white).max() > 1e-3


def test_samples_of_a_flow_have_any_size_and_a_seed(fitted):
    first = fitted.sample(2, shape=(24, 36), random_state=1)
    assert first.shape == (2, 24, 36)
    again = fitted.sample(2, shape=(24, 36), random_state=1)
    np.testing.assert_array_equal(first, again)


def test_a_flow_comes_back_from_a_file(fitted, tmp_path):
    fitted.save(tmp_path / "file.mkz")
    loaded = morphokeras.load(tmp_path / "file.mkz")
    assert loaded.prior_ == "flow"
    assert loaded.prior_history_ == fitted.prior_history_
    options = {"y": "b", "shape": (20, 24), "random_state": 0}
    np.testing.assert_allclose(
        loaded.sample(2, **options), fitted.sample(2, **options), atol=1e-5
    )


@torch_only
@pytest.mark.parametrize("prior", ["white", "flow"])
def test_samples_are_as_sharp_as_the_images_unless_told_otherwise(fields, prior):
    binary = (fields > 0.5).astype(float)
    params = {"field": "phase", "prior": prior, "prior_filters": 2}
    sharp = make_generator(**params).fit(binary).sample(8, random_state=0)
    soft = make_generator(**params, sharpness=1.0).fit(binary)
    assert np.abs(2 * sharp - 1).mean() > 0.95
    assert np.abs(2 * soft.sample(8, random_state=0) - 1).mean() < 0.8


@torch_only
@pytest.mark.parametrize(
    ("params", "prior"),
    [
        ({"field": "phase"}, "flow"),
        ({"field": "grey"}, "white"),
        ({"field": "phase", "lambda_rec": 0.0}, "white"),
        ({"field": "phase", "lambda_patch": 0.5}, "white"),
        ({"field": "phase", "lambda_patch": 0.0, "lambda_kl": 0.2}, "flow"),
    ],
    ids=["phase", "grey", "no reconstruction", "judged samples", "set weights"],
)
def test_phases_are_drawn_from_a_flow_unless_told_otherwise(fields, params, prior):
    gen = make_generator(prior=None, prior_filters=2, **params).fit(fields[:8])
    assert gen.prior_ == prior
    weights = gen.model_.loss_weights
    assert bool(weights.get("patch")) == (prior == "white")


@pytest.mark.one_backend
def test_an_autoencoder_is_trained_for_less_before_a_flow():
    numbers = [
        make_generator(epochs="auto", prior=prior)._number_of_epochs(10)
        for prior in ("flow", "white")
    ]
    assert numbers == [75, 150]


@torch_only
def test_a_flow_brings_its_own_weights_unless_they_are_set(fields):
    white = make_generator(epochs=1).fit(fields[:8]).model_.loss_weights
    assert (white["kl"], white["patch"]) == (1.0, 1.0)
    flow = make_with_flow(epochs=1, prior_epochs=1).fit(fields[:8]).model_.loss_weights
    assert flow["kl"] < 1 and not flow.get("patch")
    own = make_with_flow(epochs=1, prior_epochs=1, lambda_kl=0.5, lambda_patch=0.1)
    weights = own.fit(fields[:8]).model_.loss_weights
    assert (weights["kl"], weights["patch"]) == (0.5, 0.1)


@torch_only
def test_the_same_seed_trains_the_same_flow(fields):
    first, second = (make_with_flow().fit(fields[:12]) for _ in range(2))
    np.testing.assert_allclose(
        first.sample(2, random_state=0), second.sample(2, random_state=0), atol=1e-5
    )


@torch_only
@pytest.mark.parametrize("better", ["white", "flow"])
def test_the_prior_with_the_nearer_samples_is_kept(fields, monkeypatch, better):
    def distances(models, images, seed):
        assert len(images) == 20
        return {name: float(name != better) for name in models}

    monkeypatch.setattr(_prior, "structural_distances", distances)
    gen = make_with_flow(prior="auto", validation_fraction=0.5).fit(fields)
    assert gen.prior_ == better
    assert gen.prior_distances_[better] == 0.0
    assert gen.sample(2).shape == (2, 16, 16)


@torch_only
def test_with_few_images_to_judge_by_no_flow_is_trained(fields):
    gen = make_with_flow(prior="auto").fit(fields)
    assert gen.prior_ == "white"
    assert gen.prior_history_ == {} and gen.prior_distances_ == {}


@torch_only
def test_training_goes_on_with_the_flow(fields):
    gen = make_with_flow(warm_start=True).fit(fields[:12])
    flow = gen.model_.latent_flow
    gen.fit(fields[:12])
    assert gen.model_.latent_flow is flow
    weights = gen.model_.loss_weights
    gen.set_params(prior="white", lambda_kl=weights["kl"], lambda_patch=0.0)
    assert gen.fit(fields[:12]).prior_ == "white"


@torch_only
def test_training_goes_on_with_the_same_terms_only(fields):
    gen = make_with_flow(warm_start=True).fit(fields[:8])
    with pytest.raises(ValueError, match="terms of the fit before: .*'kl': 0.17"):
        gen.set_params(prior="white").fit(fields[:8])
    assert gen.prior_ == "flow"


@torch_only
def test_an_interrupted_flow_leaves_the_generator_as_it_was(fields, monkeypatch):
    gen = make_with_flow(warm_start=True).fit(fields[:12])
    before = gen.sample(2, random_state=0)

    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(_prior, "encode_versions", interrupt)
    with pytest.raises(KeyboardInterrupt):
        gen.fit(fields[:12])
    np.testing.assert_array_equal(gen.sample(2, random_state=0), before)


@torch_only
def test_a_progress_bar_names_the_prior(fields, capfd):
    make_with_flow(verbose=1).fit(fields[:8])
    assert "latent prior" in capfd.readouterr().err


@torch_only
def test_a_flow_is_trained_in_half_precision(fields):
    gen = make_with_flow(mixed_precision="bfloat16").fit(fields[:8])
    assert gen.model_.latent_flow.compute_dtype == "bfloat16"
    assert np.isfinite(gen.sample(2)).all()


@torch_only
def test_volumes_and_models_of_one_size_have_a_flow(fields):
    volumes = fields[:32].reshape(4, 8, 16, 16)[:, :, :8, :8]
    gen = make_with_flow(spatial_dims=3, boundary="periodic").fit(volumes)
    assert gen.sample(1, shape=(12, 8, 8)).shape == (1, 12, 8, 8)
    gen = make_with_flow(latent_field_channels=0).fit(fields[:8])
    assert gen.sample(1).shape == (1, 16, 16)


@torch_only
def test_a_flow_of_codes_that_say_nothing_is_refused(fields):
    for prior in ("flow", "auto"):
        with pytest.raises(ValueError, match=f"`prior='{prior}'`.*`lambda_rec=0`"):
            make_generator(prior=prior, lambda_rec=0.0).fit(fields[:8])


@pytest.mark.one_backend
def test_the_distance_of_sets_of_one_kind_is_least(rng):
    near, far = rng.random((2, 40, 12, 12, 1))
    far[:, ::2] = 0.0

    class Drawn:
        def __init__(self, images):
            self.images = images

        def generate(self, num, label, seed):
            return self.images[:num]

    judges = Examples(rng.random((30, 12, 12, 1)).astype("float32"))
    distances = _prior.structural_distances(
        {"near": Drawn(near), "far": Drawn(far)}, judges, seed=0
    )
    assert abs(distances["near"]) < 0.1 * distances["far"]


@pytest.mark.one_backend
def test_the_energy_distance_is_that_of_its_formula(rng):
    real, generated = rng.random((5, 3)), rng.random((4, 3))

    def mean(pairs):
        return np.mean([np.abs(a - b).sum() for a, b in pairs])

    def others(x):
        return [(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j]

    cross = mean([(a, b) for a in real for b in generated])
    expected = 2 * cross - mean(others(real)) - mean(others(generated))
    assert _prior.energy_distance(real, generated) == pytest.approx(expected)


@pytest.mark.one_backend
def test_latents_of_a_torus_are_rolled_and_never_mixed(rng):
    field = rng.random((6, 4, 4, 1)).astype("float32")
    latents = {"z": np.arange(6.0)[:, None], "field": field}
    rolled = _prior.LatentBatches(latents, periodic=True, seed=0)[0][0]
    kept = _prior.LatentBatches(latents, periodic=False, seed=0)[0][0]
    assert rolled["z"].shape == (6, 1)
    for own, code in zip(rolled["field"], rolled["z"], strict=True):
        original = field[int(code[0])]
        shifts = [(i, j) for i in range(4) for j in range(4)]
        assert any((np.roll(original, s, (0, 1)) == own).all() for s in shifts)
    for own, code in zip(kept["field"], kept["z"], strict=True):
        np.testing.assert_array_equal(own, field[int(code[0])])
