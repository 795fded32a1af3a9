"""The distance from images to diagrams: against gudhi, and its gradient."""

import gudhi.hera
import numpy as np
import pytest
from keras import ops

from morphokeras.topology import (
    diagram_matching_loss,
    persistence_diagram,
    persistence_pairs,
)
from morphokeras.topology.matching import image_matching_loss
from tests.gradients import gradients


def _loss(images, diagrams, **options):
    options = {"data_format": "channels_last", **options}
    return ops.convert_to_numpy(diagram_matching_loss(images, diagrams, **options))


def _shuffled_levels(rng, shape):
    """Return images whose values are all different, well apart, within (0, 1)."""
    levels = (np.arange(np.prod(shape)) + 0.5) / np.prod(shape)
    return rng.permutation(levels).reshape(shape).astype("float32")


def _hera(own, wanted):
    """Return gudhi's squared distance of two diagrams in giotto's layout."""
    square = 0.0
    for k in np.unique(np.concatenate([own[:, 2], wanted[:, 2]])):
        points = [d[d[:, 2] == k, :2].astype("float64") for d in (own, wanted)]
        # gudhi holds diagrams of sublevel sets, births below deaths.
        ordered = [np.sort(p[p[:, 0] != p[:, 1]], axis=1) for p in points]
        distance = gudhi.hera.wasserstein_distance(
            *ordered, order=2, internal_p=2, delta=1e-6
        )
        square += distance**2
    return square


@pytest.mark.parametrize("filtration", ["superlevel", "sublevel"])
@pytest.mark.parametrize("connectivity", ["full", "face"])
def test_loss_is_the_squared_distance_of_gudhi(rng, filtration, connectivity):
    options = {"filtration": filtration, "connectivity": connectivity}
    images = rng.random((3, 9, 8)).astype("float32")
    wanted = persistence_diagram(rng.random((3, 7, 7)).astype("float32"), **options)
    own = persistence_diagram(images, **options)
    expected = [_hera(a, b) for a, b in zip(own, wanted, strict=True)]
    found = _loss(images[..., None], wanted, max_pairs=40, **options)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-4)


@pytest.mark.parametrize("reduced", [True, False])
def test_distance_to_the_own_diagram_is_zero(rng, reduced):
    images = rng.random((2, 9, 8)).astype("float32")
    diagrams = persistence_diagram(images, reduced=reduced)
    found = _loss(images[..., None], diagrams, reduced=reduced)
    np.testing.assert_allclose(found, 0.0, atol=1e-6)


def test_missing_features_cost_their_distance_from_no_persistence():
    flat = np.full((1, 4, 4, 1), 0.5, "float32")
    wanted = np.array([[[1.0, 0.0, 1.0], [0.5, 0.1, 0.0], [0.3, 0.3, 0.0]]], "float32")
    expected = (1.0 + 0.4**2) / 2
    np.testing.assert_allclose(_loss(flat, wanted), [[expected]], rtol=1e-6)


def test_only_the_dimensions_asked_for_are_compared(rng):
    images = rng.random((2, 8, 8)).astype("float32")
    wanted = persistence_diagram(rng.random((2, 8, 8)).astype("float32"))
    parts = [_loss(images[..., None], wanted, homology_dimensions=(k,)) for k in (0, 1)]
    np.testing.assert_allclose(_loss(images[..., None], wanted), sum(parts), rtol=1e-5)


def test_gradient_agrees_with_finite_differences(rng):
    image = _shuffled_levels(rng, (1, 6, 7, 2))
    targets = _shuffled_levels(rng, (2, 6, 6))
    wanted = persistence_diagram(targets)[None]

    def total(image):
        return ops.sum(
            diagram_matching_loss(image, wanted, data_format="channels_last")
        )

    (found,) = gradients(total, [image])
    # Less than half the distance between levels, so that no pair changes.
    steps = 2e-3 * np.eye(image.size, dtype="float32").reshape(-1, *image.shape[1:])
    ahead, behind = (_loss(image + s, wanted).sum(axis=1) for s in (steps, -steps))
    np.testing.assert_allclose(found.ravel(), (ahead - behind) / 4e-3, atol=5e-3)


@pytest.mark.one_backend
def test_descent_gives_an_image_the_holes_of_its_target(rng):
    target = np.zeros((1, 12, 12), "float32")
    target[0, 1:5, 1:5] = target[0, 6:11, 6:11] = 1.0
    target[0, 2:4, 2:4] = target[0, 8:10, 8:10] = 0.0
    wanted = persistence_diagram(target, homology_dimensions=(1,))
    image = rng.uniform(0.4, 0.6, (1, 12, 12, 1)).astype("float32")

    def total(image):
        return ops.sum(
            diagram_matching_loss(
                image, wanted, homology_dimensions=(1,), data_format="channels_last"
            )
        )

    for _ in range(60):
        image = image - 0.25 * gradients(total, [image])[0]
    (holes,) = persistence_pairs(image[..., 0])[0][1:]
    lengths = np.abs(np.diff(image.ravel()[holes], axis=1))
    assert (lengths > 0.5).sum() == 2


def test_channels_first_gives_the_same_distances(rng):
    images = rng.random((2, 7, 8, 3)).astype("float32")
    wanted = np.stack([persistence_diagram(rng.random((3, 6, 6)))] * 2)
    last = _loss(images, wanted)
    first = _loss(np.moveaxis(images, -1, 1), wanted, data_format="channels_first")
    assert last.shape == (2, 3)
    np.testing.assert_allclose(last, first, rtol=1e-6)


def test_one_target_serves_the_whole_batch(rng):
    images = rng.random((3, 8, 8, 1)).astype("float32")
    wanted = persistence_diagram(rng.random((1, 8, 8)))
    repeated = np.repeat(wanted, 3, axis=0)
    np.testing.assert_array_equal(_loss(images, wanted), _loss(images, repeated))


@pytest.mark.parametrize("dimensions", [None, (0,), (1,)])
def test_an_image_with_nan_spoils_its_own_distance_alone(rng, dimensions):
    images = rng.random((2, 6, 6, 1)).astype("float32")
    images[1, 3, 3] = np.nan
    wanted = persistence_diagram(rng.random((1, 6, 6)))
    found = _loss(images, wanted, homology_dimensions=dimensions)
    assert np.isfinite(found).ravel().tolist() == [True, False]


@pytest.mark.parametrize("shape", [(1, 5, 2), (3, 5, 3), (2, 2, 5, 3), (5, 3)])
def test_diagrams_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"`diagrams` must have shape.*Received"):
        _loss(np.zeros((2, 4, 4, 1), "float32"), np.zeros(shape, "float32"))


def test_image_loss_is_the_loss_of_the_references_diagrams(rng):
    images, references = rng.random((2, 3, 8, 8, 2)).astype("float32")
    found = image_matching_loss(images, references, data_format="channels_last")
    for channel in range(2):
        diagrams = persistence_diagram(references[..., channel])
        expected = _loss(images[..., channel : channel + 1], diagrams)
        np.testing.assert_allclose(
            ops.convert_to_numpy(found)[:, channel], expected[:, 0], rtol=1e-5
        )


def test_groups_are_paired_by_total_persistence(rng):
    amplitudes = np.array([0.2, 1.0, 0.5, 0.3], "float32").reshape(4, 1, 1, 1)
    pattern = rng.random((1, 8, 8, 1)).astype("float32")
    images = amplitudes * pattern
    references = images[[2, 0, 1, 3]]
    one, two = np.zeros(4), np.array([0, 0, 1, 1])
    options = {"data_format": "channels_last"}
    within_one = image_matching_loss(images, references, one, **options)
    np.testing.assert_allclose(within_one, 0.0, atol=1e-6)
    expected = image_matching_loss(images, images[[0, 2, 1, 3]], **options)
    within_two = image_matching_loss(images, references, two, **options)
    # 0.2 and 1.0 against 0.2 and 0.5; 0.3 and 0.5 against 0.3 and 1.0
    np.testing.assert_allclose(within_two, expected, rtol=1e-5)


def test_references_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="`references` must have the shape"):
        image_matching_loss(np.zeros((2, 4, 4, 1)), np.zeros((2, 4, 5, 1)))
