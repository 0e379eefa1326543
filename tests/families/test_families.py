"""A few families of every mechanism, as the whole survey would judge them; and its table."""

import re

import pytest
import torch
import transformers
from building import Pair, all_pairs, all_types, build, inputs_of
from outcome import CANNOT_RUN, NO_ATTENTION
from page import VERDICTS, is_wrong
from survey import captured, quiet, survey
from table import TABLE

from lmwidget.capture.gradients import EmbeddingLeaves
from lmwidget.capture.result import Attention
from lmwidget.errors import UnavailableError

# What is special about each; the verdict.
REPRESENTATIVES = {
    "albert M": ("one module passed through for every layer", "exact"),
    "bart S": ("encoder, decoder and cross-attention", "exact"),
    "bigbird_pegasus S": ("block-sparse encoder", "exact"),
    "bloom C": ("ALiBi, fused projection", "dense"),
    "blt C": ("bytes and patches of bytes", "partly"),
    "canine Q": ("characters and molecules", "partly"),
    "cpmant C": ("a trained prompt in front", "dense"),
    "deberta-v2 M": ("disentangled positions", "dense"),
    "deepseek_v3 C": ("latent attention (MLA)", "exact"),
    "deepseek_v4 C": ("summaries behind the text, sinks, hyper-connections", "exact"),
    "diffllama C": ("difference of two maps", "exact"),
    "falcon C": ("calls SDPA itself", "exact"),
    "gemma2 C": ("soft-cap and sliding window", "exact"),
    "gpt_oss C": ("attention sinks", "exact"),
    "granite_swa C": ("sinks applied to the output", "exact"),
    "jamba C": ("attention in some layers", "exact"),
    "longformer M": ("sliding window", "exact"),
    "pegasus_x S": ("staggered blocks and global tokens", "exact"),
    "prophetnet S": ("streams that look ahead", "dense"),
    "t5 S": ("relative positions, no scale", "exact"),
    "t5gemma2 S": ("one softmax over both texts", "exact"),
    "xlnet C": ("ids transposed, two streams", "dense"),
    "zamba2 C": ("one attention shared by layers", "exact"),
    "mamba C": ("state space", "none"),
    "rwkv C": ("called attention, is recurrent", "none"),
    "perceiver M": ("latents", "unavailable"),
    "reformer C": ("hashed", "unavailable"),
    "yoso M": ("sampled", "unavailable"),
}


# transformers warns of its own tiny configurations.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True, scope="module")
def _quiet():
    level = transformers.logging.get_verbosity()
    quiet()
    yield
    transformers.logging.set_verbosity(level)


def pair_of(name):
    return Pair(*name.split())


@pytest.mark.parametrize("name", REPRESENTATIVES)
def test_representative(name):
    outcome = survey(pair_of(name))
    assert outcome.verdict == REPRESENTATIVES[name][1], outcome.problems
    assert not is_wrong(outcome.to_dict()), outcome
    assert outcome.saliency == "yes"
    assert outcome.difference is None or outcome.difference < 0.05
    assert outcome.verdict not in ("partly", "unavailable") or outcome.note


@pytest.mark.parametrize(
    "name", [name for name, (_, verdict) in REPRESENTATIVES.items() if verdict == "unavailable"]
)
def test_what_is_not_exact_is_an_error_and_no_picture(name):
    built = build(pair_of(name))
    attention = Attention(captured(built, inputs_of(built)))
    for layer in range(len(attention)):
        with pytest.raises(UnavailableError, match=r"cannot be shown|not over tokens"):
            attention[layer]


def test_saliency_of_reformer_leaves_the_seed_and_the_mode_alone():
    """Its layers compute their activations again on the way back, in training mode, seeded."""
    built = build(Pair("reformer", "C"))
    seed = torch.get_rng_state()
    with EmbeddingLeaves(built.model) as run:
        gradient = run.gradient(run.forward(inputs_of(built)).logits[0, -1].max())
    assert float(gradient.abs().max()) > 0
    assert torch.equal(torch.get_rng_state(), seed)
    assert not any(module.training for module in built.model.modules())


def test_every_class_has_a_configuration_and_a_reason_when_it_cannot_run():
    kinds = set(all_types())
    if same_version():
        assert kinds >= set(NO_ATTENTION) | set(CANNOT_RUN)
    assert {Pair(*name.split()) for name in REPRESENTATIVES} <= set(all_pairs())


def rows():
    lines = TABLE.read_text(encoding="utf-8").split("| type |")[1].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line]


def same_version():
    return f"transformers {transformers.__version__} " in TABLE.read_text(encoding="utf-8")


def test_table_lists_what_transformers_registers():
    listed = [row[0] for row in rows()]
    assert len(set(listed)) == len(listed)
    if same_version():
        assert listed == all_types()
        tasks = {kind: "".join(p.task for p in all_pairs() if p.type == kind) for kind in listed}
        assert {row[0]: row[1] for row in rows()} == tasks


def test_counts_agree_with_the_rows():
    text, verdicts = TABLE.read_text(encoding="utf-8"), [row[2] for row in rows()]
    for verdict in VERDICTS:
        assert f"| {verdict} | {verdicts.count(verdict)} |" in text
    approximate = {"mra", "reformer", "yoso"}
    softmax = [
        row for row in rows() if row[2] not in ("not run", "none") and row[0] not in approximate
    ]
    read = sum(row[2] in ("exact", "dense") for row in softmax)
    assert f"{read} of the {len(softmax)} types with softmax attention" in text
    run = [row for row in rows() if row[2] != "not run"]
    salient = sum(row[7].startswith("yes") for row in run)
    assert f"arrives on {salient} of the {len(run)} types" in text


def test_the_goals_are_met():
    text = TABLE.read_text(encoding="utf-8")
    read, salient = (float(share) for share in re.findall(r"\((\d+\.\d)%\)", text))
    assert read >= 98
    assert salient >= 99
    assert "failed | 0 |" in text
    errors = [float(row[5]) for row in rows() if row[5] != "–"]
    assert max(errors) < 1e-5
