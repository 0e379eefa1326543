"""SmoothGrad, VarGrad and expected gradients against torch by hand and against Captum."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import GradientShap
from models import tiny_lm

from lmwidget.attribution.method import Watch
from lmwidget.attribution.methods.expected_gradients import sampled_scores
from lmwidget.attribution.question import Question
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.errors import CancelledError, InputError, UnavailableError, UnknownNameError

TEXT = "the king sat"
FAMILIES = ["gpt2", "llama", "bert-classifier"]


@pytest.mark.parametrize("family", FAMILIES)
def test_smoothgrad_and_vargrad_are_mean_and_deviation_of_maps(family):
    lm = tiny_lm(family)
    samples, noise, seed = 5, 0.2, 3
    with TargetFunction(Question(lm, lm.tokenize(TEXT))) as f:
        own = f.embeddings.clone()
        generator = torch.Generator().manual_seed(seed)
        spread = noise * float(own.std())
        points = [
            own + spread * torch.randn(own.shape, generator=generator) for _ in range(samples)
        ]
        maps = [(point * f.at(point[None])[1][0]).sum(-1).numpy() for point in points]
        norms = [f.at(point[None])[1][0].norm(dim=-1).numpy() for point in points]
    asked = {"samples": samples, "noise": noise, "seed": seed}
    smooth = lm.attribute(TEXT, "smoothgrad", **asked)
    np.testing.assert_allclose(smooth.scores, np.mean(maps, 0), rtol=1e-4, atol=1e-5)
    assert smooth.settings == {**asked, "base": "input_x_gradient"}
    varied = lm.attribute(TEXT, "vargrad", **asked)
    np.testing.assert_allclose(varied.scores, np.std(maps, 0, ddof=1), rtol=1e-3, atol=1e-5)
    of_norms = lm.attribute(TEXT, "smoothgrad", base="gradient", **asked)
    np.testing.assert_allclose(of_norms.scores, np.mean(norms, 0), rtol=1e-4, atol=1e-5)


def test_without_noise_smoothgrad_is_its_base():
    lm = tiny_lm("gpt2")
    for base in ("input_x_gradient", "integrated_gradients"):
        smooth = lm.attribute(TEXT, "smoothgrad", base=base, samples=2, noise=0.0)
        alone = lm.attribute(TEXT, base)
        np.testing.assert_allclose(smooth.scores, alone.scores, rtol=1e-3, atol=1e-4)
    assert np.abs(lm.attribute(TEXT, "vargrad", samples=3, noise=0.0).scores).max() < 1e-5


@pytest.mark.parametrize("family", [*FAMILIES, "t5"])
def test_expected_gradients_are_gradient_shap_of_the_same_samples(family, monkeypatch):
    lm = tiny_lm(family)
    samples = 6
    generator = torch.Generator().manual_seed(0)
    with TargetFunction(Question(lm, lm.tokenize(TEXT))) as f:
        text = f.embeddings.clone()
        start = torch.randn(text.shape, generator=generator)
        places = torch.rand(samples, generator=generator)
        # Captum's own draw of places, made to be ours.
        monkeypatch.setattr(
            np.random, "uniform", lambda low, high, size: places.numpy()[: int(np.prod(size))].reshape(size)
        )  # fmt: skip

        def value(points):
            scores = []
            for point in points:
                with torch.enable_grad():
                    output = f._run.forward(
                        f.question.inputs(), {"input_ids": point[None].detach()}
                    )
                    score = f.question.score_output(f.question.terms, output)
                    slope = f._run.gradient(score)[0].float()
                # A linear stand-in with the same value and slope at the point.
                scores.append(score.detach()[0] + ((point - point.detach()) * slope).sum())
            return torch.stack(scores)

        expected = GradientShap(value, multiply_by_inputs=True).attribute(
            text[None], baselines=start[None], n_samples=samples, stdevs=0.0
        )
        rows, _ = sampled_scores(
            f,
            lambda rows: (start.expand(len(rows), -1, -1), text.expand(len(rows), -1, -1)),
            places.double().numpy(),
            Watch(),
        )
    expected = expected[0].sum(-1).detach().numpy()
    atol = 1e-4 * np.abs(expected).max()
    np.testing.assert_allclose(rows.mean(0), expected, rtol=0, atol=atol)


def test_expected_gradients_add_up_the_better_the_more_samples():
    lm = tiny_lm("gpt2")
    few, many = (
        lm.attribute(TEXT, "expected_gradients", samples=n, references=["mean"]) for n in (4, 400)
    )
    assert many.check.relative < few.check.relative
    assert many.check.relative < 0.1
    exact = lm.attribute(TEXT, "integrated_gradients", baseline="mean", steps=64)
    assert many.check.expected == pytest.approx(exact.check.expected, abs=1e-3)
    assert np.abs(many.scores - exact.scores).max() < 0.25 * np.abs(exact.scores).max()


def test_references_are_baselines_or_whole_texts():
    lm = tiny_lm("gpt2")
    text = "the cat sat on the hat"
    asked = {"samples": 200, "keep_special": False}
    why = lm.attribute(TEXT, "expected_gradients", references=["zero", text], **asked)
    with TargetFunction(Question(lm, lm.tokenize(TEXT))) as f:
        ids = np.resize(lm.tokenize(text).ids, len(f.tokens))
        starts = torch.stack([f.call.embed(torch.tensor(ids)[None])[0], f.embeddings * 0])
        gains = (f.value - f.values(starts)).tolist()
    assert min(gains) < why.check.expected < max(gains)
    assert why.check.expected == pytest.approx(np.mean(gains), abs=0.2 * abs(gains[0] - gains[1]))
    with pytest.raises(InputError, match=r"The text is empty\."):
        lm.attribute(TEXT, "expected_gradients", references=[""])


def test_how_many_go_together_changes_nothing():
    lm = tiny_lm("gpt2")
    for method in ("smoothgrad", "vargrad", "expected_gradients"):
        asked = {"samples": 7, "noise": 0.1}
        together = lm.attribute(TEXT, method, **asked)
        alone = lm.attribute(TEXT, method, max_memory=1, **asked)
        atol = 1e-4 * np.abs(together.scores).max()
        np.testing.assert_allclose(alone.scores, together.scores, rtol=0, atol=atol)


def test_special_tokens_stay_as_they_are():
    lm = tiny_lm("bert-classifier")
    why = lm.attribute(TEXT, "expected_gradients", samples=4)
    special = [kind == "special" for kind in why.tokens.kinds]
    assert np.abs(why.scores[special]).max() == 0
    assert np.abs(why.scores[~np.array(special)]).max() > 0


def test_mistakes_and_refusals():
    lm = tiny_lm("gpt2")
    with pytest.raises(InputError, match="samples is 0"):
        lm.attribute(TEXT, "smoothgrad", samples=0)
    with pytest.raises(InputError, match="noise is -1"):
        lm.attribute(TEXT, "vargrad", noise=-1)
    with pytest.raises(UnknownNameError, match="no gradient method 'lime'"):
        lm.attribute(TEXT, "smoothgrad", base="lime")
    with pytest.raises(InputError, match="references is 'mean'"):
        lm.attribute(TEXT, "expected_gradients", references="mean")
    with pytest.raises(UnavailableError, match="DeepLIFT has no rule"):
        lm.attribute(TEXT, "deeplift")
    with pytest.raises(CancelledError):
        lm.attribute(TEXT, "smoothgrad", cancelled=lambda: True)


def test_stopped_early_is_partial():
    lm = tiny_lm("gpt2")
    seen = []
    why = lm.attribute(
        TEXT, "smoothgrad", samples=50,
        progress=lambda done, total, left: seen.append(done), cancelled=lambda: len(seen) >= 3,
    )  # fmt: skip
    assert why.partial
    assert seen[-1] < 50
