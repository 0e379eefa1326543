"""Results on disk come back equal; other files are refused in words."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from lmwidget.errors import InputError
from lmwidget.results import Attribution, Check, Prediction
from lmwidget.storage import read_arrays, write_arrays
from lmwidget.tokens import Tokens


def test_attribution_comes_back_equal(tmp_path):
    tokens = Tokens.from_pieces(["so", " 🙂", "\n</script>"])
    check = Check("completeness gap", 0.01, 0.005, 2.01, 2.0, "The scores sum to 2.01 of 2.00.")
    why = Attribution(
        tokens=tokens,
        scores=np.array([1.0, np.nan, -0.5], np.float32),
        method="integrated_gradients",
        signed=True,
        target=Prediction(3, " Mary", 0.9, 12.5),
        foil=Prediction(4, " John", 0.1, 10.25),
        unit="logit difference",
        predictions=(Prediction(3, " Mary", 0.9, 12.5),),
        check=check,
        settings={"steps": 16, "baseline": "zero"},
        model="tiny",
        cost={"seconds": 0.5, "passes": 16},
    )
    again = Attribution.load(why.save(tmp_path / "why.safetensors"))
    np.testing.assert_array_equal(again.scores, why.scores)
    assert again.tokens.pieces == tokens.pieces
    assert again.tokens.text == tokens.text
    for name in ("target", "foil", "check", "predictions", "settings", "cost", "unit", "partial"):
        assert getattr(again, name) == getattr(why, name), name


def test_another_kind_of_result_is_named(tmp_path):
    path = write_arrays(tmp_path / "x.safetensors", "attention", {"a": np.zeros(1)}, {})
    with pytest.raises(InputError, match="holds attention, not attribution"):
        read_arrays(path, "attribution")


@pytest.mark.parametrize("foreign", ["safetensors", "text"])
def test_foreign_files_are_refused(tmp_path, foreign):
    path = tmp_path / "x.safetensors"
    if foreign == "safetensors":
        save_file({"a": np.zeros(1)}, str(path))
    else:
        path.write_text("no such thing")
    with pytest.raises(InputError, match="not"):
        read_arrays(path, "attribution")


def test_dataframe_ranks_by_size_and_nan_last():
    why = Attribution(
        tokens=Tokens.from_pieces(["a", "b", "c"]),
        scores=np.array([0.5, np.nan, -2.0], np.float32),
        method="gradient",
        signed=True,
        target=Prediction(0, "x", 1.0, 1.0),
    )
    assert why.to_dataframe()["rank"].tolist() == [2, 3, 1]
