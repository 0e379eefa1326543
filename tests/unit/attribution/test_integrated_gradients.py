"""Integrated gradients: completeness, batches, progress, stopping, settings."""

import numpy as np
import pytest
import torch
from models import CAUSAL, CLASSIFIERS, MASKED, SEQ2SEQ, fresh_model, tiny_lm, tiny_tokenizer

from lmwidget.attribution.path_integral import FEWEST_STEPS
from lmwidget.errors import CancelledError, InputError, UnknownNameError
from lmwidget.models.language_model import LanguageModel

METHOD = "integrated_gradients"


def text_for(lm):
    return f"the king {lm.tokenizer.mask_token} said" if lm.task == "masked" else "the king said"


# GPT-OSS changes its expert along the path: see the test of jumps.
@pytest.mark.parametrize(
    "family", [*sorted({*CAUSAL} - {"gpt_oss"}), *MASKED, *SEQ2SEQ, *CLASSIFIERS]
)
def test_the_gap_is_within_the_tolerance_in_every_family(family):
    lm = tiny_lm(family)
    why = lm.attribute(text_for(lm), METHOD, max_steps=2000, tolerance=0.01)
    assert why.check.relative <= 0.01 or abs(why.check.value) <= 1e-3
    assert why.check.total == pytest.approx(why.scores.sum(dtype=float), rel=1e-4, abs=1e-5)
    assert why.check.value == pytest.approx(why.check.total - why.check.expected)
    assert why.cost["passes"] <= 2002
    assert why.scores.shape == (len(why.tokens),)


def test_a_jump_is_reported_and_does_not_use_up_everything():
    why = tiny_lm("gpt_oss").attribute("the king said", METHOD, max_steps=20_000)
    assert why.check.relative > 0.05
    assert why.cost["passes"] < 10_000


@pytest.mark.parametrize("family", ["gpt2", "bert", "bart"])
def test_the_gap_goes_to_zero_with_the_steps(family):
    lm = tiny_lm(family)
    gaps = [abs(lm.attribute(text_for(lm), METHOD, steps=n).check.value) for n in (2, 8, 32, 256)]
    assert gaps[0] > 20 * gaps[-1]
    assert gaps[-1] < 2e-3


@pytest.mark.parametrize("settings", [{"steps": 20}, {}])
@pytest.mark.parametrize("family", ["gpt2", "llama", "bert", "t5"])
def test_the_batch_size_changes_nothing(family, settings):
    lm = tiny_lm(family)
    expected = lm.attribute(
        text_for(lm), METHOD, batch_size=1, tolerance=1e-9, max_steps=100, **settings
    )
    for batch_size in (3, 64):
        why = lm.attribute(
            text_for(lm), METHOD, batch_size=batch_size, tolerance=1e-9, max_steps=100, **settings
        )
        atol = 1e-4 * abs(expected.scores).max()
        np.testing.assert_allclose(why.scores, expected.scores, rtol=0, atol=atol)


@pytest.mark.parametrize("method", ["input_x_gradient", METHOD])
@pytest.mark.parametrize("family", ["gpt2", "bert", "bert-classifier", "t5"])
def test_contrast_is_the_difference_of_both(family, method):
    lm = tiny_lm(family)
    settings = {"steps": 16} if method == METHOD else {}
    target = lm.attribute(text_for(lm), method, target=2, **settings).scores
    foil = lm.attribute(text_for(lm), method, target=1, **settings).scores
    why = lm.attribute(text_for(lm), method, target=2, foil=1, **settings)
    largest = max(abs(target).max(), abs(foil).max())
    np.testing.assert_allclose(why.scores, target - foil, rtol=0, atol=1e-5 * largest)
    assert why.unit == "logit difference"


def test_the_memory_of_a_pass_sets_the_batch():
    lm = tiny_lm("gpt2")
    count = len(lm.tokenize("the king"))
    assert lm.attribute("the king", METHOD).settings["batch_size"] == 128 // count
    assert lm.attribute("the king", METHOD, max_memory=1).settings["batch_size"] == 1


def test_settings_repeat_the_computation():
    lm = tiny_lm("llama")
    first = lm.attribute("the king said", METHOD, target=5, baseline="mean", max_steps=50)
    again = lm.attribute("the king said", METHOD, target=5, **first.settings)
    assert (first.scores == again.scores).all()
    assert first.settings == again.settings


def test_the_default_baseline():
    def baseline(lm):
        return lm.attribute(text_for(lm), METHOD, steps=1).settings["baseline"]

    assert baseline(tiny_lm("bert")) == "pad"
    tokenizer = tiny_tokenizer("gpt2")
    for pad in (tokenizer.eos_token, tokenizer.bos_token, None):
        tokenizer.pad_token = pad
        assert baseline(LanguageModel(fresh_model("gpt2"), tokenizer)) == "mean"


def test_the_average_embedding_is_what_the_model_looks_up():
    # Gemma 2 scales its embeddings.
    from lmwidget.attribution.baselines import make_baseline
    from lmwidget.attribution.question import Question
    from lmwidget.attribution.target_function import TargetFunction

    lm = tiny_lm("gemma2")
    with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
        found = make_baseline(f, "mean", keep_special=True).embeddings
    expected = lm.model.get_input_embeddings().weight.detach().mean(0) * 32**0.5
    torch.testing.assert_close(found[0], expected, rtol=1e-4, atol=1e-5)


def test_the_explanation_is_one_sentence_with_the_numbers():
    why = tiny_lm("bert-classifier").attribute("the king said", METHOD, target=1, steps=4)
    check = why.check
    assert check.explanation.endswith(f"a gap of {check.relative:.1%}.")
    assert f"sum to {check.total:.3g}" in check.explanation
    assert "'[PAD]' at every token" in check.explanation


def test_progress():
    seen = []
    tiny_lm("gpt2").attribute(
        "the king", METHOD, steps=10, batch_size=4, progress=lambda *state: seen.append(state)
    )
    assert [state[:2] for state in seen] == [(0, 10), (4, 10), (8, 10), (10, 10)]
    assert np.isnan(seen[0][2])
    assert not any(seconds < 0 for _, _, seconds in seen[1:])
    assert seen[-1][2] == 0


@pytest.mark.parametrize("method", ["gradient", "input_x_gradient", METHOD])
def test_stopped_before_anything_is_done(method):
    with pytest.raises(CancelledError, match="stopped before there was anything to show"):
        tiny_lm("gpt2").attribute("the king", method, cancelled=lambda: True)


@pytest.mark.parametrize("settings", [{"steps": 64}, {"tolerance": 1e-6}])
@pytest.mark.parametrize("batches", [1, 2, 5, 8])
def test_stopped_early(settings, batches):
    lm = tiny_lm("gpt2")
    exact = lm.attribute("the king said", METHOD, steps=512)
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 1 + batches  # the first question comes before the first pass

    why = lm.attribute("the king said", METHOD, batch_size=3, cancelled=cancelled, **settings)
    assert why.partial
    assert 2 + batches <= why.cost["passes"] <= 2 + 3 * batches
    error = abs(why.scores - exact.scores).max() / abs(exact.scores).max()
    assert error < 0.7  # it covers the whole path, so no part of a score is missing
    assert why.check.value == pytest.approx(why.check.total - why.check.expected)


def test_stopped_after_the_baseline_only():
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 1

    with pytest.raises(CancelledError):
        tiny_lm("gpt2").attribute("the king", METHOD, cancelled=cancelled)


def test_finished_is_not_partial():
    assert not tiny_lm("gpt2").attribute("the king", METHOD, cancelled=lambda: False).partial


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps is 0. Give a whole number of at least 1."),
        ({"steps": 2.5}, "steps is 2.5. Give a whole number"),
        ({"steps": True}, "steps is True"),
        ({"max_steps": 5}, f"max_steps is 5. Give a whole number of at least {FEWEST_STEPS}."),
        ({"max_steps": None}, "max_steps is None"),
        ({"batch_size": -1}, "batch_size is -1"),
        ({"tolerance": 0}, "tolerance is 0. Give a number above 0"),
        ({"tolerance": "small"}, "tolerance is 'small'"),
        ({"baseline": 3}, "The baseline is a int."),
        ({"baseline": "the king"}, "The baseline 'the king' is 5 tokens here"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        tiny_lm("gpt2").attribute("the king", METHOD, **settings)


def test_unknown_baseline():
    with pytest.raises(UnknownNameError, match=r"no baseline 'zeros'\. Did you mean 'zero'"):
        tiny_lm("gpt2").attribute("the king", METHOD, baseline="zeros")


def test_a_baseline_token_that_the_tokenizer_lacks():
    tokenizer = tiny_tokenizer("gpt2")
    tokenizer.mask_token = None
    lm = LanguageModel(fresh_model("gpt2"), tokenizer)
    with pytest.raises(
        InputError, match=r"no mask token to use as baseline\. Use 'mean' or 'zero'"
    ):
        lm.attribute("the king", METHOD, baseline="mask")


@pytest.mark.real_model
def test_mary_rather_than_john_in_smollm2():
    """Fifty nodes of one rule are far off; panels are as close as they promise to 545 points."""
    import lmwidget as lmw

    lm = lmw.load()
    text = "When Mary and John went to the store, John gave a drink to"
    contrast = {"target": " Mary", "foil": " John"}
    product = lm.attribute(text, "input_x_gradient", **contrast).scores
    assert product[[1, 3]] == pytest.approx([-3.87, -1.78], abs=0.02)
    fixed = lm.attribute(text, METHOD, steps=50, **contrast)
    panels = lm.attribute(text, METHOD, **contrast)
    assert fixed.check.relative > 0.5
    assert panels.check.relative < 0.05
    assert panels.check.expected == pytest.approx(9.35, abs=0.02)
    settled = [1.15, 0.77, 0.67, 0.27, 0.13, 3.33, 0.73, 0.32, 1.00, 0.35, 0.36, -0.68, -0.07, 1.01]
    np.testing.assert_allclose(panels.scores, settled, atol=0.05 * 9.35)
