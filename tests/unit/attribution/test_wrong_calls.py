"""What people get wrong is answered in a sentence, with what to do: never by an error of Python's."""

from types import SimpleNamespace as Box

import numpy as np
import pytest
import torch
from models import tiny_lm

import lmwidget as lmw
from lmwidget.errors import LmwidgetError

TEXT = "the king sat on the hat"
SHAP = Box(values=np.array([0.5, -1.0]), data=["so", "bad"], base_values=0.0, output_names=None)
INSEQ = Box(
    source=[], target=[Box(token="a"), Box(token="b")], source_attributions=None,
    target_attributions=np.array([[2.0], [np.nan]]), attr_pos_start=1, attr_pos_end=2, step_scores={},
)  # fmt: skip


def refused(call, said):
    """The call raises one of our errors that says so, and what to do."""
    with pytest.raises(LmwidgetError) as caught:
        call()
    assert said in str(caught.value)
    assert caught.value.message.endswith(".")
    assert caught.value.remedy.endswith((".", "?", ").", "]."))


@pytest.mark.parametrize(
    ("method", "how", "said"),
    [
        ("gradient", {"level": 3}, "3 is no level. Give one of 'token'"),
        ("gradient", {"level": None}, "None is no level"),
        ("gradient", {"level": []}, "[] is no level"),
        ("gradient", {"level": [3]}, "3 is no passage"),
        ("gradient", {"level": [(0.5, 2.5)]}, "(0.5, 2.5) is no passage"),
        ("gradient", {"levle": "word"}, "Did you mean 'level'?"),
        ("gradient", {"steps": 3}, "It takes no settings."),
        (3, {}, "no method 3"),
        (["gradient"], {}, "no method ['gradient']"),
        ("gradient", {"position": 1.5}, "position is 1.5"),
        ("gradient", {"position": [1, 2]}, "position is [1, 2]"),
        ("gradient", {"position": True}, "position is True"),
        ("gradient", {"position": 99}, "no token 99"),
        ("gradient", {"target": 5, "foil": 5}, "Target and foil are the same"),
        ("gradient", {"target": {}}, "The target is a dict"),
        ("gradient", {"of": lambda logits: logits[:, 0].detach()}, "No gradient reaches"),
        ("gradient", {"max_memory": "much"}, "max_memory is 'much'"),
        ("gradient", {"progress": 3}, "progress is 3"),
        ("leave_one_out", {"cancelled": 3}, "cancelled is 3"),
        ("leave_one_out", {"removal": ["a"]}, "removal is ['a']"),
        ("exact_shapley", {"most": "a"}, "most is 'a'"),
        ("kernel_shap", {"seed": "a"}, "seed is 'a'"),
        ("lime", {"seed": None}, "seed is None"),
        ("sobol", {"seed": 1.5}, "seed is 1.5"),
        ("reagent", {"seed": -1}, "seed is -1"),
        ("random", {"seed": -1}, "seed is -1"),
        ("attention", {"layer": "x"}, "no layer 'x'"),
        ("rollout", {"residual": "x"}, "a share of 'x'"),
        ("lime", {"kernel_width": "x"}, "kernel_width is 'x'"),
        ("expected_gradients", {"references": 3}, "references is 3"),
        ("discretized_integrated_gradients", {"strategy": "x"}, "Choose one of 'steps'"),
    ],
)
def test_attribute(method, how, said):
    refused(lambda: tiny_lm("gpt2").attribute(TEXT, method, **how), said)


@pytest.mark.parametrize("text", ["", None, 3, [], b"the king", ["a", "b", "c"]])
def test_texts(text):
    refused(lambda: tiny_lm("gpt2").attribute(text), "The text is")


def test_what_a_task_has_no_place_for():
    classifier = tiny_lm("bert-classifier")
    refused(lambda: classifier.attribute(TEXT, position=2), "one answer for the whole text")
    refused(lambda: tiny_lm("bart").attribute(TEXT, output=3), "The output is of type int")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"substitutes": -1}, "substitutes is -1"),
        ({"substitutes": 1.5}, "substitutes is 1.5"),
        ({"noise": 0.1}, "noise is 0.1. Give sizes above 0"),
        ({"noise": "big"}, "noise is 'big'"),
        ({"noise": [float("nan")]}, "noise is [nan]"),
        ({"noise": None}, "noise is None"),
        ({"kinds": 3}, "no kind 3"),
        ({"kinds": None}, "no kind None"),
        ({"kinds": "delete"}, "Did you mean 'deletion'?"),
        ({"seed": None}, "seed is None"),
        ({"draws": 0}, "draws is 0"),
        ({"drawz": 1}, "Did you mean 'draws'?"),
    ],
)
def test_sensitivity(how, said):
    refused(lambda: tiny_lm("gpt2").sensitivity(TEXT, **how), said)


def test_maps_of_sensitivity():
    found = tiny_lm("gpt2").sensitivity(TEXT, kinds="deletion")
    refused(lambda: found.attribution("noise"), "No noise was tried")
    refused(lambda: found.attribution("deletion", []), "no [] here")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"random_maps": "a"}, "random_maps is 'a'"),
        ({"random_maps": 2.5}, "random_maps is 2.5"),
        ({"random_maps": 0}, "random_maps is 0"),
        ({"seeds": "a"}, "seeds is 'a'"),
        ({"seeds": -1}, "seeds is -1"),
        ({"seed": "a"}, "seed is 'a'"),
        ({"removal": 3}, "removal is 3"),
        ({"random_map": 3}, "Did you mean 'random_maps'?"),
    ],
)
def test_checks(how, said):
    lm = tiny_lm("gpt2")
    refused(lambda: lm.check(lm.attribute(TEXT), **how), said)


@pytest.mark.parametrize("given", [5, None, [], "why"])
def test_what_is_no_map(given):
    refused(lambda: tiny_lm("gpt2").check(given), f"of type {type(given).__name__}")
    refused(lambda: lmw.SaliencyText.from_result(given), "no attribution")
    refused(lambda: lmw.Comparison(given), "no maps")
    refused(lambda: lmw.Comparison((given,)), "no maps")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"methods": 3}, "methods is 3"),
        ({"methods": [3]}, "no method 3"),
        ({"methods": []}, "No method is named"),
        ({"methods": [["gradient"]]}, "no method ['gradient']"),
        ({"methods": "gradeint"}, "Did you mean 'gradient'?"),
        ({"settings": [1]}, "settings is [1]"),
        ({"settings": {"gradient": 3}}, "settings is {'gradient': 3}"),
        ({"settings": {"steps": 3}}, "settings is {'steps': 3}"),
        ({"settings": {"gradeint": {}}}, "Did you mean 'gradient'?"),
        ({"random_maps": 0}, "random_maps is 0"),
        ({"seed": "x"}, "seed is 'x'"),
        ({"level": 3}, "3 is no level"),
        ({"cancelled": 3}, "cancelled is 3"),
        ({"metods": []}, "Did you mean 'methods'?"),
    ],
)
def test_comparisons(how, said):
    refused(lambda: tiny_lm("gpt2").compare(TEXT, **{"methods": ["gradient"], **how}), said)


def test_parts_of_a_comparison():
    found = tiny_lm("gpt2").compare(TEXT, "gradient", checks=False)
    assert len(found) == 1
    refused(lambda: found.agreement_with_others(9), "no map 9")
    refused(lambda: found.by(3), "3 is no level")


@pytest.mark.parametrize(
    ("passages", "said"),
    [
        ("king", "'king' is no list of passages"),
        (None, "None is no list of passages"),
        (3, "3 is no list of passages"),
        ([3], "3 is no passage"),
        ([(5, 2)], "The passage (5, 2) is not in"),
        (["nowhere"], "does not hold the passage 'nowhere'"),
        (["king", "king sat"], "overlap"),
    ],
)
def test_passages(passages, said):
    refused(lambda: tiny_lm("gpt2").context_reliance(TEXT, passages, " a"), said)


@pytest.mark.parametrize("row", ["a", 1.5, None, 99, -99, [0]])
def test_rows_of_an_answer(row):
    found = tiny_lm("gpt2").attribute_answer(TEXT, " a")
    refused(lambda: found.step(row), f"no row {row!r}")


@pytest.mark.parametrize(
    ("source", "args", "how", "said"),
    [
        ("captum", (torch.ones(2), ["a", "b"]), {"methd": "x"}, "from_captum takes no 'methd'. Did you mean 'method'?"),
        ("shap", (SHAP,), {"methd": "x"}, "from_shap takes no 'methd'. Did you mean 'method'?"),
        ("inseq", (INSEQ,), {"methd": "x"}, "from_inseq takes no 'methd'. Did you mean 'method'?"),
        ("lime", (None,), {"methd": "x"}, "from_lime takes no 'methd'. Did you mean 'method'?"),
        ("arrays", ([1, 2], ["a", "b"]), {"methd": "x"}, "takes no 'methd'. Did you mean 'method'?"),
        ("captum", (torch.ones(2), 3), {}, "Tokens of type int"),
        ("captum", (torch.ones(2), [1, 2]), {}, "Tokens of type list are no list of strings"),
        ("captum", (torch.ones(1, 2, 3), ["a", "b"]), {"over_width": "max"}, "no over_width='max'"),
        ("captum", (torch.zeros(0), []), {}, "There are no tokens"),
        ("captum", ("abc", ["a"]), {}, "A str is not"),
        ("captum", (torch.ones(2), ["a", "b"]), {"method": None}, "method is None"),
        ("captum", (torch.ones(2), ["a", "b"]), {"signed": "yes"}, "signed is 'yes'"),
        ("shap", (Box(values=np.array(["a"]), data=["so"], base_values=0.0),), {}, "no numbers"),
        ("shap", (Box(values=np.array(1.0), data=None, base_values=0.0), ["so"]), {}, "shape ()"),
        ("inseq", (INSEQ, 3), {}, "Tokens of type int"),
        ("inseq", (INSEQ, ["a"]), {}, "There are 1 tokens but 2"),
        ("inseq", (INSEQ,), {"method": 3}, "method is 3"),
        ("inseq", (Box(sequence_attributions=[]),), {"row": 0}, "There are no sequences"),
        ("arrays", (["x", "y"], ["a", "b"]), {}, "holds no numbers"),
        ("arrays", ([1, 2], None), {}, "There are scores but no tokens"),
        ("arrays", ([1, 2], "ab"), {}, "Tokens of type str"),
        ("arrays", ([], []), {}, "There are no tokens"),
        ("arrays", ([[1, 2]], ["a", "b"]), {}, "scores of shape (1, 2)"),
        ("arrays", ([1, 2], ["a", "b"]), {"unit": 3}, "unit is 3"),
    ],
)  # fmt: skip
def test_results_of_others(source, args, how, said):
    refused(lambda: getattr(lmw.SaliencyText, f"from_{source}")(*args, **how), said)


def test_functions_of_text():
    def function(texts):
        return [1.0] * len(texts)

    refused(lambda: lmw.attribute_function(function, "a day", names=3), "names is 3")
    refused(lambda: lmw.attribute_function(function, "a day", level=3), "3 is no level")
    refused(lambda: lmw.attribute_function(function, "a day", seed="x"), "seed is 'x'")


def test_files(tmp_path):
    why = tiny_lm("gpt2").attribute(TEXT)
    nowhere = tmp_path / "nowhere" / "why"
    page = lmw.SaliencyText.from_result(why)
    for write in (why.save, why.to_html, why.to_svg, why.to_latex, page.to_html):
        refused(lambda write=write: write(nowhere), "no folder")
        refused(lambda write=write: write(3), "3 is no path")
    refused(lambda: lmw.Attribution.load(nowhere), "There is no file")
    refused(lambda: lmw.Attribution.load(3), "3 is no path")
    refused(lambda: lmw.to_html(tmp_path / "page.html"), "There is no widget")
    refused(lambda: why.to_svg(width="wide"), "A figure of wide pixels")


def test_checks_are_made_at_once_and_not_by_name():
    lm = tiny_lm("gpt2")
    why = lm.attribute(TEXT)
    refused(lambda: lm.check(why, "comprehensiveness"), "all checks are made at once")


@pytest.mark.parametrize("wrong", ["no", None, 1])
def test_special_tokens_are_kept_or_not(wrong):
    lm = tiny_lm("gpt2")
    refused(
        lambda: lm.attribute(TEXT, "leave_one_out", keep_special=wrong),
        f"keep_special is {wrong!r}",
    )


def test_where_no_gradient_arrives_the_way_out_is_named():
    class Cut(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.head = torch.nn.Embedding(1792, 4), torch.nn.Linear(4, 1792)

        def forward(self, input_ids):
            return self.head(self.table(input_ids).detach())

    class Loose(Cut):
        def forward(self, input_ids):
            return self.head(
                torch.nn.functional.one_hot(input_ids, 1792).float() @ self.table.weight
            )

    for model in (Cut(), Loose()):
        lm = lmw.LanguageModel(model, lmw.load("tiny").tokenizer)
        refused(lambda lm=lm: lm.attribute("the king", "gradient"), "such as 'leave_one_out'")
