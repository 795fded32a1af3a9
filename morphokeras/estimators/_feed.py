"""How batches reach the training loop of each backend."""

from typing import Any

import keras


def feed(batches: keras.utils.PyDataset) -> Any:
    """Return what ``keras.Model.fit`` reads the batches from fastest.

    Parameters
    ----------
    batches : keras.utils.PyDataset
        Batches, each a tuple of one dict of arrays.

    Returns
    -------
    keras.utils.PyDataset or tf.data.Dataset
        With TensorFlow a data set that asks for the batches one by one: Keras would
        make one from a generator, and the first of these makes the allocator of the
        process give every large piece of memory back to the system at once, which slows
        training on a CPU (TensorFlow 2.21).
    """
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    example = batches[0][0]

    def take(index):
        if index == 0:
            batches.on_epoch_begin()
        batch = batches[int(index)][0]
        return [batch[name] for name in example]

    def load(index):
        dtypes = [tf.as_dtype(array.dtype) for array in example.values()]
        arrays = tf.numpy_function(take, [index], dtypes)
        for array, known in zip(arrays, example.values(), strict=True):
            array.set_shape((None, *known.shape[1:]))
        return (dict(zip(example, arrays, strict=True)),)

    return tf.data.Dataset.range(len(batches)).map(load).prefetch(1)
