import numpy as np
import pytest
from keras import ops
from scipy.stats import norm

from morphokeras.models._descriptor_branch import DescriptorBranch
from morphokeras.models.heads import ClassHead, class_terms


def to_numpy(tensor):
    return ops.convert_to_numpy(tensor)


def numpy_cross_entropy(logits, labels, smoothing):
    log_probability = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    target = np.eye(logits.shape[1])[labels] * (1 - smoothing)
    target += smoothing / logits.shape[1]
    return -(target * log_probability).sum(1)


def test_pooled_features_are_mean_and_deviation_of_the_gated_map(rng):
    features = rng.normal(size=(3, 6, 5, 4)).astype("float32")
    head = ClassHead(num_classes=2)
    embedding = to_numpy(head.embed(features) if head(features) is not None else 0)
    gated = features * to_numpy(head.attention_map(features))
    pooled = np.concatenate([gated.mean((1, 2)), gated.std((1, 2))], axis=1)
    # The untrained normalisation divides by the root of 1 + epsilon.
    np.testing.assert_allclose(embedding, pooled / np.sqrt(1.001), atol=1e-4)


def test_logits_are_single_precision_under_mixed_precision(rng):
    head = ClassHead(num_classes=2, dtype="mixed_bfloat16")
    logits = head(ops.cast(rng.random((2, 4, 4, 3)), "bfloat16"))
    assert "float32" in str(logits.dtype)


def test_volumes_are_pooled_too(rng):
    head = ClassHead(num_classes=3)
    assert tuple(head(rng.random((2, 3, 4, 5, 6), "float32")).shape) == (2, 3)


def test_attention_lies_between_zero_and_one(rng):
    head = ClassHead(num_classes=2)
    features = 10 * rng.normal(size=(2, 4, 4, 3)).astype("float32")
    head(features)
    attention = to_numpy(head.attention_map(features))
    assert attention.shape == (2, 4, 4, 1)
    assert 0 <= attention.min() < attention.max() <= 1


def test_pixel_sizes_beyond_the_range_count_as_its_end(rng):
    features = np.repeat(rng.random((1, 4, 4, 3), "float32"), 4, axis=0)
    head = ClassHead(2, use_pixel_size=True, pixel_size_range=(0.1, 10.0))
    logits = to_numpy(head(features, np.log([10.0, 99.0, 0.1, 0.001])))
    np.testing.assert_allclose(logits[0], logits[1], atol=1e-6)
    np.testing.assert_allclose(logits[2], logits[3], atol=1e-6)
    assert np.abs(logits[0] - logits[2]).max() > 1e-3


def test_an_unknown_pixel_size_is_no_pixel_size(rng):
    features = rng.random((1, 4, 4, 3), "float32")
    head = ClassHead(2, use_pixel_size=True)
    logits = to_numpy(head(features, np.array([np.nan], "float32")))
    embedding = to_numpy(head.embed(features))
    kernel = to_numpy(head.dense.kernel)
    np.testing.assert_allclose(logits, embedding @ kernel[:6], atol=1e-5)


def test_one_pixel_size_for_all_is_allowed(rng):
    head = ClassHead(2, use_pixel_size=True, pixel_size_range=(0.5, 0.5))
    logits = to_numpy(head(rng.random((2, 4, 4, 3), "float32"), np.log([0.5, 0.5])))
    assert np.isfinite(logits).all()


def test_the_range_of_pixel_sizes_is_a_weight_that_is_not_trained(rng):
    head = ClassHead(2, use_pixel_size=True, pixel_size_range=(0.1, 10.0))
    other = ClassHead(2, use_pixel_size=True)
    arguments = (rng.random((3, 4, 4, 3), "float32"), np.log([0.02, 0.3, 50.0]))
    expected = to_numpy(head(*arguments))
    assert np.abs(to_numpy(other(*arguments)) - expected).max() > 1e-3
    other.set_weights(head.get_weights())
    np.testing.assert_allclose(to_numpy(other(*arguments)), expected, atol=1e-6)
    assert "log_range" not in [weight.name for weight in head.trainable_weights]


def test_a_file_from_before_the_range_was_a_weight_is_read():
    head = ClassHead(2, use_pixel_size=True, pixel_size_range=(0.1, 10.0))
    head.build((None, 4, 4, 3))
    head.load_own_variables({})
    np.testing.assert_allclose(to_numpy(head.log_range), np.log([0.1, 10.0]), 1e-6)


def test_a_missing_pixel_size_is_refused(rng):
    with pytest.raises(ValueError, match="`log_pixel_size` is missing"):
        ClassHead(2, use_pixel_size=True)(rng.random((1, 4, 4, 3), "float32"))


def test_descriptors_are_standardised_on_a_logarithmic_scale(rng):
    descriptors = rng.exponential([1, 100, 1e4], (50, 3))
    branch = DescriptorBranch(units=3)
    branch.build((None, 3))
    branch.adapt(descriptors)
    branch.dense.set_weights([np.eye(3), np.zeros(3)])
    scale = np.arcsinh(descriptors)
    standardised = (scale - scale.mean(0)) / scale.std(0) / np.sqrt(1.001)
    expected = standardised * norm.cdf(standardised)
    np.testing.assert_allclose(to_numpy(branch(descriptors)), expected, atol=0.01)


def test_a_constant_descriptor_is_no_descriptor(rng):
    descriptors = np.stack([rng.random(9), np.full(9, 0.3)], axis=1)
    branch = DescriptorBranch()
    branch.build((None, 2))
    branch.adapt(descriptors)
    np.testing.assert_allclose(
        to_numpy(branch(descriptors)),
        to_numpy(branch(descriptors * [1, 1 + 1e-7])),
        atol=1e-5,
    )


def test_a_descriptor_far_from_all_training_images_does_not_drown_the_others(rng):
    descriptors = rng.random((9, 2)) * [1, 1e-5]
    branch = DescriptorBranch()
    branch.build((None, 2))
    branch.adapt(descriptors)
    far, farther = (to_numpy(branch(np.array([[0.5, x]]))) for x in (1.0, 100.0))
    np.testing.assert_allclose(far, farther)
    assert np.abs(far).max() < 100


def test_descriptors_follow_the_features_in_the_embedding(rng):
    features = rng.random((3, 4, 4, 3), "float32")
    descriptors = rng.random((3, 5), "float32")
    head = ClassHead(num_classes=2, num_descriptors=5)
    logits = to_numpy(head(features, descriptors=descriptors))
    embedding = to_numpy(head.embed(features, descriptors))
    assert embedding.shape == (3, head.num_embedded) == (3, 6 + 64)
    np.testing.assert_allclose(
        logits, embedding @ to_numpy(head.dense.kernel), atol=1e-5
    )
    changed = to_numpy(head.embed(features, descriptors + 1))
    np.testing.assert_array_equal(changed[:, :6], embedding[:, :6])
    assert np.abs(changed[:, 6:] - embedding[:, 6:]).max() > 1e-3


def test_the_second_answer_rests_on_the_image_alone(rng):
    features = rng.random((3, 4, 4, 3), "float32")
    first, second = rng.random((2, 3, 5), "float32")
    head = ClassHead(2, use_pixel_size=True, num_descriptors=5)
    head.build(features.shape)
    size = np.log([0.1, 0.2, 0.3]).astype("float32")
    logits = [
        head.classify(head.embed(features, x), size) for x in (first, first, second)
    ]
    alone = [to_numpy(x["logits_image"]) for x in logits]
    np.testing.assert_array_equal(alone[0], alone[2])
    together = [to_numpy(x["logits_class"]) for x in logits]
    np.testing.assert_array_equal(together[0], together[1])
    assert np.abs(together[0] - together[2]).max() > 1e-3
    other = head.classify(head.embed(features, first), size + 1)["logits_image"]
    assert np.abs(to_numpy(other) - alone[0]).max() > 1e-4


def test_without_descriptors_there_is_one_answer(rng):
    head = ClassHead(2)
    features = rng.random((3, 4, 4, 3), "float32")
    head.build(features.shape)
    assert set(head.classify(head.embed(features))) == {"logits_class"}


def test_missing_descriptors_are_refused(rng):
    with pytest.raises(ValueError, match="`descriptors` are missing"):
        ClassHead(2, num_descriptors=5)(rng.random((1, 4, 4, 3), "float32"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_classes": 0}, "`num_classes` must be a positive integer"),
        ({"num_classes": 2, "dropout": 1.0}, "`dropout` must lie in"),
        ({"num_classes": 2, "num_descriptors": -1}, "`num_descriptors` must be"),
        ({"num_classes": 2, "pixel_size_range": (2, 1)}, "`pixel_size_range`"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ClassHead(**arguments)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_class_terms_agree_with_numpy(smoothing, rng):
    logits = rng.normal(size=(6, 3)).astype("float32")
    labels = np.array([0, 2, -1, 1, -1, 2], "int32")
    weight = rng.random(6).astype("float32")
    loss, accuracy, count = class_terms(logits, labels, weight, smoothing)
    known = labels >= 0
    entropy = numpy_cross_entropy(logits[known], labels[known], smoothing)
    assert float(loss) == pytest.approx((weight[known] * entropy).mean(), rel=1e-5)
    right = logits[known].argmax(1) == labels[known]
    assert float(accuracy) == pytest.approx(right.mean())
    assert float(count) == 4


def test_the_answer_for_the_image_alone_counts_as_much(rng):
    both, alone = rng.normal(size=(2, 6, 3)).astype("float32")
    labels = np.array([0, 2, -1, 1, -1, 2], "int32")
    loss, accuracy, _ = class_terms(both, labels, image_logits=alone)
    parts = [class_terms(x, labels) for x in (both, alone)]
    mean = (float(parts[0][0]) + float(parts[1][0])) / 2
    assert float(loss) == pytest.approx(mean, rel=1e-5)
    assert float(accuracy) == float(parts[0][1])


def test_a_batch_without_labels_has_no_loss():
    terms = class_terms(np.ones((3, 2), "float32"), np.full(3, -1, "int32"))
    assert [float(term) for term in terms] == [0.0, 0.0, 0.0]
