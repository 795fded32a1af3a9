"""Training histories."""

import pytest

from morphokeras.plots.history import TrainingHistoryDisplay

pytestmark = pytest.mark.backend_free

HISTORY = {"loss": [3.0, 2.0], "val_loss": [3.5, 2.5], "kl": [1.0, 0.5]}


def test_each_term_has_a_panel_with_its_validation():
    display = TrainingHistoryDisplay(HISTORY).plot()
    assert [ax.get_title() for ax in display.axes_] == ["loss", "kl"]
    assert [len(ax.lines) for ax in display.axes_] == [2, 1]
    assert display.axes_[0].lines[1].get_ydata().tolist() == [3.5, 2.5]
    assert display.axes_[0].lines[0].get_xdata().tolist() == [1, 2]


def test_many_terms_take_several_rows():
    history = {f"term {i}": [1.0, 0.5] for i in range(6)}
    display = TrainingHistoryDisplay(history).plot()
    assert len(display.axes_) == len(display.figure_.axes) == 6


def test_terms_are_chosen_and_checked():
    display = TrainingHistoryDisplay(HISTORY).plot(terms=["kl"])
    assert [ax.get_title() for ax in display.axes_] == ["kl"]
    with pytest.raises(ValueError, match=r"\['loss', 'kl'\]"):
        TrainingHistoryDisplay(HISTORY).plot(terms=["mi"])


@pytest.mark.parametrize("skipped", [[0.0, 0.0], [0.0, 2.0]])
def test_skipped_steps_are_drawn_where_there_are_such(skipped):
    history = {**HISTORY, "skipped_steps": skipped}
    titles = [ax.get_title() for ax in TrainingHistoryDisplay(history).plot().axes_]
    assert ("skipped_steps" in titles) == any(skipped)


def test_a_single_epoch_shows_as_a_point():
    display = TrainingHistoryDisplay({"loss": [1.0]}).plot()
    assert display.axes_[0].lines[0].get_marker() == "o"


def test_an_estimator_brings_its_history():
    class Estimator:
        history_ = HISTORY

    display = TrainingHistoryDisplay.from_estimator(Estimator(), terms=["loss"])
    assert display.axes_[0].get_title() == "loss"
