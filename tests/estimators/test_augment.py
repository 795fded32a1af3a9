import itertools

import numpy as np
import pytest
from scipy import ndimage

from morphokeras.estimators._augment import Augmentation

pytestmark = pytest.mark.backend_free


def apply(images, seed=0, **options):
    batch = Augmentation(**options)({"image": images}, np.random.default_rng(seed))
    return batch["image"]


def smooth_images(count, height, width, channels, rng, scale=2.0):
    noise = rng.random((count, height, width, channels))
    smooth = ndimage.gaussian_filter(noise, (0, scale, scale, 0), mode="wrap")
    low, high = smooth.min(), smooth.max()
    return ((smooth - low) / (high - low)).astype("float32")


def all_symmetries(image):
    turned = [image, image.swapaxes(0, 1)]
    return [np.flip(t, axes) for t in turned for axes in ((), 0, 1, (0, 1))]


def test_nothing_asked_is_nothing_changed(rng):
    images = rng.random((3, 9, 8, 2), "float32")
    np.testing.assert_array_equal(apply(images, symmetry=None), images)


@pytest.mark.parametrize(("symmetry", "number"), [("flips", 4), ("dihedral", 8)])
@pytest.mark.parametrize("size", [8, 9])
def test_flips_and_turns_move_pixels_exactly(symmetry, number, size, rng):
    image = rng.random((size, size, 2), "float32")
    images = apply(np.repeat(image[None], 100, axis=0), symmetry=symmetry)
    expected = [flipped.tobytes() for flipped in all_symmetries(image)]
    seen = {changed.tobytes() for changed in images}
    assert len(seen) == number
    assert seen <= set(expected)


def test_turns_of_oblong_images_keep_the_shape(rng):
    images = rng.random((20, 12, 7, 1), "float32")
    changed = apply(images, symmetry="dihedral")
    assert changed.shape == images.shape
    assert all(
        np.isin(new, old).all() for new, old in zip(changed, images, strict=True)
    )


def test_crops_are_windows_of_the_image(rng):
    image = np.arange(100.0, dtype="float32").reshape(1, 10, 10, 1)
    windows = apply(np.repeat(image, 500, axis=0), symmetry=None, crop=0.6)
    assert windows.shape == (500, 6, 6, 1)
    corners = windows[:, 0, 0, 0]
    assert corners.min() == 0
    assert corners.max() == 44
    steps = np.arange(6)[:, None] * 10 + np.arange(6)
    np.testing.assert_array_equal(windows[..., 0], corners[:, None, None] + steps)


def test_periodic_shifts_roll_the_image(rng):
    image = rng.random((8, 6, 1), "float32")
    options = {"symmetry": None, "shift": 0.5, "boundary": "periodic"}
    changed = apply(np.repeat(image[None], 60, axis=0), **options)
    rolls = {
        np.roll(image, (i, j), (0, 1)).tobytes() for i in range(8) for j in range(6)
    }
    seen = {new.tobytes() for new in changed}
    assert len(seen) > 10
    assert seen <= rolls


def test_mirrored_shifts_show_the_edge_repeated():
    image = np.arange(5.0, dtype="float32").reshape(1, 5, 1, 1)
    changed = apply(np.repeat(image, 80, axis=0), symmetry=None, shift=0.8)
    seen = {tuple(new.ravel()) for new in changed}
    assert (1, 0, 0, 1, 2) in seen
    assert (2, 3, 4, 4, 3) in seen


@pytest.mark.parametrize("symmetry", [None, "flips", "dihedral", "rotation"])
@pytest.mark.parametrize(
    ("boundary", "mode"), [("symmetric", "reflect"), ("periodic", "grid-wrap")]
)
def test_resampling_agrees_with_scipy(symmetry, boundary, mode, rng):
    images = rng.random((6, 17, 12, 2), "float32")
    augment = Augmentation(
        symmetry=symmetry, boundary=boundary, zoom=0.5, shift=0.2, crop=0.8
    )
    size = (14, 10)
    draw = np.random.default_rng(3)
    matrix, _ = augment._draw_geometry(len(images), size, images.shape, draw)
    changed = augment({"image": images}, np.random.default_rng(3))["image"]
    for image, new, place in zip(images, changed, matrix, strict=True):
        for channel in range(2):
            expected = ndimage.affine_transform(
                image[..., channel].astype("float64"),
                place[:, :2],
                place[:, 2],
                output_shape=size,
                order=1,
                mode=mode,
            )
            np.testing.assert_allclose(new[..., channel], expected, atol=1e-5)


def test_zoom_moves_the_pixel_size_along(rng):
    # A wave of 16 pixels, magnified by z, has one of 16 z: as many micrometres.
    wave = np.cos(2 * np.pi * np.arange(256) / 16)
    images = np.tile(wave[None, None, :, None], (8, 4, 1, 1)).astype("float32")
    augment = Augmentation(zoom=0.5, boundary="periodic")
    batch = {"image": images, "log_pixel_size": np.full(8, np.log(0.2), "float32")}
    out = augment(batch, np.random.default_rng(0))
    lengths = np.array([wavelength(row) for row in out["image"][:, 0, :, 0]])
    micrometres = lengths * np.exp(out["log_pixel_size"])
    assert lengths.max() > 1.3 * lengths.min()
    np.testing.assert_allclose(micrometres, 16 * 0.2, rtol=0.03)


def wavelength(row):
    """Return twice the mean distance of the zeros inside a row."""
    after = np.flatnonzero(np.diff(np.signbit(row)))
    zeros = after + row[after] / (row[after] - row[after + 1])
    return 2 * (zeros[-1] - zeros[0]) / (len(zeros) - 1)


@pytest.mark.parametrize("symmetry", ["dihedral", "rotation"])
def test_a_disc_keeps_its_area_in_pixel_sizes(symmetry):
    y, x = np.mgrid[:64, :64] - 31.5
    disc = (np.hypot(y, x) < 10).astype("float32")[None, ..., None]
    augment = Augmentation(symmetry=symmetry, zoom=0.4)
    batch = {"image": np.repeat(disc, 8, 0), "log_pixel_size": np.zeros(8, "float32")}
    out = augment(batch, np.random.default_rng(1))
    area = out["image"].sum(axis=(1, 2, 3)) * np.exp(2 * out["log_pixel_size"])
    np.testing.assert_allclose(area, disc.sum(), rtol=0.05)


def test_target_and_image_change_alike_until_noise_and_erasing(rng):
    images = rng.random((8, 16, 12, 1), "float32")
    options = {"zoom": 0.3, "grey_jitter": 0.25, "crop": 0.75}
    batch = {"image": images, "target": images}
    clean = Augmentation(**options)(batch, np.random.default_rng(0))
    np.testing.assert_array_equal(clean["image"], clean["target"])
    rough = Augmentation(**options, noise=0.2, erasing=0.5)
    rough_batch = rough(batch, np.random.default_rng(0))
    np.testing.assert_array_equal(rough_batch["target"], clean["target"])
    assert np.abs(rough_batch["image"] - clean["image"]).mean() > 0.01


def test_a_target_of_its_own_takes_the_same_geometry(rng):
    images = rng.random((4, 8, 8, 1), "float32")
    batch = {"image": images, "target": 1 - images}
    out = Augmentation(symmetry="dihedral", zoom=0.3)(batch, rng)
    np.testing.assert_allclose(out["target"], 1 - out["image"], atol=1e-6)


def test_a_mask_keeps_only_pixels_made_of_valid_ones(rng):
    mask = np.ones((8, 16, 16, 1), "float32")
    mask[:, 12:] = 0
    images = np.where(mask > 0, 0.25, 1.0).astype("float32")
    augment = Augmentation(symmetry="rotation", zoom=0.4)
    out = augment({"image": images, "mask": mask}, rng)
    assert set(np.unique(out["mask"])) == {0.0, 1.0}
    np.testing.assert_allclose(out["image"][out["mask"] == 1], 0.25, atol=2e-3)


def test_grey_jitter_stays_in_range_and_keeps_the_order(rng):
    images = np.sort(rng.random((20, 30, 1, 1), "float32"), axis=1)
    changed = apply(images, symmetry=None, grey_jitter=0.45)
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert np.all(np.diff(changed, axis=1) >= 0)
    assert np.abs(changed - images).max() > 0.1


def test_noise_has_the_stated_strength_and_no_correlation(rng):
    images = smooth_images(4, 128, 128, 1, rng)
    noise = apply(images, symmetry=None, noise=0.1) - images
    expected = 0.1 * images.std(axis=(1, 2, 3))
    np.testing.assert_allclose(noise.std(axis=(1, 2, 3)), expected, rtol=0.05)
    neighbours = np.corrcoef(noise[0, :-1].ravel(), noise[0, 1:].ravel())[0, 1]
    assert abs(neighbours) < 0.03


def test_erasing_paints_one_rectangle_over(rng):
    images = rng.random((40, 32, 24, 1), "float32")
    changed = apply(images, symmetry=None, erasing=0.5) != images
    areas = changed.mean(axis=(1, 2, 3))
    assert 10 <= np.count_nonzero(areas) <= 30
    for painted in changed[areas > 0][..., 0]:
        rows, columns = (np.flatnonzero(painted.any(axis=a)) for a in (1, 0))
        assert np.ptp(rows) + 1 == len(rows)
        assert painted.sum() == len(rows) * len(columns)
    assert 0.01 < areas[areas > 0].min()
    assert areas.max() < 0.25


def test_the_same_seed_gives_the_same_batch(rng):
    images = rng.random((5, 16, 16, 3), "float32")
    options = {
        "symmetry": "rotation",
        "zoom": 0.4,
        "noise": 0.1,
        "grey_jitter": 0.2,
        "erasing": 0.5,
    }
    np.testing.assert_array_equal(
        apply(images, 1, **options), apply(images, 1, **options)
    )
    assert np.any(apply(images, 1, **options) != apply(images, 2, **options))


def test_the_batch_given_is_left_alone(rng):
    images = rng.random((5, 16, 16, 1), "float32")
    before = images.copy()
    images.flags.writeable = False
    batch = {"image": images, "target": images, "label": np.arange(5)}
    out = Augmentation(noise=0.3, erasing=1.0, grey_jitter=0.2)(batch, rng)
    np.testing.assert_array_equal(images, before)
    assert out["label"] is batch["label"]


@pytest.mark.parametrize(
    "changes", [{"symmetry": "dihedral"}, {"zoom": 0.1}, {"noise": 0.1}, {"shift": 0.1}]
)
def test_what_is_not_done_to_volumes_is_refused_in_plain_words(rng, changes):
    with pytest.raises(ValueError, match="'flips' or None and `zoom`"):
        Augmentation(**changes)({"image": np.zeros((1, 4, 4, 4, 1), "float32")}, rng)


def test_volumes_are_mirrored_in_every_way_together_with_their_target(rng):
    volume = rng.random((3, 4, 5, 2), "float32")
    volumes = np.repeat(volume[None], 64, axis=0)
    out = Augmentation()({"image": volumes, "target": 2.0 * volumes}, rng)
    np.testing.assert_array_equal(out["target"], 2.0 * out["image"])
    ways = [()] + [c for n in (1, 2, 3) for c in itertools.combinations(range(3), n)]
    expected = {np.flip(volume, axes).tobytes() for axes in ways}
    assert {moved.tobytes() for moved in out["image"]} == expected


def test_volumes_of_a_torus_are_rolled(rng):
    volume = rng.random((3, 2, 4, 1), "float32")
    volumes = np.repeat(volume[None], 400, axis=0)
    rolled = apply(volumes, symmetry=None, shift=0.5, boundary="periodic")
    steps = itertools.product(range(3), range(2), range(4))
    expected = {np.roll(volume, step, (0, 1, 2)).tobytes() for step in steps}
    assert {moved.tobytes() for moved in rolled} == expected


def test_volumes_pass_as_they_are_when_nothing_changes(rng):
    volumes = rng.random((2, 4, 4, 4, 1), "float32")
    batch = Augmentation(symmetry=None)({"image": volumes}, rng)
    np.testing.assert_array_equal(batch["image"], volumes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"symmetry": "mirror"}, "`symmetry` must be one of"),
        ({"boundary": "open"}, "`boundary` must be one of"),
        ({"zoom": -0.1}, "`zoom` must lie in"),
        ({"grey_jitter": 0.6}, "`grey_jitter` must lie in"),
        ({"crop": 0.0}, "`crop` must lie in"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Augmentation(**arguments)
