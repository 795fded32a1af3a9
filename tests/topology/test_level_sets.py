"""Betti numbers and curves: against gudhi, scikit-image and known shapes."""

import gudhi
import numpy as np
import pytest
from scipy import ndimage
from skimage import measure

from morphokeras.topology import betti_curves, betti_numbers

pytestmark = pytest.mark.backend_free

OPTIONS = [
    {"connectivity": connectivity, "boundary": boundary, "spatial_dims": spatial_dims}
    for connectivity in ("full", "face")
    for boundary in ("open", "periodic")
    for spatial_dims in (2, 3)
]


def gudhi_numbers(mask, connectivity, boundary, spatial_dims):
    """Return the Betti numbers of a mask below its dimension."""
    cells = "top_dimensional_cells" if connectivity == "full" else "vertices"
    make = gudhi.CubicalComplex
    around = {}
    if boundary == "periodic":
        make = gudhi.PeriodicCubicalComplex
        around = {"periodic_dimensions": [True] * mask.ndim}
    complex_ = make(**{cells: np.where(mask, 0.0, 1.0)}, **around)
    complex_.compute_persistence(min_persistence=-1)
    numbers = complex_.persistent_betti_numbers(0, 0.5) + [0] * spatial_dims
    return numbers[:spatial_dims] if mask.any() else [0] * spatial_dims


@pytest.mark.parametrize(
    "options", OPTIONS, ids=lambda o: "-".join(map(str, o.values()))
)
def test_masks_agree_with_gudhi(options, rng):
    for number in range(60):
        shape = rng.integers(3, 6, options["spatial_dims"])
        mask = rng.random(shape) < (rng.random() if number else 1.0)
        found = betti_numbers(mask[None], **options)[0].tolist()
        assert found == gudhi_numbers(mask, **options)


@pytest.mark.parametrize("connectivity", ["full", "face"])
def test_volumes_agree_with_scikit_image(connectivity, rng):
    field = ndimage.gaussian_filter(rng.normal(size=(24, 24, 24)), 2)
    mask = field > 0
    own, other = (3, 1) if connectivity == "full" else (1, 3)
    components = measure.label(mask, connectivity=own).max()
    background = measure.label(
        np.pad(~mask, 1, constant_values=True), connectivity=other
    )
    cavities = background.max() - 1
    tunnels = components + cavities - measure.euler_number(mask, connectivity=own)
    found = betti_numbers(mask[None], connectivity=connectivity, spatial_dims=3)
    assert found[0].tolist() == [components, tunnels, cavities]


def test_stripes_and_planes_go_around_the_torus():
    stripe = np.zeros((1, 5, 5), bool)
    stripe[0, 2] = True
    assert betti_numbers(stripe, boundary="periodic").tolist() == [[1, 1]]
    volumes = np.zeros((3, 5, 5, 5), bool)
    volumes[0, 2] = True  # a plane
    volumes[1, 2, 2] = True  # a line
    volumes[2, range(5), range(5)] = True  # a slanted plane
    found = betti_numbers(volumes, boundary="periodic", spatial_dims=3)
    assert found.tolist() == [[1, 2, 1], [1, 1, 0], [1, 2, 1]]


def test_a_helix_goes_around_two_axes_with_one_path():
    volume = np.zeros((1, 4, 6, 6), bool)
    for step in range(6):
        volume[0, 1, step, step] = True
    found = betti_numbers(volume, boundary="periodic", spatial_dims=3)
    assert found.tolist() == [[1, 1, 0]]


@pytest.mark.parametrize("kind", ["bool", "uint8", "float16", "float64"])
def test_masks_of_any_type_are_counted_alike(kind, rng):
    masks = np.asfortranarray(rng.random((3, 9, 8)) < 0.5)
    expected = betti_numbers(masks)
    masks = masks.astype(kind)
    masks.flags.writeable = False
    np.testing.assert_array_equal(betti_numbers(masks[:, ::-1]), betti_numbers(masks))
    np.testing.assert_array_equal(betti_numbers(masks), expected)


@pytest.mark.parametrize(
    "options", OPTIONS, ids=lambda o: "-".join(map(str, o.values()))
)
@pytest.mark.parametrize("filtration", ["superlevel", "sublevel"])
def test_curves_are_made_of_numbers(options, filtration, rng):
    images = rng.integers(0, 9, (2, 5, 4, 6)[: 1 + options["spatial_dims"]])
    options = {**options, "filtration": filtration}
    levels = [3, 12, 4, -1, 0.5, 3, 8, 0]
    curves = betti_curves(images, levels, **options)
    numbers = [betti_numbers(images, threshold=t, **options) for t in levels]
    np.testing.assert_array_equal(curves, np.stack(numbers, axis=-1))


def test_chosen_dimensions_come_in_their_order(rng):
    images = rng.random((3, 8, 8))
    levels = np.linspace(0, 1, 11)
    whole = betti_curves(images, levels)
    assert whole.shape == (3, 2, 11)
    chosen = betti_curves(images, levels, homology_dimensions=(1, 0))
    np.testing.assert_array_equal(chosen, whole[:, ::-1])


def test_threads_change_nothing(rng):
    images = rng.random((6, 24, 24))
    levels = np.linspace(0, 1, 11)
    np.testing.assert_array_equal(
        betti_curves(images, levels, num_threads=2),
        betti_curves(images, levels, num_threads=1),
    )
    np.testing.assert_array_equal(
        betti_numbers(images, num_threads=2), betti_numbers(images, num_threads=1)
    )


def test_bad_arguments_are_refused():
    images = np.zeros((1, 4, 4))
    with pytest.raises(ValueError, match="`homology_dimensions`"):
        betti_curves(images, [0.5], homology_dimensions=(2,))
    for levels in ([], [[0.5]], [np.inf]):
        with pytest.raises(ValueError, match="`levels`.*Received: levels="):
            betti_curves(images, levels)
    with pytest.raises(ValueError, match="`threshold` must be a finite number"):
        betti_numbers(images, threshold=np.inf)
    with pytest.raises(ValueError, match="`num_threads`"):
        betti_numbers(images, num_threads=0)
