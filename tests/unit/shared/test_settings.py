"""Settings: every fault at once, with its place, what was found and what would be right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import AfterValidator, Field

from shared.messages import Name
from shared.settings import ConfigError, Settings, parse_settings, read_settings
from shared.suite import SuiteSettings

TESTS = Path(__file__).parents[2]
BROKEN = sorted((TESTS / "broken_configs" / "suite").glob("*.yaml"))
Checked = Annotated[str, AfterValidator(lambda name: name)]


class Leaf(Settings):
    """Something below a name."""

    colour: str = "green"
    size: int = 1


class Tree(Settings):
    """Every way a model may hold another."""

    plain: Leaf = Leaf()
    maybe: Leaf | None = None
    many: tuple[Leaf, ...] = ()
    named: dict[str, Leaf] = Field(default_factory=dict)
    patterned: dict[Name, Leaf] = Field(default_factory=dict)
    checked: dict[Checked, dict[Name, Leaf]] = Field(default_factory=dict)
    height: float = 1.0


def parse(text: str, **environ: str) -> Tree:
    return parse_settings(text, "tree.yaml", "tree", Tree, environ)


def faults(text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, **environ)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_suite_file_is_explained_word_for_word(path: Path) -> None:
    """One bad file per mistake, the exact text beside it."""
    with pytest.raises(ConfigError) as caught:
        parse_settings(path.read_text(), "suite.yaml", "suite", SuiteSettings, {})

    assert path.with_suffix(".txt").read_text().strip() == str(caught.value)


def test_the_shipped_suite_file_says_what_the_defaults_are() -> None:
    """So a file left out and the file as shipped are the same suite."""
    assert SuiteSettings() == read_settings(TESTS.parent / "config", "suite", SuiteSettings, {})


def test_a_missing_file_says_where_to_get_one(tmp_path: Path) -> None:
    """Its full path, and what to do."""
    with pytest.raises(ConfigError) as caught:
        read_settings(tmp_path, "suite", SuiteSettings, {})

    assert str(caught.value) == (
        f"{tmp_path}/suite.yaml: no such file; copy it from the project's config folder, or write `defaults: shipped`"
        " into suite.yaml"
    )


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    """A folder in its place; bytes that are no text."""
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "bytes.yaml").write_bytes(b"site: \xff")
    with pytest.raises(ConfigError, match=r"folder.yaml: cannot be read: .*Is a directory"):
        read_settings(tmp_path, "folder", SuiteSettings, {})
    with pytest.raises(ConfigError, match=r"bytes.yaml: cannot be read: 'utf-8' codec can't decode byte 0xff"):
        read_settings(tmp_path, "bytes", SuiteSettings, {})


def test_an_empty_file_is_all_defaults() -> None:
    """Comments only, as well."""
    assert Tree() == parse("") == parse("# nothing yet\n")


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("plain", "plain: {color: red}"),
        ("maybe", "maybe: {color: red}"),
        ("many.0", "many: [{color: red}]"),
        ("named.oak", "named: {oak: {color: red}}"),
        ("patterned.oak", "patterned: {oak: {color: red}}"),
        ("checked.oak.leaf", "checked: {oak: {leaf: {color: red}}}"),
    ],
)
def test_an_unknown_key_is_compared_with_those_that_are_known_there(place: str, text: str) -> None:
    """However deep, and below names that are the user's own."""
    assert [f"tree.yaml:1: {place}.color: unknown key; did you mean 'colour'?"] == faults(text)


def test_an_unknown_key_like_no_other_lists_all_there_are() -> None:
    """Nothing is guessed."""
    assert ["tree.yaml:1: patterned.oak.xyz: unknown key; known here: colour, size"] == faults(
        "patterned: {oak: {xyz: 1}}"
    )


def test_every_fault_is_said_at_once_with_its_own_line() -> None:
    """The reader need not run it again to hear of the next."""
    text = "height: tall\nmany:\n  - size: 1\n  - size: one\nnamed:\n  oak:\n    sise: 3\n"
    assert [
        "tree.yaml:4: many.1.size: Input should be a valid integer, unable to parse string as an integer (got 'one')",
        "tree.yaml:7: named.oak.sise: unknown key; did you mean 'size'?",
        "tree.yaml:1: height: Input should be a valid number, unable to parse string as a number (got 'tall')",
    ] == faults(text)


def test_a_key_given_twice_is_found_where_it_is_repeated() -> None:
    """The second line is named, at any depth."""
    assert ["tree.yaml:4: plain.size: is given twice; keep one"] == faults(
        "plain:\n  size: 1\n  colour: red\n  size: 2"
    )
    assert ["tree.yaml:1: many.0.size: is given twice; keep one"] == faults("many: [{size: 1, size: 2}]")


def test_numbers_are_finite() -> None:
    """YAML knows .inf and .nan."""
    for text in (".inf", ".nan"):
        assert ["tree.yaml:1: height: Input should be a finite number"] == [
            fault.partition(" (")[0] for fault in faults(f"height: {text}")
        ]


def test_the_environment_overrides_the_file_and_makes_what_is_missing() -> None:
    """Keys in any case; a list's entries by number, the next number adds one."""
    text = "named: {Oak: {size: 2}}\nmany: [{size: 1}]\nplain:\n"

    tree = parse(
        text,
        UPSKEEP_TREE__NAMED__OAK__SIZE="3",
        UPSKEEP_TREE__MANY__0__COLOUR="red",
        UPSKEEP_TREE__MANY__1__SIZE="7",
        UPSKEEP_TREE__PLAIN__SIZE="5",
        UPSKEEP_TREE__HEIGHT="2.5",
        UPSKEEP_FOREST__HEIGHT="9",
    )

    assert (
        Tree(named={"Oak": Leaf(size=3)}, many=(Leaf(colour="red"), Leaf(size=7)), plain=Leaf(size=5), height=2.5)
        == tree
    )


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        (
            "HEIGHT",
            "tall",
            "height: Input should be a valid number, unable to parse string as a number (got 'tall')",
        ),
        ("HIGHT", "2", "hight: unknown key; did you mean 'height'?"),
        ("HEIGHT__CM", "2", "height.cm: 'height' holds a single value and no keys (got 1)"),
        ("HEIGHT", "[1", "height: is not YAML (got '[1')"),
        ("MANY__2__SIZE", "1", "many.2.size: the list has 1 entries, counted from 0; there is no entry '2'"),
        (
            "MANY__FIRST__SIZE",
            "1",
            "many.first.size: the list has 1 entries, counted from 0; there is no entry 'first'",
        ),
    ],
)
def test_a_fault_from_the_environment_names_its_variable(variable: str, value: str, expected: str) -> None:
    """Not a line of a file that is right; and nothing is dropped in silence."""
    found = faults("height: 1\nmany: [{size: 1}]", **{f"UPSKEEP_TREE__{variable}": value})

    assert [f"UPSKEEP_TREE__{variable}: {expected}"] == found


def test_what_the_environment_overrides_is_of_one_reading_alone() -> None:
    """Each text is parsed once in a process, and every reading has data of its own."""
    text = "named: {Oak: {size: 2}}\nmany: [{size: 1}]\n"

    overridden = parse(text, UPSKEEP_TREE__NAMED__OAK__SIZE="3", UPSKEEP_TREE__MANY__1__SIZE="7")
    plain = parse(text)

    assert ((3, 2), (2, 1)) == tuple((tree.named["Oak"].size, len(tree.many)) for tree in (overridden, plain))


def test_a_missing_value_without_a_default_is_said() -> None:
    """It cannot be guessed."""

    class Must(Settings):
        name: str

    with pytest.raises(ConfigError, match=r"^must.yaml:1: name: is missing; it has no default$"):
        parse_settings("{}", "must.yaml", "must", Must, {})


def test_a_password_in_a_url_is_not_repeated() -> None:
    """A fault may be logged."""
    with pytest.raises(ConfigError) as caught:
        parse_settings("{broker: {url: 'mqtt://me:secret@host'}}", "suite.yaml", "suite", SuiteSettings, {})

    assert "secret" not in str(caught.value)
