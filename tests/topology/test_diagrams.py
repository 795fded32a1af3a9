"""Diagrams of many images in one array."""

import numpy as np
import pytest

from morphokeras.topology import persistence_diagram, persistence_diagrams

gudhi = pytest.importorskip("gudhi")
pytestmark = pytest.mark.backend_free


def points(diagram, dimension):
    """Return the points of one dimension that last, sorted."""
    chosen = diagram[(diagram[:, 2] == dimension) & (diagram[:, 0] != diagram[:, 1])]
    return np.array(sorted(chosen[:, :2].tolist())).reshape(-1, 2)


def test_every_image_has_the_points_of_gudhi(rng):
    images = rng.random((5, 9, 12)).astype("float32")
    diagrams = persistence_diagrams(images, filtration="sublevel")
    for image, diagram in zip(images, diagrams, strict=True):
        complex_ = gudhi.CubicalComplex(top_dimensional_cells=image)
        complex_.compute_persistence()
        for dimension in (0, 1):
            expected = complex_.persistence_intervals_in_dimension(dimension)
            expected = expected[np.isfinite(expected[:, 1])] if len(expected) else []
            expected = np.array(sorted(np.asarray(expected).tolist())).reshape(-1, 2)
            np.testing.assert_allclose(points(diagram, dimension), expected, rtol=1e-6)


def test_the_component_that_never_dies_is_there_on_request(rng):
    images = rng.random((3, 6, 6)).astype("float32")
    whole = persistence_diagrams(images, reduced=False)
    for image, diagram in zip(images, whole, strict=True):
        expected = persistence_diagram(image)[0]
        np.testing.assert_allclose(
            points(diagram, 0), np.array(sorted(expected.tolist())), rtol=1e-6
        )


def test_images_without_holes_are_filled_up():
    diagrams = persistence_diagrams(np.ones((2, 4, 4)))
    assert diagrams.shape == (2, 2, 3)
    np.testing.assert_array_equal(diagrams[..., 0], diagrams[..., 1])


def test_other_dimensions_are_refused():
    with pytest.raises(ValueError, match="must hold 0, 1 or both"):
        persistence_diagrams(np.ones((1, 4, 4)), homology_dimensions=(2,))
