"""Quality columns of orientation maps as grey images."""

import numpy as np

from morphokeras.ebsd.map import EBSDMap


def quality_image(
    ebsd: EBSDMap, name: str, *, percentiles: tuple[float, float] = (1.0, 99.0)
) -> np.ndarray:
    """Return a quality column as a grey image.

    Parameters
    ----------
    ebsd : EBSDMap
        An orientation map.
    name : str
        A key of ``ebsd.quality``, such as ``"iq"`` or ``"bc"``.
    percentiles : (float, float), default=(1.0, 99.0)
        The shares of the points, in percent, that become black and white.

    Returns
    -------
    ndarray of shape (height, width), float32
        Grey in [0, 1]; 0 where nothing was measured, and everywhere if all points have
        one value.

    Raises
    ------
    ValueError
        If the map has no such column, or the percentiles do not ascend.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.ebsd import EBSDMap, Phase, quality_image
    >>> y, x = np.indices((2, 3)) * 1.0
    >>> ebsd = EBSDMap(np.ones((2, 3), int), np.zeros((2, 3, 3)), x, y, (1.0, 1.0),
    ...                {1: Phase("ferrite", "m-3m")}, quality={"iq": 10 * x})
    >>> quality_image(ebsd, "iq", percentiles=(0, 100)).tolist()
    [[0.0, 0.5, 1.0], [0.0, 0.5, 1.0]]
    """
    if name not in ebsd.quality:
        raise ValueError(
            f"`name` must be a column of the map: {', '.join(ebsd.quality) or 'none'}. "
            f"Received: name={name!r}."
        )
    low, high = percentiles
    if not 0 <= low < high <= 100:
        raise ValueError(
            "`percentiles` must ascend within 0 to 100. Received: "
            f"percentiles={percentiles!r}."
        )
    values = np.asarray(ebsd.quality[name], float)
    known = np.isfinite(values)
    grey = np.zeros(values.shape, np.float32)
    if known.any():
        black, white = np.percentile(values[known], (low, high))
        # Where most points have one value, the percentiles may fall together.
        if white <= black:
            black, white = values[known].min(), values[known].max()
        if white > black:
            scaled = (values[known] - black) / (white - black)
            grey[known] = np.clip(scaled, 0, 1)
    return grey
