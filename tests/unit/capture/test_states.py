"""States of recurrent models: by hand, against a loop over cells, and against the module itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from models import tiny_lm
from own_modules import SIZE, VOCABULARY, WIDTH, Cells, Packed, Recurrent, seeded
from torch import nn

import lmwidget as lmw
from lmwidget.capture.states import recurrent_backward
from lmwidget.errors import (
    InputError,
    ModelMismatchError,
    NoAttentionError,
    UnavailableError,
    UnknownNameError,
)

TEXT = "the cat sat, twice"
IDS = torch.tensor([[VOCABULARY[letter] for letter in TEXT]])
KINDS = ("LSTM", "GRU", "RNN")


def states_of(module, text=TEXT):
    return lmw.LanguageModel(module, VOCABULARY).states(text)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def row(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_gates_of_an_lstm_set_by_hand():
    """One unit, inputs +1 and -1, every weight known: four steps worked out with pencil."""
    module = Recurrent("LSTM", width=1).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.embed.weight[:, 0] = torch.tensor([1.0, -1.0]).repeat(SIZE)[:SIZE]
        # rows: input gate, forget gate, cell gate, output gate
        module.rnn.weight_ih_l0[:, 0] = row(2.0, -1.0, 0.5, 3.0)
        module.rnn.weight_hh_l0[:, 0] = row(0.3, 0.7, -0.4, 0.1)
        module.rnn.bias_ih_l0.copy_(row(0.1, 1.0, 0.2, -0.5))
    found = states_of(module, "abba")[0]
    hidden = cell = 0.0
    for step, x in enumerate([1.0, -1.0, -1.0, 1.0]):
        i = sigmoid(2.0 * x + 0.3 * hidden + 0.1)
        f = sigmoid(-1.0 * x + 0.7 * hidden + 1.0)
        g = math.tanh(0.5 * x - 0.4 * hidden + 0.2)
        o = sigmoid(3.0 * x + 0.1 * hidden - 0.5)
        cell = f * cell + i * g
        hidden = o * math.tanh(cell)
        expected = {
            "hidden": hidden,
            "cell": cell,
            "input_gate": i,
            "forget_gate": f,
            "cell_gate": g,
            "output_gate": o,
        }
        assert list(found.arrays) == list(expected)
        for name, value in expected.items():
            assert found[name][step, 0] == pytest.approx(value, abs=1e-12), name


def test_gates_of_a_gru_set_by_hand():
    module = Recurrent("GRU", width=1).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.embed.weight[:, 0] = torch.tensor([1.0, -1.0]).repeat(SIZE)[:SIZE]
        module.rnn.weight_ih_l0[:, 0] = row(2.0, -1.0, 0.5)
        module.rnn.weight_hh_l0[:, 0] = row(0.3, 0.7, -0.4)
        module.rnn.bias_hh_l0.copy_(row(0.0, 0.2, 0.6))
    found = states_of(module, "abba")[0]
    hidden = 0.0
    for step, x in enumerate([1.0, -1.0, -1.0, 1.0]):
        r = sigmoid(2.0 * x + 0.3 * hidden)
        z = sigmoid(-1.0 * x + 0.7 * hidden + 0.2)
        n = math.tanh(0.5 * x + r * (-0.4 * hidden + 0.6))
        hidden = (1 - z) * n + z * hidden
        expected = {"hidden": hidden, "reset_gate": r, "update_gate": z, "new_gate": n}
        assert list(found.arrays) == list(expected)
        for name, value in expected.items():
            assert found[name][step, 0] == pytest.approx(value, abs=1e-12), name


def by_cells(rnn, x, layer, backward):
    """One layer and direction, a step at a time through PyTorch's cells."""
    kind = rnn.mode.split("_")[0]
    suffix = f"_l{layer}" + ("_reverse" if backward else "")
    cell = getattr(nn, f"{kind}Cell")(x.shape[-1], rnn.hidden_size, bias=rnn.bias).to(x.dtype)
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            if hasattr(cell, name) and getattr(cell, name) is not None:
                getattr(cell, name).copy_(getattr(rnn, name + suffix))
    hidden, state = [None] * len(x), None
    cells = [None] * len(x)
    for step in reversed(range(len(x))) if backward else range(len(x)):
        state = cell(x[step], state)
        hidden[step] = state[0] if kind == "LSTM" else state
        cells[step] = state[1] if kind == "LSTM" else state
    return torch.stack(hidden), torch.stack(cells)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_every_layer_is_what_a_loop_over_cells_gives(kind, batch_first, bidirectional, bias, dtype):
    module = seeded(
        Recurrent,
        kind,
        batch_first=batch_first,
        bidirectional=bidirectional,
        num_layers=3,
        bias=bias,
        dropout=0.5,
    ).to(dtype)
    with torch.no_grad():
        for parameter in module.rnn.parameters():
            parameter.mul_(0.5)  # sharper ones are chaotic: rounding grows from step to step
    states = states_of(module)
    tolerance = 1e-6 if dtype is torch.float32 else 1e-12
    x = module.embed(IDS[0]).detach()
    sides = ["forward", "backward"] if bidirectional else ["forward"]
    for layer in range(3):
        hidden = []
        for side in sides:
            expected, cells = by_cells(module.rnn, x, layer, side == "backward")
            hidden.append(expected.detach())
            found = states.get("hidden", layer, side)
            assert found.dtype == np.dtype(str(dtype).removeprefix("torch."))
            np.testing.assert_allclose(found, expected.detach(), atol=tolerance)
            if kind == "LSTM":
                cell = states.get("cell", layer, side)
                np.testing.assert_allclose(cell, cells.detach(), atol=tolerance)
        x = torch.cat(hidden, -1)
    assert [(entry.layer, entry.direction) for entry in states] == [
        (layer, side) for layer in range(3) for side in sides
    ]
    assert [entry.name for entry in states][-1] == "rnn.l2"


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_gates_explain_the_hidden_states(kind, bidirectional):
    """The defining equations, for both directions, up to rounding."""
    module = seeded(Recurrent, kind, bidirectional=bidirectional, num_layers=2).double()
    for entry in states_of(module):
        hidden = entry["hidden"]
        zero = np.zeros_like(hidden[:1])
        back = entry.direction == "backward"
        before = np.concatenate([hidden[1:], zero] if back else [zero, hidden[:-1]])
        if kind == "LSTM":
            cell = entry["cell"]
            past = np.concatenate([cell[1:], zero] if back else [zero, cell[:-1]])
            added = entry["input_gate"] * entry["cell_gate"]
            np.testing.assert_allclose(cell, entry["forget_gate"] * past + added, atol=1e-12)
            np.testing.assert_allclose(hidden, entry["output_gate"] * np.tanh(cell), atol=1e-12)
        elif kind == "GRU":
            update = entry["update_gate"]
            mixed = (1 - update) * entry["new_gate"] + update * before
            np.testing.assert_allclose(hidden, mixed, atol=1e-12)
            assert (entry["reset_gate"] > 0).all()
        else:
            assert list(entry.arrays) == ["hidden"]


@pytest.mark.parametrize("bidirectional", [True, False])
def test_projected_states(bidirectional):
    module = seeded(Recurrent, "LSTM", proj_size=5, num_layers=2, bidirectional=bidirectional)
    states = states_of(module.double())
    for entry in states:
        assert entry["hidden"].shape == (len(TEXT), 5)
        assert entry["cell"].shape == (len(TEXT), 12)
        suffix = f"_l{entry.layer}" + ("_reverse" if entry.direction == "backward" else "")
        projection = getattr(module.rnn, f"weight_hr{suffix}").detach().numpy()
        expected = (entry["output_gate"] * np.tanh(entry["cell"])) @ projection.T
        np.testing.assert_allclose(entry["hidden"], expected, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_packed_sequences_and_plain_ones_agree(kind):
    packed = states_of(seeded(Packed, kind, num_layers=2, bidirectional=True))
    plain = states_of(seeded(Recurrent, kind, num_layers=2, bidirectional=True))
    for one, other in zip(packed, plain, strict=True):
        for name in one.arrays:
            np.testing.assert_allclose(one[name], other[name], atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_loops_over_cells(kind):
    module = seeded(Cells, kind).double()
    whole = getattr(nn, kind)(WIDTH, 12, 2, batch_first=True).double()
    with torch.no_grad():
        for layer, cell in enumerate(module.cells):
            for name, parameter in cell.named_parameters():
                getattr(whole, f"{name}_l{layer}").copy_(parameter)
    same = Recurrent(kind, num_layers=2).double()
    same.embed, same.rnn, same.out = module.embed, whole, module.out
    for one, other in zip(states_of(module), states_of(same), strict=True):
        assert list(one.arrays) == list(other.arrays)
        assert one.layer == other.layer
        for name in one.arrays:
            np.testing.assert_allclose(one[name], other[name], atol=1e-12)


def test_states_given_at_the_start():
    class Warm(Recurrent):
        def forward(self, x):
            begin = torch.full((2, len(x), 12), 0.25)
            return self.out(self.rnn(self.embed(x), (begin, begin * 2))[0])

    states = states_of(seeded(Warm, "LSTM", num_layers=2))
    for entry in states:
        added = entry["input_gate"][0] * entry["cell_gate"][0]
        np.testing.assert_allclose(
            entry["cell"][0], entry["forget_gate"][0] * 0.5 + added, atol=1e-6
        )


def test_cudnn_is_off_for_gradients_of_recurrent_layers_on_a_gpu(monkeypatch):
    """There is no GPU here, so one is pretended: cuDNN refuses to go back in evaluation mode."""
    model = nn.Sequential(nn.LSTM(2, 2))
    with recurrent_backward(model):
        assert torch.backends.cudnn.enabled
    monkeypatch.setattr(torch.Tensor, "is_cuda", True)
    with recurrent_backward(model):
        assert not torch.backends.cudnn.enabled
    assert torch.backends.cudnn.enabled
    with recurrent_backward(nn.Linear(2, 2)):
        assert torch.backends.cudnn.enabled


def test_the_model_is_left_as_it_was():
    module = seeded(Recurrent, "LSTM", num_layers=2, dropout=0.5).train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    states_of(module)
    assert module.rnn.training
    assert all(torch.equal(module.state_dict()[name], value) for name, value in before.items())
    assert not any(m._forward_hooks for m in module.modules())


def test_results():
    states = states_of(seeded(Recurrent, "GRU", num_layers=2, bidirectional=True), "a cat")
    assert repr(states) == "<States 2 GRU layers, both directions, 5 tokens, Recurrent>"
    assert states.names == ("hidden", "reset_gate", "update_gate", "new_gate")
    assert len(states) == 4
    frame = states.to_dataframe("update_gate", layer=1)
    assert list(frame.columns) == [
        "layer",
        "direction",
        "state",
        "position",
        "token",
        "unit",
        "value",
    ]
    assert len(frame) == 2 * 5 * 12
    row = frame.iloc[12 + 3]
    assert (row["position"], row["unit"], row["token"]) == (1, 3, " ")
    assert row["value"] == states.get("update_gate", 1)[1, 3]
    with pytest.raises(ValueError, match="read-only"):
        states[0]["hidden"][0, 0] = 1.0


def test_saved_and_loaded(tmp_path):
    states = states_of(seeded(Recurrent, "LSTM").double(), "a cat")
    loaded = lmw.States.load(states.save(tmp_path / "states.safetensors"))
    assert loaded.tokens == states.tokens
    assert repr(loaded[0]) == repr(states[0])
    for name in states.names:
        np.testing.assert_array_equal(loaded[0][name], states[0][name])
    with pytest.raises(InputError, match="holds states, not attribution"):
        lmw.Attribution.load(tmp_path / "states.safetensors")


def test_refused():
    states = states_of(seeded(Recurrent, "LSTM"), "a cat")
    with pytest.raises(UnknownNameError, match="Did you mean 'forget_gate'"):
        states[0]["forgetgate"]
    with pytest.raises(UnknownNameError, match="no recurrent layer 1"):
        states.get("hidden", 1)
    with pytest.raises(UnknownNameError, match="no recurrent layer 3"):
        states.to_dataframe(layer=3)
    with pytest.raises(UnknownNameError, match="no state 'cel'"):
        states.to_dataframe("cel")
    with pytest.raises(ModelMismatchError, match="no recurrent layer"):
        tiny_lm("gpt2").states("a cat")
    with pytest.raises(NoAttentionError, match=r"it is recurrent.*lm\.states\(text\)"):
        lmw.LanguageModel(seeded(Cells), VOCABULARY).attention("a cat")


def test_layers_that_are_not_over_the_tokens_are_refused():
    class Strided(Recurrent):
        def forward(self, x):
            h = self.rnn(self.embed(x)[:, ::2])[0].repeat_interleave(2, 1)
            return self.out(h[:, : x.shape[1]])

    with pytest.raises(UnavailableError, match=r"rnn takes 1 × 3 steps, not one for each of the 5"):
        states_of(seeded(Strided, "GRU"), "a cat")


def test_a_layer_that_computes_something_else_is_refused():
    class Leaky(nn.LSTM):
        def forward(self, x, hx=None):
            output, (hidden, cell) = super().forward(x, hx)
            return output, (hidden * 0.5, cell)

    module = seeded(Recurrent, "LSTM")
    module.rnn = seeded(Leaky, WIDTH, 12, batch_first=True)
    with pytest.raises(UnavailableError, match="does not compute what an Leaky does"):
        states_of(module)
