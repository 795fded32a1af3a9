"""Checks of images."""

import numpy as np
import pytest

from morphokeras.utils.validation import check_images, check_length, check_size

pytestmark = pytest.mark.backend_free


def test_channel_axis_is_added():
    assert check_images(np.zeros((2, 8, 9))).shape == (2, 8, 9, 1)
    assert check_images(np.zeros((2, 8, 9, 3))).shape == (2, 8, 9, 3)
    volumes = np.zeros((2, 4, 5, 6))
    assert check_images(volumes, spatial_dims=3).shape == (2, 4, 5, 6, 1)


def test_dtype_is_kept():
    assert check_images(np.zeros((1, 4, 4), "uint16")).dtype == np.uint16


def test_lists_of_images_and_of_numbers_as_objects_are_read():
    assert check_images([np.ones((4, 4)), np.zeros((4, 4))]).shape == (2, 4, 4, 1)
    assert check_images(np.ones((1, 4, 4), object)).dtype == np.float64


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (np.zeros((8, 8)), ValueError, "single image"),
        (np.zeros((1, 2, 3, 4, 1)), ValueError, "spatial_dims=3"),
        (np.zeros(5), ValueError, "Reshape your data"),
        (np.zeros((0, 8, 8)), ValueError, "at least one image"),
        (np.full((3, 4, 4), np.inf), ValueError, "infinity: image 0 .3 such"),
        (np.zeros((1, 4, 4), complex), ValueError, "Complex data"),
        (np.full((1, 4, 4), "a"), TypeError, "numeric"),
        (np.full((1, 4, 4), "a", object), ValueError, "not numeric"),
        ([np.zeros((4, 4)), np.zeros((5, 4))], ValueError, r"\(4, 4\), \(5, 4\)"),
    ],
)
def test_wrong_images_are_explained(images, error, message):
    with pytest.raises(error, match=message):
        check_images(images)


def test_sparse_matrix_is_refused():
    from scipy.sparse import csr_matrix

    with pytest.raises(TypeError, match="toarray"):
        check_images(csr_matrix(np.eye(3)))


def test_image_that_is_not_finite_is_named():
    images = np.zeros((5, 4, 4))
    images[3, 0, 0] = np.nan
    with pytest.raises(ValueError, match="contains NaN: image 3 .1 such"):
        check_images(images)


def test_channels_that_seem_to_come_first_are_pointed_out():
    with pytest.warns(UserWarning, match=r"\(2, 3, 8, 8\), with channels first"):
        check_images(np.zeros((2, 3, 8, 8)))


def test_masked_pixels_are_refused():
    images = np.ma.masked_greater(np.eye(4)[None].repeat(2, 0), 2.0)
    assert check_images(images).shape == (2, 4, 4, 1)
    images[1, 0, 0] = np.ma.masked
    with pytest.raises(ValueError, match="masked pixels in image 1 .1 such"):
        check_images(images)


def test_size_is_a_tuple_of_positive_integers():
    assert check_size(np.array([8, 9]), 2) == (8, 9)
    with pytest.raises(ValueError, match=r"3 positive integers, \(depth, height, wid"):
        check_size((8, 9), 3)


def test_length_is_checked():
    with pytest.raises(ValueError, match="`groups` must have one entry an image: 3"):
        check_length(["a", "b"], 3, "groups")
