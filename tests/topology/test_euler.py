"""Euler characteristics: against scikit-image, gudhi and known shapes."""

import gudhi
import numpy as np
import pytest
from skimage import measure

from morphokeras.topology import euler_characteristic
from morphokeras.topology._cells import count_below

pytestmark = pytest.mark.backend_free

CONNECTIVITIES = ("full", "face")


def random_masks(rng, shape, count=30):
    return rng.random((count, *shape)) < rng.random((count, *[1] * len(shape)))


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@pytest.mark.parametrize("shape", [(7, 9), (1, 5), (1, 1), (4, 5, 6), (1, 4, 1)])
def test_masks_agree_with_scikit_image(shape, connectivity, rng):
    masks = random_masks(rng, shape)
    rank = len(shape) if connectivity == "full" else 1
    expected = [measure.euler_number(mask, connectivity=rank) for mask in masks]
    options = {"connectivity": connectivity, "spatial_dims": len(shape)}
    assert euler_characteristic(masks, **options).tolist() == expected
    twice = euler_characteristic(masks, threshold=[0.5, 0.2], **options)
    assert twice[:, 0].tolist() == twice[:, 1].tolist() == expected


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@pytest.mark.parametrize("shape", [(3, 5), (4, 3, 5)])
def test_periodic_masks_agree_with_gudhi(shape, connectivity, rng):
    masks = random_masks(rng, shape)
    options = {"connectivity": connectivity, "boundary": "periodic"}
    options["spatial_dims"] = len(shape)
    cells = "top_dimensional_cells" if connectivity == "full" else "vertices"
    expected = []
    for mask in masks:
        complex_ = gudhi.PeriodicCubicalComplex(
            **{cells: np.where(mask, 0.0, 1.0)},
            periodic_dimensions=[True] * mask.ndim,
        )
        complex_.compute_persistence(min_persistence=-1)
        numbers = complex_.persistent_betti_numbers(0, 0.5)
        expected.append(sum((-1) ** k * n for k, n in enumerate(numbers)))
    assert euler_characteristic(masks, **options).tolist() == expected
    curve = euler_characteristic(masks, threshold=[0.5], **options)
    assert curve[:, 0].tolist() == expected


@pytest.mark.parametrize("boundary", ["open", "periodic"])
@pytest.mark.parametrize("filtration", ["superlevel", "sublevel"])
@pytest.mark.parametrize("shape", [(6, 8), (4, 5, 6)])
def test_a_curve_is_made_of_single_numbers(shape, filtration, boundary, rng):
    images = rng.integers(0, 9, (4, *shape))
    levels = [3, 12, -1, 0.5, 3, 8]
    for connectivity in CONNECTIVITIES:
        options = {"filtration": filtration, "connectivity": connectivity}
        options |= {"boundary": boundary, "spatial_dims": len(shape)}
        curves = euler_characteristic(images, threshold=levels, **options)
        single = [euler_characteristic(images, threshold=t, **options) for t in levels]
        np.testing.assert_array_equal(curves, np.stack(single, axis=1))


def test_known_solids_have_their_numbers():
    solids = np.zeros((4, 7, 7, 7), bool)
    solids[:3, 1:6, 1:6, 1:6] = True
    solids[1, 3, 3, 3] = False  # a shell
    solids[2, :, 3, 3] = False  # a ring
    assert euler_characteristic(solids, spatial_dims=3).tolist() == [1, 2, 0, 0]


def test_a_threshold_is_rounded_as_the_pixels_are():
    images = np.full((1, 2, 2), 0.7, "float32")
    assert euler_characteristic(images, threshold=0.7).tolist() == [1]
    assert euler_characteristic(images, threshold=[0.7]).tolist() == [[1]]
    assert euler_characteristic(images.astype("float16"), threshold=0.7)[0] == 1
    below = euler_characteristic(images, threshold=0.7, filtration="sublevel")
    assert below.tolist() == [1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": np.nan}, "`threshold`.*finite"),
        ({"threshold": [[0.5]]}, "`threshold`.*sequence"),
        ({"threshold": []}, "`threshold`.*at least one"),
        ({"filtration": "upper"}, "`filtration`"),
        ({"connectivity": 8}, "`connectivity`"),
        ({"boundary": "closed"}, "`boundary`"),
        ({"spatial_dims": 3}, r"\(n_images, depth, height, width\)"),
        ({"spatial_dims": 4}, "`spatial_dims`"),
        ({"boundary": "periodic"}, "at least 3 pixels"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        euler_characteristic(np.zeros((1, 2, 4)), **options)


def test_bad_images_are_refused():
    with pytest.raises(ValueError, match="image number 1"):
        euler_characteristic(np.array([[[0.0]], [[np.nan]]]))
    with pytest.raises(TypeError, match="real numbers"):
        euler_characteristic([[["a"]]])
    with pytest.raises(ValueError, match="at least one pixel"):
        euler_characteristic(np.zeros((1, 0, 3)))


@pytest.mark.parametrize("n_levels", [1, 2, 48, 49, 200])
def test_pixels_enter_as_a_search_says(n_levels, rng):
    values = rng.integers(0, 99, 5000) / 7
    levels = np.sort(rng.choice(400, n_levels, replace=False)) / 28
    for or_equal, side in ((True, "right"), (False, "left")):
        np.testing.assert_array_equal(
            count_below(values, levels, or_equal),
            np.searchsorted(levels, values, side=side),
        )
