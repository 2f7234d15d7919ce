"""NUT's lines: words, quotes, refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sensor_reader.core.nut.wire import REFUSALS, ProtocolError, refusal, variables, words
from shared.nut.line import quote

PRINTABLE = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")))


@pytest.mark.parametrize(("line", "expected"), [
    ("", ()),
    ("OK", ("OK",)),
    ('VAR su ups.status "OL CHRG"', ("VAR", "su", "ups.status", "OL CHRG")),
    ('VAR su ups.mfr "A \\"B\\" \\\\ C"', ("VAR", "su", "ups.mfr", 'A "B" \\ C')),
    ('VAR su ups.alarm ""', ("VAR", "su", "ups.alarm", "")),
    ("UPS  su   x", ("UPS", "su", "x")),
    (r"a\ b", ("a b",)),
])  # fmt: skip
def test_a_line_is_words(line: str, expected: tuple[str, ...]) -> None:
    """Quotes and backslashes are resolved, empty words kept."""
    assert expected == words(line)


@given(st.lists(PRINTABLE))
def test_what_is_quoted_comes_back(texts: list[str]) -> None:
    """Whatever the words hold."""
    assert tuple(texts) == words(" ".join(map(quote, texts)))


def test_an_open_quote_is_no_line() -> None:
    """What follows on that connection could mean anything."""
    with pytest.raises(ProtocolError, match="a quote is left open in 'VAR su "):
        words('VAR su ups.status "OL')


@pytest.mark.parametrize("word", REFUSALS)
def test_a_refusal_is_reported_with_what_to_do(word: str) -> None:
    """Under the code of the table."""
    error = refusal(("ERR", word), "server: LIST VAR su")

    assert error is not None
    assert (REFUSALS[word][0], f"server: LIST VAR su: {word}: {REFUSALS[word][1]}") == (error.code, error.detail)


@pytest.mark.parametrize(("said", "word"), [(("ERR", "NEW-IN-2030"), "NEW-IN-2030"), (("ERR",), "ERR")])
def test_a_refusal_nobody_knows_is_reported_as_it_came(said: tuple[str, ...], word: str) -> None:
    """Servers newer than the table are no fault."""
    error = refusal(said, "server")

    assert error is not None
    assert ("refused", f"server: {word}: the server's log may say why") == (error.code, error.detail)


def test_other_lines_are_no_refusals() -> None:
    """Not even one that speaks of errors."""
    assert [None, None] == [refusal(("OK", "ERR"), ""), refusal((), "")]


def test_variables_are_those_of_the_ups_asked_for() -> None:
    """The lines of LIST VAR, by name."""
    lines = [("VAR", "su", "ups.status", "OL"), ("VAR", "su", "ups.load", "12")]

    assert {"ups.status": "OL", "ups.load": "12"} == variables(lines, "su")


@pytest.mark.parametrize("line", [("VAR", "other", "ups.status", "OL"), ("VAR", "su", "ups.status"), ("OK",), ()])
def test_a_line_that_is_no_variable_of_it_spoils_the_answer(line: tuple[str, ...]) -> None:
    """Better no reading than somebody else's."""
    with pytest.raises(ProtocolError, match="which is no variable of it"):
        variables([("VAR", "su", "ups.load", "12"), line], "su")


@given(st.text())
def test_any_line_is_words_or_an_error(line: str) -> None:
    """Never another exception; and what was understood can be asked for its refusal and its variables."""
    told = ""
    try:
        said = words(line)
        refusal(said, "LIST VAR su")
        variables([said], "su")
    except ProtocolError as error:
        told = error.detail
    assert len(told) < 300
