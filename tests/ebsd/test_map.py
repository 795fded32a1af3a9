"""The orientation map itself, and its way to square pixels."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from morphokeras.ebsd import EBSDMap, Phase, quality_image
from tests.ebsd.maps import FERRITE, map_of

pytestmark = pytest.mark.backend_free


@pytest.mark.parametrize("shifted", [0, 1])
@pytest.mark.parametrize("step", [None, 0.3, 0.5, 2.0])
def test_square_pixels_take_the_nearest_point(shifted, step):
    number = np.arange(35.0).reshape(7, 5)
    ebsd = map_of(
        np.zeros((7, 5)),
        step=(np.sqrt(0.75), 1.0),
        grid="hexagonal",
        shifted_rows=shifted,
        quality={"iq": number},
    )
    square = ebsd.to_square(step)
    side = step or np.sqrt(0.75)
    assert square.grid == "square" and square.step == (side, side)
    places = np.stack([ebsd.y.ravel(), ebsd.x.ravel()], axis=1)
    wanted = np.stack([square.y.ravel(), square.x.ravel()], axis=1)
    distance = np.linalg.norm(
        wanted - places[square.quality["iq"].astype(int).ravel()], axis=1
    )
    np.testing.assert_allclose(distance, cKDTree(places).query(wanted)[0], atol=1e-4)
    assert square.y.max() > ebsd.y.max() - side and square.x.max() > ebsd.x.max() - side


def test_a_square_map_is_returned_as_it_is():
    ebsd = map_of(np.zeros((3, 4)))
    assert ebsd.to_square() is ebsd
    assert map_of(np.zeros((3, 4)), step=(1.0, 2.0)).to_square().shape == (3, 7)


def test_values_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3, 4\).*\(2, 2\)"):
        map_of(np.zeros((3, 4))).resample(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="`step` must be a positive"):
        map_of(np.zeros((3, 4))).to_square(0)


def test_the_representation_tells_what_is_there():
    ebsd = map_of(np.zeros((2, 2)), [[1, 1], [1, 0]], quality={"iq": np.ones((2, 2))})
    text = repr(ebsd)
    assert "2 x 2 points, square grid, step 1 x 1 um, 75.0 % indexed" in text
    assert "1 ferrite (m-3m): 3 points" in text and "quality: iq" in text
    unknown = map_of(np.zeros((2, 2)), phases={1: Phase("slag", None)})
    assert "1 slag (symmetry unknown): 4 points" in repr(unknown)


def test_inconsistent_maps_are_refused():
    y, x = np.indices((2, 2)) * 1.0
    angles = np.zeros((2, 2, 3))
    with pytest.raises(ValueError, match="`euler_angles` shape"):
        EBSDMap(np.ones((2, 3), int), angles, x, y, (1.0, 1.0), FERRITE)
    with pytest.raises(ValueError, match=r"\[2\] are missing"):
        EBSDMap(np.full((2, 2), 2), angles, x, y, (1.0, 1.0), FERRITE)
    with pytest.raises(ValueError, match="`grid` must be"):
        EBSDMap(np.ones((2, 2), int), angles, x, y, (1.0, 1.0), FERRITE, grid="cubic")


def test_quality_becomes_grey():
    values = np.array([[0.0, 5.0], [10.0, np.nan]])
    ebsd = map_of(np.zeros((2, 2)), quality={"bc": values})
    grey = quality_image(ebsd, "bc", percentiles=(0, 100))
    assert grey.dtype == np.float32 and grey.tolist() == [[0, 0.5], [1, 0]]
    constant = map_of(np.zeros((2, 2)), quality={"bc": np.ones((2, 2))})
    assert quality_image(constant, "bc").max() == 0
    rare = np.zeros((20, 20))
    rare[0, 0] = 3
    assert quality_image(map_of(rare, quality={"bc": rare}), "bc").max() == 1
    with pytest.raises(ValueError, match="column of the map: bc.*'iq'"):
        quality_image(ebsd, "iq")
    with pytest.raises(ValueError, match="`percentiles` must ascend"):
        quality_image(ebsd, "bc", percentiles=(99, 1))
