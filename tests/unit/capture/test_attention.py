"""The result: indices, kinds, true layer numbers, tables, files, errors."""

import sys

import numpy as np
import pytest
import torch
from models import fresh_model, tiny_lm, tiny_tokenizer
from references import eager_attentions

from lmwidget.capture.attention import Attention, capture_attention
from lmwidget.capture.kept.query_key import QueryKeyRecord
from lmwidget.capture.kept.records import DenseRecord, UnavailableRecord
from lmwidget.capture.layers import Layers, sort_layers
from lmwidget.errors import (
    InputError,
    MissingDependencyError,
    NoAttentionError,
    UnavailableError,
    UnknownNameError,
)
from lmwidget.models.language_model import LanguageModel
from lmwidget.tokens import Tokens

TEXT = "the king said unto the cat"


@pytest.fixture(scope="module")
def attention(causal_lm):
    return capture_attention(causal_lm, causal_lm.tokenize(TEXT))


@pytest.fixture(scope="module")
def translation(seq2seq_lm):
    tokens, output = seq2seq_lm.tokenize(TEXT), seq2seq_lm.tokenize_output("le roi")
    return capture_attention(seq2seq_lm, tokens, output)


def hand_made(weights, pieces=None):
    """Attention with given weights, shape (layer, head, query, key)."""
    weights = torch.as_tensor(weights, dtype=torch.float32)
    tokens = Tokens.from_pieces(pieces or ["a"] * weights.shape[-1])
    records = tuple(DenseRecord(f"layers.{i}.attn", 0, w[None]) for i, w in enumerate(weights))
    return Attention({"self": Layers(tokens, tokens, tuple(range(len(records))), records)})


def test_shapes_and_values(attention, causal_lm):
    count = len(attention.tokens)
    assert attention.shape == (2, 4, count, count)
    assert attention.key_tokens is attention.tokens
    assert (attention.kind, attention.kinds, attention.layer_numbers) == ("self", ("self",), (0, 1))
    assert attention.model == "gpt2"
    assert attention.causal
    ids = torch.from_numpy(attention.tokens.ids.copy())[None]
    expected = eager_attentions("gpt2", {"input_ids": ids})["self"]
    for layer, reference in enumerate(expected):
        np.testing.assert_allclose(attention[layer], reference[0].numpy(), atol=1e-5)
    assert attention[0].dtype == np.float32


def test_indices_agree_with_each_other(attention):
    layer = attention[1]
    np.testing.assert_allclose(attention[1, 2], layer[2], atol=1e-6)
    np.testing.assert_allclose(attention[-1, [0, 3]], layer[[0, 3]], atol=1e-6)
    np.testing.assert_allclose(attention[np.int64(1), 1:3], layer[1:3], atol=1e-6)
    np.testing.assert_allclose(attention[1, np.array([3, 1])], layer[[3, 1]], atol=1e-6)
    np.testing.assert_allclose(attention.rows(1, 2, 4), layer[2, 4], atol=1e-6)
    np.testing.assert_allclose(attention.rows(1, 2, [4, -1]), layer[2, [4, -1]], atol=1e-6)
    np.testing.assert_allclose(
        attention.rows(1, [0, 2], slice(2, 5)), layer[[0, 2], 2:5], atol=1e-6
    )
    assert len(list(attention)) == len(attention) == 2
    assert attention.heads(0) == 4


def test_long_text_is_computed_in_blocks(attention, monkeypatch):
    whole = attention[0]
    monkeypatch.setattr("lmwidget.capture.weights._CHUNK", 150)
    np.testing.assert_allclose(attention[0], whole, atol=1e-6)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ((7, 0), "There is no layer 7. Choose 0 to 1."),
        ((0, 4), "There is no head 4. Choose 0 to 3."),
        ((0, -5), "There is no head -5"),
        (("first", 0), "There is no layer 'first'. Give a layer number."),
        ((0, 1.5), "There is no head 1.5"),
    ],
)
def test_unknown_layer_and_head(attention, index, message):
    with pytest.raises(UnknownNameError, match=message.replace(".", r"\.")):
        attention[index]


def test_other_wrong_indices(attention):
    with pytest.raises(UnknownNameError, match="no query token 99"):
        attention.rows(0, 0, 99)
    with pytest.raises(InputError, match=r"attention\.rows"):
        attention[0, 0, 0]
    with pytest.raises(UnknownNameError, match="Give a layer number"):
        attention[0:1]
    with pytest.raises(UnknownNameError, match="no 'cros' attention here"):
        attention.select("cros")
    with pytest.raises(UnknownNameError, match="Choose 0 to 1"):
        attention.to_dataframe(layer=2)


def test_repr_is_short_and_without_addresses(attention, translation):
    assert repr(attention) == "<Attention self: 2 layers × 4 heads × 20 queries × 20 keys, gpt2>"
    assert repr(translation).startswith("<Attention encoder: 2 layers × 4 heads × ")


def test_cost(attention):
    length, channels = len(attention.tokens), 32
    assert attention.cost["bytes"] == 2 * 2 * length * channels * 4
    assert attention.cost["passes"] == 1
    assert attention.cost["seconds"] > 0


def test_kinds_of_an_encoder_decoder(translation, seq2seq_lm):
    assert translation.kinds == ("encoder", "decoder", "cross")
    encoder, decoder, cross = (translation.select(kind) for kind in translation.kinds)
    read, written = len(encoder.tokens), len(decoder.tokens)
    assert encoder.shape == (2, 4, read, read)
    assert decoder.shape == (3, 4, written, written)
    assert cross.shape == (3, 4, written, read)
    assert cross.tokens is decoder.tokens
    assert cross.key_tokens is encoder.tokens
    assert (encoder.causal, decoder.causal, cross.causal) == (False, True, False)
    inputs = {
        "input_ids": torch.from_numpy(encoder.tokens.ids.copy())[None],
        "decoder_input_ids": torch.from_numpy(decoder.tokens.ids.copy())[None],
    }
    for kind, references in eager_attentions("bart", inputs).items():
        for layer, reference in enumerate(references):
            found = translation.select(kind)[layer]
            np.testing.assert_allclose(found, reference[0].numpy(), atol=1e-5)


@pytest.mark.parametrize("family", ["bart", "t5", "marian"])
def test_encoder_decoder_writes_by_itself(family):
    lm = tiny_lm(family)
    tokens = lm.tokenize(TEXT)
    decoder = capture_attention(lm, tokens).select("decoder")
    start = lm.model.config.decoder_start_token_id
    expected = [start]
    for _ in range(32):  # greedy, step by step
        with torch.no_grad():
            logits = lm.model(
                input_ids=torch.from_numpy(tokens.ids.copy())[None],
                decoder_input_ids=torch.tensor([expected]),
            ).logits
        best = int(logits[0, -1].argmax())
        if best == lm.model.config.eos_token_id:
            break
        expected.append(best)
    assert decoder.tokens.ids.tolist() == expected


def test_encoder_is_not_causal(masked_lm):
    attention = capture_attention(masked_lm, masked_lm.tokenize("the king"))
    assert not attention.causal
    assert attention.tokens.kinds[0] == "special"


def test_hybrid_model_keeps_its_own_layer_numbers():
    lm = tiny_lm("jamba")
    attention = capture_attention(lm, lm.tokenize(TEXT))
    assert attention.layer_numbers == (1, 3)
    assert attention.shape[0] == 2


def test_shared_layers_are_counted_in_the_order_of_the_calls():
    lm = tiny_lm("albert")
    attention = capture_attention(lm, lm.tokenize("the king"))
    assert attention.layer_numbers == (0, 1, 2)
    ids = torch.from_numpy(attention.tokens.ids.copy())[None]
    for layer, reference in enumerate(eager_attentions("albert", {"input_ids": ids})["self"]):
        np.testing.assert_allclose(attention[layer], reference[0].numpy(), atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_model_without_attention(recurrent_lm):
    with pytest.raises(NoAttentionError, match=r"mamba.*no attention.*lm\.attribute"):
        capture_attention(recurrent_lm, recurrent_lm.tokenize(TEXT))


def test_one_unavailable_layer_does_not_hide_the_others(attention):
    records = [
        QueryKeyRecord("layers.0.attn", 0, torch.ones(1, 2, 3, 4), torch.ones(1, 2, 3, 4), 1.0),
        UnavailableRecord("layers.1.attn", 0, (1, 2, 3, 3), "The attention of x cannot be shown."),
        DenseRecord("layers.2.attn", 0, torch.ones(1, 2, 9, 9) / 9),
    ]
    parts = sort_layers(records, Tokens.from_pieces(["a", "b", "c"]))
    mixed = Attention(parts)
    np.testing.assert_allclose(mixed[0], np.full((2, 3, 3), 1 / 3), atol=1e-6)
    with pytest.raises(UnavailableError, match="cannot be shown"):
        mixed[1, 0]
    with pytest.raises(UnavailableError, match="9 × 9 places, not over the 3 × 3 tokens"):
        mixed[2]
    assert np.isnan(mixed.structure_scores()[1:]).all()


def test_attention_over_something_else_than_tokens_is_refused(causal_lm, monkeypatch):
    wrong = [DenseRecord("patches.0.attn", 0, torch.ones(1, 1, 9, 9) / 9)]
    monkeypatch.setattr("lmwidget.capture.attention.record_attention", lambda *_, **__: wrong)
    with pytest.raises(UnavailableError, match="9 × 9 places"):
        capture_attention(causal_lm, causal_lm.tokenize("the king"))


def test_two_maps_of_one_layer_are_not_mixed_up():
    maps = torch.ones(1, 1, 2, 2) / 2, torch.eye(2)[None, None]
    records = [DenseRecord("layers.0.attn", 0, weights) for weights in maps]
    parts = sort_layers(records, Tokens.from_pieces(["a", "b"]))
    with pytest.raises(UnavailableError, match="computes 2 maps a head"):
        Attention(parts)[0]


def test_to_dataframe(attention):
    frame = attention.to_dataframe(layer=1, head=2)
    count = len(attention.tokens)
    assert list(frame.columns) == [
        "layer", "head", "query", "key", "query_token", "key_token", "weight",
    ]  # fmt: skip
    assert len(frame) == count**2
    row = frame.iloc[count * 5 + 3]
    assert (row["layer"], row["head"], row["query"], row["key"]) == (1, 2, 5, 3)
    assert row["query_token"] == attention.tokens.pieces[5]
    assert row["weight"] == pytest.approx(attention[1, 2][5, 3], abs=1e-6)
    strong = attention.to_dataframe(minimum=0.3)
    assert len(strong) == sum(int((weights >= 0.3).sum()) for weights in attention)
    assert set(strong["layer"]) == {0, 1}


def test_to_dataframe_counts_from_the_end_and_needs_pandas(attention, monkeypatch):
    frame = attention.to_dataframe(layer=-1, head=-1)
    assert frame[["layer", "head"]].drop_duplicates().to_numpy().tolist() == [[1, 3]]
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match="pip install pandas"):
        attention.to_dataframe()


def test_to_dataframe_names_the_side_of_each_token(translation):
    frame = translation.select("cross").to_dataframe(layer=0, head=0)
    cross = translation.select("cross")
    assert set(frame["query_token"]) == set(cross.tokens.pieces)
    assert set(frame["key_token"]) == set(cross.key_tokens.pieces)


@pytest.mark.parametrize("family", ["gpt2", "gemma2", "gpt_oss", "bloom", "t5", "bert"])
def test_saved_and_loaded(family, tmp_path):
    lm = tiny_lm(family)
    before = capture_attention(lm, lm.tokenize(TEXT))
    after = Attention.load(before.save(tmp_path / "attention.safetensors"))
    assert (after.kinds, after.model, after.cost) == (before.kinds, before.model, before.cost)
    for kind in before.kinds:
        old, new = before.select(kind), after.select(kind)
        assert new.tokens == old.tokens
        assert (new.key_tokens is new.tokens) == (old.key_tokens is old.tokens)
        assert new.layer_numbers == old.layer_numbers
        assert all(np.array_equal(a, b) for a, b in zip(old, new, strict=True))


def test_saved_in_bfloat16_and_with_an_unavailable_layer(tmp_path, causal_lm):
    lm = LanguageModel(fresh_model("llama", dtype=torch.bfloat16), tiny_tokenizer("llama"))
    before = capture_attention(lm, lm.tokenize(TEXT))
    layers = before._parts["self"]
    broken = UnavailableRecord("x", 0, (1, 4, 1, 1), "Not to be shown.")
    mixed = Attention(
        {"self": Layers(layers.tokens, layers.tokens, (0, 1), (layers.records[0], broken))}
    )
    after = Attention.load(mixed.save(tmp_path / "mixed.safetensors"))
    assert np.array_equal(after[0], before[0])
    with pytest.raises(UnavailableError, match="Not to be shown"):
        after[1]


def test_saved_file_is_as_small_as_what_is_held(attention, tmp_path):
    path = attention.save(tmp_path / "attention.safetensors")
    assert path.stat().st_size < attention.cost["bytes"] + 8000


def test_script_in_a_token_survives_files(causal_lm, tmp_path):
    text = "</script><img src=x onerror=alert(1)>"
    before = capture_attention(causal_lm, causal_lm.tokenize(text))
    assert Attention.load(before.save(tmp_path / "a.safetensors")).tokens.text == text


def test_structure_score_prefers_induction_to_neighbours_and_sinks():
    length = 12  # a text of six tokens, twice: what follows a token's first copy is at i - 5
    place = torch.arange(length)
    previous = torch.eye(length)[(place - 1).clamp(min=0)]
    sink = torch.eye(length)[[0] * length]
    itself = torch.eye(length)
    uniform = torch.ones(length, length).tril() / (place + 1)[:, None]
    induction = sink.clone()
    induction[6:] = torch.eye(length)[place[6:] - 5]
    resting = torch.eye(length)[[0, 0, *[2] * 10]]  # on a token that is not the first
    heads = torch.stack([previous, sink, itself, uniform, induction, resting])
    scores = hand_made(heads[None]).structure_scores()[0]
    # Less what each key gets from twelve queries on average.
    once = 1 - 1 / 12
    wanted = [0.5 * once, 0.0, 0.0, scores[3], once, 1 - 8.5 / 12]
    assert scores.tolist() == pytest.approx(wanted, abs=1e-6)
    assert scores[3] < 0.2


def test_structure_score_does_not_count_special_tokens(masked_lm):
    attention = capture_attention(masked_lm, masked_lm.tokenize("the king said"))
    kinds = np.asarray(attention.tokens.kinds)
    rows = np.flatnonzero(kinds != "special")
    factor = np.ones((len(kinds), len(kinds)))
    factor[:, kinds == "special"] = 0
    for i in range(len(kinds)):
        for j in range(len(kinds)):
            factor[i, j] *= {0: 0.0, 1: 0.5}.get(abs(i - j), 1.0)
    counted = (attention[1] * factor)[:, rows]
    expected = (counted - counted.mean(1, keepdims=True)).max(-1)
    expected = np.sort(expected, -1)[:, len(rows) // 2 :].mean(-1)
    np.testing.assert_allclose(attention.structure_scores()[1], expected, atol=1e-6)


def test_not_a_number_reaches_the_result(causal_lm):
    model = fresh_model("gpt2")
    with torch.no_grad():
        model.transformer.h[1].attn.c_attn.weight.fill_(torch.nan)
    lm = LanguageModel(model, causal_lm.tokenizer)
    attention = capture_attention(lm, lm.tokenize(TEXT))
    assert np.isfinite(attention[0]).all()
    assert np.isnan(attention[1]).any()
    assert np.isfinite(attention.structure_scores()).all()
    assert len(attention.to_dataframe(layer=1, head=0)) == len(attention.tokens) ** 2


def test_shows_itself_as_the_default_widget(attention, monkeypatch):
    from lmwidget.widgets import attention_graph

    class Graph:
        @classmethod
        def from_result(cls, result):
            assert result is attention
            return cls()

        def _repr_mimebundle_(self, **_):
            return {"text/plain": "graph"}

    monkeypatch.setattr(attention_graph, "AttentionGraph", Graph)
    assert attention._repr_mimebundle_() == {"text/plain": "graph"}


def test_capture_does_not_compute_logits_that_nobody_reads(causal_lm):
    sizes = []
    hook = causal_lm.model.lm_head.register_forward_hook(lambda *x: sizes.append(x[2].shape[1]))
    capture_attention(causal_lm, causal_lm.tokenize(TEXT))
    hook.remove()
    assert sizes == [1]


def test_the_facade_gives_the_same(causal_lm, attention):
    again = causal_lm.attention(TEXT)
    assert all(np.array_equal(a, b) for a, b in zip(again, attention, strict=True))
