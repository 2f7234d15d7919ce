"""Archives that mean harm: links, devices, names that lead elsewhere, bombs. Each is refused, and nothing is left."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.upskeep.backup.test_backup import CONFIG, NOW, fill, upskeep
from upskeep.backup.archive import MANIFEST, Manifest
from upskeep.backup.make import make_backup

LEDGER = "alerter/ledger.sqlite"
PRECIOUS = "do not touch"
Member = tuple[tarfile.TarInfo, bytes]


@dataclass
class World:
    """A sound backup's members, and a folder outside of where anything may be written."""

    outside: Path
    members: list[Member]

    @property
    def precious(self) -> Path:
        return self.outside / "precious"

    def place(self, name: str) -> int:
        return [info.name for info, _ in self.members].index(name)

    def put(
        self, name: str, kind: bytes, at: str = LEDGER, link: str = "", size: int = 0, instead: bool = True
    ) -> None:
        """Put a member of another kind in the place of one that is there, or before it."""
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, link, size
        place = self.place(at)
        self.members[place : place + instead] = [(info, b"\0" * size)]


def link_to_a_secret(world: World) -> None:
    world.put(LEDGER, tarfile.SYMTYPE, link=str(world.precious))


def hard_link_to_a_secret(world: World) -> None:
    world.put(LEDGER, tarfile.LNKTYPE, link=str(world.precious))


def hard_link_to_the_manifest(world: World) -> None:
    world.put(LEDGER, tarfile.LNKTYPE, link=MANIFEST)


def device(world: World) -> None:
    world.put(LEDGER, tarfile.CHRTYPE)


def pipe(world: World) -> None:
    world.put(LEDGER, tarfile.FIFOTYPE)


def folder(world: World) -> None:
    world.put(LEDGER, tarfile.DIRTYPE)


def name_above(world: World) -> None:
    world.put("../../outside/planted", tarfile.REGTYPE, instead=False)


def name_above_after_all(world: World) -> None:
    world.members.append((tarfile.TarInfo("../../outside/planted"), b""))


def absolute_name(world: World) -> None:
    world.put(str(world.outside / "planted"), tarfile.REGTYPE, instead=False)


def folder_that_is_a_link(world: World) -> None:
    world.put("alerter", tarfile.SYMTYPE, link=str(world.outside), instead=False)


def link_in_the_place_of_the_manifest(world: World) -> None:
    world.put(MANIFEST, tarfile.SYMTYPE, at=MANIFEST, link=str(world.precious))


def second_ledger_of_the_name(world: World) -> None:
    world.members.append(world.members[world.place(LEDGER)])


def sparse_ledger(world: World) -> None:
    """Which unpacks to a terabyte that is not there."""
    info, _ = world.members[world.place(LEDGER)]
    info.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,512",
                        "GNU.sparse.size": str(1 << 40)}  # fmt: skip


def settings_of_another_name(world: World) -> None:
    info, _ = world.members[world.place("config/suite.yaml")]
    info.name = "config/../../outside/planted.yaml"


HOSTILE: tuple[Callable[[World], None], ...] = (
    link_to_a_secret, hard_link_to_a_secret, hard_link_to_the_manifest, device, pipe, folder, name_above,
    name_above_after_all, absolute_name, folder_that_is_a_link, link_in_the_place_of_the_manifest,
    second_ledger_of_the_name, sparse_ledger, settings_of_another_name,
)  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    make_backup(fill(folder / "data"), CONFIG, "home", folder / "b.tar.gz", NOW, lambda *_: None)
    return folder / "b.tar.gz"


@pytest.fixture
def world(sound: Path, tmp_path: Path) -> World:
    (tmp_path / "outside").mkdir()
    with tarfile.open(sound) as tar:
        members = [(info, tar.extractfile(info).read()) for info in tar]  # type: ignore[union-attr]
    found = World(tmp_path / "outside", members)
    found.precious.write_text(PRECIOUS)
    return found


def packed(members: list[Member], to: Path) -> Path:
    with tarfile.open(to, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return to


def refused(file: Path, folder: Path) -> str:
    """Restore and verify; returns what was said, and fails where anything was written."""
    before = sorted(folder.rglob("*"))
    said = ""
    for words in (
        ("backup", file, folder / "fresh", "--verify"),
        ("restore", file, folder / "fresh", "--settings-into", folder / "own"),
    ):
        result = upskeep(*words)  # type: ignore[arg-type]
        assert 1 == result.exit_code, result.output
        assert isinstance(result.exception, SystemExit)
        said = result.output
    assert [folder / "fresh", folder / "fresh" / "run.lock"] == sorted({*folder.rglob("*")} - {*before})
    assert str(file) in said
    return said


def test_the_members_as_they_are_make_a_sound_backup(world: World, tmp_path: Path) -> None:
    """So that what is refused below is refused for what was done to them."""
    done = upskeep("restore", packed(world.members, tmp_path / "b.tar.gz"), tmp_path / "fresh")
    assert 0 == done.exit_code, done.output


@pytest.mark.parametrize("harm", HOSTILE, ids=lambda harm: harm.__name__)
def test_an_archive_that_means_harm_is_refused(harm: Callable[[World], None], world: World, tmp_path: Path) -> None:
    """And nothing is written, linked or read outside of the folder."""
    harm(world)
    refused(packed(world.members, tmp_path / "b.tar.gz"), tmp_path)

    assert [world.precious] == list(world.outside.iterdir())
    assert PRECIOUS == world.precious.read_text()


# ---- bombs


def a_member_too_many(out: gzip.GzipFile) -> None:
    """Three gigabytes that the manifest does not name."""
    info = tarfile.TarInfo("zeros")
    info.size = 3_000_000_000
    out.write(info.tobuf())


def headers(out: gzip.GzipFile) -> None:
    """So many empty members that a list of them is a gigabyte."""
    header = tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT) * 1000
    for _ in range(300):
        out.write(header)


def a_header(out: gzip.GzipFile) -> None:
    """One whose attributes have three gigabytes, which tarfile would read at once."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 3_000_000_000
    out.write(info.tobuf(tarfile.USTAR_FORMAT))


def padding(out: gzip.GzipFile) -> None:
    """What follows the end."""
    out.write(bytes(1024))


BOMBS: tuple[Callable[[gzip.GzipFile], None], ...] = (a_member_too_many, headers, a_header, padding)


def bomb(sound: Path, to: Path, lit: Callable[[gzip.GzipFile], None]) -> Path:
    """The sound members, and then what unpacks to 400 MB of a small file."""
    content = gzip.decompress(sound.read_bytes()).rstrip(b"\0")
    content += bytes(-len(content) % 512)
    with to.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1) as out:
        out.write(content)
        lit(out)
        for _ in range(400):
            out.write(bytes(1_000_000))
    return to


@pytest.mark.parametrize("lit", BOMBS, ids=lambda lit: lit.__name__)
def test_a_bomb_is_refused_before_it_is_unpacked(
    lit: Callable[[gzip.GzipFile], None], sound: Path, tmp_path: Path
) -> None:
    """In memory, on the disk, and in what is unpacked at all."""
    file = bomb(sound, tmp_path / "b.tar.gz", lit)
    tracemalloc.start()
    try:
        refused(file, tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 50_000_000


def test_a_ledger_that_unpacks_to_more_than_the_disk_has_is_refused_at_once(world: World, tmp_path: Path) -> None:
    """By what the manifest says of it."""
    info, content = world.members[0]
    manifest = Manifest.model_validate_json(content)
    part = manifest.ledgers["alerter"].model_copy(update={"size": 1 << 60})
    text = manifest.model_copy(update={"ledgers": {**manifest.ledgers, "alerter": part}}).model_dump_json().encode()
    info.size = len(text)
    world.members[0] = info, text

    assert "MB free" in refused(packed(world.members, tmp_path / "b.tar.gz"), tmp_path)
