"""Leave-one-out and occlusion: closed forms, Captum, and what comes of a computation cut short."""

import numpy as np
import pytest
import torch
from captum.attr import FeatureAblation, Occlusion
from games import FunctionGame, random_worth
from models import tiny_lm

from lmwidget.attribution.method import Watch
from lmwidget.attribution.methods.leave_one_out import leave_one_out
from lmwidget.attribution.methods.occlusion import occlusion, windows
from lmwidget.errors import CancelledError, InputError

WEIGHTS = np.array([1.5, -2.0, 0.25, 4.0, -1.0])


def linear(row):
    return 3.0 + float(WEIGHTS @ row)


class Numbered(Watch):
    """Stops after so many batches, and keeps what it was told."""

    def __init__(self, most=10**9):
        self.told = []
        super().__init__(
            lambda done, total, left: self.told.append((done, total)),
            lambda: len(self.told) >= most,
        )


def test_units_that_add_up():
    game = FunctionGame(linear, 5)
    np.testing.assert_allclose(leave_one_out(game, Watch()).scores, WEIGHTS, rtol=1e-6)
    np.testing.assert_allclose(occlusion(game, Watch(), window=1).scores, WEIGHTS, rtol=1e-6)


def test_a_window_loses_what_its_units_lose():
    found = occlusion(FunctionGame(linear, 5), Watch(), window=2).scores
    pairs = WEIGHTS[:-1] + WEIGHTS[1:]
    mean = [pairs[0], *(pairs[:-1] + pairs[1:]) / 2, pairs[-1]]
    np.testing.assert_allclose(found, mean, rtol=1e-6)


def test_units_that_say_the_same_are_missed_one_by_one_but_not_together():
    either = FunctionGame(lambda row: float(row[:2].any()), 3)
    assert leave_one_out(either, Watch()).scores.tolist() == [0, 0, 0]
    assert occlusion(either, Watch(), window=2).scores.tolist() == [1, 0.5, 0]


@pytest.mark.parametrize(
    ("count", "window", "stride", "begins"),
    [(5, 2, 1, [0, 1, 2, 3]), (5, 2, 2, [0, 2, 4]), (7, 3, 3, [0, 3, 6]), (2, 3, 1, [0]), (1, 1, 1, [0])],
)  # fmt: skip
def test_windows(count, window, stride, begins):
    inside = windows(count, window, stride)
    assert inside.argmax(1).tolist() == begins
    assert inside.any(0).all()
    assert (inside.sum(1) == [min(window, count - begin) for begin in begins]).all()


def test_progress_says_how_many():
    watch = Numbered()
    leave_one_out(FunctionGame(linear, 5), watch)
    assert watch.told[-1] == (6, 6)  # the text, and five without a unit


@pytest.mark.parametrize("method", [leave_one_out, occlusion])
def test_cut_short(method):
    found = method(FunctionGame(linear, 5), Numbered(3))
    assert found.partial
    reached = ~np.isnan(found.scores)
    assert 0 < reached.sum() < 5
    whole = method(FunctionGame(linear, 5), Watch()).scores
    if method is leave_one_out:
        np.testing.assert_array_equal(found.scores[reached], whole[reached])
    with pytest.raises(CancelledError):
        method(FunctionGame(linear, 5), Numbered(1))


def test_settings_out_of_range():
    game = FunctionGame(linear, 5)
    with pytest.raises(InputError, match="in no window"):
        occlusion(game, Watch(), window=2, stride=3)
    for wrong in (0, True, 1.5, "2"):
        with pytest.raises(InputError, match="whole number"):
            occlusion(game, Watch(), window=wrong)


@pytest.mark.parametrize("family", ["gpt2", "llama", "bert-classifier"])
def test_captum(family):
    """Within 1e-4 of the largest score."""
    lm = tiny_lm(family)
    tokens = lm.tokenize("the king said on the cat")
    ids = torch.tensor(tokens.ids)[None]
    unknown = torch.full_like(ids, lm.tokenizer.unk_token_id)

    def target(ids):
        logits = lm.model(input_ids=ids).logits
        return logits[:, 2] if lm.labels else logits[:, -1, 2]

    asked = {"target": 2, "removal": "unk", "keep_special": False}
    with torch.no_grad():
        one = FeatureAblation(target).attribute(ids, baselines=unknown)[0].numpy()
        three = Occlusion(target).attribute(ids, (3,), baselines=unknown)[0].numpy()
    found = lm.attribute(tokens, "leave_one_out", **asked)
    np.testing.assert_allclose(found.scores, one, rtol=0, atol=1e-4 * np.abs(one).max())
    found = lm.attribute(tokens, "occlusion", window=3, **asked)
    np.testing.assert_allclose(found.scores, three, rtol=0, atol=1e-4 * np.abs(three).max())


def test_any_game():
    worth = random_worth(6)
    scores = leave_one_out(FunctionGame(worth, 6), Watch()).scores
    rows = ~np.eye(6, dtype=bool)
    expected = [worth(np.ones(6, bool)) - worth(row) for row in rows]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)
