"""What a training loop is fed: the batches, in their order, anew every epoch."""

import keras
import numpy as np

from morphokeras.estimators._feed import feed


class Counted(keras.utils.PyDataset):
    """Three batches that hold the epoch and their number; the last one is shorter."""

    def __init__(self):
        super().__init__()
        self.epoch = 0

    def __len__(self):
        return 3

    def on_epoch_begin(self):
        self.epoch += 1

    def __getitem__(self, index):
        number = np.full((2 - index // 2, 1), 10 * self.epoch + index, "float32")
        return ({"number": number, "label": np.zeros(len(number), "int32")},)


class Recorder(keras.Model):
    """A model that notes the size and the numbers of all batches."""

    def __init__(self):
        super().__init__()
        self.weight = self.add_weight(shape=(), name="weight")
        self.mean = keras.metrics.Mean(name="mean")
        self.built = True

    def call(self, inputs, training=None):
        return self.weight * inputs["number"]

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        self.mean.update_state(x["number"])
        return keras.ops.sum(y_pred) + 0.0 * keras.ops.sum(
            keras.ops.cast(x["label"], "float32")
        )


def test_every_epoch_gives_all_batches_once_and_is_announced():
    model = Recorder()
    model.compile("sgd")
    history = model.fit(feed(Counted()), epochs=3, shuffle=False, verbose=0).history
    # In the first epoch two rows of 10, two of 11 and one of 12.
    np.testing.assert_allclose(history["mean"], [10.8, 20.8, 30.8], rtol=1e-6)


def test_a_progress_bar_knows_the_number_of_batches(capsys):
    model = Recorder()
    model.compile("sgd")
    model.fit(feed(Counted()), shuffle=False, verbose=1)
    assert "3/3" in capsys.readouterr().out
