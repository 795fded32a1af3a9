"""Two-point correlation of periodic images."""

import numpy as np
import pytest
from keras import ops

from morphokeras.ops.two_point import two_point_correlation


@pytest.mark.parametrize("shape", [(2, 6, 9, 2), (1, 4, 5, 6, 1)])
def test_it_is_the_mean_product_at_every_shift(rng, shape):
    images = rng.random(shape, "float32")
    space = tuple(range(1, len(shape) - 1))
    expected = np.empty(shape)
    for shift in np.ndindex(shape[1:-1]):
        moved = np.roll(images, [-s for s in shift], axis=space)
        expected[(slice(None), *shift)] = (images * moved).mean(space)
    result = ops.convert_to_numpy(two_point_correlation(images))
    np.testing.assert_allclose(result, expected, atol=1e-5)
