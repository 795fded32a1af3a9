"""Patches with groups and masks, and the bars of micrographs."""

import warnings

import numpy as np
import pytest
from PIL import Image, ImageDraw

from morphokeras.datasets import banner_mask, extract_patches, find_banner

pytestmark = pytest.mark.backend_free


def images(n=2, shape=(8, 12)):
    return np.arange(n * np.prod(shape)).reshape(n, *shape)


def test_patches_tile_the_images():
    data = extract_patches(images(), 4)
    assert data.patches.shape == (12, 4, 4) and data.patches.dtype == images().dtype
    rebuilt = data.patches.reshape(2, 2, 3, 4, 4).swapaxes(2, 3).reshape(2, 8, 12)
    np.testing.assert_array_equal(rebuilt, images())
    assert data.image_index.tolist() == data.groups.tolist() == [0] * 6 + [1] * 6


@pytest.mark.parametrize("options", [{"stride": (2, 3)}, {"n_patches": 9}])
@pytest.mark.parametrize("spatial_dims, shape", [(2, (9, 12)), (3, (5, 9, 12))])
def test_positions_are_where_patches_come_from(options, spatial_dims, shape):
    if "stride" in options:
        options = {"stride": (1, 2, 3)[-spatial_dims:]}
    fields = images(3, shape)
    size = (2, 4, 5)[-spatial_dims:]
    data = extract_patches(
        fields, size, spatial_dims=spatial_dims, random_state=0, **options
    )
    for patch, index, corner in zip(
        data.patches, data.image_index, data.position, strict=True
    ):
        place = tuple(slice(a, a + n) for a, n in zip(corner, size, strict=True))
        np.testing.assert_array_equal(patch, fields[index][place])
    places = np.column_stack([data.image_index, data.position])
    assert len(np.unique(places, axis=0)) == len(places)
    steps = np.array(options.get("stride", size))
    on_grid = np.prod((np.array(shape) - size) // steps + 1)
    assert len(places) == 3 * (9 if "n_patches" in options else on_grid)


def test_channels_and_images_of_different_sizes_are_kept():
    fields = [np.zeros((8, 8, 3), "uint8"), np.ones((4, 12, 3), "uint8")]
    data = extract_patches(fields, 4, groups=["a", "b"])
    assert data.patches.shape == (7, 4, 4, 3) and data.patches.dtype == np.uint8
    assert data.groups.tolist() == ["a"] * 4 + ["b"] * 3


@pytest.mark.parametrize("options", [{}, {"n_patches": 30}])
@pytest.mark.parametrize("max_unknown", [0.0, 0.3])
def test_masked_patches_are_left_out(options, max_unknown):
    mask = np.random.default_rng(0).random((2, 30, 40)) > 0.15
    mask[1, 20:] = False
    data = extract_patches(
        images(2, (30, 40)),
        3,
        mask=mask,
        max_unknown=max_unknown,
        random_state=0,
        **options,
    )
    for index, (row, column), unknown in zip(
        data.image_index, data.position, data.unknown, strict=True
    ):
        inside = mask[index, row : row + 3, column : column + 3]
        assert unknown == pytest.approx(1 - inside.mean()) and unknown <= max_unknown
    if not options:
        every = extract_patches(images(2, (30, 40)), 3, mask=mask, max_unknown=1.0)
        assert len(data.patches) == (every.unknown <= max_unknown).sum()


def test_no_patch_crosses_the_border_of_a_region():
    data = extract_patches(images(2, (20, 31)), 4, stride=1, regions=(2, 3))
    assert len(set(data.groups)) == 12 and "1/5" in data.groups
    rows, columns = data.position.T
    region = 3 * (rows >= 10) + (columns >= 10) * 1 + (columns >= 20) * 1
    ends = 3 * (rows + 3 >= 10) + (columns + 3 >= 10) * 1 + (columns + 3 >= 20) * 1
    np.testing.assert_array_equal(region, ends)
    expected = [f"{i}/{r}" for i, r in zip(data.image_index, region, strict=True)]
    assert data.groups.tolist() == expected


def test_random_patches_are_the_same_for_the_same_seed():
    first, second, third = (
        extract_patches(images(), 3, n_patches=5, random_state=seed).position.tolist()
        for seed in (0, 0, 1)
    )
    assert first == second != third


def test_too_few_places_are_said():
    with pytest.warns(UserWarning, match="Image 0 has 4 places.*`n_patches=9`"):
        data = extract_patches(images(1, (4, 4)), 3, n_patches=9)
    assert len(data.patches) == 4
    mask = np.zeros((2, 8, 12), bool)
    mask[0] = True
    with pytest.warns(UserWarning, match="Image 1 leaves no patch"):
        assert set(extract_patches(images(), 4, mask=mask).groups) == {0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="No patch is left"):
            extract_patches(images(), 4, mask=~mask & False)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"size": 0}, "`size` must be a positive integer, or 2"),
        ({"size": (4, 4, 4)}, "`size` must be a positive integer, or 2"),
        ({"size": 9}, r"Image 0 offers \(8, 12\), the patches need \(9, 9\)"),
        ({"regions": 3}, r"offers \(2, 4\), the patches need \(4, 4\)"),
        ({"stride": 1.5}, "`stride` must be"),
        ({"stride": 1, "n_patches": 2}, "`stride` or `n_patches`, not both"),
        ({"n_patches": 0}, "`n_patches` must be"),
        ({"max_unknown": 2}, r"`max_unknown` must be a share in \[0, 1\]"),
        ({"groups": ["a"]}, "`groups` must have one entry an image: 2"),
        ({"mask": np.ones((2, 8, 12))}, "`mask` must be boolean"),
        ({"mask": np.ones((1, 8, 12), bool)}, "`mask` must hold one mask an image: 2"),
        ({"images": images()[0]}, r"give one alone as \[image\]"),
        ({"images": [images()[0], images()[0] * 1.0]}, "of one dtype"),
        ({"spatial_dims": 1}, "`spatial_dims` must be 2 or 3"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        extract_patches(**{"images": images(), "size": 4} | options)


def micrograph(height=40, background=0, line=None, seed=0):
    """Return a noisy image with a bar of text below it."""
    grains = np.random.default_rng(seed).normal(120, 30, (160, 320)).clip(0, 255)
    text = 0 if background > 128 else 255
    bar = Image.new("L", (320, height), background)
    draw = ImageDraw.Draw(bar)
    draw.text((6, 6), "EHT = 20.00 kV   WD = 10.2 mm   Mag = 1.00 K X", fill=text)
    draw.rectangle((220, height - 12, 300, height - 8), fill=text)
    if line is not None:
        draw.line((0, 0, 320, 0), fill=line)
        draw.line((0, height - 1, 320, height - 1), fill=line)
    return np.vstack([grains, np.array(bar)]).astype("uint8")


@pytest.mark.parametrize("background", [0, 255, 190])
@pytest.mark.parametrize("line", [None, 255, 0])
def test_bars_of_any_colour_are_found(background, line):
    assert find_banner(micrograph(40, background, line)) == 40
    assert find_banner(micrograph(24, background, line) / 255.0) == 24


@pytest.mark.parametrize(
    "image",
    [
        np.random.default_rng(0).normal(120, 30, (200, 300)),
        np.zeros((100, 100)),
        np.random.default_rng(0).random((100, 100)) > 0.5,
        np.random.default_rng(0).random((100, 100)) > 0.9,
        np.tile(np.linspace(0, 1, 100), (100, 1)),
        np.repeat(np.arange(2.0), 50)[:, np.newaxis] * np.ones((1, 100)),
        np.ones((3, 3)),
    ],
    ids=["noise", "black", "binary", "mostly black", "ramp", "halves", "tiny"],
)
def test_structures_are_no_bars(image):
    assert find_banner(image) == 0


def test_a_bar_over_a_structure_of_its_colour_is_left_alone():
    image = micrograph(40, 0)
    image[:160][:, :200] = 0
    assert find_banner(image) == 0


def test_a_bar_below_a_structure_of_its_colour_is_left_alone():
    """A bright layer of one pixel, in a specimen that is mostly as black as the bar."""
    image = micrograph(40, 0)
    assert find_banner(image) == 40
    image[:159, :250] = 0
    assert find_banner(image) == 0


def test_a_black_rim_without_a_straight_edge_is_no_bar():
    image = micrograph(40, 0)
    image[160:] = 0
    assert find_banner(image) == 40
    edge = 160 + 8 * np.sin(np.arange(320) / 20)
    rim = np.arange(200)[:, np.newaxis] > edge
    image[150:170] = 120
    image[rim] = 0
    assert find_banner(image) == 0


def test_the_mask_leaves_the_specimen():
    pair = np.stack([micrograph(), micrograph()])
    pair[1, 160:] = pair[1, :40]
    mask = banner_mask(pair)
    assert mask[0].sum() == 160 * 320 and mask[1].all()
    assert extract_patches(pair, 40, mask=mask).patches.shape == (72, 40, 40)


def test_wrong_images_are_refused():
    with pytest.raises(
        ValueError, match=r"\(height, width\). Received shape \(2, 3, 4\)"
    ):
        find_banner(np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match=r"\(n_samples, height, width\)"):
        banner_mask(np.zeros((3, 4)))
