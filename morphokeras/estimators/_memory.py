"""Memory of networks that nobody holds any more."""

import gc
import threading

import keras

# 32 MB in single precision: sixteen networks of the default width.
MOST_LEFT_OVER = 8_000_000

_lock = threading.Lock()
_left_over = 0


def free_left_overs(model: keras.Model) -> None:
    """Free the networks of earlier trainings that nobody holds, if they may be many.

    The layers of a network hold each other, so that Python does not see at once that
    the last estimator let go of it: in a cross-validation a hundred may pile up before
    it looks. To look takes half a second, so it is done once in a while.

    Parameters
    ----------
    model : keras.Model
        The network to train next, which may be left over one day.
    """
    global _left_over
    with _lock:
        _left_over += model.count_params()
        many = _left_over > MOST_LEFT_OVER
        if many:
            _left_over = model.count_params()
    if many:
        gc.collect()
