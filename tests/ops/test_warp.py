import numpy as np
import pytest
from keras import ops
from scipy.ndimage import map_coordinates

from morphokeras.ops.warp import corner_jacobians, deformation_losses, warp
from tests.gradients import gradients

BOUNDARIES = ("periodic", "symmetric", "zero")
SCIPY_MODES = {"periodic": "grid-wrap", "symmetric": "reflect", "zero": "nearest"}
SHAPES = [(9, 12), (4, 5, 6)]


def to_numpy(tensor):
    return np.asarray(ops.convert_to_numpy(tensor))


def checkerboard(size, height):
    """A displacement along the rows that alternates from pixel to pixel."""
    signs = (-1.0) ** np.add.outer(np.arange(size), np.arange(size))
    return np.stack([height * signs, np.zeros_like(signs)], axis=-1)[None]


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("shape", SHAPES)
def test_warp_agrees_with_scipy(rng, shape, boundary):
    image = rng.random((2, *shape, 3)).astype("float32")
    displacement = rng.normal(0, 5, (2, *shape, len(shape))).astype("float32")
    pixels = np.indices(shape)
    expected = [
        [
            map_coordinates(channel, pixels + d, order=1, mode=SCIPY_MODES[boundary])
            for channel in np.moveaxis(one, -1, 0).astype("float64")
        ]
        for one, d in zip(image, np.moveaxis(displacement, -1, 1), strict=True)
    ]
    expected = np.moveaxis(expected, 1, -1)
    found = to_numpy(warp(image, displacement, boundary))
    np.testing.assert_allclose(found, expected, atol=5e-6)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("shape", SHAPES)
def test_no_displacement_changes_nothing(rng, shape, boundary):
    image = rng.random((2, *shape, 2)).astype("float32")
    found = to_numpy(warp(image, np.zeros((2, *shape, len(shape))), boundary))
    np.testing.assert_allclose(found, image, atol=5e-6)


def test_a_constant_displacement_translates(rng):
    image = rng.random((1, 8, 10, 2)).astype("float32")
    displacement = np.broadcast_to([3.0, -12.0], (1, 8, 10, 2))
    found = to_numpy(warp(image, displacement, "periodic"))
    np.testing.assert_allclose(found, np.roll(image, (-3, 12), (1, 2)), atol=2e-5)


def test_a_linear_image_is_sampled_exactly_by_an_affine_map():
    rows, columns = np.indices((12, 12), dtype="float64")
    image = (2 * rows - 3 * columns)[None, ..., None].astype("float32")
    matrix = np.array([[0.9, 0.1], [-0.1, 0.8]])
    moved = np.einsum("ij,jhw->hwi", matrix, [rows - 5.5, columns - 5.5]) + 5.5
    displacement = (moved - np.stack([rows, columns], axis=-1))[None]
    found = to_numpy(warp(image, displacement, "zero"))[0, ..., 0]
    np.testing.assert_allclose(found, 2 * moved[..., 0] - 3 * moved[..., 1], atol=1e-4)


def test_mirroring_commutes_with_the_warp(rng):
    image = rng.random((1, 7, 8, 1)).astype("float32")
    displacement = rng.normal(0, 3, (1, 7, 8, 2)).astype("float32")
    mirrored = displacement[:, ::-1] * np.array([-1, 1], "float32")
    found = to_numpy(warp(image[:, ::-1].copy(), mirrored, "symmetric"))
    expected = to_numpy(warp(image, displacement, "symmetric"))[:, ::-1]
    np.testing.assert_allclose(found, expected, atol=5e-6)


def test_an_image_of_one_pixel_stays(rng):
    for boundary in BOUNDARIES:
        displacement = rng.normal(size=(1, 1, 1, 2)).astype("float32")
        found = to_numpy(warp(np.full((1, 1, 1, 1), 0.7, "float32"), displacement))
        np.testing.assert_allclose(found, 0.7, atol=1e-6, err_msg=boundary)


def test_half_precision_images_keep_float32_positions(rng):
    image = rng.random((1, 4, 2048, 1)).astype("float16")
    displacement = np.zeros((1, 4, 2048, 2), "float32")
    displacement[..., 1] = 0.25
    found = warp(ops.convert_to_tensor(image), displacement, "periodic")
    expected = 0.75 * image + 0.25 * np.roll(image, -1, axis=2)
    assert "float16" in str(found.dtype)
    np.testing.assert_allclose(to_numpy(found), expected, atol=2e-3)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("shape", [(5, 6), (3, 4, 4)])
def test_gradients_agree_with_finite_differences(rng, shape, boundary):
    image = rng.random((1, *shape, 2)).astype("float32")
    # Away from whole pixels, where linear interpolation has a kink.
    whole = rng.integers(-4, 4, (1, *shape, len(shape)))
    displacement = (whole + rng.uniform(0.2, 0.8, whole.shape)).astype("float32")
    factor = rng.normal(size=image.shape).astype("float32")

    def value(x, d):
        return ops.sum(warp(x, d, boundary) * ops.convert_to_tensor(factor))

    of_image, of_displacement = gradients(value, [image, displacement])
    for gradient, axis in ((of_image, 0), (of_displacement, 1)):
        direction = rng.uniform(-1, 1, gradient.shape).astype("float32")
        ends = []
        for sign in (1, -1):
            moved = [image, displacement]
            moved[axis] = moved[axis] + sign * 0.02 * direction
            warped = to_numpy(warp(*moved, boundary)).astype("float64")
            ends.append((warped * factor).sum())
        expected = (ends[0] - ends[1]) / 0.04
        np.testing.assert_allclose((gradient * direction).sum(), expected, atol=1e-3)


def test_the_gradient_at_rest_is_a_forward_difference(rng):
    image = rng.random((1, 6, 6, 1)).astype("float32")
    rest = np.full((1, 6, 6, 2), 1e-3, "float32")
    (found,) = gradients(lambda d: ops.sum(warp(image, d, "periodic")[0, 2, 3]), [rest])
    np.testing.assert_allclose(
        found[0, 2, 3, 1], image[0, 2, 4, 0] - image[0, 2, 3, 0], atol=5e-3
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_jacobians_of_an_affine_field_are_its_matrix(rng, shape):
    gradient = rng.normal(0, 0.3, (len(shape), len(shape)))
    displacement = np.einsum("ij,j...->...i", gradient, np.indices(shape))[None]
    found = to_numpy(corner_jacobians(displacement, "symmetric"))
    assert found.shape[1:-2] == (*(n - 1 for n in shape), 2 ** len(shape))
    expected = np.broadcast_to(gradient + np.eye(len(shape)), found.shape)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_losses_of_an_affine_field_have_a_closed_form(rng, shape):
    gradient = rng.normal(0, 0.2, (len(shape), len(shape)))
    displacement = np.einsum("ij,j...->...i", gradient, np.indices(shape))[None]
    smooth, volume, folded = deformation_losses(displacement, "zero")
    determinant = np.linalg.det(gradient + np.eye(len(shape)))
    np.testing.assert_allclose(to_numpy(smooth), (gradient**2).sum(), rtol=1e-4)
    np.testing.assert_allclose(to_numpy(volume), (determinant - 1) ** 2, rtol=1e-3)
    np.testing.assert_allclose(to_numpy(folded), 0)


@pytest.mark.parametrize("boundary", ["periodic", "symmetric"])
@pytest.mark.parametrize("shape", SHAPES)
def test_losses_agree_with_the_jacobians(rng, shape, boundary):
    displacement = rng.normal(0, 0.6, (2, *shape, len(shape))).astype("float32")
    jacobians = to_numpy(corner_jacobians(displacement, boundary)).astype("float64")
    determinants = np.linalg.det(jacobians)
    squares = ((jacobians - np.eye(len(shape))) ** 2).sum((-1, -2))
    axes = tuple(range(1, determinants.ndim))
    smooth, volume, folded = map(to_numpy, deformation_losses(displacement, boundary))
    np.testing.assert_allclose(smooth, squares.mean(axes), rtol=1e-4)
    np.testing.assert_allclose(volume, ((determinants - 1) ** 2).mean(axes), rtol=1e-4)
    np.testing.assert_allclose(folded, (determinants.min(-1) <= 0).mean(axes[:-1]))
    assert 0 < folded[0] < 1


def test_the_mean_determinant_of_a_periodic_map_is_one(rng):
    displacement = rng.normal(0, 4, (3, 16, 15, 2)).astype("float32")
    jacobians = to_numpy(corner_jacobians(displacement, "periodic")).astype("float64")
    np.testing.assert_allclose(np.linalg.det(jacobians).mean((1, 2, 3)), 1, atol=1e-5)


def test_a_checkerboard_fold_is_seen():
    displacement = checkerboard(8, 0.75)
    centred = (np.roll(displacement, -1, 1) - np.roll(displacement, 1, 1)) / 2
    assert np.abs(centred).max() == 0
    smooth, _, folded = deformation_losses(displacement, "periodic")
    np.testing.assert_allclose(to_numpy(smooth), 4.5)
    np.testing.assert_allclose(to_numpy(folded), 1)


def test_a_steep_checkerboard_does_not_fold_before_its_edges_cross():
    _, _, folded = deformation_losses(checkerboard(8, 0.49), "periodic")
    np.testing.assert_allclose(to_numpy(folded), 0)


def test_an_unknown_boundary_is_refused():
    with pytest.raises(ValueError, match="`boundary` must be one of"):
        warp(np.zeros((1, 4, 4, 1)), np.zeros((1, 4, 4, 2)), "mirror")


@pytest.mark.parametrize("shape", [(1, 4, 4, 3), (1, 4, 5, 2), (1, 4, 2)])
def test_a_displacement_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match="`displacement`"):
        warp(np.zeros((1, 4, 4, 1), "float32"), np.zeros(shape, "float32"))
