"""Distances of diagrams: against brute force, Hera and closed forms."""

import itertools

import numpy as np
import pytest

from morphokeras.topology import persistence_diagram, wasserstein_distance

pytestmark = pytest.mark.backend_free


def random_diagram(rng, n_points):
    births = rng.random(n_points)
    return np.column_stack([births, births + rng.exponential(0.2, n_points)])


def brute_force(first, second):
    """Return the least cost over all ways to match or remove points."""
    n, m = len(first), len(second)
    costs = np.zeros((n + m, n + m))
    for i, x in enumerate(first):
        costs[i] = abs(x[1] - x[0]) / 2
        for j, y in enumerate(second):
            costs[i, j] = max(abs(x - y))
    for j, y in enumerate(second):
        costs[n:, j] = abs(y[1] - y[0]) / 2
    orders = itertools.permutations(range(n + m))
    return min(sum(costs[i, j] for i, j in enumerate(order)) for order in orders)


@pytest.mark.parametrize(("n", "m"), [(0, 3), (1, 1), (2, 3), (4, 3)])
def test_small_diagrams_agree_with_brute_force(n, m, rng):
    for _ in range(3):
        first, second = random_diagram(rng, n), random_diagram(rng, m)
        expected = brute_force(first, second)
        assert wasserstein_distance(first, second) == pytest.approx(expected)
        assert wasserstein_distance(second, first) == pytest.approx(expected)
        turned = wasserstein_distance(first[:, ::-1], second[:, ::-1])
        assert turned == pytest.approx(expected)


def test_larger_diagrams_agree_with_hera(rng):
    hera = pytest.importorskip("gudhi.hera")
    first, second = random_diagram(rng, 120), random_diagram(rng, 150)
    expected = hera.wasserstein_distance(
        first, second, order=1, internal_p=np.inf, delta=1e-4
    )
    assert wasserstein_distance(first, second) == pytest.approx(expected, rel=1e-4)


def test_the_distance_to_nothing_is_half_the_total_lifetime(rng):
    diagram = random_diagram(rng, 9)
    expected = (diagram[:, 1] - diagram[:, 0]).sum() / 2
    nothing = np.empty((0, 2))
    assert wasserstein_distance(diagram, nothing) == pytest.approx(expected)
    assert wasserstein_distance(nothing, nothing) == 0
    assert wasserstein_distance(diagram, diagram[::-1]) == pytest.approx(0, abs=1e-12)


def test_points_that_never_die_are_matched_by_birth():
    first, second = [[0.1, np.inf], [0.8, np.inf]], [[0.7, np.inf], [0.3, np.inf]]
    assert wasserstein_distance(first, second) == pytest.approx(0.3)
    assert wasserstein_distance(first, second[:1]) == np.inf
    assert wasserstein_distance([[0.1, np.inf]], [[0.1, -np.inf]]) == np.inf


def test_points_stay_in_their_dimension(rng):
    first, second = random_diagram(rng, 4), random_diagram(rng, 5)
    zeros, ones = np.zeros((9, 1)), np.ones((9, 1))
    both = [
        np.hstack([np.vstack([a, b]), np.vstack([zeros[: len(a)], ones[: len(b)]])])
        for a, b in ((first, second), (second, first))
    ]
    expected = 2 * wasserstein_distance(first, second)
    assert wasserstein_distance(*both) == pytest.approx(expected)


def test_filled_up_diagrams_of_images_are_taken(rng):
    first, second = persistence_diagram(rng.random((2, 12, 12)))
    bare = [d[d[:, 0] != d[:, 1]] for d in (first, second)]
    assert wasserstein_distance(first, second) == wasserstein_distance(*bare) > 0


def test_a_small_change_of_an_image_moves_no_point_farther(rng):
    image = rng.random((10, 10))
    other = image + 0.01 * rng.uniform(-1, 1, image.shape)
    first, second = persistence_diagram(np.stack([image, other]), reduced=False)
    n_points = max(len(first), len(second))
    assert 0 < wasserstein_distance(first, second) <= 0.01 * 2 * n_points


def test_too_many_points_are_cut_with_a_bound_that_holds(rng):
    first, second = random_diagram(rng, 60), random_diagram(rng, 70)
    exact = wasserstein_distance(first, second, max_points=None)
    with pytest.warns(RuntimeWarning, match="too large by up to") as record:
        rough = wasserstein_distance(first, second, max_points=40)
    bound = float(str(record[0].message).split("up to ")[1].split(". Remove")[0])
    assert exact < rough <= exact + 1.001 * bound


@pytest.mark.parametrize(
    "diagram",
    [np.zeros(3), np.zeros((2, 4)), [[np.nan, 1.0]], [[-np.inf, 1.0]]],
    ids=["flat", "wide", "NaN", "infinite birth"],
)
def test_what_is_no_diagram_is_refused(diagram):
    with pytest.raises(ValueError, match="`second` must"):
        wasserstein_distance(np.zeros((1, 2)), diagram)


def test_a_wrong_number_of_points_is_refused():
    with pytest.raises(ValueError, match="Received: max_points=0"):
        wasserstein_distance(np.zeros((1, 2)), np.zeros((1, 2)), max_points=0)
