"""Compiled loops over the pixels of a batch of images."""

import numpy as np

from morphokeras.utils.compile import jit


@jit(fastmath=True)
def resample(images, matrix, periodic, out):
    """Read each pixel of `out` linearly from the place that its map gives.

    Parameters
    ----------
    images : float32 ndarray of shape (batch, height, width, channels)
        Images to read, contiguous and writable.
    matrix : float64 ndarray of shape (batch, 2, 3)
        For each image the affine map from output to input pixels (row, column, 1).
    periodic : bool
        Whether the image repeats beyond its edges, or is mirrored there.
    out : float32 ndarray of shape (batch, new_height, new_width, channels)
        Written.
    """
    for n in range(len(images)):
        if matrix[n, 0, 1] == 0 and matrix[n, 1, 0] == 0:
            _resample_aligned(images[n], matrix[n], 0, periodic, out[n])
        elif matrix[n, 0, 0] == 0 and matrix[n, 1, 1] == 0:
            _resample_aligned(images[n], matrix[n], 1, periodic, out[n])
        else:
            _resample_turned(images[n], matrix[n], periodic, out[n])


@jit(fastmath=True)
def change_tone(images, tone):
    """Bend, stretch and shift the grey levels of each image, in place.

    Parameters
    ----------
    images : float32 ndarray of shape (batch, height, width, channels)
        Grey levels in [0, 1], and so they stay.
    tone : float32 ndarray of shape (batch, 4)
        Contrast, brightness, curve and pivot of each image.
    """
    one, zero = np.float32(1), np.float32(0)
    for n in range(len(images)):
        contrast, brightness, curve, pivot = tone[n]
        flat = images[n].reshape(-1)
        for i in range(flat.size):
            value = flat[i]
            value += curve * value * (one - value)
            value = pivot + contrast * (value - pivot) + brightness
            flat[i] = min(max(value, zero), one)


@jit(fastmath=True)
def add_noise(images, pool, starts, amplitude):
    """Add to each image its own stretch of a row of random numbers, in place.

    Parameters
    ----------
    images : float32 ndarray of shape (batch, height, width, channels)
        Changed.
    pool : float32 ndarray of shape (size,)
        Random numbers.
    starts : int64 ndarray of shape (batch,)
        Where in the pool each image begins.
    amplitude : float32 ndarray of shape (batch,)
        Factor of the random numbers.
    """
    for n in range(len(images)):
        flat = images[n].reshape(-1)
        for i in range(flat.size):
            flat[i] += amplitude[n] * pool[starts[n] + i]


@jit(fastmath=True)
def _resample_aligned(image, matrix, swapped, periodic, out):
    """Resample along rows and columns, whose places are worked out once."""
    flat = image.reshape(-1)
    channels = image.shape[2]
    rows = _axis_table(image, matrix, 0, swapped, out.shape[swapped], periodic)
    columns = _axis_table(
        image, matrix, 1, 1 - swapped, out.shape[1 - swapped], periodic
    )
    if swapped == 1:
        rows, columns = columns, rows
    for i in range(out.shape[0]):
        top, bottom, down = rows[0][i], rows[1][i], rows[2][i]
        for j in range(out.shape[1]):
            left, right, along = columns[0][j], columns[1][j], columns[2][j]
            for c in range(channels):
                upper = flat[top + left + c]
                upper += along * (flat[top + right + c] - upper)
                lower = flat[bottom + left + c]
                lower += along * (flat[bottom + right + c] - lower)
                out[i, j, c] = upper + down * (lower - upper)


@jit(fastmath=True)
def _axis_table(image, matrix, axis, out_axis, length, periodic):
    """Return the flat offsets of both neighbours along an axis, and the weight."""
    size, channels = image.shape[axis], image.shape[2]
    stride = channels * (image.shape[1] if axis == 0 else 1)
    before = np.empty(length, np.int64)
    after = np.empty(length, np.int64)
    weight = np.empty(length, np.float32)
    for i in range(length):
        place = matrix[axis, 2] + matrix[axis, out_axis] * i
        low = int(np.floor(place))
        before[i] = stride * _fold(low, size, periodic)
        after[i] = stride * _fold(low + 1, size, periodic)
        weight[i] = place - low
    return before, after, weight


@jit(fastmath=True)
def _resample_turned(image, matrix, periodic, out):
    height, width, channels = image.shape
    for i in range(out.shape[0]):
        y0 = matrix[0, 2] + matrix[0, 0] * i
        x0 = matrix[1, 2] + matrix[1, 0] * i
        for j in range(out.shape[1]):
            y = y0 + matrix[0, 1] * j
            x = x0 + matrix[1, 1] * j
            row, column = int(np.floor(y)), int(np.floor(x))
            down, along = np.float32(y - row), np.float32(x - column)
            top = _fold(row, height, periodic)
            bottom = _fold(row + 1, height, periodic)
            left = _fold(column, width, periodic)
            right = _fold(column + 1, width, periodic)
            for c in range(channels):
                upper = image[top, left, c]
                upper += along * (image[top, right, c] - upper)
                lower = image[bottom, left, c]
                lower += along * (image[bottom, right, c] - lower)
                out[i, j, c] = upper + down * (lower - upper)


@jit
def _fold(index, size, periodic):
    """Return the pixel inside the image that is seen at any integer index."""
    if 0 <= index < size:
        return index
    if periodic:
        return index % size
    index %= 2 * size
    return index if index < size else 2 * size - 1 - index
