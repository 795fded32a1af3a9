"""Cahn-Hilliard fields: energy, mass, accuracy, anisotropy and labels."""

import numpy as np
import pytest

from morphokeras.datasets._cahn_hilliard import phi_functions
from morphokeras.datasets.phase_field import (
    make_phase_field,
    phase_field_energy,
    simulate_phase_field,
)

pytestmark = pytest.mark.backend_free


def start(composition=0.5, shape=(32, 32), n_samples=3, dtype=float):
    noise = np.random.default_rng(0).uniform(-0.05, 0.05, (n_samples, *shape))
    noise -= noise.mean(axis=tuple(range(1, noise.ndim)), keepdims=True)
    return (composition + noise).astype(dtype)


def explicit_reference(fields, time, step=0.006):
    """Solve with classical Runge-Kutta, tiny steps and no splitting."""
    frequencies = [2 * np.pi * np.fft.fftfreq(n) for n in fields.shape[1:]]
    square = sum(w**2 for w in np.meshgrid(*frequencies, indexing="ij"))

    def change(c):
        bulk = 2 * c * (1 - c) * (1 - 2 * c)
        spectrum = -square * (np.fft.fft2(bulk) + square * np.fft.fft2(c))
        return np.fft.ifft2(spectrum).real

    for _ in range(round(time / step)):
        k1 = change(fields)
        k2 = change(fields + step / 2 * k1)
        k3 = change(fields + step / 2 * k2)
        fields = fields + step / 6 * (k1 + 2 * k2 + 2 * k3 + change(fields + step * k3))
    return fields


def relative_error(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("options", [{}, {"anisotropy": 2.0, "gradient_energy": 1.5}])
@pytest.mark.parametrize("shape", [(32, 32), (12, 14, 15)])
def test_free_energy_falls_at_every_stored_step(options, shape):
    times = np.concatenate([np.linspace(0, 10, 21), np.arange(12, 80, 2)])
    path = simulate_phase_field(start(shape=shape), times, **options)
    energy = np.array([phase_field_energy(fields, **options) for fields in path])
    assert (np.diff(energy, axis=0) < 0).all()


@pytest.mark.parametrize("dtype, rounding", [("float32", 2e-7), ("float64", 1e-15)])
def test_mass_is_conserved_to_rounding(dtype, rounding):
    fields = start(0.4, dtype=dtype)
    path = simulate_phase_field(fields, [1.0, 10.0, 60.0])
    assert path.dtype == dtype
    mass = path.mean(axis=(2, 3), dtype=float)
    assert np.abs(mass - fields.mean(axis=(1, 2), dtype=float)).max() < rounding


def test_agrees_with_an_unsplit_fine_step_solution():
    fields = 0.5 + 4 * (start(shape=(16, 16), n_samples=1) - 0.5)
    expected = explicit_reference(fields, 24.0)
    assert expected.std() > 0.25
    assert relative_error(simulate_phase_field(fields, [24.0])[0], expected) < 1e-3


@pytest.mark.parametrize("composition", [0.3, 0.5])
def test_agrees_with_a_tight_tolerance_up_to_coarsening(composition):
    fields = start(composition, shape=(48, 48))
    expected = simulate_phase_field(fields, [200.0], tolerance=1e-6)
    found = simulate_phase_field(fields.astype("float32"), [200.0])
    assert relative_error(found, expected) < 1e-3


def test_stopping_on_the_way_changes_nothing_beyond_the_tolerance():
    fields = start()
    direct = simulate_phase_field(fields, [50.0])[-1]
    stopped = simulate_phase_field(fields, np.arange(0, 50.1, 0.7).tolist() + [50.0])
    assert relative_error(stopped[-1], direct) < 1e-3


def test_twice_the_mobility_is_half_the_time():
    fields = start()
    fast = simulate_phase_field(fields, [20.0], mobility=2.0)
    slow = simulate_phase_field(fields, [40.0])
    assert relative_error(fast, slow) < 1e-3


def test_a_rolled_start_gives_the_rolled_end():
    fields = start()
    rolled = simulate_phase_field(np.roll(fields, (5, 9), axis=(1, 2)), [40.0])[0]
    end = simulate_phase_field(fields, [40.0])[0]
    np.testing.assert_allclose(rolled, np.roll(end, (5, 9), axis=(1, 2)), atol=1e-6)


def test_a_flat_interface_has_the_closed_form_energy_and_width():
    x = np.arange(128)
    slab = (np.abs(x - 64) < 32).astype(float)[None, None, :].repeat(8, axis=1)
    end = simulate_phase_field(slab, [200.0], gradient_energy=2.0)[0]
    expected = 1 / (1 + np.exp(-(32 - np.abs(x - 64) - 0.5)))
    np.testing.assert_allclose(end[0, 4], expected, atol=0.02)
    # Two interfaces, each with the integral of sqrt(2 K f) dc = sqrt(2 K) / 6.
    assert phase_field_energy(end, gradient_energy=2.0)[0] * 128 == pytest.approx(
        2 * 2 / 6, rel=0.01
    )


def test_energy_of_a_wave_is_its_closed_form():
    wave = 0.5 + 0.1 * np.cos(2 * np.pi * np.arange(16) / 16)
    field = np.broadcast_to(wave, (1, 16, 16))
    bulk = np.mean((wave * (1 - wave)) ** 2)
    gradient = 0.5 * 3.0 * 2.0**2 * 0.1**2 / 2 * (2 * np.pi / 16) ** 2
    found = phase_field_energy(field, gradient_energy=3.0, anisotropy=2.0, axis=-1)
    assert found[0] == pytest.approx(bulk + gradient)


def domain_length(images, axis):
    """Return the mean distance between phase changes along an axis."""
    phase = images > 0.5
    changes = phase != np.roll(phase, 1, axis=axis)
    return 1 / changes.mean()


@pytest.mark.parametrize("axis, long, wide", [(-1, 2, 1), (0, 1, 2)])
def test_anisotropy_elongates_domains_along_its_axis(axis, long, wide):
    options = {"time": 40.0, "random_state": 0}
    even, _ = make_phase_field(4, **options)
    drawn, _ = make_phase_field(4, anisotropy=2.0, axis=axis, **options)
    assert 0.8 < domain_length(even, 1) / domain_length(even, 2) < 1.25
    assert domain_length(drawn, long) > 1.8 * domain_length(drawn, wide)


def test_anisotropy_below_one_elongates_across_the_axis():
    drawn, _ = make_phase_field(4, anisotropy=0.5, time=40.0, random_state=0)
    assert domain_length(drawn, 1) > 1.8 * domain_length(drawn, 2)


def test_domains_grow_with_time():
    X, y = make_phase_field(8, time={"young": 20, "old": 150}, random_state=0)
    assert domain_length(X[y == "old"], 1) > 1.5 * domain_length(X[y == "young"], 1)


def test_means_are_the_compositions_and_values_are_fractions():
    data = make_phase_field(
        8,
        composition=(0.35, 0.6),
        composition_spread=0.05,
        time=60.0,
        random_state=1,
        return_X_y=False,
    )
    mean = data.images.mean(axis=(1, 2), dtype=float)
    np.testing.assert_allclose(mean, data.composition, atol=1e-6)
    assert data.images.min() >= 0 and data.images.max() <= 1
    centre = data.target.astype(float)
    assert (np.abs(data.composition - centre) <= 0.05).all()
    assert len(np.unique(data.composition)) == 8


def test_classes_are_balanced_mixed_and_named():
    data = make_phase_field(
        9,
        shape=(16, 16),
        composition={"lean": 0.3, "rich": 0.7},
        time=(5, 10),
        random_state=0,
        return_X_y=False,
    )
    assert data.target_names == ["lean, 5", "lean, 10", "rich, 5", "rich, 10"]
    assert sorted(np.unique(data.target, return_counts=True)[1]) == [2, 2, 2, 3]
    lean = np.char.startswith(data.target, "lean")
    np.testing.assert_allclose(data.composition, np.where(lean, 0.3, 0.7))
    assert set(data.time[np.char.endswith(data.target, "10")]) == {10.0}


def test_levels_may_be_an_array():
    _, y = make_phase_field(
        3, shape=(8, 8), composition=np.linspace(0.4, 0.6, 3), time=1.0
    )
    assert sorted(y) == ["0.4", "0.5", "0.6"]


def test_the_seed_decides():
    options = {"shape": (16, 16), "time": 5.0}
    first, _ = make_phase_field(3, random_state=3, **options)
    again, _ = make_phase_field(3, random_state=3, **options)
    other, _ = make_phase_field(3, random_state=4, **options)
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_three_dimensional_fields_separate():
    X, _ = make_phase_field(2, shape=(16, 18, 20), time=30.0, random_state=0)
    assert X.shape == (2, 16, 18, 20) and X.dtype == np.float32
    assert X.std() > 0.3


def test_verbose_shows_a_bar(capsys):
    make_phase_field(1, shape=(8, 8), time=1.0)
    assert capsys.readouterr().err == ""
    make_phase_field(1, shape=(8, 8), time=1.0, verbose=1)
    assert "phase field" in capsys.readouterr().err


def test_phi_functions_match_their_integrals():
    z = -np.array([1e-9, 1e-3, 0.499, 0.501, 3.0, 200.0])
    theta, weights = np.polynomial.legendre.leggauss(400)
    theta, weights = (theta + 1) / 2, weights / 2
    kernel = np.exp((1 - theta) * z[:, None])
    integrals = (
        kernel @ weights,
        kernel @ (weights * theta),
        kernel @ (weights * theta**2 / 2),
    )
    for found, expected in zip(phi_functions(z), integrals, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"n_samples": 1, "composition": (0.3, 0.5)}, "at least 2"),
        ({"n_samples": 2.5}, "`n_samples`"),
        ({"composition": 1.2}, "`composition` must be a number above 0 and below 1"),
        ({"composition": []}, "`composition`"),
        ({"composition": "rich"}, "`composition`"),
        ({"composition": (0.3, 0.3)}, "must not repeat"),
        ({"composition": 0.5, "composition_spread": 0.5}, "stay inside"),
        ({"composition_spread": -0.1}, "`composition_spread`"),
        ({"noise": 0}, "`noise`"),
        ({"time": 0}, "`time` must be a number above 0"),
        ({"time": {"old": np.inf}}, "`time`"),
        ({"shape": (64,)}, "`shape`"),
        ({"shape": 64}, "`shape`"),
        ({"shape": (64, 4)}, "`shape`"),
        ({"gradient_energy": -1}, "`gradient_energy`"),
        ({"mobility": 0}, "`mobility`"),
        ({"tolerance": 0}, "`tolerance`"),
        ({"anisotropy": 5}, "`anisotropy`"),
        ({"axis": 2}, "`axis`"),
        ({"backend": "torch"}, "`backend`"),
    ],
)
def test_wrong_parameters_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        make_phase_field(**options)


def test_a_stable_mixture_warns():
    with pytest.warns(UserWarning, match="stable"):
        make_phase_field(1, shape=(8, 8), composition=0.1, time=1.0)


@pytest.mark.parametrize(
    "initial, times, message",
    [
        (np.full((2, 8), 0.5), [1.0], "`initial`"),
        (np.full((2, 8, 8), np.nan), [1.0], "finite"),
        (np.full((2, 8, 8), 0.5), [2.0, 1.0], "`times`"),
        (np.full((2, 8, 8), 0.5), [], "`times`"),
    ],
)
def test_simulation_names_wrong_input(initial, times, message):
    with pytest.raises(ValueError, match=message):
        simulate_phase_field(initial, times)


def test_energy_refuses_other_ranks():
    with pytest.raises(ValueError, match="`fields`"):
        phase_field_energy(np.zeros((8, 8)))
