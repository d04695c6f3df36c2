"""Running text from each kind of source, in order, and what is refused."""

import gzip
import json
from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.data.next_vector.chunks import cut_articles
from gonogo.data.next_vector.running_text import Article, read_articles, text_files


def write_lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def test_documents_keep_their_order_and_repeated_titles_are_numbered(tmp_path):
    write_lines(
        tmp_path / "books" / "documents.jsonl.gz",
        [
            {"title": "Preface", "paragraphs": ["one", " ", "two\u2028still two"]},
            {"title": "Preface", "paragraphs": ["three"]},
            {"id": "x9", "title": "Preface", "paragraphs": []},
        ],
    )
    assert list(read_articles([tmp_path / "books"])) == [
        Article("books/Preface", ("one", "two\u2028still two")),
        Article("books/Preface (2)", ("three",)),
        Article("books/x9", ()),
    ]


def test_paragraphs_of_a_beir_corpus_are_put_in_order_by_position(tmp_path):
    row = {"title": "Oil", "metadata": {"article": 7}}
    rows = [
        {**row, "_id": "b", "text": "second", "metadata": {"article": 7, "position": 10}},
        {**row, "_id": "a", "text": "first", "metadata": {"article": 7, "position": 9}},
        {"title": "", "_id": "c", "text": "other", "metadata": {"article": 8, "position": 0}},
    ]
    write_lines(tmp_path / "wiki" / "corpus.jsonl", rows)
    assert list(read_articles([tmp_path / "wiki"])) == [
        Article("wiki/Oil", ("first", "second")),
        Article("wiki/8", ("other",)),
    ]


def test_plain_text_files_are_articles(tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "b.txt").write_text("later\n")
    (folder / "a.txt").write_text("one\nstill one\n \ntwo\n", encoding="utf-8")
    assert [article.id for article in read_articles([folder])] == ["notes/a", "notes/b"]
    assert next(read_articles([folder])).paragraphs == ("one\nstill one", "two\n")


def test_what_is_no_running_text_is_refused_with_file_and_line(tmp_path):
    write_lines(tmp_path / "plain" / "corpus.jsonl", [{"_id": "1", "text": "t"}])
    with pytest.raises(UserError, match=r"corpus.jsonl: line 1: .*what follows what"):
        list(read_articles([tmp_path / "plain"]))
    write_lines(tmp_path / "odd" / "documents.jsonl", [{"title": "a", "text": "t"}])
    with pytest.raises(UserError, match=r"line 1: .*keys here: title, text"):
        list(read_articles([tmp_path / "odd"]))
    with pytest.raises(UserError, match=r"no data file or folder .*nowhere"):
        text_files([tmp_path / "nowhere"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no running text"):
        text_files([tmp_path / "empty"])


def test_a_source_is_looked_up_in_the_data_folders_as_a_study_does(tmp_path, monkeypatch):
    write_lines(tmp_path / "sets" / "books" / "documents.jsonl", [{"paragraphs": ["x"]}])
    monkeypatch.setenv("GONOGO_DATA", str(tmp_path / "sets"))
    found = text_files([Path("books"), Path("books/documents.jsonl")])
    assert found == {"books/documents.jsonl": tmp_path / "sets" / "books" / "documents.jsonl"}


def test_two_sources_of_one_name_are_refused(tmp_path):
    for parent in ("left", "right"):
        write_lines(tmp_path / parent / "set" / "documents.jsonl", [{"paragraphs": ["x"]}])
    with pytest.raises(UserError, match=r"two sources are called 'set/documents.jsonl'"):
        text_files([tmp_path / "left" / "set", tmp_path / "right" / "set"])


def test_chunks_by_level_and_word_for_word_repeats_left_out():
    articles = [
        Article("a", ("One here. Two there.", "Three.")),
        Article("b", ()),
        Article("c", ("One here. Two there.", "Three.")),
        Article("d", ("One  here. Two there.",)),
    ]
    by_sentence = cut_articles(articles, "sentence")
    assert by_sentence.texts == ["One here.", "Two there.", "Three.", "One here.", "Two there."]
    assert by_sentence.articles == ["a", "a", "a", "d", "d"]
    assert by_sentence.positions == [0, 1, 2, 0, 1]
    assert by_sentence.repeated == ["c"]
    assert by_sentence.article_count == 2
    by_paragraph = cut_articles(articles, "paragraph")
    assert by_paragraph.texts == ["One here. Two there.", "Three.", "One here. Two there."]
    with pytest.raises(UserError, match="no text"):
        cut_articles([Article("b", ())], "sentence")
