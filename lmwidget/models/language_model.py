"""One language model of any family, and what can be asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmwidget.errors import refuse_unknown
from lmwidget.models.explained import ExplainedModel
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmwidget.capture.attention import Attention
    from lmwidget.capture.estimate import Estimate
    from lmwidget.capture.generation import Generation
    from lmwidget.states import States


class LanguageModel(ExplainedModel):
    """A model with its tokenizer, left as it is found by everything done here.

    Parameters
    ----------
    model : torch.nn.Module
        A transformers model (causal, masked, bare encoder, sequence or token classifier, question
        answering, encoder-decoder), or any module from token ids (batch, token) to logits.
    tokenizer : transformers tokenizer, or anything with encode and decode
        The tokenizer that the model was trained with; see
        :func:`lmwidget.models.own_tokenizer.as_tokenizer`.
    name : str, optional
        Shown on figures. Default: where the model was loaded from, or its class.
    task : str, optional
        ``"causal"``, ``"masked"``, ``"encoder"``, ``"sequence-classification"``,
        ``"token-classification"``, ``"question-answering"`` or ``"seq2seq"``. Default: told from
        the model's class, or from what a module of one's own gives.
    labels : sequence of str, optional
        Class names of a classifier that does not know them. A module of one's own that gives few
        numbers for each token is a token classifier when its labels are named.
    multi_label : bool, optional
        Whether a classifier decides about every class by itself, so that several can hold.
        Default: what ``problem_type`` in its configuration says.
    forward : callable, optional
        ``forward(model, ids)`` returns the logits, for a module that ``model(ids)`` does not suit.

    Attributes
    ----------
    model : torch.nn.Module
        The transformers model; a module of one's own is wrapped, and is ``model.module``.
    architecture : str
        The model type in its configuration, such as ``"llama"``, or the class of the module.
    context_length : int or None
        Most tokens that it reads at once; None when nothing limits it.
    labels : dict of int to str
        Class names of a classifier, otherwise empty.
    multi_label : bool
        Whether probabilities of classes come from a sigmoid each, rather than from one softmax.
    rows : int or None
        Size of its embedding table, where there is one.

    Raises
    ------
    InputError
        When something else than a model or a tokenizer is given.
    ModelMismatchError
        When the tokenizer has many more tokens than the model.
    UnknownNameError
        For an unknown task or keyword.

    Examples
    --------
    >>> from transformers import GPT2Config, GPT2LMHeadModel
    >>> import lmwidget as lmw
    >>> tokenizer = lmw.load("tiny").tokenizer
    >>> config = GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=len(tokenizer))
    >>> lmw.LanguageModel(GPT2LMHeadModel(config), tokenizer, name="mine")
    <LanguageModel mine: gpt2, causal, context 1024>
    """

    def attention(
        self,
        text: Any,
        *,
        output: str | Tokens | None = None,
        kind: str | None = None,
        layers: int | Sequence[int] | None = None,
        precision: str = "full",
        truncate: bool = False,
        **unknown: Any,
    ) -> Attention:
        """Return every attention weight of one pass over the text, computed when asked for.

        Parameters
        ----------
        text : str, list of dict, tuple of (str, str), or Tokens
            What the model reads.
        output : str or Tokens, optional
            What an encoder-decoder has written; default: what it writes by itself, greedily, at
            most 32 tokens.
        kind : str, optional
            ``"encoder"``, ``"decoder"`` or ``"cross"`` of an encoder-decoder.
        layers : int or sequence of int, optional
            Keep only these layers, by the model's own numbers; default: all.
        precision : str, default "full"
            ``"half"`` keeps queries and keys in 16 bits: half the memory, weights to about three
            digits.
        truncate : bool, default False
            Cut text that is longer than the model's context.

        Returns
        -------
        Attention
            ``attention[layer, head]`` is an array (query, key).

        Raises
        ------
        InputError
            When the text cannot be used.
        NoAttentionError
            When the model has no attention.
        UnknownNameError
            For an unknown kind, layer, precision or keyword.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").attention("The king said")[0, 0].shape
        (3, 3)
        """
        from lmwidget.capture.attention import capture_attention

        known = ["output", "kind", "layers", "precision", "truncate"]
        refuse_unknown(unknown, known, "attention")
        tokens = self.tokenize(text, truncate=truncate)
        writes = self.task == "seq2seq" and output is None
        written = self.write_output(tokens) if writes else self._written(output)
        attention = capture_attention(self, tokens, written, layers=layers, precision=precision)
        return attention if kind is None else attention.select(kind)

    def estimate(
        self,
        text: Any,
        *,
        output: str | Tokens | None = None,
        layers: int | Sequence[int] | None = None,
        precision: str = "full",
        truncate: bool = False,
        **unknown: Any,
    ) -> Estimate:
        """Return what :meth:`attention` would take for a text: time and memory.

        Measured on a small part of the text, at most a sixteenth of a long one. The time in which
        an encoder-decoder writes its output is not counted.

        Parameters
        ----------
        text, output, layers, precision, truncate
            As for :meth:`attention`.

        Returns
        -------
        Estimate
            ``seconds``, ``peak_bytes`` on top of the model, ``held_bytes`` that the result keeps.

        Raises
        ------
        InputError
            When the text cannot be used.
        UnknownNameError
            For an unknown precision or keyword.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").estimate("The king said").tokens
        3
        """
        from lmwidget.capture.estimate import estimate_attention

        known = ["output", "layers", "precision", "truncate"]
        refuse_unknown(unknown, known, "estimate")
        tokens = self.tokenize(text, truncate=truncate)
        written = self._written(output)
        return estimate_attention(self, tokens, written, layers=layers, precision=precision)

    def generate(
        self,
        text: Any,
        max_new_tokens: int = 64,
        *,
        precision: str = "full",
        truncate: bool = False,
        **settings: Any,
    ) -> Generation:
        """Let the model write, and return the text with the attention of every step.

        Parameters
        ----------
        text : str, list of dict, tuple of (str, str), or Tokens
            The prompt, or the input of an encoder-decoder.
        max_new_tokens : int, default 64
            Most tokens written.
        precision : str, default "full"
            ``"half"`` keeps queries and keys in 16 bits.
        truncate : bool, default False
            Cut a prompt that is longer than the model's context.
        **settings
            Of ``model.generate``: ``do_sample``, ``temperature``, ``top_p``, …; greedy by default.

        Returns
        -------
        Generation
            ``text`` written, ``tokens`` with the prompt, ``start`` of what was written, and
            ``attention`` of all of them.

        Raises
        ------
        InputError
            When the text would not fit the model's context, or several sequences are asked for.
        ModelMismatchError
            When the model cannot write.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> made = lmw.load("tiny").generate("The king of the king of the", 3)
        >>> len(made.tokens) - made.start
        3
        """
        from lmwidget.capture.generation import generate

        tokens = self.tokenize(text, truncate=truncate)
        return generate(self, tokens, max_new_tokens, precision=precision, **settings)

    def states(self, text: Any, *, truncate: bool = False) -> States:
        """Return hidden states, cells and gates of a recurrent model, step by step.

        Parameters
        ----------
        text : str, tuple of (str, str), or Tokens
            What the model reads.
        truncate : bool, default False
            Cut text that is longer than the model's context.

        Returns
        -------
        States
            ``states[0]["forget_gate"]`` is an array (token, unit).

        Raises
        ------
        ModelMismatchError
            When the model has no ``nn.LSTM``, ``nn.GRU``, ``nn.RNN`` or cell.
        UnavailableError
            When its states are not one for each token.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").states("The king")
        Traceback (most recent call last):
        ...
        lmwidget.errors.ModelMismatchError: tiny has no recurrent layer. ...
        """
        from lmwidget.capture.states import capture_states

        return capture_states(self, self.tokenize(text, truncate=truncate))
