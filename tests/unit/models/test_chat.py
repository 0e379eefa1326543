"""Chat messages: every character has the role of its message, template text included."""

from __future__ import annotations

import pytest
from tokenizers_zoo import ALL, tokenizer_of

from lmwidget.errors import InputError
from lmwidget.models.chat import is_chat, render_chat
from lmwidget.models.tokenizing import tokenize

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
OWN_SYSTEM = (
    "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe brief.<|im_end|>\n' }}"
    "{% endif %}" + CHATML
)
# Llama 2: the system message goes inside the first turn of the user; roles must alternate.
NESTED = (
    "{% if messages[0]['role'] == 'system' %}"
    "{% set system = '<<SYS>>' + messages[0]['content'] + '<</SYS>>' %}"
    "{% set rest = messages[1:] %}{% else %}{% set system = '' %}{% set rest = messages %}{% endif %}"
    "{% for m in rest %}"
    "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate') }}{% endif %}"
    "{% if m['role'] == 'user' %}"
    "{{ '[INST]' + (system if loop.first else '') + m['content'] | trim + '[/INST]' }}"
    "{% else %}{{ ' ' + m['content'] + ' ' }}{% endif %}{% endfor %}"
)
TALK = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "Hello 😀"},
    {"role": "assistant", "content": "Hi!"},
    {"role": "user", "content": "Bye"},
]


@pytest.fixture
def chatting():
    """A byte-level tokenizer of its own, whose template a test may set."""

    def make(template):
        tokenizer = ALL["byte_level"]()
        tokenizer.chat_template = template
        return tokenizer

    return make


def runs(text: str, roles: list[str | None]) -> list[tuple[str | None, str]]:
    """Neighbouring characters of one role, joined."""
    found: list[tuple[str | None, str]] = []
    for char, role in zip(text, roles, strict=True):
        if found and found[-1][0] == role:
            found[-1] = (role, found[-1][1] + char)
        else:
            found.append((role, char))
    return found


def test_every_character_has_the_role_of_its_message(chatting):
    assert runs(*render_chat(chatting(CHATML), TALK)) == [
        ("system", "<|im_start|>system\nBe kind.<|im_end|>\n"),
        ("user", "<|im_start|>user\nHello 😀<|im_end|>\n"),
        ("assistant", "<|im_start|>assistant\nHi!<|im_end|>\n"),
        ("user", "<|im_start|>user\nBye<|im_end|>\n"),
        ("assistant", "<|im_start|>assistant\n"),
    ]


def test_a_system_prompt_of_the_template_itself_is_the_systems(chatting):
    assert runs(*render_chat(chatting(OWN_SYSTEM), TALK[1:2])) == [
        ("system", "<|im_start|>system\nBe brief.<|im_end|>\n"),
        ("user", "<|im_start|>user\nHello 😀<|im_end|>\n"),
        ("assistant", "<|im_start|>assistant\n"),
    ]


def test_templates_that_nest_the_system_message(chatting):
    assert runs(*render_chat(chatting(NESTED), TALK)) == [
        ("system", "[INST]<<SYS>>Be kind."),
        ("user", "<</SYS>>Hello 😀[/INST]"),
        ("assistant", " Hi! "),
        ("user", "[INST]Bye[/INST]"),
    ]


def test_no_answer_is_opened_after_an_answer(chatting):
    text, roles = render_chat(chatting(CHATML), TALK[:3])
    assert text.endswith("Hi!<|im_end|>\n")
    assert roles[-1] == "assistant"


def test_messages_that_repeat_each_other(chatting):
    talk = [{"role": role, "content": "yes"} for role in ("user", "assistant", "user")]
    found = runs(*render_chat(chatting(CHATML), talk))
    assert [role for role, _ in found] == ["user", "assistant", "user", "assistant"]
    assert [text.count("yes") for _, text in found] == [1, 1, 1, 0]


def test_tokens_carry_roles_and_no_added_specials(chatting):
    tokens = tokenize(chatting(CHATML), TALK)
    assert tokens.source == "chat"
    assert "<s>" not in tokens.raw
    assert {tokens.roles[i] for i in tokens.find("Hello 😀")} == {"user"}
    assert {tokens.roles[i] for i in tokens.find("Hi!")} == {"assistant"}
    assert set(tokens.to_dict()["role"]) == {"system", "user", "assistant"}


def test_one_message_alone(chatting):
    assert tokenize(chatting(CHATML), TALK[1]).source == "chat"


def test_empty_content_is_allowed(chatting):
    text, _ = render_chat(chatting(CHATML), [{"role": "user", "content": ""}])
    assert text.startswith("<|im_start|>user\n<|im_end|>")


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user"}],
        [{"content": "Hello"}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": ["Hello"]}],
        [{"role": "user", "content": "Hello"}, "Bye"],
    ],
)
def test_other_forms_are_refused_with_the_right_one(chatting, messages):
    with pytest.raises(InputError, match=r'\[\{"role": "user", "content": "Hello"\}\]'):
        tokenize(chatting(CHATML), messages)


def test_without_a_template():
    with pytest.raises(InputError, match="has no chat template"):
        tokenize(tokenizer_of("byte_level"), TALK)


def test_what_the_template_refuses(chatting):
    with pytest.raises(InputError, match="Roles must alternate"):
        tokenize(chatting(NESTED), [TALK[1], TALK[3]])


def test_what_counts_as_chat():
    assert is_chat(TALK)
    assert is_chat(TALK[0])
    assert not is_chat("text")
    assert not is_chat(["a", "b"])
    assert not is_chat([])
