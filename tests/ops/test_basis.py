"""The steerable filters: independence, quarter turns and normalisation."""

import numpy as np
import pytest

from morphokeras.ops.basis import steerable_basis

pytestmark = pytest.mark.backend_free


def _flat(basis):
    return basis.filters.reshape(len(basis), -1)


@pytest.mark.parametrize("spatial_dims", [2, 3])
@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5, 7])
def test_filters_are_linearly_independent(kernel_size, spatial_dims):
    basis = steerable_basis(kernel_size, spatial_dims)
    assert np.linalg.matrix_rank(_flat(basis), tol=1e-3) == len(basis)


@pytest.mark.parametrize(
    ("kernel_size", "spatial_dims", "highest"), [(3, 2, 2), (5, 2, 3), (3, 3, 3)]
)
def test_highest_order_is_what_the_grid_carries(kernel_size, spatial_dims, highest):
    assert steerable_basis(kernel_size, spatial_dims).orders.max() == highest


def test_filters_are_as_stated_away_from_the_centre():
    basis = steerable_basis(3)
    across, up = basis.filters[2], basis.filters[3]
    assert basis.components[2:4].tolist() == [1, -1]
    assert across[1, 2] > 0 and across[1, 0] == pytest.approx(-across[1, 2])
    # up in the image is towards row 0
    assert up[0, 1] == pytest.approx(across[1, 2])
    assert np.abs([across[:, 1], up[1]]).max() < 1e-12


@pytest.mark.parametrize("kernel_size", [2, 3, 4, 5, 7])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_filter_turned_by_a_quarter_is_the_stated_combination(kernel_size, quarters):
    basis = steerable_basis(kernel_size)
    turned = np.rot90(basis.filters, quarters, axes=(1, 2))
    stated = np.tensordot(basis.rotation_matrix(quarters * np.pi / 2), basis.filters, 1)
    np.testing.assert_allclose(stated, turned, atol=1e-12)


@pytest.mark.parametrize("axes", [(1, 2), (1, 3), (2, 3)])
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_a_turned_volume_filter_stays_in_its_group(kernel_size, axes):
    basis = steerable_basis(kernel_size, spatial_dims=3)
    turned = np.rot90(basis.filters, axes=axes).reshape(len(basis), -1)
    combination, *_ = np.linalg.lstsq(_flat(basis).T, turned.T, rcond=None)
    np.testing.assert_allclose(_flat(basis).T @ combination, turned.T, atol=1e-10)
    elsewhere = (basis.orders[:, None] != basis.orders) | (
        basis.radii[:, None] != basis.radii
    )
    assert np.abs(combination[elsewhere]).max() < 1e-10


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_groups_have_unit_norm_and_share_one_constant(spatial_dims):
    basis = steerable_basis(5, spatial_dims)
    squares = np.sum(_flat(basis) ** 2, axis=1)
    for order in np.unique(basis.orders):
        for radius in np.unique(basis.radii[basis.orders == order]):
            group = (basis.orders == order) & (basis.radii == radius)
            assert squares[group].mean() == pytest.approx(1.0)
    # on the square grid cosine and sine differ in norm, which rotations need
    assert np.ptp(squares[basis.orders == 2]) > 0.1


def test_rings_of_one_order_are_orthogonal():
    basis = steerable_basis(7)
    for component in (0, 1, -1):
        rings = _flat(basis)[basis.components == component]
        products = rings @ rings.T
        np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=1e-12)


def test_num_basis_keeps_the_low_orders():
    basis = steerable_basis(5, num_basis=7)
    assert basis.orders.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert basis.filters.shape == (7, 5, 5)


def test_splitting_a_pair_is_refused_with_what_is_possible():
    with pytest.raises(ValueError, match=r"\[1, 2, 3, 5, 7, 9, 11, 13\].*num_basis=4"):
        steerable_basis(5, num_basis=4)


def test_other_dimensions_are_refused():
    with pytest.raises(ValueError, match="`spatial_dims` must be 2 or 3. Received: 1"):
        steerable_basis(5, spatial_dims=1)


def test_an_empty_kernel_is_refused():
    with pytest.raises(ValueError, match="`kernel_size` must be a positive integer"):
        steerable_basis(0)


def test_rotation_matrix_of_volume_filters_is_refused():
    with pytest.raises(ValueError, match="2 dimensions. Received filters of 3"):
        steerable_basis(3, spatial_dims=3).rotation_matrix(0.1)


def test_filters_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        steerable_basis(3).filters[0, 0, 0] = 1.0
