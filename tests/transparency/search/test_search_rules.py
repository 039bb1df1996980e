"""What may be asked of the search, without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.transparency.search.rules import (
    Asked,
    SearchInvalid,
    Term,
    refuse_contradictions,
    refuse_order_of_feed,
    terms,
)

CODES = ("STAFF_EXPENSE", "COMMERCIAL_PREJUDICE")


def refused(asked: Asked) -> dict[str | None, str]:
    with pytest.raises(SearchInvalid) as caught:
        refuse_contradictions(asked, CODES)
    return {item.parameter: item.detail for item in caught.value.errors}


def test_a_text_is_words_beginnings_and_phrases() -> None:
    """T-60."""
    assert terms('roof* "peer challenge" O\'Brien  ""') == (
        Term("roof", prefix=True),
        Term("peer challenge"),
        Term("O'Brien"),
    )
    assert terms("") == ()
    assert terms('open"phrase one"shut') == (Term("open"), Term("phrase one"), Term("shut"))


def test_everything_that_does_not_go_together_is_said_at_once() -> None:
    """T-60, bad input: all errors at once, each at its parameter."""
    wrong = refused(
        Asked(
            q='"open a*',
            payee="B*",
            period="2017-18-q5",
            year="2017-19",
            min_pence=200,
            max_pence=100,
            paid_from=date(2017, 5, 2),
            paid_to=date(2017, 5, 1),
            redaction="BARE_CONFIDENTIALITY",
        )
    )
    assert list(wrong) == ["q", "payee", "period", "year", "max_pence", "paid_to", "redaction"]
    assert wrong["max_pence"] == "The largest amount, 100, is below the smallest, 200; exchange the two."
    assert wrong["paid_to"] == "The last day, 2017-05-01, is before the first, 2017-05-02; exchange the two."
    assert wrong["payee"] == "B* begins too many names; write at least 2 letters before the *."
    assert "one of COMMERCIAL_PREJUDICE, STAFF_EXPENSE" in wrong["redaction"]


def test_a_phrase_is_closed_and_a_text_has_an_end() -> None:
    """T-60."""
    assert refused(Asked(q='training "peer'))["q"].startswith("A quotation mark has no other one behind it")
    assert "13 words and phrases" in refused(Asked(q=" ".join("abcdefghijklm")))["q"]
    refuse_contradictions(Asked(q=" ".join("abcdefghijkl")), CODES)


def test_an_edition_belongs_to_a_publisher_and_period_and_to_no_instant() -> None:
    """T-60, T-49."""
    wrong = refused(Asked(edition=2, as_at=datetime(2018, 1, 1, tzinfo=UTC)))
    assert set(wrong) == {"publisher", "period", "as_at"}
    assert refused(Asked(period="2017-18-q1", year="2018-19")) == {
        "year": "The quarter 2017-18-q1 is not in the year 2018-19; leave one of the two out."
    }
    refuse_contradictions(Asked(edition=2, publisher="body", period="2017-18-q1", year="2017-18"), CODES)


def test_a_feed_is_in_no_other_order_than_the_newest_first() -> None:
    """T-60."""
    refuse_order_of_feed("newest")
    with pytest.raises(SearchInvalid, match="never by amount"):
        refuse_order_of_feed("amount")


@pytest.mark.parametrize("narrowed", [{"q": "a"}, {"late": False}, {"min_pence": 0}, {"paid_to": date(2017, 5, 1)}])
def test_kept_totals_answer_only_where_all_rows_of_editions_match(narrowed: dict[str, object]) -> None:
    """T-60."""
    assert Asked(publisher="body", year="2017-18").is_whole
    assert not Asked(publisher="body", **narrowed).is_whole  # type: ignore[arg-type]
