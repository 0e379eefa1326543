"""Kneser–Ney from counts: against its definition, by hand, and as a language model like any other."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache

import numpy as np
import pytest
import torch
from models import tiny_tokenizer
from own_modules import VOCABULARY
from test_alignment import check
from tokenizers_zoo import tokenizer_of

import lmwidget as lmw
from lmwidget.errors import InputError, ModelMismatchError, NoAttentionError
from lmwidget.models.kneser_ney import KneserNey
from lmwidget.models.word_tokenizer import WordTokenizer

TEXTS = [
    "the king said unto the king: behold, the cat sat because it was tired.",
    "the cat sat. the king sat. the lazy dog sleeps, and the cat sleeps.",
    "behold the dog",
]


def by_definition(texts, order, size):
    """Modified Kneser–Ney, word for word from the papers, in dicts."""
    begin = size
    grams = [Counter() for _ in range(order + 1)]
    for text in texts:
        stream = (begin, *text)
        for n in range(1, order + 1):
            grams[n].update(stream[i : i + n] for i in range(len(stream) - n + 1))
    adjusted = [Counter() for _ in range(order + 1)]
    adjusted[order] = grams[order]
    for n in range(order - 1, 0, -1):
        follows = Counter(gram[1:] for gram in grams[n + 1])
        for gram, count in grams[n].items():
            adjusted[n][gram] = count if gram[0] == begin else follows[gram]

    def discounts(n):
        t = Counter(adjusted[n].values())
        if min(t[1], t[2], t[3], t[4]) == 0:
            return (0.0, 0.5, 1.0, 1.5)
        share = t[1] / (t[1] + 2 * t[2])
        found = [k - (k + 1) * share * t[k + 1] / t[k] for k in (1, 2, 3)]
        proper = all(0 < d < k for k, d in enumerate(found, 1))
        return (0.0, *found) if proper else (0.0, 0.5, 1.0, 1.5)

    taken = [None, *(discounts(n) for n in range(1, order + 1))]

    @cache
    def probability(word, context):
        n = len(context) + 1
        counts = {g[-1]: c for g, c in adjusted[n].items() if g[:-1] == context and g[-1] != begin}
        lower = probability(word, context[1:]) if n > 1 else 1 / size
        total = sum(counts.values())
        if total == 0:
            return lower
        own = counts.get(word, 0)
        backed = sum(taken[n][min(c, 3)] for c in counts.values()) / total
        return (own - taken[n][min(own, 3)]) / total + backed * lower

    return probability


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("seed", [0, 1])
def test_probabilities_are_those_of_the_definition(order, seed):
    rng = np.random.default_rng(seed)
    size = 12
    weights = rng.dirichlet(np.full(size - 2, 0.5), size - 2)
    texts = []
    for length in (300, 1, 60, 0, 7):
        word, text = 0, []
        for _ in range(length):
            word = int(rng.choice(size - 2, p=weights[word]))
            text.append(word)
        texts.append(np.array(text, np.int64))
    model = KneserNey(texts, order, size)
    probability = by_definition([tuple(text.tolist()) for text in texts], order, size)
    contexts = [(), (size,), (3,), (size, 3), (11,), (3, 11), (4, 5), (4, 5, 3), (11, 4, 5, 3)]
    contexts += [tuple(texts[0][i : i + order - 1].tolist()) for i in range(0, 200, 20)]
    for context in (known[max(0, len(known) - order + 1) :] for known in contexts):
        found = model.distribution(context)
        expected = [probability(word, context) for word in range(size)]
        np.testing.assert_allclose(found, expected, atol=1e-12)
        assert abs(found.sum() - 1) < 1e-12
        assert (found > 0).all()


def test_a_bigram_worked_out_by_hand():
    """One text: a a b. Twice something stands before a, once before b; discounts 0.5, 1, 1.5."""
    model = KneserNey([np.array([0, 0, 1])], 2, 2)
    left = (0.5 + 1.0) / 3 / 2
    unigrams = [(2 - 1) / 3 + left, (1 - 0.5) / 3 + left]
    np.testing.assert_allclose(model.distribution([]), unigrams, atol=1e-15)
    after_a = [0.5 / 2 + 1.0 / 2 * p for p in unigrams]
    np.testing.assert_allclose(model.distribution([0]), after_a, atol=1e-15)
    np.testing.assert_allclose(model.distribution([1]), unigrams, atol=1e-15)
    after_begin = [0.5 + 0.5 * unigrams[0], 0.5 * unigrams[1]]
    np.testing.assert_allclose(model.distribution([2]), after_begin, atol=1e-15)


def test_discounts_are_estimated_where_there_is_enough_text():
    ids = np.random.default_rng(0).zipf(1.3, 5000)
    counts = KneserNey([ids[ids < 500]], 3, 500)
    assert len(counts.discounts) == 3
    for discounts in counts.discounts:
        assert all(0 < discount < k for k, discount in enumerate(discounts, 1))
    assert counts.discounts[0] != (0.5, 1.0, 1.5)


def test_predictions():
    lm = lmw.NGramModel.fit(TEXTS)
    assert (lm.task, lm.architecture, lm.name, lm.context_length) == (
        "causal",
        "3-gram",
        "3-gram",
        None,
    )
    found = lm.predict("behold, the", top=len(lm.tokenizer))
    assert found[0].label == "cat"
    assert sum(p.probability for p in found) == pytest.approx(1, abs=1e-6)
    context = lm.tokenizer.encode(", the")
    expected = lm.model.module.counts.distribution(context)
    for prediction in found:
        assert prediction.probability == pytest.approx(expected[prediction.id], abs=1e-6)
        assert prediction.logit == pytest.approx(math.log(expected[prediction.id]), abs=1e-5)
    assert lm.predict(TEXTS[2], top=1)[0].label == "</s>"
    assert lm.predict("the king", position=0) == lm.predict("the")


def test_rows_of_ids():
    """All that perturbation methods call."""
    lm = lmw.NGramModel.fit(TEXTS, order=4)
    rows = [lm.tokenize(text).ids for text in (*TEXTS, "cat", "the the")]
    found = lm.logits(rows, normalize=True)
    for row, logits in zip(rows, found, strict=True):
        expected = lm.model.module.counts.distribution([len(lm.tokenizer), *row.tolist()][-3:])
        np.testing.assert_allclose(logits, np.log(expected), atol=1e-5)
    np.testing.assert_allclose(lm.logits(rows), found, atol=1e-5)
    everything = lm.model(torch.tensor(rows[0])[None]).logits[0]
    np.testing.assert_allclose(everything.exp().sum(-1), 1.0, atol=1e-9)
    assert everything.shape == (len(rows[0]), len(lm.tokenizer))
    left_out = [np.delete(rows[0], i) for i in range(len(rows[0]))]
    effect = lm.logits([rows[0]]) - lm.logits(left_out)
    reach = np.flatnonzero(np.abs(effect).max(-1) > 1e-6)
    assert set(reach) <= set(range(len(rows[0]) - 3, len(rows[0])))


@pytest.mark.parametrize("text", [*TEXTS, "  don't  stop ", "été 日本 x_y", "a\n\nb", "(🦄)"])
def test_words_partition_the_text(text):
    lm = lmw.NGramModel.fit([*TEXTS, "don't stop"])
    tokens = lm.tokenize(text)
    check(tokens, text)
    assert tokens.words.tolist() == list(range(len(tokens)))
    if "don't" in text:
        assert tokens.pieces == ("  don't", "  stop ")


def test_words_seen_too_seldom_are_unknown():
    lm = lmw.NGramModel.fit(["a a b"], minimum=2)
    assert lm.tokenize("a b c").kinds == ("text", "unknown", "unknown")
    assert lm.tokenizer.given.words == ("<unk>", "</s>", "a")
    assert WordTokenizer(["x"]).decode([2, 0]) == "x <unk>"


@pytest.mark.parametrize("kind", ["byte_level", "word_piece"])
def test_tokens_of_another_model(kind):
    tokenizer = tokenizer_of(kind)
    lm = lmw.NGramModel.fit(TEXTS, tokenizer=tokenizer)
    tokens = lm.tokenize(TEXTS[0])
    assert "special" not in tokens.kinds
    check(tokens, TEXTS[0])
    assert lm.logits([tokens]).shape == (1, len(tokenizer))
    following = lm.tokenize("the king said unto").ids.tolist()
    assert lm.predict("the king said")[0].id == following[len(lm.tokenize("the king said"))]


def test_characters():
    lm = lmw.NGramModel.fit(["abracadabra"], tokenizer=VOCABULARY, order=4)
    assert lm.predict("abr")[0].label == "a"


def test_what_it_does_not_have_is_said():
    lm = lmw.NGramModel.fit(TEXTS)
    for method in ("gradient", "input_x_gradient", "integrated_gradients"):
        with pytest.raises(ModelMismatchError, match=r"no gradients.*lm\.logits\(rows\)"):
            lm.attribute("the king", method)
    with pytest.raises(NoAttentionError, match=r"lm\.predict\(text\)"):
        lm.attention("the king")
    with pytest.raises(ModelMismatchError, match="no recurrent layer"):
        lm.states("the king")


@pytest.mark.parametrize(
    ("texts", "settings", "message"),
    [
        ([], {}, "no text to count"),
        ("  ", {}, "no text to count"),
        (["a", 3], {}, "Not everything"),
        ("a", {"order": 0}, "order is 0"),
        ("a", {"order": True}, "order is True"),
    ],
)
def test_refused(texts, settings, message):
    with pytest.raises(InputError, match=message):
        lmw.NGramModel.fit(texts, **settings)


def test_it_is_deterministic_and_leaves_the_tokenizer_alone():
    tokenizer = tiny_tokenizer("gpt2")
    before = tokenizer.backend_tokenizer.to_str()
    one, two = (lmw.NGramModel.fit(TEXTS, tokenizer=tokenizer) for _ in range(2))
    np.testing.assert_array_equal(one.logits([[5, 6]]), two.logits([[5, 6]]))
    assert tokenizer.backend_tokenizer.to_str() == before
