"""Question answering: which part of a context is the answer, against transformers run by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
import transformers
from heads import by_hand, headed, headed_lm, tokenizer_of
from models import fresh_model, tiny_lm, tiny_model, tiny_tokenizer

import lmwidget as lmw
from lmwidget.errors import InputError, ModelMismatchError
from lmwidget.models.predictions import strongest_spans
from lmwidget.models.tasks import Readout, logits_at, read_logits, readout, task_of

QUESTION, CONTEXT = "the cat said", " the king sat, un believing; the cat on"
FAMILIES = [
    "bert", "roberta", "distilbert", "deberta-v2", "electra", "xlnet", "gpt2", "llama", "t5", "bart",
]  # fmt: skip


def answer_lm(family="bert"):
    return headed_lm(family, "QuestionAnswering")


def expected_answers(family):
    """Every start and end by two loops: {(first, last): (logit, probability)}."""
    given = by_hand(family, QUESTION, CONTEXT)
    tokenizer = tokenizer_of(family)
    encoded = tokenizer(QUESTION, CONTEXT)
    with torch.no_grad():
        output = headed(family, "QuestionAnswering")(**given)
    start, end = output.start_logits[0].double(), output.end_logits[0].double()
    places = [i for i, part in enumerate(encoded.sequence_ids(0)) if part == 1]
    spans = [(i, j) for i, j in itertools.product(places, places) if i <= j < i + 30]
    if tokenizer.cls_token_id is not None:
        cls = encoded["input_ids"].index(tokenizer.cls_token_id)
        spans.append((cls, cls))
    first, last = start.softmax(0), end.softmax(0)
    return {(i, j): (float(start[i] + end[j]), float(first[i] * last[j])) for i, j in spans}


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_are_those_of_a_search_by_hand(family):
    lm = answer_lm(family)
    assert lm.task == "question-answering"
    expected = expected_answers(family)
    found = lm.predict((QUESTION, CONTEXT), top=10_000)
    assert {answer.span for answer in found} == set(expected)
    logits, probabilities = zip(*(expected[answer.span] for answer in found), strict=True)
    np.testing.assert_allclose([a.logit for a in found], logits, atol=1e-5)
    np.testing.assert_allclose([a.probability for a in found], probabilities, atol=1e-6)
    assert sorted((a.logit for a in found), reverse=True) == [a.logit for a in found]
    assert lm.predict((QUESTION, CONTEXT), top=4) == found[:4]
    assert all(answer.id == answer.span[0] for answer in found)


@pytest.mark.parametrize("family", ["bert", "roberta", "gpt2"])
def test_an_answer_is_the_text_of_its_tokens(family):
    lm = answer_lm(family)
    tokens = lm.tokenize((QUESTION, CONTEXT))
    for answer in lm.predict(tokens, top=50):
        first, last = answer.span
        if answer.label == "(no answer)":
            assert tokens.ids[first] == lm.tokenizer.cls_token_id
            continue
        start, end = tokens.spans[first, 0], tokens.spans[last, 1]
        assert answer.label == (QUESTION + CONTEXT)[start:end].strip()
        assert answer.label in CONTEXT
        assert start >= len(QUESTION)


def test_that_there_is_no_answer_is_said():
    lm = answer_lm()
    tokens = lm.tokenize((QUESTION, CONTEXT))
    logits = torch.zeros(2, len(tokens))
    logits[:, 0] = 9.0
    found = strongest_spans(lm, tokens, logits, top=3)
    assert (found[0].label, found[0].span) == ("(no answer)", (0, 0))
    assert [answer.label for answer in found].count("(no answer)") == 1
    logits[:, 0] = -9.0
    assert "(no answer)" not in {a.label for a in strongest_spans(lm, tokens, logits, top=3)}


def test_answers_are_short_and_inside_the_context():
    lm = answer_lm("gpt2")
    tokens = lm.tokenize(("a?", "xyz" * 20))
    logits = torch.zeros(2, len(tokens))
    logits[0, 0] = logits[1, 1] = 50.0  # in the question
    logits[0, -40] = logits[1, -1] = 9.0  # 40 tokens long
    logits[1, -50] = 9.0  # ends before it starts
    found = strongest_spans(lm, tokens, logits, top=10**6)
    lengths = {last - first + 1 for first, last in (answer.span for answer in found)}
    assert lengths == set(range(1, 31))
    assert all(tokens.segments[answer.span[0]] == 1 for answer in found)
    assert max(answer.logit for answer in found) == 9.0


def test_logits_that_are_not_numbers_are_shown():
    lm = answer_lm()
    tokens = lm.tokenize((QUESTION, CONTEXT))
    found = strongest_spans(lm, tokens, torch.full((2, len(tokens)), torch.nan), top=3)
    assert len(found) == 3
    assert all(np.isnan(answer.probability) for answer in found)


@pytest.mark.parametrize("text", ["the king", ("", "x")])
def test_a_question_needs_a_context(text):
    with pytest.raises(InputError):
        answer_lm().predict(text)


def test_what_to_give_is_said():
    lm = answer_lm()
    with pytest.raises(InputError, match=r"Give a pair: \(question, context\)"):
        lm.predict("the king")
    with pytest.raises(InputError, match="Leave position= out"):
        lm.predict((QUESTION, CONTEXT), position=1)
    with pytest.raises(InputError, match="at least one"):
        lm.predict((QUESTION, CONTEXT), top=0)
    with pytest.raises(ModelMismatchError, match="cannot write text"):
        lm.generate((QUESTION, CONTEXT))
    with pytest.raises(ModelMismatchError, match="no output side"):
        lm.predict((QUESTION, CONTEXT), output="the")


def test_a_head_that_searches_by_itself_is_refused():
    config = tiny_model("xlnet").config
    lm = lmw.LanguageModel(
        transformers.XLNetForQuestionAnswering(config).eval(), tokenizer_of("xlnet")
    )
    assert lm.task == "question-answering"
    with pytest.raises(ModelMismatchError, match="searches for answers by itself"):
        lm.predict((QUESTION, CONTEXT))
    assert lm.attention((QUESTION, CONTEXT)).shape[0] == 2


def test_a_model_without_ends_answers_nothing():
    lm = lmw.LanguageModel(fresh_model("bert"), tiny_tokenizer("bert"), task="question-answering")
    with pytest.raises(ModelMismatchError, match="no start_logits and end_logits"):
        lm.predict((QUESTION, CONTEXT))


def test_questions_about_pictures_are_no_spans():
    config = transformers.ViltConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1)
    assert task_of(transformers.ViltForQuestionAnswering(config)) == "encoder"


def test_start_and_end_are_read_in_the_graph():
    lm = answer_lm()
    tokens = lm.tokenize((QUESTION, CONTEXT))
    assert readout(lm, tokens) == Readout("span", None)
    assert readout(lm, tokens, 1) == Readout("span", 1)
    with pytest.raises(InputError, match="position=0 for its start"):
        readout(lm, tokens, 7)
    output = lm.model(**lm.inputs(tokens))
    both = logits_at(output, "span", [1, 0])
    assert both.shape == (1, 2, len(tokens))
    assert torch.equal(both[:, 0], output.end_logits)
    assert torch.equal(both[:, 1], output.start_logits)
    assert both.requires_grad
    assert torch.equal(read_logits(output, Readout("span", 0)), output.start_logits)
    with pytest.raises(InputError, match="a start and an end"):
        read_logits(output, Readout("span", None))


@pytest.mark.parametrize("family", ["bert", "deberta-v2", "gpt2", "bart"])
def test_rows_of_several_lengths(family):
    lm = answer_lm(family)
    texts = [(QUESTION, CONTEXT), ("a", "the king said"), ("the cat", "un sat on the cat")]
    rows = [lm.tokenize(text) for text in texts]
    wanted = [0, len(rows[1]) - 1]
    for position, name in enumerate(("start_logits", "end_logits")):
        alone = [getattr(lm.forward(row), name)[0] for row in rows]
        found = lm.logits(rows, position=position, candidates=wanted)
        np.testing.assert_allclose(found, [row[wanted].numpy() for row in alone], atol=2e-5)
        normal = lm.logits(rows, position=position, candidates=wanted, normalize=True)
        expected = [row.log_softmax(0)[wanted].numpy() for row in alone]
        np.testing.assert_allclose(normal, expected, atol=2e-5)
        whole = lm.logits(rows[:1] * 2, position=position)
        np.testing.assert_allclose(whole, np.stack([alone[0].numpy()] * 2), atol=2e-5)


def test_rows_that_cannot_be_compared_are_refused():
    lm = answer_lm()
    rows = [lm.tokenize((QUESTION, CONTEXT)), lm.tokenize(("a", "b"))]
    with pytest.raises(InputError, match="a start and an end"):
        lm.logits(rows[:1])
    with pytest.raises(InputError, match=r"5 to \d+\..*Name candidates="):
        lm.logits(rows, position=0)
    with pytest.raises(InputError, match="Row 1 has 5 tokens, so none is candidate 5"):
        lm.logits(rows, position=0, candidates=np.array([2, 5]))
    with pytest.raises(InputError, match="candidate -1"):
        lm.logits(rows, position=0, candidates=[-1])


def test_a_folder_is_loaded_for_questions(tmp_path):
    headed("bert", "QuestionAnswering").save_pretrained(tmp_path)
    tokenizer_of("bert").save_pretrained(tmp_path)
    pair = (QUESTION, CONTEXT)
    expected = answer_lm().predict(pair)
    for task in (None, "question-answering"):
        lm = lmw.load(tmp_path, task=task)
        assert (type(lm.model).__name__, lm.task) == (
            "BertForQuestionAnswering",
            "question-answering",
        )
        assert lm.predict(pair) == expected
    with pytest.raises(ModelMismatchError, match="no trained weights"):
        lmw.load(tmp_path, task="token-classification")


@pytest.mark.parametrize("family", ["bert", "gpt2", "bart"])
def test_attention_of_a_question(family):
    lm = answer_lm(family)
    tokens = lm.tokenize((QUESTION, CONTEXT))
    attention = lm.attention((QUESTION, CONTEXT))
    assert attention.shape[2:] == (len(tokens), len(tokens))
    eager = headed(family, "QuestionAnswering")
    eager.set_attn_implementation("eager")
    with torch.no_grad():
        output = eager(**lm.inputs(tokens), output_attentions=True)
    weights = output.encoder_attentions if family == "bart" else output.attentions
    np.testing.assert_allclose(attention[1, 2], weights[1][0, 2], atol=1e-5)
    assert lm.estimate((QUESTION, CONTEXT)).tokens == len(tokens)
    graph = lmw.AttentionGraph(lm, (QUESTION, CONTEXT))
    assert graph.result.tokens == tokens


def test_the_model_is_left_as_found():
    model = headed("bert", "QuestionAnswering").train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    lm = lmw.LanguageModel(model, tokenizer_of("bert"))
    lm.predict((QUESTION, CONTEXT))
    lm.logits([lm.tokenize((QUESTION, CONTEXT))], position=0)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_other_models_have_no_span():
    assert all(p.span is None for p in tiny_lm("gpt2").predict("the king"))
