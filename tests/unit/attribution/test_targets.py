"""What a user may call a target, and what is said of what is none."""

import numpy as np
import pytest
import torch
import transformers
from models import VOCABULARY, fresh_model, tiny_lm
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers import models as subword

import lmwidget as lmw
from lmwidget.attribution.question import Question
from lmwidget.attribution.targets import resolve_wanted, token_id
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.models.language_model import LanguageModel


def lm_with(pieces, *, byte_level):
    """GPT-2 with a vocabulary of these pieces, byte-level or SentencePiece."""
    pieces = ["<unk>", *pieces]
    if byte_level:
        pieces += sorted(pre_tokenizers.ByteLevel.alphabet())
        tokenizer = Tokenizer(subword.BPE({p: i for i, p in enumerate(pieces)}, merges_of(pieces)))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
    else:
        scores = [(piece, -float(i)) for i, piece in enumerate(pieces)]
        tokenizer = Tokenizer(subword.Unigram(scores, 0, byte_fallback=False))
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.decoder = decoders.Metaspace()
    wrapped = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")
    return LanguageModel(fresh_model("gpt2"), wrapped, name="words")


def merges_of(pieces):
    known = set(pieces)
    merges = []
    for piece in pieces:
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if (left in known or cut == 1) and (right in known or len(right) == 1):
                merges.append((left, right))
                break
    return merges


@pytest.fixture(scope="module")
def byte_lm():
    return lm_with(["Pa", "Par", "Pari", "Paris", "ĠPa", "ĠPar", "ĠPari", "ĠParis", "ĠX", "é"][:9],
                   byte_level=True)  # fmt: skip


@pytest.fixture(scope="module")
def piece_lm():
    return lm_with(["▁Paris", "Paris", "▁Rome", "▁", "a", "b"], byte_level=False)


def raw(lm, text):
    return lm.tokenizer.convert_ids_to_tokens(token_id(lm, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Paris", "Paris"), (" Paris", "ĠParis"), ("ĠParis", "ĠParis"), (" X", "ĠX"), ("\n", "Ċ")],
)
def test_byte_level_text_is_taken_exactly(byte_lm, text, expected):
    assert raw(byte_lm, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Paris", "Paris"), (" Paris", "▁Paris"), ("▁Paris", "▁Paris"), (" Rome", "▁Rome"),
     ("Rome", "▁Rome"), ("a", "a")],
)  # fmt: skip
def test_sentencepiece_text_is_taken_exactly_where_it_can_be(piece_lm, text, expected):
    assert raw(piece_lm, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("king", "king"), (" king", "king"), ("KING", "king"), ("##ing", "##ing"),
     ("[MASK]", "[MASK]"), ("[UNK]", "[UNK]")],
)  # fmt: skip
def test_word_pieces(text, expected):
    assert raw(tiny_lm("bert"), text) == expected


def test_several_tokens_show_the_pieces(byte_lm):
    with pytest.raises(InputError) as error:
        token_id(byte_lm, " Parisx")
    assert error.value.message == "The target ' Parisx' is 2 tokens here: ' Paris', 'x'."
    number = byte_lm.tokenizer.convert_tokens_to_ids("ĠParis")
    assert error.value.remedy == (
        f"Give its first token, ' Paris' (id {number}), or another single token."
    )


def test_several_tokens_suggest_the_spaced_variant():
    lm = lm_with(["ĠO", "ĠOs", "ĠOsl", "ĠOslo", "P", "Pi", "Pis"], byte_level=True)
    with pytest.raises(InputError, match=r"Did you mean ' Oslo', with a space before it"):
        token_id(lm, "Oslo")
    with pytest.raises(InputError, match=r"Did you mean 'Pis', without a space before it"):
        token_id(lm, " Pis")


def test_not_in_the_vocabulary(piece_lm):
    with pytest.raises(InputError, match="'zebra' is not in the vocabulary of words"):
        token_id(piece_lm, "zebra")
    with pytest.raises(InputError, match="The foil is empty"):
        token_id(piece_lm, "", "foil")


@pytest.mark.parametrize("index", [VOCABULARY, -1, 10**6])
def test_index_out_of_range(index):
    with pytest.raises(UnknownNameError, match=f"no token {index}: gpt2 has {VOCABULARY}. Choose"):
        tiny_lm("gpt2").attribute("the king", target=index)
    with pytest.raises(UnknownNameError, match="from 0 to 2"):
        tiny_lm("bert-classifier").attribute("the king", foil=index)


@pytest.mark.parametrize("given", [1.5, {3}, b"a"])
def test_neither_text_nor_index(given):
    with pytest.raises(InputError, match=f"The target is a {type(given).__name__}"):
        tiny_lm("gpt2").attribute("the king", target=given)


def test_a_truth_value_is_no_index():
    with pytest.raises(UnknownNameError, match="no token True"):
        tiny_lm("gpt2").attribute("the king", target=True)


def test_numpy_and_torch_indices_and_predictions():
    lm = tiny_lm("gpt2")
    second = lm.predict("the king")[1]
    for target in (np.int64(second.id), torch.tensor(second.id), second, second.id):
        assert lm.attribute("the king", target=target).target.id == second.id


def test_the_default_is_the_strongest_prediction():
    for family in ("gpt2", "t5", "bert-classifier"):
        lm = tiny_lm(family)
        why = lm.attribute("the king said")
        assert why.target == why.predictions[0]
        expected = lm.predict("the king said")
        for ours, theirs in zip(why.predictions, expected, strict=True):
            assert (ours.id, ours.label) == (theirs.id, theirs.label)
            assert ours.logit == pytest.approx(theirs.logit, rel=1e-4)
            assert ours.probability == pytest.approx(theirs.probability, rel=1e-4)


def test_classes_by_name():
    lm = tiny_lm("bert-classifier")
    assert lm.attribute("the king", target="LABEL_2").target.id == 2
    assert lm.attribute("the king", target="label_2", foil="LABEL_0").foil.label == "LABEL_0"
    with pytest.raises(UnknownNameError, match=r"no class 'LABEL2' to take as foil\. Did you mean"):
        lm.attribute("the king", foil="LABEL2")


def test_target_and_foil_must_differ():
    lm = tiny_lm("gpt2")
    with pytest.raises(InputError, match="Target and foil are the same: 'k' is candidate"):
        lm.attribute("the king", target="k", foil="k")
    best = lm.predict("the king")[0]
    with pytest.raises(InputError, match="the model's strongest prediction"):
        lm.attribute("the king", foil=best.id)


def test_resolve_without_target():
    lm, logits = tiny_lm("bert-classifier"), torch.tensor([[0.0, 2.0, 1.0]])
    question = Question(lm, lm.tokenize("the king"))
    assert [w.ids for w in resolve_wanted(lm, question, None, None, logits)] == [(1,)]
    assert [w.ids for w in resolve_wanted(lm, question, None, "LABEL_2", logits)] == [(1,), (2,)]


def test_no_mask_in_the_text():
    with pytest.raises(InputError, match=r"no mask token.*Write \[MASK\] where a word"):
        tiny_lm("bert").attribute("the king said")


def test_several_masks_read_the_first():
    lm = tiny_lm("bert")
    with pytest.warns(UserWarning, match="2 mask tokens: the first one is read"):
        why = lm.attribute("the [MASK] king [MASK]")
    assert why.readout == "masked token"
    with torch.no_grad():
        logits = lm.model(**lm.inputs(why.tokens)).logits
    assert why.target.id == int(logits[0, 2].argmax())


def test_a_phrase_that_would_be_glued_to_the_text():
    lm = lmw.load("tiny")
    with pytest.raises(InputError, match=r"Did you mean ' king of', with a space"):
        lm.attribute("the king said unto the", target="king of")
    ids = lm.attribute("the king said unto the", target=" king of").target.ids
    assert lm.attribute("the king said unto the ", target="king of").target.label == "king of"
    assert lm.attribute("the king said unto the", target=ids).target.ids == ids
