import keras
import numpy as np
import pytest
from keras import ops

from morphokeras.models.encoder import Encoder, standardise


def to_numpy(maps):
    return [ops.convert_to_numpy(features) for features in maps]


@pytest.mark.parametrize("first_strides", [1, 2])
@pytest.mark.parametrize("shape", [(2, 33, 20, 1), (1, 9, 8, 7, 2)])
def test_maps_have_the_stated_shapes_on_odd_sizes_and_volumes(shape, first_strides):
    encoder = Encoder(filters=2, num_stages=3, first_strides=first_strides)
    maps = encoder(keras.Input(batch_shape=shape))
    strides = [2 * first_strides * 2**stage for stage in range(3)]
    for features, stride, width in zip(maps, strides, (2, 4, 6), strict=True):
        spatial = [-(-n // stride) for n in shape[1:-1]]
        assert tuple(features.shape) == (shape[0], *spatial, width)


@pytest.mark.parametrize("first_strides", [1, 2])
def test_computed_maps_have_the_promised_shapes(first_strides, rng):
    encoder = Encoder(filters=2, num_stages=2, first_strides=first_strides)
    shape = (1, 9, 14, 1)
    maps = encoder(rng.random(shape, "float32"))
    assert encoder.compute_output_shape(shape) == [tuple(f.shape) for f in maps]


def test_widths_grow_as_stated():
    assert Encoder(filters=32).widths == (32, 64, 96, 192)
    assert Encoder(filters=4, num_stages=6).widths == (4, 8, 12, 24, 24, 24)


def test_symbolic_maps_leave_batch_and_size_open():
    maps = Encoder(filters=2, num_stages=2)(keras.Input((None, None, 1)))
    assert [m.shape for m in maps] == [(None, None, None, 2), (None, None, None, 4)]


@pytest.mark.parametrize("backbone", ["steerable", "plain"])
def test_brightness_and_contrast_do_not_change_the_maps(backbone, rng):
    images = rng.random((2, 16, 16, 1), "float32")
    encoder = Encoder(filters=2, num_stages=1, backbone=backbone)
    before = to_numpy(encoder(images))
    after = to_numpy(encoder(0.5 * images + 0.3))
    for a, b in zip(before, after, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("backbone", ["steerable", "plain"])
def test_periodic_maps_move_with_the_image(backbone, rng):
    images = rng.random((1, 16, 24, 1), "float32")
    encoder = Encoder(filters=2, num_stages=2, backbone=backbone, boundary="periodic")
    expected = to_numpy(encoder(images))[-1]
    moved = to_numpy(encoder(np.roll(images, (4, 8), (1, 2))))[-1]
    np.testing.assert_allclose(moved, np.roll(expected, (1, 2), (1, 2)), atol=1e-5)


def test_both_backbones_are_alike_on_a_flat_symmetric_border():
    # Mirrored padding shows a flat image everywhere, zero padding shows its edge.
    images = np.full((1, 16, 16, 1), 0.5, "float32")
    images[0, 8, 8] = 0.6
    for boundary, flat in (("symmetric", True), ("zero", False)):
        encoder = Encoder(filters=4, num_stages=1, backbone="plain", boundary=boundary)
        first_row = to_numpy(encoder(images))[0][0, 0]
        assert np.allclose(first_row[0], first_row[4], atol=1e-6) == flat


def test_standardised_images_have_mean_zero_and_variance_one(rng):
    images = rng.random((3, 12, 10, 2), "float32") * [[[[0.1]]], [[[1]]], [[[5]]]]
    x = ops.convert_to_numpy(standardise(images.astype("float32")))
    np.testing.assert_allclose(x.mean((1, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(x.std((1, 2, 3)), 1, atol=0.02)


def test_a_flat_image_stays_finite():
    x = ops.convert_to_numpy(standardise(np.full((1, 8, 8, 1), 0.7, "float32")))
    assert np.all(np.abs(x) < 1e-3)


def test_faint_contrast_survives_half_precision(rng):
    images = 0.9 + 0.01 * rng.random((1, 16, 16, 1)).astype("float32")
    single = Encoder(filters=2, num_stages=1)
    half = Encoder(filters=2, num_stages=1, dtype="mixed_bfloat16")
    expected = to_numpy(single(images))[0]
    half.build(images.shape)
    half.set_weights(single.get_weights())
    got = ops.convert_to_numpy(ops.cast(half(images)[0], "float32"))
    assert np.corrcoef(got.ravel(), expected.ravel())[0, 1] > 0.999


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": 0}, "`filters` must be a positive integer"),
        ({"kernel_size": 4}, "`kernel_size` must be odd"),
        ({"first_strides": 3}, "`first_strides` must be one of"),
        ({"backbone": "resnet"}, "`backbone` must be one of"),
        ({"boundary": "open"}, "`boundary` must be one of"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Encoder(**arguments)


def test_images_without_a_channel_axis_are_refused():
    with pytest.raises(ValueError, match="Add the missing axis"):
        Encoder().build((2, 16, 16))
