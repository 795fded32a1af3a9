"""Pixels in the order of their values: a stable radix sort on the bits of float32."""

import numpy as np

from morphokeras.utils.compile import jit

_RADIX_BITS = 11


@jit
def sort_key(pattern, pixel):
    """Return a whole number that orders pixels by value, with the pixel in it.

    Parameters
    ----------
    pattern : uint32
        The bits of the pixel's float32 value.
    pixel : int
        Its index.

    Returns
    -------
    uint64
        The value's order in the upper 32 bits, the pixel in the lower ones.
    """
    # The order of floats as that of unsigned integers: flip the sign, or all bits.
    flip = np.uint32(0xFFFFFFFF) if pattern >> 31 else np.uint32(0x80000000)
    return np.uint64(pattern ^ flip) << np.uint64(32) | np.uint64(pixel)


@jit
def sorted_pixels(keyed):
    """Return the pixels of keys in the order of their values, equal ones as they came.

    Parameters
    ----------
    keyed : ndarray of shape (n,), uint64
        Keys of `sort_key`. The array is overwritten.

    Returns
    -------
    ndarray of shape (n,), uint32
        The pixels.
    """
    other = np.empty_like(keyed)
    counts = np.zeros((3, 1 << _RADIX_BITS), np.int64)
    mask = np.uint64((1 << _RADIX_BITS) - 1)
    for item in keyed:
        for digit in range(3):
            counts[digit, item >> np.uint64(32 + digit * _RADIX_BITS) & mask] += 1
    for digit in range(3):
        shift = np.uint64(32 + digit * _RADIX_BITS)
        place = counts[digit]
        total = 0
        for k in range(place.size):
            place[k], total = total, total + place[k]
        for item in keyed:
            k = item >> shift & mask
            other[place[k]] = item
            place[k] += 1
        keyed, other = other, keyed
    pixels = np.empty(keyed.size, np.uint32)
    for i in range(keyed.size):
        pixels[i] = keyed[i] & np.uint64(0xFFFFFFFF)
    return pixels
