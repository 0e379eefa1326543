"""Norms while other threads run the same model."""

from __future__ import annotations

import threading

import numpy as np
import torch
from models import fresh_model, tiny_tokenizer

from lmwidget.capture.hooks.behind import BehindRecorder
from lmwidget.inspection import norms
from lmwidget.models.language_model import LanguageModel

TEXT, OTHER = "the king said, there he sat", "a cat was on the mat of the king and said so"


def run(work):
    """Run something in a thread of its own, and raise here what it raised there."""
    raised = []

    def guarded():
        try:
            work()
        except Exception as error:  # noqa: BLE001, raised below
            raised.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    return thread, raised


def passes_in_between(lm, work):
    """Before every module of a pass in this thread, do something in another one."""
    here, raised = threading.get_ident(), []

    def hook(_module, _args):
        if threading.get_ident() == here:
            thread, errors = run(work)
            thread.join()
            raised.extend(errors)

    layer = lm.model.transformer.h[0]
    for module in (layer.attn, layer.attn.c_proj, layer.ln_2):
        module.register_forward_pre_hook(hook)
    return raised


def fresh():
    return LanguageModel(fresh_model("gpt2"), tiny_tokenizer("gpt2"))


def test_another_pass_of_the_model_changes_nothing():
    """It begins before the recorded pass, and ends in the middle of it."""
    lm, plain = fresh(), norms(fresh(), TEXT, residual=True)
    here, inside, over = threading.get_ident(), threading.Event(), threading.Event()
    others = []

    def begin(_module, _args):
        if threading.get_ident() == here:
            others.append(run(lambda: lm.model(**lm.inputs(lm.tokenize(OTHER)))))
            assert inside.wait(60)

    def hold(_module, _args):
        if threading.get_ident() != here:
            inside.set()
            over.wait(60)
        elif others and not over.is_set():
            over.set()
            others[0][0].join()

    lm.model.register_forward_pre_hook(begin)
    lm.model.transformer.h[0].attn.c_proj.register_forward_pre_hook(hold)
    found = norms(lm, TEXT, residual=True)
    assert [raised for _, raised in others] == [[]]
    np.testing.assert_allclose(found.mixing.steps, plain.mixing.steps, atol=1e-6)


def test_norms_in_two_threads():
    lm, there = fresh(), []
    plain = [norms(fresh(), text, residual=True).mixing.steps for text in (TEXT, OTHER)]
    raised = passes_in_between(
        lm, lambda: there.append(norms(lm, OTHER, residual=True).mixing.steps)
    )
    found = norms(lm, TEXT, residual=True).mixing.steps
    assert not raised
    np.testing.assert_allclose(found, plain[0], atol=1e-6)
    assert len(there) >= 3
    for steps in there:
        np.testing.assert_allclose(steps, plain[1], atol=1e-6)


def test_a_pass_that_began_while_norms_were_recorded_ends_after_them():
    """Torch then calls the hooks that it has in hand, without keyword arguments."""
    lm, inside, over = fresh(), threading.Event(), threading.Event()
    here = threading.get_ident()

    def hold(*_):
        if threading.get_ident() != here:
            inside.set()
            over.wait(60)

    attention = lm.model.transformer.h[0].attn
    for register in (attention.register_forward_pre_hook, attention.register_forward_hook):
        inside.clear(), over.clear()
        held = register(hold)
        with torch.no_grad(), BehindRecorder(lm.model):
            thread, raised = run(lambda: lm.model(**lm.inputs(lm.tokenize(OTHER))))
            assert inside.wait(60)
        over.set()
        thread.join()
        held.remove()
        assert not raised
