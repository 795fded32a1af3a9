"""Real spherical harmonics, how they turn, and those that a group leaves unchanged."""

from functools import cache
from math import factorial

import numpy as np
from scipy.spatial.transform import Rotation
from scipy.special import lpmv


def real_harmonics(vectors: np.ndarray, degree: int) -> np.ndarray:
    """Return orthonormal real spherical harmonics of unit vectors.

    Parameters
    ----------
    vectors : ndarray of shape (n, 3)
        Unit vectors.
    degree : int
        The degree l.

    Returns
    -------
    ndarray of shape (n, 2 * degree + 1)
        Order m from -l (sines) to l (cosines).
    """
    x, y, z = vectors.T
    azimuth = np.arctan2(y, x)
    columns = []
    for m in range(-degree, degree + 1):
        k = abs(m)
        ratio = factorial(degree - k) / factorial(degree + k)
        norm = np.sqrt((2 * degree + 1) / (4 * np.pi) * ratio * (2 if m else 1))
        wave = np.sin(k * azimuth) if m < 0 else np.cos(k * azimuth)
        columns.append((-1) ** k * norm * lpmv(k, degree, z) * wave)
    return np.stack(columns, axis=1)


def turning_matrix(rotation: Rotation, degree: int) -> np.ndarray:
    """Return the matrix that turns the coefficients of a function on the sphere.

    Parameters
    ----------
    rotation : Rotation
        One rotation R.
    degree : int
        The degree l.

    Returns
    -------
    ndarray of shape (2 * degree + 1, 2 * degree + 1)
        Takes the coefficients of f(v) to those of f(R^-1 v).
    """
    points = _points()
    turned = real_harmonics(rotation.inv().apply(points), degree)
    return np.linalg.lstsq(real_harmonics(points, degree), turned, rcond=None)[0]


def invariant_functions(group: Rotation, degree: int) -> np.ndarray:
    """Return the harmonics that all rotations of a group leave as they are.

    Parameters
    ----------
    group : Rotation of length n_rotations
        A finite group.
    degree : int
        The degree l.

    Returns
    -------
    ndarray of shape (2 * degree + 1, n_functions)
        Orthonormal coefficients, one column a function.
    """
    mean = np.mean([turning_matrix(rotation, degree) for rotation in group], axis=0)
    # The mean over a group is a projection: eigenvalues are 0 and 1.
    values, vectors = np.linalg.eigh((mean + mean.T) / 2)
    functions = vectors[:, values > 0.5]
    # The greatest entry positive, so that the sign does not hang on the library.
    greatest = np.argmax(np.abs(functions) > 0.999 * np.abs(functions).max(0), axis=0)
    signs = np.sign(np.take_along_axis(functions, greatest[np.newaxis], axis=0))
    return functions * signs


def turn_around_z(coefficients: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Turn functions around z, each by its angle in radians.

    Parameters
    ----------
    coefficients : ndarray of shape (n, 2 * degree + 1, n_functions)
        Coefficients.
    angles : ndarray of shape (n,)
        Angles.

    Returns
    -------
    ndarray of the shape of `coefficients`
        Those of the turned functions.
    """
    degree = coefficients.shape[1] // 2
    phase = angles[:, np.newaxis] * np.arange(-degree, degree + 1)
    cosine, sine = np.cos(phase)[..., np.newaxis], np.sin(phase)[..., np.newaxis]
    return cosine * coefficients - sine * coefficients[:, ::-1]


def turn_around_x(coefficients: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Turn functions around x, each by its angle; see `turn_around_z`."""
    to_x = _axis_change(coefficients.shape[1] // 2)
    return to_x @ turn_around_z(to_x.T @ coefficients, angles)


@cache
def _axis_change(degree: int) -> np.ndarray:
    """Return the matrix that turns z into x."""
    return turning_matrix(Rotation.from_rotvec([0, np.pi / 2, 0]), degree)


@cache
def _points() -> np.ndarray:
    """Return directions spread over the sphere, more than harmonics of degree 6."""
    return Rotation.random(64, random_state=0).apply([0, 0, 1])
