"""Births and deaths as values: of many images in one array, or of one image."""

import numpy as np

from morphokeras.topology.cubical import end_of_range, persistence_pairs


def persistence_diagram(
    images: np.ndarray,
    *,
    filtration: str = "superlevel",
    connectivity: str = "full",
    boundary: str = "open",
    spatial_dims: int = 2,
    homology_dimensions: tuple[int, ...] | None = None,
    reduced: bool = True,
    min_persistence: float = 0.0,
    max_pairs: int | None = None,
    value_range: tuple[float, float] | None = (0.0, 1.0),
    num_threads: int | None = None,
) -> np.ndarray:
    """Return the persistence diagram of each image, in one array.

    Use it where giotto-tda would use `CubicalPersistence`: with
    ``filtration="sublevel"`` the points are the same, if in another order, and whatever
    of giotto-tda takes diagrams takes these. Its tools expect deaths above births, as
    sublevel sets have them.

    Parameters
    ----------
    images : array_like of shape (n_images, height, width)
        Finite values; (n_images, depth, height, width) with ``spatial_dims=3``.
    filtration, connectivity, boundary, spatial_dims
        As in `persistence_pairs`.
    homology_dimensions : tuple of int, optional
        The dimensions wanted: 0 components, 1 holes, 2 cavities. By default all below
        `spatial_dims`.
    reduced : bool, default=True
        Whether to leave out the component that never dies, as giotto-tda does.
    min_persistence, max_pairs, num_threads
        As in `persistence_pairs`.
    value_range : tuple of two floats or None, default=(0.0, 1.0)
        The range in which the threshold moves. What never dies is said to die at its
        end; at infinity if None.

    Returns
    -------
    ndarray of shape (n_images, n_points, 3), float32
        Birth, death and dimension of each point, by dimension. Images with fewer
        points are filled up with points that die where they are born.

    Raises
    ------
    ValueError, TypeError
        As `persistence_pairs`.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.topology import persistence_diagram
    >>> ring = np.ones((1, 5, 5))
    >>> ring[0, 2, 2] = 0.25
    >>> persistence_diagram(ring, homology_dimensions=(1,))[0].tolist()
    [[1.0, 0.25, 1.0]]
    """
    dimensions = list(range(spatial_dims))
    if homology_dimensions is not None:
        dimensions = sorted(set(homology_dimensions))
    end = end_of_range(value_range, filtration)
    pairs = persistence_pairs(
        images,
        filtration=filtration,
        connectivity=connectivity,
        boundary=boundary,
        spatial_dims=spatial_dims,
        homology_dimensions=tuple(dimensions),
        min_persistence=min_persistence,
        max_pairs=max_pairs,
        num_threads=num_threads,
    )
    values = np.asarray(images, "float32").reshape(len(pairs), -1)
    blocks = [
        _block([own[i] for own in pairs], values, k, end, reduced and k == 0)
        for i, k in enumerate(dimensions)
    ]
    return np.concatenate(blocks, axis=1)


def persistence_intervals(
    image: np.ndarray,
    *,
    filtration: str = "superlevel",
    connectivity: str = "full",
    boundary: str = "open",
    spatial_dims: int = 2,
    min_persistence: float = 0.0,
    value_range: tuple[float, float] | None = (0.0, 1.0),
) -> list[np.ndarray]:
    """Return the births and deaths of one image, an array for each dimension.

    Parameters
    ----------
    image : array_like of shape (height, width)
        Finite values; (depth, height, width) with ``spatial_dims=3``.
    filtration, connectivity, boundary, spatial_dims, min_persistence
        As in `persistence_pairs`.
    value_range : tuple of two floats or None, default=(0.0, 1.0)
        The range in which the threshold moves. An essential class dies at its end:
        the lower one for superlevel sets, the upper one for sublevel sets. With None
        it dies at minus or plus infinity.

    Returns
    -------
    list of ndarray of shape (n_pairs, 2)
        For each homology dimension (0, 1, in volumes also 2): birth and death value of
        each pair, the longest first, in float32 or, for a float64 image, float64.

    Raises
    ------
    ValueError, TypeError
        As `persistence_pairs`; also if `value_range` is not a pair (low, high).

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.topology.diagrams import persistence_intervals
    >>> image = np.array([[0.9, 0.2, 0.7]])
    >>> components, holes = persistence_intervals(image)
    >>> components.tolist()
    [[0.9, 0.0], [0.7, 0.2]]
    >>> holes.shape
    (0, 2)
    """
    image = np.asarray(image)
    if image.ndim != spatial_dims:
        raise ValueError(
            f"`image` must have {spatial_dims} axes, with `spatial_dims="
            f"{spatial_dims}`. Received: image with shape {image.shape}. Pass the "
            "images of a batch one by one."
        )
    pairs = persistence_pairs(
        image[None],
        filtration=filtration,
        connectivity=connectivity,
        boundary=boundary,
        spatial_dims=spatial_dims,
        min_persistence=min_persistence,
        num_threads=1,
    )[0]
    end = end_of_range(value_range, filtration)
    dtype = np.float64 if image.dtype == np.float64 else np.float32
    return [_sorted_values(image.ravel().astype(dtype), p, end) for p in pairs]


def _block(
    pairs: list[np.ndarray], values: np.ndarray, dimension: int, end: float, drop: bool
) -> np.ndarray:
    """Return the points of one dimension, filled up to one number of points."""
    if drop:
        pairs = [own[own[:, 1] >= 0] for own in pairs]
    # giotto-tda wants at least one point of each dimension, and fills up with points
    # at the least birth of all images.
    most = max([1, *(len(own) for own in pairs)])
    births = [image[own[:, 0]] for image, own in zip(values, pairs, strict=True)]
    fill = min((own.min() for own in births if own.size), default=0.0)
    block = np.full((len(pairs), most, 3), dimension, "float32")
    block[..., :2] = fill
    for i, own in enumerate(pairs):
        deaths = np.where(own[:, 1] < 0, np.float32(end), values[i][own[:, 1]])
        block[i, : len(own), :2] = np.stack([births[i], deaths], axis=1)
    return block


def _sorted_values(values: np.ndarray, pairs: np.ndarray, end: float) -> np.ndarray:
    births = values[pairs[:, 0]]
    deaths = np.where(pairs[:, 1] < 0, values.dtype.type(end), values[pairs[:, 1]])
    order = np.argsort(-np.abs(births - deaths), kind="stable")
    return np.stack([births, deaths], axis=1)[order]
