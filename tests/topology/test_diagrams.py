"""Births and deaths of many images in one array, or of one image."""

import numpy as np
import pytest

from morphokeras.topology.diagrams import persistence_diagram, persistence_intervals

gudhi = pytest.importorskip("gudhi")
pytestmark = pytest.mark.backend_free


def points(diagram, dimension):
    """Return the points of one dimension that last, sorted."""
    chosen = diagram[(diagram[:, 2] == dimension) & (diagram[:, 0] != diagram[:, 1])]
    return np.array(sorted(chosen[:, :2].tolist())).reshape(-1, 2)


def gudhi_points(image, boundary):
    """Return the sorted points of each dimension; what never dies ends at 2."""
    make, around = gudhi.CubicalComplex, {}
    if boundary == "periodic":
        make = gudhi.PeriodicCubicalComplex
        around = {"periodic_dimensions": [True] * image.ndim}
    complex_ = make(top_dimensional_cells=image, **around)
    complex_.compute_persistence()
    return [
        np.array(sorted(np.minimum(found, 2.0).tolist())).reshape(-1, 2)
        for found in map(complex_.persistence_intervals_in_dimension, range(image.ndim))
    ]


@pytest.mark.parametrize("boundary", ["open", "periodic"])
@pytest.mark.parametrize("shape", [(9, 12), (5, 4, 6)])
def test_every_image_has_the_points_of_gudhi(shape, boundary, rng):
    images = rng.random((4, *shape)).astype("float32")
    diagrams = persistence_diagram(
        images,
        filtration="sublevel",
        boundary=boundary,
        spatial_dims=len(shape),
        reduced=False,
        value_range=(0.0, 2.0),
    )
    for image, diagram in zip(images, diagrams, strict=True):
        for dimension, expected in enumerate(gudhi_points(image, boundary)):
            np.testing.assert_allclose(points(diagram, dimension), expected, rtol=1e-6)


def test_reduced_diagrams_keep_what_goes_around_the_torus(rng):
    images = rng.random((2, 6, 6))
    options = {"boundary": "periodic", "value_range": None}
    whole = persistence_diagram(images, reduced=False, **options)
    reduced = persistence_diagram(images, **options)
    assert np.isinf(whole[..., 1]).sum() == 6
    assert np.isinf(reduced[..., 1]).sum() == 4
    assert (reduced[np.isinf(reduced[..., 1]), 2] == 1).all()


def test_the_longest_points_are_kept(rng):
    images = rng.random((2, 16, 16))
    whole = persistence_diagram(images)
    few = persistence_diagram(images, max_pairs=5)
    assert few.shape == (2, 10 - 1, 3)
    for image, own in zip(whole, few, strict=True):
        lengths = np.sort(image[image[:, 2] == 1][:, 0] - image[image[:, 2] == 1][:, 1])
        kept = own[own[:, 2] == 1]
        np.testing.assert_array_equal(np.sort(kept[:, 0] - kept[:, 1]), lengths[-5:])


def test_the_component_that_never_dies_is_there_on_request(rng):
    images = rng.random((3, 6, 6)).astype("float32")
    whole = persistence_diagram(images, reduced=False)
    for image, diagram in zip(images, whole, strict=True):
        expected = persistence_intervals(image)[0]
        np.testing.assert_allclose(
            points(diagram, 0), np.array(sorted(expected.tolist())), rtol=1e-6
        )


def test_images_without_holes_are_filled_up():
    diagrams = persistence_diagram(np.ones((2, 4, 4)))
    assert diagrams.shape == (2, 2, 3)
    np.testing.assert_array_equal(diagrams[..., 0], diagrams[..., 1])


def test_other_dimensions_are_refused():
    with pytest.raises(ValueError, match="`homology_dimensions`"):
        persistence_diagram(np.ones((1, 4, 4)), homology_dimensions=(2,))


def test_intervals_are_sorted_by_length_and_capped_at_the_end_of_the_range(rng):
    image = rng.random((12, 12))
    components, holes = persistence_intervals(image)
    assert components.dtype == np.float64
    assert components[0].tolist() == [image.max(), 0.0]
    for diagram in (components, holes):
        assert (np.diff(diagram[:, 0] - diagram[:, 1]) <= 0).all()


def test_sublevel_intervals_end_at_the_upper_end(rng):
    image = rng.random((6, 6))
    components, _ = persistence_intervals(
        image, filtration="sublevel", value_range=(0.0, 2.0)
    )
    assert components[0].tolist() == [image.min(), 2.0]


def test_intervals_without_a_range_are_endless():
    components, _ = persistence_intervals(np.ones((2, 2)), value_range=None)
    assert components.tolist() == [[1.0, -np.inf]]


def test_intervals_want_one_image():
    with pytest.raises(ValueError, match=r"shape \(1, 2, 2\)"):
        persistence_intervals(np.zeros((1, 2, 2)))
