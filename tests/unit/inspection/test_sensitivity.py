"""Sensitivity analysis: closed forms on a linear model, flips asked again, every kind of model."""

import os
import signal
import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from heads import headed_lm
from models import fresh_model, tiny_lm, tiny_tokenizer
from torch import nn
from transformers import PreTrainedConfig

import lmwidget as lmw
from lmwidget.errors import CancelledError, InputError, UnavailableError, UnknownNameError
from lmwidget.models.language_model import LanguageModel
from lmwidget.sensitivity import KINDS, Sensitivity

TEXT = "the king said the cat sat"
CLASSES, WIDTH = 3, 5


class LinearForSequenceClassification(nn.Module):
    """logits = W Σe + b."""

    def __init__(self):
        super().__init__()
        self.config = PreTrainedConfig(num_labels=CLASSES)
        generator = torch.Generator().manual_seed(0)
        self.embeddings = nn.Embedding(300, WIDTH)
        self.embeddings.weight.data = torch.randn(300, WIDTH, generator=generator)
        self.weight = nn.Parameter(torch.randn(CLASSES, WIDTH, generator=generator))

    def forward(self, input_ids):
        return SimpleNamespace(logits=self.embeddings(input_ids).sum(1) @ self.weight.T + 0.7)


@pytest.fixture(scope="module")
def linear():
    return LanguageModel(LinearForSequenceClassification(), tiny_tokenizer("bert"), name="linear")


def directions(seed, draws, count):
    """The random directions, made again."""
    generator = torch.Generator().manual_seed(seed)
    found = torch.randn((draws, count, WIDTH), generator=generator)
    return (found / found.norm(dim=-1, keepdim=True)).double().numpy()


def weights(lm):
    return (
        lm.model.embeddings.weight.detach().double().numpy(),
        lm.model.weight.detach().double().numpy(),
    )


def test_linear_model_in_closed_form(linear):
    found = linear.sensitivity(TEXT, 2, of="logit", noise=(0.1, 0.5, 2.0), draws=2, seed=7)
    table, weight = weights(linear)
    own = table[found.tokens.ids]
    push = directions(7, 2, len(own)) * np.linalg.norm(own, axis=1)[:, None]
    expected = []
    players = range(1, len(own) - 1)
    for kind, token, size, draw, other in zip(
        found.kind, found.token, found.size, found.draw, found.replacement, strict=True
    ):
        if KINDS[kind] == "substitution":
            expected.append((table[other] - own[token]) @ weight[2])
            distance = np.linalg.norm(table[other] - own[token]) / np.linalg.norm(own[token])
            assert size == pytest.approx(distance, rel=1e-5)
        elif KINDS[kind] == "deletion":
            expected.append(-own[token] @ weight[2])
        else:
            where = players if token == -1 else [token]
            expected.append(sum(size * push[draw, i] @ weight[2] for i in where))
    np.testing.assert_allclose(found.changes, expected, rtol=1e-4, atol=2e-5)
    assert found.value == pytest.approx(float(own.sum(0) @ weight[2] + 0.7), rel=1e-5)
    assert set(found.token) == {-1, *players}  # [CLS] and [SEP] stay


def test_curves_of_a_linear_model_are_lines(linear):
    found = linear.sensitivity(TEXT, of="logit", kinds="noise", noise=(0.5, 0.1, 1.0), draws=4)
    table = found.to_dataframe()
    curves = table.pivot(index="size", columns="label", values="max")
    assert curves.index.tolist() == pytest.approx([0.1, 0.5, 1.0])
    slopes = curves.to_numpy() / curves.index.to_numpy()[:, None]
    np.testing.assert_allclose(slopes, slopes[:1].repeat(3, 0), rtol=1e-3, atol=1e-4)
    spread = table.assign(spread=table["max"] - table["min"])
    spread = spread.pivot(index="size", columns="label", values="spread").to_numpy()
    assert (np.diff(spread, axis=0) > 0).all()
    assert (table["count"] == 4).all()


def test_neighbours_are_the_nearest_of_the_same_kind(linear):
    found = linear.sensitivity(TEXT, kinds="substitution", substitutes=3)
    table, _ = weights(linear)
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    tokenizer = linear.tokenizer
    size, special = len(tokenizer), set(tokenizer.all_special_ids)

    def kind(token):
        raw = tokenizer.convert_ids_to_tokens(int(token))
        bare = raw.removeprefix("##")
        return raw.startswith("##"), bare.isalpha(), bare.isdigit(), bare.islower(), bare.istitle()

    for place in range(1, len(found.tokens) - 1):
        own = int(found.tokens.ids[place])
        order = np.argsort(-(unit[:size] @ unit[own]))
        same = [i for i in order if i != own and i not in special and kind(i) == kind(own)]
        assert found.replacement[found.token == place].tolist() == same[:3]


def test_flips_are_flips(linear):
    """Every outcome is what the model says when it is asked again, text by text."""
    text = "the king said"  # close to the border between two classes
    found = linear.sensitivity(text, kinds=("substitution", "deletion"))
    own = linear.predict(text)[0].label
    assert found.outcomes[0] == own
    kept = []
    for kind, token, other, outcome, value in zip(
        found.kind, found.token, found.replacement, found.outcome, found.values, strict=True
    ):
        ids = found.tokens.ids.copy()
        ids = np.delete(ids, token) if KINDS[kind] == "deletion" else ids
        if KINDS[kind] == "substitution":
            ids[token] = other
        logits = linear.logits([ids])[0]
        assert linear.labels[int(logits.argmax())] == found.outcomes[outcome]
        assert value == pytest.approx(
            float(torch.tensor(logits).softmax(-1)[found.target.id]), abs=1e-5
        )
        if KINDS[kind] == "substitution":
            kept.append(outcome == 0)
    assert found.robustness == pytest.approx(np.mean(kept))
    assert 0 < found.robustness < 1


def test_smallest_noise_in_closed_form(linear):
    sizes, draws, seed = (0.2, 1.0, 5.0), 4, 3
    found = linear.sensitivity(TEXT, kinds="noise", noise=sizes, draws=draws, seed=seed)
    table, weight = weights(linear)
    own = table[found.tokens.ids]
    push = directions(seed, draws, len(own)) * np.linalg.norm(own, axis=1)[:, None]
    logits, best = weight @ own.sum(0) + 0.7, found.target.id
    crossings = []
    for draw in range(draws):
        slope = weight @ push[draw, 1:-1].sum(0)
        with np.errstate(divide="ignore", invalid="ignore"):
            sizes_of = (logits[best] - logits) / (slope - slope[best])
        crossings += [s for i, s in enumerate(sizes_of) if i != best and s > 0]
    # Halving eight times from the sizes that were tried.
    assert min(crossings) <= found.smallest_noise <= min(crossings) * 1.05 + 4.0 / 2**8
    assert not found.outcome[(found.token == -1) & (found.size < min(crossings))].any()
    assert f"noise of {found.smallest_noise:.2g} changes it" in repr(found)


def test_no_noise_that_changes_it():
    lm = LanguageModel(LinearForSequenceClassification(), tiny_tokenizer("bert"), name="flat")
    with torch.no_grad():
        lm.model.weight.zero_()
        lm.model.embeddings.weight[:, 0] = 1
        lm.model.weight[1, 0] = 100
    found = lm.sensitivity(TEXT, noise=(0.01, 0.02))
    assert found.smallest_noise == np.inf
    assert "no noise tried changes it" in repr(found)
    assert "100% of substitutions keep the prediction" in repr(found)


def test_maps(linear):
    found = linear.sensitivity(TEXT, of="logit")
    table, weight = weights(linear)
    deleted = found.attribution("deletion")
    expected = table[found.tokens.ids] @ weight[found.target.id]
    np.testing.assert_allclose(deleted.scores[1:-1], expected[1:-1], rtol=1e-4)
    assert deleted.signed
    assert deleted.scores[0] == deleted.scores[-1] == 0
    each = found.to_dataframe(each=True)
    for statistic in ("mean", "max"):
        why = found.attribution("noise", statistic)
        own = each[(each["kind"] == "noise") & (each["index"] == 3)]["change"].abs()
        assert why.scores[3] == pytest.approx(getattr(own, statistic)())
        assert not why.signed
    assert found.attribution().method == "sensitivity to substitution"
    assert found._repr_mimebundle_()
    with pytest.raises(UnknownNameError, match="Did you mean 'deletion'"):
        found.attribution("deletions")
    with pytest.raises(UnknownNameError, match="Did you mean 'mean'"):
        found.attribution("noise", "means")
    only = linear.sensitivity(TEXT, kinds="noise")
    with pytest.raises(InputError, match="No deletion was tried"):
        only.attribution("deletion")


def test_saved_and_loaded(linear, tmp_path):
    found = linear.sensitivity(TEXT, foil=0, target=1)
    loaded = Sensitivity.load(found.save(tmp_path / "found.safetensors"))
    assert repr(loaded) == repr(found)
    for name in ("token", "kind", "size", "draw", "replacement", "values", "outcome"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(found, name))
    assert loaded.predictions == found.predictions
    assert found.attribution().predictions[0].label == linear.predict(TEXT)[0].label
    assert (loaded.settings, loaded.target, loaded.foil) == (
        found.settings,
        found.target,
        found.foil,
    )
    assert loaded.to_dataframe().equals(found.to_dataframe())
    again = linear.sensitivity(TEXT, foil=0, target=1, **loaded.settings)
    np.testing.assert_allclose(again.values, found.values, rtol=1e-5)
    assert lmw.Sensitivity is Sensitivity


def fingerprint(model):
    state = {name: value.clone() for name, value in model.state_dict().items()}
    flags = [
        (m.training, len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.modules()
    ]
    grads = [(p.requires_grad, p.grad is None) for p in model.parameters()]
    return state, flags, grads


@pytest.mark.parametrize("stop", [None, "cancel", "error"])
def test_the_model_is_left_as_it_was(stop):
    lm = LanguageModel(fresh_model("gpt2").train(), tiny_tokenizer("gpt2"))
    state, flags, grads = fingerprint(lm.model)
    calls = []

    def progress(done, total, left):
        calls.append(done)
        if stop == "error" and len(calls) > 3:
            raise RuntimeError("the display broke")

    def run():
        return lm.sensitivity(
            "the king",
            noise=(0.5,),
            substitutes=2,
            progress=progress,
            cancelled=lambda: stop == "cancel" and len(calls) > 3,
        )

    if stop == "error":
        with pytest.raises(RuntimeError):
            run()
    else:
        assert run().partial == (stop == "cancel")
    after, flags_after, grads_after = fingerprint(lm.model)
    assert all(torch.equal(after[name], state[name]) for name in state)
    assert (flags_after, grads_after) == (flags, grads)


def test_stopped_early_is_partial(linear):
    told = []
    found = linear.sensitivity(
        TEXT,
        max_memory=1,
        progress=lambda done, total, left: told.append((done, total)),
        cancelled=lambda: len(told) > 40,
    )
    assert found.partial
    assert np.isnan(found.values).any()
    assert (~np.isnan(found.values)).sum() >= 40
    assert (found.outcome[np.isnan(found.values)] == -1).all()
    assert all(done <= total for done, total in told)
    found.to_dataframe()
    found.attribution()
    assert "partial" in repr(found)
    with pytest.raises(CancelledError):
        linear.sensitivity(TEXT, cancelled=lambda: True)


def test_an_interrupt_returns_what_is_done(linear):
    def progress(done, total, left):
        if done > 30:
            os.kill(os.getpid(), signal.SIGINT)

    found = linear.sensitivity(TEXT, max_memory=1, progress=progress)
    assert found.partial
    assert 30 < (~np.isnan(found.values)).sum() < len(found.values)


def test_memory_does_not_change_the_result(causal_lm):
    one = causal_lm.sensitivity("the king", substitutes=3, max_memory=1)
    many = causal_lm.sensitivity("the king", substitutes=3)
    np.testing.assert_allclose(one.values, many.values, rtol=1e-3, atol=1e-6)
    assert (one.outcome == many.outcome).mean() > 0.99
    assert one.settings == many.settings


@pytest.mark.parametrize(
    ("name", "text", "kwargs"),
    [
        ("gpt2", "the king", {}),
        ("gpt2", "the king", {"target": " sat"}),
        ("llama", "the 王 👑", {}),
        ("bert", "the [MASK] sat", {}),
        ("bert-classifier", ("the king", "the cat"), {}),
        ("bart", "the king sat", {}),
        ("t5", "the king", {"target": " sat"}),
        ("mamba", "the king", {}),
        ("gpt2", "the king", {"of": "entropy"}),
        ("gpt2", "k", {}),
    ],
)
def test_every_kind_of_model(name, text, kwargs):
    lm = tiny_lm(name)
    found = lm.sensitivity(text, substitutes=2, noise=(0.5,), draws=1, **kwargs)
    assert np.isfinite(found.values).all()
    assert (found.outcome >= 0).all()
    assert len(found.attribution("noise").scores) == len(found.tokens)
    fixed = [i for i, kind in enumerate(found.tokens.kinds) if kind == "special"]
    assert not set(fixed) & set(found.token.tolist())


def test_answers_to_questions():
    lm = headed_lm("bert", "QuestionAnswering")
    text = ("who sat", "the king sat on the mat")
    found = lm.sensitivity(text, substitutes=3, noise=(0.5, 2.0))
    assert found.outcomes[0] == found.target.label == lm.predict(text)[0].label
    each = found.to_dataframe(each=True)
    place = int(found.token[found.kind == 0][0])
    ids = found.tokens.ids.copy()
    ids[place] = found.replacement[0]
    changed = replace(found.tokens, ids=ids)
    assert each["outcome"][0] == lm.predict(changed)[0].label


def test_labels_of_tokens_and_several_classes():
    for head, settings in [
        ("TokenClassification", {"num_labels": 3}),
        (
            "SequenceClassification",
            {"num_labels": 3, "problem_type": "multi_label_classification"},
        ),
    ]:
        lm = headed_lm("bert", head, **settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # which token is read
            found = lm.sensitivity("the king sat", substitutes=3, noise=(3.0,))
        assert (found.outcome >= 0).all()
        assert 0 <= found.robustness <= 1


def test_a_model_without_embeddings():
    lm = lmw.NGramModel.fit(["the king said", "the king sat", "the cat sat on the mat"])
    with pytest.raises(UnavailableError, match="Pass kinds='deletion'"):
        lm.sensitivity("the king")
    found = lm.sensitivity("the king", " sat", kinds="deletion")
    assert found.values.shape == (2,)
    assert np.isnan(found.robustness)
    assert np.isnan(found.smallest_noise)


def test_a_regression_has_no_prediction_to_keep():
    class OneForSequenceClassification(LinearForSequenceClassification):
        def forward(self, input_ids):
            return SimpleNamespace(logits=super().forward(input_ids).logits[:, :1])

    lm = LanguageModel(OneForSequenceClassification(), tiny_tokenizer("bert"), name="one")
    found = lm.sensitivity(TEXT)
    assert found.of == "logit"
    assert np.isnan(found.robustness)
    assert np.abs(found.changes).max() > 0


@pytest.mark.parametrize(
    ("settings", "error", "match"),
    [
        ({"kinds": "noises"}, UnknownNameError, "Did you mean 'noise'"),
        ({"kinds": ()}, InputError, "nothing to do"),
        ({"noise": (0,)}, InputError, "noise is"),
        ({"noise": ()}, InputError, "noise is"),
        ({"draws": 0}, InputError, "draws is 0"),
        ({"substitutes": True}, InputError, "substitutes is True"),
        ({"substitute": 3}, UnknownNameError, "Did you mean 'substitutes'"),
        ({"target": 7}, UnknownNameError, "no class 7|no token 7"),
    ],
)
def test_what_cannot_be_asked(linear, settings, error, match):
    with pytest.raises(error, match=match):
        linear.sensitivity(TEXT, **settings)
