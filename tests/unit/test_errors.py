"""Errors are part of the interface: what is wrong, and what to do."""

import pytest

from lmwidget.errors import InputError, LmwidgetError, UnknownNameError, nearest, refuse_unknown


def test_message_and_remedy_are_one_text_and_two_fields():
    error = InputError("The text is empty.", "Write something.")
    assert str(error) == "The text is empty. Write something."
    assert (error.message, error.remedy) == ("The text is empty.", "Write something.")
    assert isinstance(error, LmwidgetError)
    assert isinstance(error, ValueError)


def test_nearest_names_the_closest_or_lists_all():
    assert nearest("gradeint", ["gradient", "occlusion"]) == "Did you mean 'gradient'?"
    assert nearest("zzz", ["gradient", "occlusion"]) == "Choose one of 'gradient', 'occlusion'."
    many = [f"method {i}" for i in range(20)] + ["kernel_shap"]
    assert nearest("shap", many).startswith("Choose one of 'kernel_shap', 'method 0'")


def test_unknown_keyword_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"takes no 'layr'. Did you mean 'layer'\?"):
        refuse_unknown(["layr"], ["layer", "head"], "AttentionGraph")
    with pytest.raises(UnknownNameError, match=r"It takes no settings\."):
        refuse_unknown(["steps"], [], "The method 'gradient'")
