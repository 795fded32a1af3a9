"""What the simulated data sets share: checks of parameters and the draw of classes."""

from collections.abc import Mapping, Sequence
from itertools import product
from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch

Levels = float | Sequence[float] | Mapping[str, float]
BOUNDARIES = ("periodic", "open")


def check_levels(
    name: str, levels: Levels, low: float, high: float
) -> dict[str, float]:
    """Return the named values of a class-making parameter.

    Parameters
    ----------
    name : str
        The parameter's name, for the message.
    levels : float, sequence of float or dict of float
        One value, or one a class.
    low, high : float
        The values must lie strictly between them.

    Returns
    -------
    dict of float
        The value of each name; a number is named as it is written.

    Raises
    ------
    ValueError
        If a value is out of range or repeated, or there is none.

    Examples
    --------
    >>> from morphokeras.datasets._classes import check_levels
    >>> check_levels("radius", (2.5, 4.5), 0, 8)
    {'2.5': 2.5, '4.5': 4.5}
    """
    named: dict[str, float]
    if isinstance(levels, Mapping):
        named = {str(key): levels[key] for key in levels}
    else:
        values = np.atleast_1d(np.asarray(levels)).tolist()
        named = {str(value): value for value in values}
        if len(named) < len(values):
            raise ValueError(f"`{name}` must not repeat a value. Received: {levels}.")
    if not named or not all(
        isinstance(v, Real) and low < v < high for v in named.values()
    ):
        raise ValueError(
            f"`{name}` must be a number above {low:g}"
            + (f" and below {high:g}" if np.isfinite(high) else " and finite")
            + f", or a list or dict of such numbers. Received: {name}={levels!r}."
        )
    return {key: float(value) for key, value in named.items()}


def check_samples(n_samples: int, *levels: Mapping[str, float]) -> None:
    """Refuse fewer samples than combinations of levels."""
    n_classes = int(np.prod([len(named) for named in levels]))
    if not isinstance(n_samples, Integral) or n_samples < n_classes:
        raise ValueError(
            f"`n_samples` must be an integer of at least {n_classes}, the number of "
            f"classes. Received: n_samples={n_samples!r}."
        )


def check_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """Return a shape of two or three axes of at least 8 pixels."""
    sizes = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    if len(sizes) not in (2, 3) or not all(
        isinstance(size, Integral) and size >= 8 for size in sizes
    ):
        raise ValueError(
            "`shape` must be (height, width) or (depth, height, width), integers of at "
            f"least 8 pixels. Received: shape={shape!r}."
        )
    return tuple(int(size) for size in sizes)


def check_positive(**values: float) -> None:
    """Refuse numbers that are not positive and finite."""
    for name, value in values.items():
        if not isinstance(value, Real) or not 0 < value < np.inf:
            raise ValueError(
                f"`{name}` must be a positive finite number. "
                f"Received: {name}={value!r}."
            )


def check_boundary(boundary: str) -> None:
    """Refuse a word that names no boundary."""
    if boundary not in BOUNDARIES:
        raise ValueError(
            f"`boundary` must be 'periodic' or 'open'. Received: boundary={boundary!r}."
        )


def check_axis(axis: int, shape: tuple[int, ...]) -> int:
    """Return the number of an axis of `shape`, counted from its start."""
    if not isinstance(axis, Integral) or not -len(shape) <= axis < len(shape):
        raise ValueError(
            f"`axis` must be an integer from {-len(shape)} to {len(shape) - 1}, an "
            f"axis of the spatial shape {shape}. Received: axis={axis!r}."
        )
    return int(axis) % len(shape)


def check_aspect(anisotropy: float) -> float:
    """Refuse an aspect ratio that is not between 0.1 and 10."""
    if not isinstance(anisotropy, Real) or not 0.1 <= anisotropy <= 10:
        raise ValueError(
            "`anisotropy` must be an aspect ratio from 0.1 to 10. "
            f"Received: anisotropy={anisotropy!r}."
        )
    return float(anisotropy)


def draw_classes(
    n_samples: int,
    random: np.random.RandomState,
    **levels: Mapping[str, float],
) -> Bunch:
    """Give every sample one combination of levels, each as often, in random order.

    Parameters
    ----------
    n_samples : int
        Number of samples.
    random : RandomState
        Decides the order.
    **levels : dict of float
        The named values of each parameter that makes classes.

    Returns
    -------
    Bunch
        The class of each sample, `target`, all of them, `target_names`, and under each
        parameter's name its value in each sample. A class is named after the
        parameters that have several values; if none has, after the first.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.datasets._classes import draw_classes
    >>> random = np.random.RandomState(0)
    >>> radius, fraction = {"2": 2.0, "5": 5.0}, {"0.3": 0.3}
    >>> drawn = draw_classes(4, random, radius=radius, fraction=fraction)
    >>> drawn.target.tolist(), drawn.radius.tolist()
    (['2', '5', '5', '2'], [2.0, 5.0, 5.0, 2.0])
    """
    combinations = list(product(*levels.values()))
    shown = [i for i, named in enumerate(levels.values()) if len(named) > 1] or [0]
    names = [", ".join(keys[i] for i in shown) for keys in combinations]
    index = random.permutation(np.arange(n_samples) % len(combinations))
    values = {
        name: np.array([named[keys[i]] for keys in combinations])[index]
        for i, (name, named) in enumerate(levels.items())
    }
    return Bunch(target=np.array(names)[index], target_names=names, **values)
