"""The API's table: pages, the document, and what each row needs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.application.api import API, page
from services.gateway.core.api.endpoint import Endpoint
from services.gateway.core.api.models import PageQuery
from services.gateway.core.api.openapi import FAULTS, openapi

DOCUMENT = openapi(API, "0.1.0")


@given(st.sets(st.text("abc/", min_size=1, max_size=6), max_size=40), st.integers(1, 10))
def test_pages_hold_every_item_once_and_in_order(names: set[str], limit: int) -> None:
    """However long they are."""
    found: list[str] = []
    cursor = None
    while True:
        shown = page(sorted(names, reverse=True), str, PageQuery(limit=limit, cursor=cursor))
        assert len(shown.items) <= limit
        found += shown.items
        if (cursor := shown.next) is None:
            break
    assert sorted(names) == found


@pytest.mark.parametrize("row", API, ids=lambda row: f"{row.method} {row.path}")
def test_every_row_is_in_the_document(row: Endpoint) -> None:
    """With its levels, its answer and its faults."""
    operation = DOCUMENT["paths"][row.path][row.method.lower()]
    in_path = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
    assert list(row.levels) == in_path
    assert {str(row.status), *FAULTS} == set(operation["responses"])
    assert (row.body is not None) == ("requestBody" in operation)


def test_every_reference_leads_somewhere() -> None:
    """To a schema of the document itself."""
    text = json.dumps(DOCUMENT)
    used = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert used
    assert used <= set(DOCUMENT["components"]["schemas"])


def test_operations_have_names_of_their_own() -> None:
    """Generators of clients name functions by them."""
    names = [operation["operationId"] for path in DOCUMENT["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))


def test_only_the_alerter_is_commanded() -> None:
    """As the broker's rights have it."""
    assert {"alerter"} == {row.asks for row in API if row.method != "GET"}
