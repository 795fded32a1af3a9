"""Loading of labelled micrographs from folders and tables."""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import Bunch
from tqdm.auto import tqdm

from morphokeras.datasets._image_files import (
    cover_factor,
    read_grey,
    rescale_and_crop,
    resize_and_crop,
)
from morphokeras.datasets._image_tables import find_images, listed, select_images
from morphokeras.datasets._pixel_size import square_pixel_size

Reader = Callable[[Path, float], tuple[np.ndarray, float]]


def load_images(
    path: str | Path,
    *,
    file_column: str = "file",
    label_column: str = "label",
    group_column: str | None = None,
    um_per_px_column: str | None = None,
    size: int | tuple[int, int] | None = None,
    um_per_px: float | None = None,
    merge_at: str | None = None,
    drop: Sequence[str] = (),
    missing_groups: str = "together",
    too_small: str = "error",
    verbose: int = 0,
) -> Bunch:
    """Load labelled grey images from class folders or from a table.

    Two layouts are read. *Class folders*: `path` is a folder whose sub-folders are
    named after the classes and hold the images, at any depth. *Table*: `path` is a CSV
    file, or a folder with ``labels.csv`` (or with one CSV file only), that names an
    image and its label in each row, with commas, semicolons or tabs between them; image
    names count from the table's folder or from the folder ``images`` beside it.

    Parameters
    ----------
    path : str or Path
        Folder or CSV file.
    file_column, label_column : str, default='file', 'label'
        Columns with the image's name and its class.
    group_column : str, default=None
        Column that says which images belong together, such as the specimen. Give it to
        scikit-learn's ``GroupKFold``: images of one specimen resemble each other, and
        scores over folds that mix them are too good.
    um_per_px_column : str, default=None
        Column with the length of a pixel in micrometres. Without one, the sizes that
        TIFF files tell by themselves are taken, see :func:`load_volume`.
    size : int or tuple of int, default=None
        Height and width of the returned images in pixels. Alone, each image is resized,
        without distortion, until it just covers `size`, and its middle is cut out. By
        default the images must have one size already.
    um_per_px : float, default=None
        Micrometres per pixel that all images are resampled to (anti-aliased) before
        their middle is cut out, `size` pixels or as much as the smallest has. Needs
        `um_per_px_column`, or TIFF files with a pixel size.
    merge_at : str, default=None
        Cut each label at the first occurrence of this text: with ``"+"``, the label
        ``"pearlite+spheroidite"`` becomes ``"pearlite"``.
    drop : sequence of str, default=()
        Labels to leave out, as they are before or after `merge_at`.
    missing_groups : {'together', 'apart', 'drop'}, default='together'
        What becomes of images without a group: all in one group ``"unknown"``, so
        that no fold can mix them; each in a group of its own; or left out.
    too_small : {'error', 'drop'}, default='error'
        What becomes of images that at `um_per_px` have fewer pixels than `size`.
    verbose : int, default=0
        Above 0, show a progress bar.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the items

        images : ndarray of shape (n_samples, height, width), float32
            Grey in [0, 1], by the range of the file's type.
        target : ndarray of shape (n_samples,), str
            Labels as written; ``""`` where the table has none.
        target_names : list of str
            The different labels, sorted.
        groups : ndarray of shape (n_samples,), str, or None
            Groups, if `group_column` is given.
        um_per_px : ndarray of shape (n_samples,) or None
            Micrometres per pixel of the *returned* images, NaN where unknown, if
            `um_per_px_column` is given or a TIFF file tells it.
        filenames : ndarray of shape (n_samples,), str
            Names as in the table, or relative to `path`.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    ValueError
        If a column is missing, no image is left, images differ in size and none is
        asked for, or if any image cannot be used: one error lists all of them.

    Warns
    -----
    UserWarning
        If images have no label or no group, or if `size` alone brings images of
        different scales to one size.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from morphokeras.datasets.images import load_images
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for label in ("martensite", "pearlite"):
    ...         Path(folder, label).mkdir()
    ...         grey = Image.fromarray(np.full((20, 24), 51, np.uint8))
    ...         grey.save(Path(folder, label, "a.png"))
    ...     data = load_images(folder, size=16)
    >>> data.images.shape, round(float(data.images.max()), 3)
    ((2, 16, 16), 0.2)
    >>> [str(label) for label in data.target]
    ['martensite', 'pearlite']
    """
    shape = _check_size(size)
    _check_scale(um_per_px)
    _check_choices(missing_groups, too_small)
    table = find_images(
        Path(path), file_column, label_column, group_column, um_per_px_column
    )
    table = select_images(table, merge_at, drop, missing_groups)
    if um_per_px_column is None:
        table = table.assign(um_per_px=[square_pixel_size(p) for p in table["path"]])
    has_scales = um_per_px_column is not None or bool(table["um_per_px"].notna().any())
    _check_scales_known(um_per_px, has_scales)
    if um_per_px is not None and shape is None:
        shape = _common_size(table, um_per_px)
    reader = _make_reader(shape, um_per_px)
    table, images, zooms = _read_all(table, reader, verbose, too_small)
    scales = table["um_per_px"].to_numpy(float) / zooms
    if um_per_px is None and shape is not None:
        _warn_of_scales(scales if has_scales else zooms, has_scales)
    return Bunch(
        images=_stack(images, table),
        target=table["label"].to_numpy(str),
        target_names=sorted(set(table["label"])),
        groups=table["group"].to_numpy(str) if group_column else None,
        um_per_px=scales if has_scales else None,
        filenames=table["file"].to_numpy(str),
    )


def _check_size(size: int | tuple[int, int] | None) -> tuple[int, int] | None:
    """Return height and width."""
    if size is None:
        return None
    pair = tuple(size) if isinstance(size, Sequence) else (size, size)
    if len(pair) != 2 or not all(isinstance(n, Integral) and n > 0 for n in pair):
        raise ValueError(
            "`size` must be a positive integer or a pair (height, width) of them. "
            f"Received: size={size!r}."
        )
    return int(pair[0]), int(pair[1])


def _check_scale(um_per_px: float | None) -> None:
    """Check the scale asked for."""
    if um_per_px is None:
        return
    if not isinstance(um_per_px, Real) or not 0 < um_per_px < np.inf:
        raise ValueError(
            "`um_per_px` must be a positive number of micrometres per pixel, the scale "
            "to resample to; the table's column is named by `um_per_px_column`. "
            f"Received: um_per_px={um_per_px!r}."
        )


def _check_scales_known(um_per_px: float | None, has_scales: bool) -> None:
    """Refuse to resample images of unknown scale."""
    if um_per_px is not None and not has_scales:
        raise ValueError(
            "`um_per_px` needs the scale of each image: give a CSV table and name its "
            "column with `um_per_px_column`. No TIFF file tells a pixel size either."
        )


def _check_choices(missing_groups: str, too_small: str) -> None:
    """Check the options that are one of a few words."""
    if missing_groups not in ("together", "apart", "drop"):
        raise ValueError(
            "`missing_groups` must be 'together', 'apart' or 'drop'. "
            f"Received: missing_groups={missing_groups!r}."
        )
    if too_small not in ("error", "drop"):
        raise ValueError(
            f"`too_small` must be 'error' or 'drop'. Received: too_small={too_small!r}."
        )


def _common_size(table: pd.DataFrame, um_per_px: float) -> tuple[int, int]:
    """Return the size of the smallest image, each axis by itself, at a scale."""

    def measure(path: Path, scale: float) -> tuple[np.ndarray, float]:
        factor = _factor(scale, um_per_px)
        return np.floor(np.array(read_grey(path).shape) * factor + 1e-6), factor

    _, sizes, _ = _read_all(table, measure, verbose=0)
    height, width = np.min(sizes, axis=0).astype(int)
    if min(height, width) < 8:
        smallest = table["file"][int(np.argmin(np.min(sizes, axis=1)))]
        raise ValueError(
            f"At `um_per_px={um_per_px:g}` the smallest image, {smallest}, leaves "
            f"{height} x {width} pixels. Choose a finer scale, or leave out the images "
            "of high magnification."
        )
    return int(height), int(width)


def _factor(scale: float, um_per_px: float) -> float:
    """Return the zoom that takes an image to the asked scale."""
    if np.isnan(scale):
        raise ValueError("its micrometres per pixel are missing")
    return scale / um_per_px


class _TooSmall(ValueError):
    """An image covers less than the size asked for."""


def _make_reader(shape: tuple[int, int] | None, um_per_px: float | None) -> Reader:
    """Return the function that reads one file and gives its image and zoom."""
    if shape is None:
        return _read_as_is
    if um_per_px is None:
        return partial(_read_sized, size=shape)
    return partial(_read_scaled, size=shape, um_per_px=um_per_px)


def _read_as_is(path: Path, scale: float) -> tuple[np.ndarray, float]:
    """Read an image at its own size."""
    return read_grey(path), 1.0


def _read_sized(
    path: Path, scale: float, size: tuple[int, int]
) -> tuple[np.ndarray, float]:
    """Read an image and zoom it to cover `size`, whatever its scale."""
    image = read_grey(path)
    return resize_and_crop(image, size), cover_factor(image.shape, size)


def _read_scaled(
    path: Path, scale: float, size: tuple[int, int], um_per_px: float
) -> tuple[np.ndarray, float]:
    """Read an image and zoom it to the asked scale."""
    factor = _factor(scale, um_per_px)
    image = read_grey(path)
    height, width = (int(length * factor + 0.5) for length in image.shape)
    if height < size[0] or width < size[1]:
        raise _TooSmall(
            f"it has {height} x {width} pixels at `um_per_px={um_per_px:g}`, less than "
            f"`size={size}`"
        )
    return rescale_and_crop(image, factor, size), factor


def _read_all(
    table: pd.DataFrame, reader: Reader, verbose: int, too_small: str = "error"
) -> tuple[pd.DataFrame, list[np.ndarray], np.ndarray]:
    """Return rows, images and zooms; one error names all images that failed."""
    images, factors, kept = [], [], []
    problems, small = [], []
    rows = zip(table["file"], table["path"], table["um_per_px"], strict=True)
    with tqdm(rows, total=len(table), desc="images", disable=not verbose) as bar:
        for row, (name, path, scale) in enumerate(bar):
            try:
                image, factor = reader(path, scale)
            except _TooSmall as error:
                small.append(f"{name}: {error}")
            except FileNotFoundError:
                problems.append(f"{name}: there is no such file")
            except Exception as error:  # decoders raise what they like
                problems.append(f"{name}: {error}")
            else:
                images.append(image)
                factors.append(factor)
                kept.append(row)
    _report(problems, small, len(table), too_small)
    return table.iloc[kept].reset_index(drop=True), images, np.array(factors)


def _report(problems: list[str], small: list[str], total: int, too_small: str) -> None:
    """Raise one error for all images that failed, or warn of those left out."""
    advice = "Repair them or take them out of the folder or the table."
    if small and too_small == "error":
        problems = problems + small
        advice += (
            " For those that are too small, choose a smaller `size` or a finer "
            "`um_per_px`, or leave them out with `too_small='drop'`."
        )
    if problems:
        raise ValueError(
            f"{len(problems)} of {total} images cannot be used:\n  "
            + listed(problems, "\n  ")
            + "\n"
            + advice
        )
    if len(small) == total:
        raise ValueError(f"All {total} images are too small. The first: {small[0]}.")
    if small:
        warnings.warn(
            f"{len(small)} of {total} images are too small at this scale and were left "
            "out.",
            UserWarning,
            stacklevel=4,
        )


def _warn_of_scales(values: np.ndarray, are_scales: bool) -> None:
    """Warn that pixels of different images stand for different lengths."""
    known = values[np.isfinite(values)]
    if known.size == 0 or known.max() <= 1.1 * known.min():
        return
    if are_scales:
        what = f"{known.min():.3g} to {known.max():.3g} micrometres per pixel"
        remedy = "`um_per_px=` resamples them to one scale"
    else:
        what = f"zooms of {known.min():.3g} to {known.max():.3g}"
        remedy = "a table with `um_per_px_column` and `um_per_px=` makes them one scale"
    warnings.warn(
        f"`size` alone brought images to one size at {what}: a feature of one size in "
        f"the material has different sizes in pixels. If that matters, {remedy}.",
        UserWarning,
        stacklevel=3,
    )


def _stack(images: list[np.ndarray], table: pd.DataFrame) -> np.ndarray:
    """Return images of one size as one array."""
    shapes = {image.shape for image in images}
    if len(shapes) > 1:
        first = {i.shape: n for n, i in zip(table["file"], images, strict=True)}
        examples = [f"{n} has {s[0]} x {s[1]}" for s, n in list(first.items())[:5]]
        raise ValueError(
            f"The images have {len(shapes)} different sizes: {listed(examples)}. Give "
            "the wanted height and width as `size=`."
        )
    return np.stack(images)
