"""Checks of fields, masks and pixel sizes that all descriptors share."""

from numbers import Real
from typing import Any

import numpy as np

AXES = {2: "(n_samples, height, width)", 3: "(n_samples, depth, height, width)"}
BOUNDARIES = ("periodic", "open")
CONNECTIVITIES = ("full", "face")


def check_fields(
    fields: Any,
    mask: Any = None,
    *,
    spatial_dims: int | None = 2,
    name: str = "fields",
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return fields of their own dtype, and their masks; known pixels are finite.

    Parameters
    ----------
    fields : array-like of shape (n_samples, *shape)
        Real numbers.
    mask : array-like of bool of shape (*shape) or (n_samples, *shape), optional
        True where a pixel is known.
    spatial_dims : {1, 2, 3} or None
        Number of axes in `shape`. None: one to three.
    name : str, default='fields'
        What the messages call the fields.

    Returns
    -------
    fields : ndarray of shape (n_samples, *shape)
        The fields, not copied.
    mask : ndarray of bool of shape (n_samples, *shape), or None
        A view of the mask for each sample. None if every pixel is known.

    Raises
    ------
    TypeError, ValueError
        If they are not as described.
    """
    if np.ma.is_masked(fields):
        raise ValueError(
            f"`{name}` must not be a masked array. Received masked pixels: pass "
            f"`{name}.data` with `mask=~{name}.mask`."
        )
    fields = as_one_array(fields, name)
    if fields.dtype.kind not in "biuf":
        raise TypeError(
            f"`{name}` must hold real numbers. Received dtype {fields.dtype}."
        )
    _check_shape(fields.shape, spatial_dims, name)
    known = check_mask(mask, fields.shape)
    if fields.dtype.kind == "f":
        bad = ~np.isfinite(fields)
        if known is not None:
            bad &= known
        if bad.any():
            raise ValueError(
                f"`{name}` must be finite. Received {int(bad.sum())} values that are "
                "not: replace them, or declare these pixels missing with `mask`."
            )
    return fields, known


def as_one_array(fields: Any, name: str) -> np.ndarray:
    """Return an array; images of different sizes are refused in plain words."""
    try:
        return np.asarray(fields)
    except ValueError:
        raise ValueError(
            f"`{name}` must be one array, of fields of one size. Received fields of "
            "different sizes: measure each by itself, as `field[np.newaxis]`, or crop "
            "them to one size."
        ) from None


def check_mask(mask: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return one mask a sample, or None; every sample has a known pixel."""
    if mask is None:
        return None
    mask = np.asarray(mask)
    if mask.dtype != bool or mask.shape not in (shape, shape[1:]):
        raise ValueError(
            "`mask` must be boolean, True where a pixel is known, and have the shape "
            f"{shape[1:]} or {shape}. Received: mask of dtype {mask.dtype} and shape "
            f"{mask.shape}."
        )
    mask = np.broadcast_to(mask, shape)
    empty = ~mask.any(axis=tuple(range(1, mask.ndim)))
    if empty.any():
        raise ValueError(
            "`mask` must be True for at least one pixel of each sample. Received no "
            f"known pixel in sample {int(np.argmax(empty))}: leave it out."
        )
    return mask


def check_indicators(
    fields: Any, phase: int, mask: Any = None, *, spatial_dims: int = 2
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return where each field is of a phase (False where missing), and the masks.

    Parameters
    ----------
    fields : array-like of shape (n_samples, *shape)
        Booleans, or labels as whole numbers.
    phase : int
        The label of the phase; 1 is True and 0 False.
    mask : array-like of bool, optional
        As in :func:`check_fields`.
    spatial_dims : {2, 3}, default=2
        Number of axes in `shape`.

    Returns
    -------
    indicators : ndarray of bool of shape (n_samples, *shape)
        Whether a pixel is known and of the phase.
    mask : ndarray of bool of shape (n_samples, *shape), or None
        As in :func:`check_fields`.

    Raises
    ------
    TypeError, ValueError
        If they are not as described.
    """
    fields, known = check_fields(fields, mask, spatial_dims=spatial_dims)
    _refuse_grey(fields, known)
    if not isinstance(phase, Real | np.bool_) or phase != int(phase):
        raise ValueError(
            f"`phase` must be one label, a whole number. Received: phase={phase!r}."
        )
    indicators = fields == phase
    if known is not None:
        indicators &= known
    elif not indicators.any():
        _refuse_black_and_white(fields, phase)
    return indicators, known


def check_boundary(boundary: str) -> None:
    """Raise unless the boundary is a known word."""
    _check_option(boundary, "boundary", BOUNDARIES)


def check_connectivity(connectivity: str) -> None:
    """Raise unless the connectivity is a known word."""
    _check_option(connectivity, "connectivity", CONNECTIVITIES)


def check_cut(cut: str) -> None:
    """Raise unless what becomes of cut runs or grains is a known word."""
    _check_option(cut, "cut", ("keep", "drop"))


def check_spacing(
    spacing: Any, spatial_dims: int, name: str = "spacing"
) -> tuple[float, ...]:
    """Return the size of a pixel along each axis.

    Parameters
    ----------
    spacing : float or sequence of float
        One size for all axes, or one an axis, positive.
    spatial_dims : int
        Number of axes.
    name : str, default='spacing'
        What the message calls it.

    Returns
    -------
    tuple of float
        One size an axis.

    Raises
    ------
    ValueError
        If it is not as described.
    """
    try:
        sizes = np.asarray(spacing)
    except ValueError:
        sizes = np.empty((0, 0))
    if sizes.dtype.kind in "iuf":
        sizes = sizes.astype("float64")
    else:
        sizes = np.empty((0, 0))
    good = sizes.shape in ((), (spatial_dims,))
    if not good or not (np.isfinite(sizes) & (sizes > 0)).all():
        raise ValueError(
            f"`{name}` must be a positive number or {spatial_dims} of them, one an "
            f"axis. Received: {name}={spacing!r}."
        )
    return tuple(float(size) for size in np.broadcast_to(sizes, spatial_dims))


def check_axis(axis: int, spatial_dims: int) -> int:
    """Return the number of a spatial axis, 0 being the first after the samples."""
    is_axis = isinstance(axis, int | np.integer) and not isinstance(axis, bool)
    if not is_axis or not -spatial_dims <= axis < spatial_dims:
        raise ValueError(
            f"`axis` must be the number of a spatial axis, from {-spatial_dims} to "
            f"{spatial_dims - 1}. Received: axis={axis!r}."
        )
    return int(axis) % spatial_dims


def _check_option(value: str, name: str, options: tuple[str, ...]) -> None:
    if value not in options:
        raise ValueError(
            f"`{name}` must be one of {options}. Received: {name}={value!r}."
        )


def _check_shape(shape: tuple[int, ...], spatial_dims: int | None, name: str) -> None:
    if spatial_dims not in (1, 2, 3, None):
        raise ValueError(
            f"`spatial_dims` must be 2 or 3. Received: spatial_dims={spatial_dims!r}."
        )
    ranks = (2, 3, 4) if spatial_dims is None else (spatial_dims + 1,)
    if len(shape) in ranks and 0 not in shape:
        return
    expected = AXES.get(spatial_dims or 0, "(n_samples, *shape) of one to three axes")
    hint = ""
    if len(shape) == spatial_dims:
        hint = f" For a single field, pass `{name}[np.newaxis]`."
    elif spatial_dims == 2 and len(shape) == 4:
        hint = " For volumes, give `spatial_dims=3`."
    raise ValueError(
        f"`{name}` must have the shape {expected}, none empty. Received: shape={shape}."
        f"{hint}"
    )


def _refuse_grey(fields: np.ndarray, known: np.ndarray | None) -> None:
    if fields.dtype.kind != "f":
        return
    whole = fields == np.rint(fields)
    if known is not None:
        whole |= ~known
    if not whole.all():
        raise ValueError(
            "`fields` must be boolean or hold labels of phases, whole numbers. Received"
            " grey values: choose a threshold, for example `fields > 0.5`."
        )


def _refuse_black_and_white(fields: np.ndarray, phase: int) -> None:
    """Refuse 0 and 255, of which a user would learn that phase 1 is not there."""
    white = fields.max()
    if white > 1 and np.isin(fields, (0, white)).all():
        raise ValueError(
            f"`phase` {phase!r} occurs in no field: their only values are 0 and "
            f"{white}. Pass `fields > 0`, or `phase={white}`."
        )
