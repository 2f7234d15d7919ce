"""What the pages say is true: commands, paths, links, examples and recipes are tried as they stand there."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from services.sensor_reader.adapters.simulated.scenarios import SCENARIOS
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.registers.fields import overlaps
from shared.climate.room_presets import PRESETS
from shared.topics import Topics
from tests.support.wires import understood
from upskeep.check import check_config
from upskeep.cli import cli
from upskeep.playback.backtest import backtest
from upskeep.runner.supervisor import SERVICES

ROOT = Path(__file__).parents[2]
README, CONTRIBUTING = ROOT / "README.md", ROOT / "CONTRIBUTING.md"
PAGES = [
    *(README, ROOT / "ARCHITECTURE.md", CONTRIBUTING, ROOT / "CHANGELOG.md"),
    *(
        ROOT / "docs" / f"{name}.md"
        for name in (
            "backtest",
            "commands",
            "seeds",
            "compose",
            "gateway",
            "host-agent",
            "boards",
            "chips",
            "notifications",
            "reports",
            "why",
        )
    ),
    ROOT / "mosquitto" / "README.md",
    *sorted((ROOT / "docs" / "adr").glob("*.md")),
    *sorted((ROOT / "services").glob("*/README.md")),
]
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
OVERRIDE = re.compile(r"\b(UPSKEEP_[A-Z]+(?:_[A-Z]+)*?__[A-Z0-9_]+)=([\w.:/]+)")
KNOWN_ENDINGS = (".py", ".md", ".yaml", ".yml", ".json", ".toml", ".lock", ".sh", ".svg")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return [match[3] for match in BLOCK.finditer(page.read_text(encoding="utf-8")) if match[2] == language]


def spans(page: Path) -> list[str]:
    """Return what stands in backticks outside of blocks, each on one line."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text)]


def commands(page: Path) -> Iterator[list[str]]:
    """Yield every command that a page shows, as words, without variables before it."""
    typed = [line.strip()[2:] for block in blocks(page, "console") for line in block.splitlines() if "$ " in line[:4]]
    typed += [line.strip() for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("    docker ")]
    for text in [*typed, *spans(page)]:
        if text.startswith(("make ", "upskeep ", ".venv/bin/upskeep ", "docker ", "UPSKEEP_")) or text in typed:
            for part in re.split(r"\s(?:&&|\||>)\s", text):
                words = shlex.split(part, comments=True)
                while words and re.match(r"\w+=", words[0]):
                    words = words[1:]
                if words:
                    yield words


def suite_commands(page: Path) -> Iterator[list[str]]:
    """Yield the arguments of every ``upskeep`` on a page, those within ``make run ARGS=…`` too."""
    for words in commands(page):
        if words[0] in ("upskeep", ".venv/bin/upskeep") and len(words) > 1 and words[1] != "COMMAND":
            yield words[1:]
        if words[:2] == ["make", "run"]:
            yield ["run", *shlex.split(" ".join(word.removeprefix("ARGS=") for word in words[2:]))]


@each_page
def test_every_make_target_exists(page: Path) -> None:
    """What is typed after make is in the Makefile."""
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {words[1] for words in commands(page) if words[0] == "make"} - targets == set()


@each_page
def test_every_command_line_parses(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands, options and scenarios exist, and nothing that is needed is missing. A name alone stands for itself."""
    here = tmp_path / "checkout"
    (tmp_path / "shared" / "data").mkdir(parents=True)
    here.mkdir()
    monkeypatch.chdir(here)
    for name, *arguments in suite_commands(page):
        if name.startswith("-"):
            continue  # an option of upskeep itself
        command = cli.commands[name]
        for file in (Path(word) for word in arguments if word.endswith((".csv", ".json", ".jsonl"))):
            file.touch()
        for folder in (Path(word) for flag, word in pairwise(arguments) if flag == "--compare"):
            folder.mkdir(exist_ok=True)
        scenarios = {word.removeprefix("sim:") for word in arguments if word.startswith("sim:")}
        assert scenarios <= SCENARIOS.keys() | PRESETS.keys()
        if arguments or name == "run":
            with command.make_context(name, arguments):
                pass


def test_a_command_line_that_is_wrong_does_not_parse() -> None:
    """So that the test above can fail."""
    with pytest.raises(click.NoSuchOption):
        cli.commands["run"].make_context("run", ["--sauce", "i2c"])


@each_page
def test_every_path_exists(page: Path) -> None:
    """Seen from the root, from the page's folder, or from config/; a file that a recipe makes counts."""
    made = {block.splitlines()[0].removeprefix("# ") for block in blocks(page, "python")}
    top = {path.name for path in ROOT.iterdir()} - {"data", "build"}
    missing = []
    for span in spans(page):
        is_path = re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", span) and not span.startswith("upskeep/v1")
        first = span.split("/")[0]
        if is_path and (("/" in span and first in top) or span.endswith(KNOWN_ENDINGS)):
            places = (ROOT, page.parent, ROOT / "config")
            if span not in made and not any((place / span).exists() for place in places):
                missing.append(span)
    assert missing == []


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    """To a file, and to a heading in it if one is named."""
    astray = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        if "://" not in link and (not target.exists() or (heading and heading not in _anchors(target))):
            astray.append(link)
    assert astray == []


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_every_container_named_is_in_the_compose_file(page: Path) -> None:
    """And every file of ``-f``."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for words in commands(page):
        if words[:2] != ["docker", "compose"]:
            continue
        assert all((ROOT / file).exists() for flag, file in pairwise(words) if (flag, file[-4:]) == ("-f", ".yml"))
        for verb in {"exec", "logs", "restart"} & set(words):
            named = next((word for word in words[words.index(verb) + 1 :] if not word.startswith(("-", "<"))), None)
            assert named is None or named in services


@each_page
def test_every_full_topic_is_one_of_ours(page: Path) -> None:
    """A topic that is spelt out parses."""
    for span in spans(page):
        if span.startswith("upskeep/v1/home/") and "#" not in span:
            Topics().parse(span)


def test_the_readme_names_all_there_is_to_choose_from() -> None:
    """Every service; and the pages it leads to every command and scenario, board and chip."""
    boards = yaml.safe_load((ROOT / "config" / "boards.yaml").read_text())["boards"]
    wanted = {
        "README.md": [f"[{name}](services/{name}/README.md)" for name in SERVICES],
        "docs/commands.md": [*(f"`upskeep {name}" for name in cli.commands), *(f"`{name}`" for name in SCENARIOS)],
        "docs/boards.md": [f"`{name}`" for name in boards],
        "docs/chips.md": [f"`{kind}`" for kind in CHIPS],
    }
    front = README.read_text(encoding="utf-8")
    assert [page for page in wanted if page != "README.md" and f"]({page})" not in front] == []
    for page, names in wanted.items():
        text = (ROOT / page).read_text(encoding="utf-8")
        assert [name for name in names if name not in text] == []


@pytest.mark.recordings
def test_the_backtest_on_the_page_of_commands_prints_what_it_shows(recording: Callable[[str], Path]) -> None:
    """The whole answer, as it stands there."""
    page = ROOT / "docs" / "commands.md"
    shown = next(block for block in blocks(page, "console") if "upskeep backtest ../shared" in block)
    command, answer = shown.split("\n", 1)
    outcome = backtest([recording(Path(command).name)], ROOT / "config", {})
    assert json.loads(answer) == outcome.as_dict()


@pytest.mark.recordings
@pytest.mark.parametrize("page", [README, ROOT / "docs" / "backtest.md"], ids=["README", "backtest"])
def test_the_comparison_on_a_page_prints_what_it_shows(
    page: Path, recording: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line by line; an ellipsis stands for the rest of a line."""
    monkeypatch.chdir(ROOT)
    recording("ups_hat_discharge_2021.csv")
    shown = next(block for block in blocks(page, "console") if "--with" in block)
    command, *answer = shown.splitlines()
    done = CliRunner().invoke(cli, shlex.split(command)[2:], env={"UPSKEEP_CONFIG": None})

    assert 1 == done.exit_code
    for line, printed in zip(answer, (row.rstrip() for row in done.stdout.splitlines()), strict=True):
        assert printed.startswith(line.removesuffix("…")) if line.endswith("…") else line == printed


# ---- the recipes of CONTRIBUTING.md, one after the other in a copy of config/


def _module(path: Path, text: str) -> Any:
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _merge(into: Any, fresh: Any) -> Any:
    if isinstance(into, dict) and isinstance(fresh, dict):
        return into | {key: _merge(into.get(key), value) for key, value in fresh.items()}
    return [*into, *fresh] if isinstance(into, list) else fresh


def python_block(path: str) -> str:
    """Return the block of CONTRIBUTING.md for one file."""
    return next(block for block in blocks(CONTRIBUTING, "python") if block.startswith(f"# {path}\n"))


@pytest.fixture
def chip(tmp_path: Path) -> Chip:
    """The chip of the recipe."""
    module = _module(tmp_path / "tmp117.py", python_block("services/sensor_reader/core/chips/tmp117.py"))
    found: Chip = module.TMP117
    return found


@pytest.fixture
def config(tmp_path: Path, chip: Chip, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of config/ with every YAML block of CONTRIBUTING.md in its place."""
    monkeypatch.setitem(CHIPS, chip.kind, chip)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    for block in blocks(CONTRIBUTING, "yaml"):
        path = tmp_path / block.splitlines()[0].removeprefix("# ")
        path.write_text(yaml.safe_dump(_merge(yaml.safe_load(path.read_text()), yaml.safe_load(block))))
    return tmp_path / "config"


def test_the_chip_of_the_recipe_decodes_its_golden_words(tmp_path: Path, chip: Chip) -> None:
    """The rows for the test say what the table says, and no two fields share a bit."""
    rows = python_block("tests/unit/sensor_reader/test_chips.py")
    head = "from services.sensor_reader.core.chips.mount import Mount\n"
    golden = _module(tmp_path / "golden.py", f"{head}GOLDEN = [\n{rows}]\n").GOLDEN

    assert len(golden) == 2
    for kind, mount, wires, expected, _ in golden:
        assert (kind, expected) == (chip.kind, dict(understood(chip, mount, wires).values))
    assert overlaps(chip.fields) == []


def test_the_chip_of_the_recipe_passes_the_checks() -> None:
    """Format and lint, as it stands on the page."""
    path = "services/sensor_reader/core/chips/tmp117.py"
    for task in (["format", "--check"], ["check"]):
        ruff = [sys.executable, "-m", "ruff", *task, "--quiet", "--stdin-filename", path, "-"]
        done = subprocess.run(ruff, cwd=ROOT, input=python_block(path), capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_recipe_fits_into_the_configuration(config: Path) -> None:
    """The check finds no fault in them; and overrides shown on the pages name keys that exist."""
    shown = {frozenset(OVERRIDE.findall(page.read_text(encoding="utf-8"))) for page in PAGES}
    assert len(shown) > 1
    for overrides in {frozenset(), *shown}:
        check_config(config, dict(overrides))


def test_the_rule_and_the_alert_of_the_recipes_do_what_is_said(config: Path, tmp_path: Path) -> None:
    """One event each way on the recording shown, and an alert with the message shown."""
    (tmp_path / "rack.csv").write_text(blocks(CONTRIBUTING, "csv")[0])

    outcome = backtest([tmp_path / "rack.csv"], config, {}).as_dict()

    assert {"RACK_HUMID": 1, "RACK_DRY_AGAIN": 1, "sensor.humidity": 5} == outcome["events"]
    assert [("firing", True)] == [
        (alert["state"], alert["message"] in spans(CONTRIBUTING)) for alert in outcome["alerts"]
    ]
