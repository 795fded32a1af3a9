"""Loading micrographs: layouts, formats, scales, labels, groups and complaints."""

import warnings

import numpy as np
import pytest
import tifffile
from PIL import Image

from morphokeras.datasets._image_files import read_grey, rescale_and_crop
from morphokeras.datasets.images import load_images

pytestmark = pytest.mark.backend_free


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels)).save(path)
    return path


def grey(value=51, shape=(20, 24)):
    return np.full(shape, value, np.uint8)


@pytest.fixture
def table(tmp_path):
    """Return a function that writes images and the CSV file which lists them."""

    def write(rows, header="file,label,specimen,scale", folder="images"):
        for row in rows:
            if not (tmp_path / folder / row.split(",")[0]).exists():
                save(tmp_path / folder / row.split(",")[0], grey())
        (tmp_path / "labels.csv").write_text("\n".join([header, *rows]) + "\n")
        return tmp_path

    return write


ROWS = ["a.png,pearlite+x,s1,0.1", "b.png,ferrite,s2,0.2", "c.png,pearlite,s1,0.1"]


def test_class_folders_give_labels(tmp_path):
    save(tmp_path / "ferrite" / "one.png", grey(255))
    save(tmp_path / "pearlite" / "deep" / "two.TIF", grey(0))
    (tmp_path / "pearlite" / "notes.txt").write_text("not an image")
    data = load_images(tmp_path)
    assert data.target.tolist() == ["ferrite", "pearlite"]
    assert data.filenames.tolist() == ["ferrite/one.png", "pearlite/deep/two.TIF"]
    assert data.images.shape == (2, 20, 24) and data.images.dtype == np.float32
    assert data.images.mean(axis=(1, 2)).tolist() == [1.0, 0.0]
    assert data.groups is None and data.um_per_px is None


@pytest.mark.parametrize("folder", ["images", "."])
def test_a_table_gives_labels_groups_and_scales(table, folder):
    root = table(ROWS, folder=folder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = load_images(
            root, group_column="specimen", um_per_px_column="scale", merge_at="+"
        )
    assert data.target.tolist() == ["pearlite", "ferrite", "pearlite"]
    assert data.target_names == ["ferrite", "pearlite"]
    assert data.groups.tolist() == ["s1", "s2", "s1"]
    assert data.um_per_px.tolist() == [0.1, 0.2, 0.1]
    assert data.filenames.tolist() == ["a.png", "b.png", "c.png"]


def test_the_path_of_the_table_itself_and_other_columns_work(table):
    root = table(["a.png,1,2"], header="picture,kind,heat")
    data = load_images(
        root / "labels.csv",
        file_column="picture",
        label_column="kind",
        group_column="heat",
    )
    assert data.target.tolist() == ["1"] and data.groups.tolist() == ["2"]


def test_labels_are_dropped_before_or_after_merging(table):
    root = table(ROWS)
    assert load_images(root, merge_at="+", drop=["pearlite"]).target.tolist() == [
        "ferrite"
    ]
    kept = load_images(root, merge_at="+", drop="pearlite+x").target
    assert kept.tolist() == ["ferrite", "pearlite"]
    with pytest.raises(ValueError, match=r"`drop` .* ferrite, pearlite\. .* bainite"):
        load_images(root, merge_at="+", drop=["bainite"])
    with pytest.raises(ValueError, match="No image is left"):
        load_images(root, merge_at="+", drop=["ferrite", "pearlite"])


@pytest.mark.parametrize(
    "choice, groups",
    [
        ("together", ["s1", "unknown", "unknown"]),
        ("apart", ["s1", "unknown b.png", "unknown c.png"]),
        ("drop", ["s1"]),
    ],
)
def test_missing_groups_are_said_and_settled(table, choice, groups):
    root = table(["a.png,x,s1,1", "b.png,x,,1", "c.png,x, ,1"])
    with pytest.warns(UserWarning, match="2 of 3 images have no group"):
        data = load_images(root, group_column="specimen", missing_groups=choice)
    assert data.groups.tolist() == groups


def test_missing_labels_are_said(table):
    root = table(["a.png,x,s,1", "b.png,,s,1"])
    with pytest.warns(UserWarning, match="1 of 2 images have no label"):
        assert load_images(root).target.tolist() == ["x", ""]
    assert load_images(root, drop=[""]).target.tolist() == ["x"]


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_keep_their_precision(tmp_path, suffix):
    pixels = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    found = read_grey(save(tmp_path / f"x.{suffix}", pixels))
    np.testing.assert_allclose(found, pixels / 65535, atol=1e-7)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_every_pillow_mode_becomes_the_same_grey(tmp_path, mode):
    pixels = np.where(np.arange(64).reshape(8, 8) % 3 == 0, 255, 0).astype(np.uint8)
    path = tmp_path / ("x.tif" if mode == "CMYK" else "x.png")
    Image.fromarray(pixels).convert(mode).save(path)
    np.testing.assert_allclose(read_grey(path), pixels / 255, atol=1e-6)


def test_jpeg_is_read(tmp_path):
    found = read_grey(save(tmp_path / "x.jpeg", grey(128)))
    np.testing.assert_allclose(found, 128 / 255, atol=0.01)


def test_sixteen_bit_colour_tiff_is_read(tmp_path):
    pixels = np.zeros((8, 9, 3), np.uint16)
    pixels[..., 1] = 65535
    tifffile.imwrite(tmp_path / "x.tif", pixels, photometric="rgb")
    np.testing.assert_allclose(read_grey(tmp_path / "x.tif"), 0.7154, atol=1e-4)


def test_floats_must_be_fractions(tmp_path):
    half = save(tmp_path / "half.tif", np.full((8, 8), 0.5, np.float32))
    assert read_grey(half).max() == 0.5
    with pytest.raises(ValueError, match="floats from 300 to 300"):
        read_grey(save(tmp_path / "x.tif", np.full((8, 8), 300, np.float32)))


def test_thirty_two_bit_integers_are_refused_beyond_sixteen_bits(tmp_path):
    fine = save(tmp_path / "x.tif", np.full((8, 8), 65535, np.int32))
    assert read_grey(fine).max() == 1.0
    with pytest.raises(ValueError, match="32-bit"):
        read_grey(save(tmp_path / "y.tif", np.full((8, 8), 65536, np.int32)))


def test_size_alone_keeps_the_aspect_ratio_and_tells_the_new_scale(tmp_path):
    pixels = np.zeros((40, 80), np.uint8)
    pixels[10:30, 30:50] = 255
    save(tmp_path / "square.png", pixels)
    (tmp_path / "labels.csv").write_text("file,label,scale\nsquare.png,x,0.5\n")
    data = load_images(tmp_path, size=20, um_per_px_column="scale")
    assert data.images.shape == (1, 20, 20)
    assert data.um_per_px.tolist() == [1.0]
    inside = data.images[0] > 0.5
    assert inside.any(axis=1).sum() == 10 and inside.any(axis=0).sum() == 10


def disc(diameter, shape):
    y, x = np.indices(shape)
    centre = (np.array(shape) - 1) / 2
    return 255 * (np.hypot(y - centre[0], x - centre[1]) < diameter / 2)


def test_one_scale_makes_equal_things_equal(tmp_path):
    """Discs of 20 micrometres, seen at three magnifications."""
    rows = []
    for scale, shape in ((0.25, (200, 240)), (0.5, (120, 100)), (2.0, (90, 90))):
        save(tmp_path / f"{scale}.png", disc(20 / scale, shape).astype(np.uint8))
        rows.append(f"{scale}.png,x,{scale}")
    (tmp_path / "labels.csv").write_text("file,label,scale\n" + "\n".join(rows))
    data = load_images(tmp_path, um_per_px=0.5, um_per_px_column="scale", size=64)
    assert data.images.shape == (3, 64, 64)
    assert data.um_per_px.tolist() == [0.5] * 3
    area = (data.images > 0.5).sum(axis=(1, 2))
    np.testing.assert_allclose(area, np.pi * 20**2, rtol=0.03)
    y, x = np.indices((64, 64))
    for image in data.images:
        assert abs(np.average(y, weights=image) - 31.5) < 0.5
        assert abs(np.average(x, weights=image) - 31.5) < 0.5


def test_one_scale_without_a_size_crops_to_the_smallest(tmp_path):
    for name, shape in (("a", (40, 60)), ("b", (30, 90))):
        save(tmp_path / f"{name}.png", grey(shape=shape))
    (tmp_path / "labels.csv").write_text("file,label,s\na.png,x,1\nb.png,x,2\n")
    data = load_images(tmp_path, um_per_px=2.0, um_per_px_column="s")
    assert data.images.shape == (2, 20, 30)
    with pytest.raises(ValueError, match=r"smallest image, a\.png, leaves 2 x 3"):
        load_images(tmp_path, um_per_px=20.0, um_per_px_column="s")


def test_resampling_is_anti_aliased():
    stripes = np.tile(np.array([0.0, 1.0], np.float32), (64, 32))
    small = rescale_and_crop(stripes, 0.3, (16, 16))
    assert np.abs(small - 0.5).max() < 0.1


def test_a_huge_zoom_costs_only_what_is_cut_out():
    image = np.random.default_rng(0).random((500, 500)).astype(np.float32)
    assert rescale_and_crop(image, 400.0, (64, 64)).shape == (64, 64)


def test_images_too_small_for_the_scale_are_named_or_left_out(table):
    root = table(ROWS)
    options = {"size": 12, "um_per_px": 0.2, "um_per_px_column": "scale"}
    with pytest.raises(ValueError, match="2 of 3") as error:
        load_images(root, **options)
    assert "a.png: it has 10 x 12 pixels" in str(error.value)
    with pytest.warns(UserWarning, match="2 of 3 images are too small"):
        data = load_images(root, too_small="drop", **options)
    assert data.filenames.tolist() == ["b.png"] and data.target.tolist() == ["ferrite"]


def test_size_alone_warns_of_different_scales(table):
    with pytest.warns(UserWarning, match=r"0\.125 to 0\.25 micrometres per pixel"):
        load_images(table(ROWS), size=16, um_per_px_column="scale")


def test_size_alone_warns_of_different_zooms(tmp_path):
    save(tmp_path / "x" / "a.png", grey(shape=(20, 20)))
    save(tmp_path / "x" / "b.png", grey(shape=(40, 40)))
    with pytest.warns(UserWarning, match=r"zooms of 0\.5 to 1"):
        load_images(tmp_path, size=20)


def test_one_error_lists_all_unusable_files(tmp_path):
    save(tmp_path / "x" / "good.png", grey())
    (tmp_path / "x" / "text.png").write_text("no image")
    whole = save(
        tmp_path / "x" / "noise.png",
        np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8),
    )
    whole.write_bytes(whole.read_bytes()[:2000])
    pages = [Image.fromarray(grey()) for _ in range(3)]
    pages[0].save(tmp_path / "x" / "stack.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(ValueError, match="3 of 4 images cannot be used") as error:
        load_images(tmp_path)
    message = str(error.value)
    assert "x/text.png: " in message and "x/noise.png: " in message
    assert "x/stack.tif: it holds 3 pages" in message and "good" not in message


def test_a_file_that_the_table_invents_is_named(table):
    root = table(ROWS)
    (root / "images" / "b.png").unlink()
    with pytest.raises(ValueError, match=r"b\.png: there is no such file"):
        load_images(root)


def test_a_long_list_of_problems_is_cut(tmp_path):
    rows = "\n".join(f"{i}.png,x" for i in range(30))
    (tmp_path / "labels.csv").write_text("file,label\n" + rows)
    with pytest.raises(ValueError, match="and 10 more"):
        load_images(tmp_path)


def test_different_sizes_ask_for_a_size(tmp_path):
    save(tmp_path / "x" / "a.png", grey(shape=(20, 20)))
    save(tmp_path / "x" / "b.png", grey(shape=(40, 40)))
    with pytest.raises(ValueError, match=r"x/a\.png has 20 x 20.*`size=`"):
        load_images(tmp_path)


@pytest.mark.parametrize("cell", ["-1", "zero", "inf"])
def test_scales_must_be_positive_numbers(table, cell):
    with pytest.raises(ValueError, match=rf"'scale'.*positive.*{cell}"):
        load_images(table([f"a.png,x,s,{cell}"]), um_per_px_column="scale")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_tables_may_have_other_separators_and_decimal_commas(table, separator):
    root = table(ROWS)
    text = (root / "labels.csv").read_text().replace(",", separator)
    (root / "labels.csv").write_text(text.replace("0.", "0,"))
    data = load_images(root, group_column="specimen", um_per_px_column="scale")
    assert data.target.tolist() == ["pearlite+x", "ferrite", "pearlite"]
    assert data.groups.tolist() == ["s1", "s2", "s1"]
    np.testing.assert_array_equal(data.um_per_px, [0.1, 0.2, 0.1])


def test_an_empty_table_is_refused(table):
    root = table(ROWS)
    (root / "labels.csv").write_text("")
    with pytest.raises(ValueError, match=r"labels\.csv must begin with the names"):
        load_images(root)


def test_an_empty_scale_is_unknown_and_stops_resampling(table):
    root = table(["a.png,x,s,", "b.png,x,s,1"])
    data = load_images(root, um_per_px_column="scale")
    np.testing.assert_array_equal(data.um_per_px, [np.nan, 1])
    with pytest.raises(ValueError, match=r"a\.png: its micrometres .* missing"):
        load_images(root, um_per_px_column="scale", um_per_px=1.0)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"size": 0}, "`size`"),
        ({"size": (1, 2, 3)}, "`size`"),
        ({"size": 2.5}, "`size`"),
        ({"um_per_px": 0.2}, "`um_per_px_column`"),
        ({"um_per_px": "scale"}, "`um_per_px` must be a positive number"),
        ({"missing_groups": "guess"}, "`missing_groups`"),
        ({"too_small": "pad"}, "`too_small`"),
        ({"label_column": "kind"}, r"`label_column`.*\['file', 'label'"),
        ({"group_column": "heat"}, "`group_column`"),
    ],
)
def test_wrong_options_are_named(table, options, message):
    with pytest.raises(ValueError, match=message):
        load_images(table(ROWS), **options)


def test_columns_need_a_table(tmp_path):
    save(tmp_path / "x" / "a.png", grey())
    with pytest.raises(ValueError, match="holds no labels.csv"):
        load_images(tmp_path, group_column="specimen")


def test_an_empty_folder_says_what_is_expected(tmp_path):
    with pytest.raises(ValueError, match="sub-folder named after it"):
        load_images(tmp_path)
    with pytest.raises(FileNotFoundError, match="`path`"):
        load_images(tmp_path / "nowhere")


def test_two_tables_need_a_choice(tmp_path):
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text("file,label\n")
    with pytest.raises(ValueError, match="holds 2 CSV files"):
        load_images(tmp_path)


def test_label_maps_are_not_classes(tmp_path):
    save(tmp_path / "images" / "a.png", grey())
    save(tmp_path / "labels" / "a.png", grey())
    with pytest.raises(ValueError, match="label maps"):
        load_images(tmp_path)


def test_verbose_shows_a_bar(tmp_path, capsys):
    save(tmp_path / "x" / "a.png", grey())
    load_images(tmp_path)
    assert capsys.readouterr().err == ""
    load_images(tmp_path, verbose=1)
    assert "images: 100%" in capsys.readouterr().err
