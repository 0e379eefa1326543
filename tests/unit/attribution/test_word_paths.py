"""Discretized integrated gradients: the path by NumPy, word by word, and what it sums to."""

import numpy as np
import pytest
import torch
from models import PAD, tiny_lm

from lmwidget.attribution.word_paths import Words, word_path
from lmwidget.errors import CancelledError, InputError

METHOD = "discretized_integrated_gradients"
TEXT = "the king said"


def path_by_hand(table, allowed, word, start, end, steps, neighbours):
    """Sanyal and Ren's greedy path of one token, with an even part of the rest of the way."""
    points, last, place = [end], end, end
    for left in range(steps, 1, -1):
        distances = ((table - place) ** 2).sum(1)
        distances[~allowed] = np.inf
        if word >= 0:
            distances[word] = np.inf
        best, best_moved, fewest = None, None, np.inf
        for candidate in np.argsort(distances)[:neighbours]:
            moved = table[candidate].copy()
            for j in range(len(moved)):
                low, high = sorted((last[j], start[j]))
                if not low <= moved[j] <= high:
                    moved[j] = last[j] - (last[j] - start[j]) / left
            distance = np.sqrt(((table[candidate] - moved) ** 2).sum())
            if distance < fewest:
                best, best_moved, fewest = candidate, moved, distance
        word, place, last = best, table[best], best_moved
        points.append(last)
    return np.array([*points, start])[::-1]


def test_the_path_is_that_of_the_paper_word_by_word():
    generator = np.random.default_rng(0)
    table = generator.standard_normal((60, 5))
    allowed = np.ones(60, bool)
    allowed[:3] = False
    words = Words(torch.tensor(table), torch.tensor(allowed))
    ids = np.array([10, 20, -1])
    ends = np.stack([table[10], table[20], generator.standard_normal(5)])
    start = np.zeros((3, 5))
    found = word_path(words, torch.tensor(ids), torch.tensor(start), torch.tensor(ends), 7, 4)
    for token in range(3):
        expected = path_by_hand(table, allowed, ids[token], start[token], ends[token], 7, 4)
        np.testing.assert_allclose(found[:, token], expected, atol=1e-12)


def test_every_dimension_goes_one_way_only():
    generator = torch.Generator().manual_seed(1)
    table = torch.randn(200, 8, generator=generator)
    words = Words(table, torch.ones(200, dtype=torch.bool))
    path = word_path(words, torch.tensor([5, 6]), table[[9, 9]], table[[5, 6]], 20, 10)
    moves = path.diff(dim=0)
    way = (table[[5, 6]] - table[[9, 9]]).sign()
    assert bool((moves * way >= -1e-6).all())
    assert path.shape == (21, 2, 8)


@pytest.mark.parametrize("family", ["gpt2", "llama", "bert-classifier"])
def test_the_scores_are_those_of_autograd_along_the_path(family):
    lm = tiny_lm(family)
    asked = {"steps": 6, "neighbours": 5, "baseline": "pad", "keep_special": False}
    why = lm.attribute(TEXT, METHOD, target=2, **asked)
    table = lm.model.get_input_embeddings().weight.detach()
    special = torch.ones(len(table), dtype=torch.bool)
    special[[i for i in lm.tokenizer.all_special_ids if i < len(table)]] = False
    ids = torch.tensor(why.tokens.ids)
    path = np.stack(
        [
            path_by_hand(table.numpy(), special.numpy(), int(i), table[PAD].numpy(), table[i].numpy(), 6, 5)
            for i in ids
        ],
        axis=1,
    )  # fmt: skip
    slopes, values = [], []
    for point in path:
        embeds = torch.tensor(point)[None].requires_grad_()
        mask = torch.ones(1, len(ids), dtype=torch.long)
        logits = lm.model(inputs_embeds=embeds, attention_mask=mask).logits
        score = logits[0, -1, 2] if logits.dim() == 3 else logits[0, 2]
        slopes.append(torch.autograd.grad(score, embeds)[0][0].numpy())
        values.append(float(score.detach()))
    means = (np.array(slopes[1:]) + np.array(slopes[:-1])) / 2
    expected = (means * np.diff(path, axis=0)).sum((0, 2))
    atol = 1e-4 * float(np.abs(expected).max())
    np.testing.assert_allclose(why.scores, expected, rtol=0, atol=atol)
    assert why.check.expected == pytest.approx(values[-1] - values[0], abs=1e-4)
    assert why.check.total == pytest.approx(expected.sum(), abs=3 * atol)
    assert why.settings == {**asked, "baseline": "pad"}


def test_more_steps_make_the_gap_smaller():
    # Not zero: steps between words stay steps between words.
    lm = tiny_lm("gpt2")
    gaps = [abs(lm.attribute(TEXT, METHOD, steps=n).check.value) for n in (2, 200)]
    assert gaps[1] < 0.5 * gaps[0]


def test_special_tokens_stay_where_they_are():
    why = tiny_lm("bert-classifier").attribute(TEXT, METHOD, steps=4)
    special = np.array([kind == "special" for kind in why.tokens.kinds])
    assert (why.scores[special] == 0).all()
    assert (why.scores[~special] != 0).all()


def test_stopped_early_it_covers_the_path():
    lm = tiny_lm("gpt2")
    seen = []
    why = lm.attribute(
        TEXT, METHOD, steps=300, max_memory=1,
        progress=lambda done, total, left: seen.append((done, total)),
        cancelled=lambda: len(seen) >= 40,
    )  # fmt: skip
    whole = lm.attribute(TEXT, METHOD, steps=300)
    assert why.partial
    assert not whole.partial
    assert seen[-1] == (39, 301)
    assert abs(why.scores - whole.scores).max() < 0.7 * abs(whole.scores).max()
    with pytest.raises(CancelledError):
        lm.attribute(TEXT, METHOD, cancelled=lambda: True)


@pytest.mark.parametrize("asked", [{"steps": 0}, {"neighbours": 0}, {"steps": 1.5}])
def test_settings_out_of_range(asked):
    (name,) = asked
    with pytest.raises(InputError, match=f"{name} is"):
        tiny_lm("gpt2").attribute(TEXT, METHOD, **asked)


def test_one_step_is_a_straight_line():
    lm = tiny_lm("gpt2")
    why = lm.attribute(TEXT, METHOD, steps=1, baseline="pad")
    assert why.cost["passes"] == 3
    assert np.isfinite(why.scores).all()
