"""Topics: one file holds them, building and parsing are inverses, and the documents tell them all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kinds import KINDS
from shared.topics import TopicError, Topics
from tools.docs.topics import asyncapi, render, schemas

ROOT = Path(__file__).parents[2]
CODE = sorted(path for folder in ("shared", "services", "fleet", "upskeep") for path in (ROOT / folder).rglob("*.py"))
ALLOWED = {ROOT / "shared" / "topics.py", ROOT / "shared" / "suite.py"}

NAMES = st.from_regex(r"[A-Za-z0-9_\-][A-Za-z0-9_.\-]{0,11}", fullmatch=True)


@st.composite
def places(draw: st.DrawFn) -> tuple[str, tuple[str, ...]]:
    """A kind, and names for its levels; the last spans several where it may."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    return kind, tuple(
        "/".join(draw(st.lists(NAMES, min_size=1, max_size=3))) if level.endswith("*") else draw(NAMES)
        for level in KINDS[kind].levels
    )


@given(places(), NAMES, st.lists(NAMES, min_size=1, max_size=3).map("/".join))
def test_parsing_gives_back_what_was_built(place: tuple[str, tuple[str, ...]], site: str, root: str) -> None:
    """Parse ∘ build is the identity, for every kind, site and root."""
    topics = Topics(root, site)
    kind, parts = place
    assert place == topics.parse(topics.build(kind, *parts))


@given(places(), st.sampled_from(["", "+", "#", "a b", "ä", "a/b\n"]))
def test_a_name_that_is_no_name_is_never_built_into_a_topic(place: tuple[str, tuple[str, ...]], bad: str) -> None:
    """No wildcard, no empty level, no stranger."""
    kind, parts = place
    if parts:
        with pytest.raises(TopicError):
            Topics().build(kind, *parts[:-1], bad)


def test_no_topic_is_written_outside_the_topics_file() -> None:
    """Topics are built, never spelt."""
    root = Topics().root
    assert [str(path.relative_to(ROOT)) for path in CODE if path not in ALLOWED and root in path.read_text()] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_tells_every_kind(kind: str) -> None:
    """Its topic, and its payload where there is one."""
    page, message = render(), KINDS[kind].model
    assert f"\n| `{KINDS[kind].topic.replace('*', '…')}` |" in page
    assert message is None or f"\n## {message.__name__}\n" in page


def test_every_field_of_every_message_is_on_the_page() -> None:
    """By the name it has on the wire."""
    page = render()
    fields = {name for schema in schemas().values() for name in schema["properties"]}
    assert sorted(name for name in fields if f"| `{name}` |" not in page) == []


def test_the_asyncapi_document_points_at_nothing_that_is_not_there() -> None:
    """Every reference, to a channel, a message or a schema file, leads somewhere."""
    document, files = asyncapi(), {f"schemas/{name}.json" for name in schemas()}
    for reference in _references(document):
        if reference.startswith("#/"):
            here = document
            for step in reference.removeprefix("#/").split("/"):
                here = here[step]
        else:
            assert reference in files


def test_the_asyncapi_document_tells_qos_and_retain_as_the_models_do() -> None:
    """A state is retained, an event is not."""
    operations = asyncapi()["operations"]
    assert operations["send_state"]["bindings"]["mqtt"] == {"qos": 1, "retain": True, "bindingVersion": "0.2.0"}
    assert operations["send_event"]["bindings"]["mqtt"] == {"qos": 1, "retain": False, "bindingVersion": "0.2.0"}


def _references(content: object) -> list[str]:
    if isinstance(content, dict):
        own = [content["$ref"]] if "$ref" in content else []
        return own + [found for item in content.values() for found in _references(item)]
    return []
