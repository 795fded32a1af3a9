"""Volumes in and out: formats, voxel sizes, files that are whole or not at all."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from morphokeras.datasets import load_images, load_volume, save_volume, save_vtk
from morphokeras.datasets._pixel_size import file_pixel_size

pytestmark = pytest.mark.backend_free

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def labels(shape=(3, 4, 5), dtype="uint8"):
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


TYPES = ["uint8", "uint16", "int16", "int32", "uint32", "float32", "float64"]


@pytest.mark.parametrize("suffix", ["tif", "TIFF", "npz", "vti"])
@pytest.mark.parametrize("dtype", TYPES)
def test_volumes_come_back_as_they_were(tmp_path, suffix, dtype):
    volume = labels(dtype=dtype)
    save_volume(tmp_path / f"a.{suffix}", volume, um_per_px=(2.0, 0.25, 0.5))
    data = load_volume(tmp_path / f"a.{suffix}")
    assert data.volume.dtype == volume.dtype and data.volume.shape == (3, 4, 5)
    np.testing.assert_array_equal(data.volume, volume)
    np.testing.assert_allclose(data.um_per_px, [2.0, 0.25, 0.5], rtol=1e-6)
    assert data.filenames == [f"a.{suffix}"]


@pytest.mark.parametrize("suffix", ["tif", "npz", "vti"])
@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_images_come_back_as_they_were(tmp_path, suffix, dtype):
    image = labels((4, 5), dtype)
    save_volume(tmp_path / f"a.{suffix}", image, um_per_px=0.5)
    data = load_volume(tmp_path / f"a.{suffix}", spatial_dims=2)
    np.testing.assert_array_equal(data.volume, image)
    np.testing.assert_allclose(data.um_per_px, [0.5, 0.5], rtol=1e-6)


@pytest.mark.parametrize("suffix", ["tif", "npz"])
def test_unknown_sizes_stay_unknown(tmp_path, suffix):
    save_volume(tmp_path / f"a.{suffix}", labels())
    assert np.isnan(load_volume(tmp_path / f"a.{suffix}").um_per_px).all()
    given = load_volume(tmp_path / f"a.{suffix}", um_per_px=[3, 2, 1]).um_per_px
    assert given.tolist() == [3, 2, 1]


def test_wide_integers_keep_their_values_or_are_refused(tmp_path):
    save_volume(tmp_path / "a.tif", labels(dtype="int64") - 5)
    assert load_volume(tmp_path / "a.tif").volume.min() == -5
    with pytest.raises(ValueError, match="32 bits.*1099511627776"):
        save_volume(tmp_path / "a.tif", np.full((2, 3, 4), 2**40))
    save_volume(tmp_path / "a.npz", labels() > 3)
    assert load_volume(tmp_path / "a.npz").volume.dtype == np.uint8


@pytest.mark.parametrize("dtype", ["uint8", ">u2", "<f4", "?"])
def test_bare_numbers_are_read_by_shape_and_type(tmp_path, dtype):
    volume = labels().astype(dtype)
    (tmp_path / "a.raw").write_bytes(b"head" + volume.tobytes())
    data = load_volume(tmp_path / "a.raw", shape=(3, 4, 5), dtype=dtype, offset=4)
    np.testing.assert_array_equal(data.volume, volume)
    assert data.volume.dtype.isnative and np.isnan(data.um_per_px).all()


def test_bare_numbers_must_be_as_many_as_said(tmp_path):
    (tmp_path / "a.raw").write_bytes(bytes(119))
    options = {"shape": (3, 4, 5), "dtype": "uint16"}
    with pytest.raises(
        ValueError, match="must have 120 bytes.*has 119. Is it cut short"
    ):
        load_volume(tmp_path / "a.raw", **options)
    (tmp_path / "a.raw").write_bytes(bytes(632))
    with pytest.raises(ValueError, match="120 bytes.*It has 632. Has it a header"):
        load_volume(tmp_path / "a.raw", **options)
    with pytest.raises(ValueError, match="both `shape` and `dtype`"):
        load_volume(tmp_path / "a.raw", shape=(3, 4, 5))
    with pytest.raises(ValueError, match="`shape` must hold 3 positive integers"):
        load_volume(tmp_path / "a.raw", shape=(3, 4), dtype="uint8")
    with pytest.raises(ValueError, match="`offset` must be"):
        load_volume(tmp_path / "a.raw", offset=-1, **options)


@pytest.mark.parametrize("suffix", ["tif", "png", "bmp"])
def test_slices_are_read_in_their_natural_order(tmp_path, suffix):
    volume = labels((12, 4, 5))
    for index, image in enumerate(volume):
        Image.fromarray(image).save(tmp_path / f"slice_{index}.{suffix}")
    (tmp_path / "notes.txt").write_text("no slice")
    data = load_volume(tmp_path)
    np.testing.assert_array_equal(data.volume, volume)
    assert data.filenames[9:] == [f"slice_{i}.{suffix}" for i in (9, 10, 11)]


def test_label_maps_keep_their_numbers(tmp_path):
    """Sixteen bits, and colour tables, whose numbers are the labels."""
    wide = labels((2, 4, 5), "uint16") + 300
    for index, image in enumerate(wide):
        Image.fromarray(image).save(tmp_path / f"{index}.png")
    np.testing.assert_array_equal(load_volume(tmp_path).volume, wide)
    table = Image.new("P", (5, 4), 3)
    table.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    (tmp_path / "table").mkdir()
    table.save(tmp_path / "table" / "0.png")
    assert load_volume(tmp_path / "table").volume.tolist() == [[[3] * 5] * 4]


def test_slices_that_do_not_fit_are_named(tmp_path):
    for index, shape in enumerate([(4, 5), (4, 5), (4, 6), (4, 5)]):
        Image.fromarray(labels(shape)).save(tmp_path / f"{index}.png")
    Image.fromarray(labels((4, 5), "uint16")).save(tmp_path / "3.png")
    (tmp_path / "4.png").write_bytes(b"no image")
    colours = np.zeros((4, 5, 3), "uint8")
    colours[..., 0] = 9
    Image.fromarray(colours).save(tmp_path / "5.png")
    with pytest.raises(ValueError, match="4 of 6 slices") as error:
        load_volume(tmp_path)
    message = str(error.value)
    assert "2.png: 4 x 6 of uint8, where 0.png is 4 x 5 of uint8" in message
    assert "3.png: 4 x 5 of uint16" in message and "5.png: it is in colour" in message
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match="holds no slices"):
        load_volume(tmp_path / "none")


def test_slices_show_their_progress(tmp_path, capsys):
    Image.fromarray(labels((4, 5))).save(tmp_path / "0.png")
    load_volume(tmp_path)
    assert capsys.readouterr().err == ""
    load_volume(tmp_path, verbose=1)
    assert "slices: 100%" in capsys.readouterr().err


def test_numpy_files_need_a_key_if_there_are_several(tmp_path):
    np.save(tmp_path / "a.npy", labels())
    np.testing.assert_array_equal(load_volume(tmp_path / "a.npy").volume, labels())
    np.savez(tmp_path / "b.npz", phase=labels(), other=labels())
    assert load_volume(tmp_path / "b.npz", key="phase").volume.shape == (3, 4, 5)
    with pytest.raises(
        ValueError, match="one of the 2 arrays .*phase, other.*key=None"
    ):
        load_volume(tmp_path / "b.npz")
    np.save(tmp_path / "c.npy", np.array([[[{}]]]), allow_pickle=True)
    with pytest.raises(ValueError, match="cannot be read"):
        load_volume(tmp_path / "c.npy")


def test_hdf5_files_are_read_by_the_name_of_the_dataset(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["scan/phase"] = labels()
        file["scan/size"] = 3.0
    np.testing.assert_array_equal(load_volume(tmp_path / "a.h5").volume, labels())
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["scan/grey"] = labels()
    found = load_volume(tmp_path / "a.h5", key="/scan/grey").volume
    np.testing.assert_array_equal(found, labels())
    with pytest.raises(ValueError, match="scan/grey, scan/phase"):
        load_volume(tmp_path / "a.h5")
    (tmp_path / "b.h5").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="cannot be read as HDF5"):
        load_volume(tmp_path / "b.h5")


def test_hdf5_without_h5py_names_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.h5").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match="pip install h5py"):
        load_volume(tmp_path / "a.h5")


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"resolution": (1e4, 5e3), "resolutionunit": 3}, [np.nan, 2.0, 1.0]),
        ({"resolution": (25400, 25400), "resolutionunit": 2}, [np.nan, 1.0, 1.0]),
        ({"resolution": (300, 300), "resolutionunit": 2}, [np.nan] * 3),
        ({"resolution": (28.3465, 28.3465), "resolutionunit": 3}, [np.nan] * 3),
        ({"resolution": (5, 5), "resolutionunit": 1}, [np.nan] * 3),
        ({}, [np.nan] * 3),
        (
            {
                "imagej": True,
                "resolution": (4, 4),
                "metadata": {"unit": "micron", "spacing": 2},
            },
            [2.0, 0.25, 0.25],
        ),
        (
            {
                "imagej": True,
                "resolution": (0.02, 0.02),
                "metadata": {"unit": "nm", "spacing": 100},
            },
            [0.1, 0.05, 0.05],
        ),
        (
            {
                "imagej": True,
                "resolution": (4, 4),
                "metadata": {"unit": "\\u00B5m", "spacing": 2},
            },
            [2.0, 0.25, 0.25],
        ),
        ({"imagej": True, "metadata": {"unit": "pixel", "spacing": 2}}, [np.nan] * 3),
        (
            {
                "ome": True,
                "metadata": {
                    "axes": "ZYX",
                    "PhysicalSizeX": 50,
                    "PhysicalSizeXUnit": "nm",
                    "PhysicalSizeY": 0.06,
                    "PhysicalSizeZ": 1e-3,
                    "PhysicalSizeZUnit": "mm",
                },
            },
            [1.0, 0.06, 0.05],
        ),
    ],
)
def test_pixel_sizes_of_tiff_files_are_honoured(tmp_path, options, expected):
    tifffile.imwrite(tmp_path / "a.tif", labels(), photometric="minisblack", **options)
    data = load_volume(tmp_path / "a.tif")
    np.testing.assert_allclose(data.um_per_px, expected, rtol=1e-4)
    np.testing.assert_array_equal(data.volume, labels())


def test_pixel_sizes_of_electron_microscopes_are_honoured(tmp_path):
    fei = b"[Scan]\r\nPixelWidth=2.5e-08\r\nPixelHeight=2.5e-08\r\n\x00"
    image = labels((4, 5))
    tifffile.imwrite(tmp_path / "a.tif", image, extratags=[(34682, 2, len(fei), fei)])
    np.testing.assert_allclose(file_pixel_size(tmp_path / "a.tif")[1:], 0.025)
    zeiss = b"0\r\n0\r\n0\r\nAP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 12.5 nm\r\n\x00"
    tifffile.imwrite(
        tmp_path / "b.tif", image, extratags=[(34118, 2, len(zeiss), zeiss)]
    )
    np.testing.assert_allclose(file_pixel_size(tmp_path / "b.tif")[1:], 0.0125)


def test_slices_tell_their_pixel_size(tmp_path):
    for index in range(2):
        tifffile.imwrite(
            tmp_path / f"{index}.tif",
            labels((4, 5)),
            resolution=(2e4, 2e4),
            resolutionunit=3,
        )
    np.testing.assert_allclose(load_volume(tmp_path).um_per_px, [np.nan, 0.5, 0.5])


def test_micrographs_tell_their_pixel_size(tmp_path):
    for name, scale in (("a", 0.25), ("b", 0.5)):
        (tmp_path / name).mkdir()
        tifffile.imwrite(
            tmp_path / name / "x.tif",
            np.full((40, 40), 9, "uint8"),
            resolution=(1e4 / scale, 1e4 / scale),
            resolutionunit=3,
        )
    data = load_images(tmp_path)
    np.testing.assert_allclose(data.um_per_px, [0.25, 0.5])
    scaled = load_images(tmp_path, um_per_px=0.5)
    assert scaled.images.shape == (2, 20, 20)
    np.testing.assert_allclose(scaled.um_per_px, 0.5)
    Image.fromarray(labels((40, 40))).save(tmp_path / "b" / "y.png")
    np.testing.assert_allclose(load_images(tmp_path).um_per_px, [0.25, 0.5, np.nan])
    with pytest.raises(ValueError, match=r"b/y\.png: its micrometres"):
        load_images(tmp_path, um_per_px=0.5)


@pytest.mark.parametrize(
    "name, options, message",
    [
        (
            "a.npy",
            {"spatial_dims": 2},
            r"\(height, width\). Its shape .* `spatial_dims=3`",
        ),
        ("b.npy", {}, r"\(depth, height, width\). Its shape .* `spatial_dims=2`"),
        ("a.npy", {"spatial_dims": 4}, "`spatial_dims` must be 2 or 3"),
        ("a.npy", {"um_per_px": -1}, "`um_per_px` must be a positive number"),
        ("a.npy", {"um_per_px": [1, 1]}, "`um_per_px` must be a positive number"),
        ("a.txt", {}, r"must end in \.tif"),
        ("a.tif", {}, "no TIFF file that can be read"),
        ("a.vti", {}, "VTK image data with raw appended numbers"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, name, options, message):
    np.save(tmp_path / "a.npy", labels())
    np.save(tmp_path / "b.npy", labels((4, 5)))
    for other in ("a.txt", "a.tif", "a.vti"):
        (tmp_path / other).write_text("nothing")
    with pytest.raises(ValueError, match=message):
        load_volume(tmp_path / name, **options)
    with pytest.raises(FileNotFoundError, match="Nothing is at"):
        load_volume(tmp_path / "none.tif")


def _tiff_of_pages(path, **options):
    with tifffile.TiffWriter(path) as tiff:
        for page in labels((6, 9, 8)):
            tiff.write(page, contiguous=False, **options)


@pytest.mark.parametrize("write", [
    lambda p: save_volume(p, labels((6, 9, 8)), um_per_px=0.5),
    lambda p: tifffile.imwrite(p, labels((6, 9, 8)), metadata=None),
    lambda p: tifffile.imwrite(p, labels((6, 9, 8)), compression="zlib"),
    lambda p: _tiff_of_pages(p, metadata=None),
    lambda p: np.savez(p.with_suffix(".npz"), volume=labels((6, 9, 8))),
    lambda p: np.save(p.with_suffix(".npy"), labels((6, 9, 8))),
])  # fmt: skip
def test_files_cut_anywhere_are_refused_or_whole(tmp_path, write):
    write(tmp_path / "a.tif")
    path = next(tmp_path.iterdir())
    content, whole = path.read_bytes(), load_volume(path).volume
    for length in range(0, len(content), 41):
        path.write_bytes(content[:length])
        for spatial_dims in (2, 3):
            try:
                found = load_volume(path, spatial_dims=spatial_dims).volume
            except ValueError as error:
                assert str(path) in str(error)
            else:
                np.testing.assert_array_equal(found, whole)


@pytest.mark.parametrize("suffix", ["png", "BMP"])
def test_label_maps_may_be_single_pictures(tmp_path, suffix):
    path = tmp_path / f"map.{suffix}"
    Image.fromarray(labels((4, 5))).save(path)
    found = load_volume(path, spatial_dims=2, um_per_px=0.5)
    np.testing.assert_array_equal(found.volume, labels((4, 5)))
    assert found.um_per_px.tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match="is one image. Give the folder"):
        load_volume(path)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ValueError, match="cannot be read as a map"):
        load_volume(path, spatial_dims=2)


def test_colour_stacks_and_mixed_ones_are_refused(tmp_path):
    colour = np.zeros((3, 4, 5, 3), "uint8")
    tifffile.imwrite(tmp_path / "a.tif", colour, photometric="rgb")
    with pytest.raises(ValueError, match="is in colour"):
        load_volume(tmp_path / "a.tif")
    with tifffile.TiffWriter(tmp_path / "b.tif") as tiff:
        tiff.write(labels((4, 5)))
        tiff.write(labels((6, 5)))
    with pytest.raises(ValueError, match="2 images of different sizes"):
        load_volume(tmp_path / "b.tif")


FIELDS = {
    "phase": labels(dtype="bool"),
    "grain & size": labels(dtype="int32"),
    "euler": np.random.default_rng(0).random((3, 4, 5, 3)),
    "half": labels(dtype="float16"),
}


@pytest.mark.parametrize("association", ["cell", "point"])
def test_several_fields_lie_on_one_grid(tmp_path, association):
    save_vtk(
        tmp_path / "a.vti", FIELDS, um_per_px=(3.0, 2.0, 1.0), association=association
    )
    for name in ("phase", "grain & size", "half"):
        data = load_volume(tmp_path / "a.vti", key=name)
        np.testing.assert_array_equal(data.volume, FIELDS[name])
        assert data.um_per_px.tolist() == [3, 2, 1]
    with pytest.raises(ValueError, match="one of the 4 arrays"):
        load_volume(tmp_path / "a.vti")
    with pytest.raises(ValueError, match=r"one array of shape.*\(3, 4, 5, 3\)"):
        load_volume(tmp_path / "a.vti", key="euler")


@pytest.mark.parametrize("association", ["cell", "point"])
def test_vtk_reads_the_fields(tmp_path, association):
    vtk = pytest.importorskip("vtkmodules.vtkIOXML")
    from vtkmodules.util.numpy_support import vtk_to_numpy

    save_vtk(
        tmp_path / "a.vti",
        FIELDS,
        um_per_px=(3.0, 2.0, 1.0),
        origin=(30, 20, 10),
        association=association,
    )
    reader = vtk.vtkXMLImageDataReader()
    reader.SetFileName(str(tmp_path / "a.vti"))
    reader.Update()
    image = reader.GetOutput()
    assert image.GetSpacing() == (1, 2, 3) and image.GetOrigin() == (10, 20, 30)
    more = int(association == "cell")
    assert image.GetDimensions() == (5 + more, 4 + more, 3 + more)
    data = image.GetCellData() if more else image.GetPointData()
    assert data.GetNumberOfArrays() == len(FIELDS)
    for name, expected in FIELDS.items():
        found = vtk_to_numpy(data.GetArray(name)).reshape(expected.shape)
        np.testing.assert_array_equal(found, expected)


def test_a_map_is_one_voxel_deep(tmp_path):
    save_vtk(tmp_path / "a.vti", labels((4, 5)), um_per_px=(0.4, 0.5))
    data = load_volume(tmp_path / "a.vti")
    assert data.volume.shape == (1, 4, 5) and data.um_per_px.tolist() == [0.5, 0.4, 0.5]
    colours = np.zeros((4, 5, 3), "uint8")
    save_vtk(tmp_path / "b.vti", {"ipf": colours, "id": labels((4, 5))}, spatial_dims=2)
    assert load_volume(tmp_path / "b.vti", key="id", spatial_dims=2).volume.shape == (
        4,
        5,
    )


def test_vtk_files_cut_short_are_refused(tmp_path):
    save_volume(tmp_path / "a.vti", labels(dtype="float64"))
    content = (tmp_path / "a.vti").read_bytes()
    for end in (-100, content.index(b'"raw">') + 12):
        (tmp_path / "b.vti").write_bytes(content[:end])
        with pytest.raises(ValueError, match="cut short.*must have"):
            load_volume(tmp_path / "b.vti")


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda p: save_volume(p / "a.png", labels()), r"must end in \.tif"),
        (lambda p: save_volume(p / "a.tif", labels((4,))), "`volume` must have shape"),
        (
            lambda p: save_volume(p / "a.tif", np.array([["a"]])),
            "must hold real numbers",
        ),
        (lambda p: save_volume(p / "a.tif", labels(), um_per_px=0), "`um_per_px`"),
        (lambda p: save_vtk(p / "a.vtk", labels()), r"must end in \.vti"),
        (
            lambda p: save_vtk(p / "a.vti", labels(), association="face"),
            "`association`",
        ),
        (lambda p: save_vtk(p / "a.vti", {}), "at least one array"),
        (
            lambda p: save_vtk(p / "a.vti", labels(), origin=(1, 2)),
            "`origin` must hold 3",
        ),
        (
            lambda p: save_vtk(p / "a.vti", labels((2, 3, 4, 5, 6))),
            "`volume` must have",
        ),
        (
            lambda p: save_vtk(p / "a.vti", {"a": labels(), "b": labels((3, 4, 6))}),
            "on one grid.*'b'",
        ),
    ],
)
def test_what_cannot_be_saved_is_refused(tmp_path, call, message):
    with pytest.raises(ValueError, match=message):
        call(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["tif", "npz", "vti"])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_interruption_leaves_the_old_file(tmp_path, monkeypatch, suffix, step):
    def interrupted(*args):
        raise KeyboardInterrupt

    (tmp_path / f"a.{suffix}").write_bytes(b"old")
    monkeypatch.setattr(os, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_volume(tmp_path / f"a.{suffix}", labels())
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared volumes")
@pytest.mark.parametrize("name, values", [("berea_pore", 2), ("electrode_3phase", 3)])
def test_real_label_maps_survive_the_way_through_a_file(tmp_path, name, values):
    data = load_volume(SHARED / "volumes" / f"{name}_128.npz")
    crop = data.volume[:32]
    assert data.volume.shape == (128, 128, 128) and len(np.unique(crop)) == values
    save_volume(tmp_path / "a.vti", crop)
    np.testing.assert_array_equal(load_volume(tmp_path / "a.vti").volume, crop)
