"""Where the file may lie: made for its owner alone, and refused where it can't be trusted or isn't ours."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.core.stores.sqlite.location import file_system, refuse_network
from sagewai.errors import SchemaError, StoreUnavailable, StoreURLError, UnsafeLocation
from tests.contract.scene import Scene, spec
from tests.sqlite.processes import ROOT


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_the_file_and_what_lies_beside_it_are_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folders" / "runs.db"
    before = os.umask(0)
    try:
        async with SQLiteStore(path) as store:
            await Scene(store).submit()
            assert {each.name: mode(each) for each in path.parent.iterdir()} == {
                "runs.db": 0o600,
                "runs.db-wal": 0o600,
                "runs.db-shm": 0o600,
            }
    finally:
        os.umask(before)
    assert mode(path.parent) == mode(path.parent.parent) == 0o700


async def test_the_mode_of_a_file_that_exists_is_its_owners_choice(sqlite_path: Path) -> None:
    sqlite_path.touch(mode=0o640)
    sqlite_path.chmod(0o640)
    async with SQLiteStore(sqlite_path):
        assert mode(sqlite_path) == 0o640


async def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreURLError, match="is a folder"):
        await SQLiteStore(tmp_path).initialize()


async def test_a_path_through_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreURLError, match="no folder"):
        await SQLiteStore(tmp_path / "file" / "runs.db").initialize()


async def test_a_device_is_no_store() -> None:
    with pytest.raises(StoreURLError, match="no regular file"):
        await SQLiteStore("/dev/null").initialize()


@pytest.mark.parametrize("path", ["", "  ", ":memory:", "a\0b"])
def test_what_names_no_file_is_refused_at_once(path: str) -> None:
    with pytest.raises(StoreURLError, match="names no file"):
        SQLiteStore(path)


async def test_a_file_of_something_else_is_refused_and_left_as_it_is(sqlite_path: Path) -> None:
    sqlite_path.write_bytes(b"Dear diary, " * 500)
    with pytest.raises(SchemaError, match="is not a SQLite database"):
        await SQLiteStore(sqlite_path).initialize()
    assert sqlite_path.read_bytes() == b"Dear diary, " * 500


async def test_another_programs_database_is_refused_and_left_as_it_is(sqlite_path: Path) -> None:
    connection = apsw.Connection(str(sqlite_path))
    connection.execute("create table diary (entry text)")
    connection.close()
    before = sqlite_path.read_bytes()
    store = SQLiteStore(sqlite_path)
    for attempt in (store.initialize, store.counts, store.info):
        with pytest.raises(SchemaError, match="another program"):
            await attempt()
    await store.close()
    assert sqlite_path.read_bytes() == before


async def test_a_refused_file_can_be_replaced_while_the_store_object_lives(sqlite_path: Path) -> None:
    sqlite_path.write_bytes(b"Dear diary, " * 500)
    store = SQLiteStore(sqlite_path)
    with pytest.raises(SchemaError):
        await store.initialize()
    sqlite_path.unlink()
    await Scene(store).submit()
    await store.close()


_AS_NOBODY = """
import asyncio, os, sys
from sagewai.core.stores.sqlite import SQLiteStore
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    asyncio.run(SQLiteStore(sys.argv[1]).initialize())
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("name", ["unreadable.db", "closed/runs.db", "new.db"])
def test_a_file_or_folder_without_permission_is_told_apart(tmp_path: Path, name: str) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and not mode(folder) & 0o001:
            folder.chmod(mode(folder) | 0o001)
        if folder.name.startswith("pytest-of"):
            break
    (tmp_path / "unreadable.db").touch(mode=0o000)
    (tmp_path / "closed").mkdir(mode=0o000)
    tmp_path.chmod(0o555)
    try:
        script = [sys.executable, "-c", _AS_NOBODY, str(tmp_path / name)]
        done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    finally:
        tmp_path.chmod(0o755)
        (tmp_path / "closed").chmod(0o755)
    assert done.stdout.startswith("StoreUnavailable"), done.stdout
    assert str(tmp_path / name) in done.stdout


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:35 / /home rw,relatime shared:2 - nfs4 server:/home rw,vers=4.2
41 22 0:36 / /mnt/team\\040files rw - cifs //server/share rw
42 40 0:37 / /home/ann/local rw master:3 - xfs /dev/sdb1 rw
43 22 0:38 / /twice rw - nfs server:/old rw
44 22 0:39 / /twice rw - ext4 /dev/sdc1 rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/runs.db", "ext4"),
        ("/home/ann/runs.db", "nfs4"),
        ("/home/ann/local/runs.db", "xfs"),
        ("/homes/runs.db", "ext4"),
        ("/mnt/team files/runs.db", "cifs"),
        ("/twice/runs.db", "ext4"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_the_nearest_and_latest_mount(path: str, kind: str) -> None:
    assert file_system(path, MOUNTS) == kind


def test_a_file_on_a_network_file_system_is_refused_with_the_reason(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    with pytest.raises(UnsafeLocation, match=r"lies on nfs4: SQLite's locks .* use PostgreSQL"):
        refuse_network(Path("/home/ann/runs.db"), mounts)
    with pytest.raises(UnsafeLocation, match="cifs"):
        refuse_network(Path("/mnt/team files/runs.db"), mounts)
    refuse_network(Path("/home/ann/local/runs.db"), mounts)


def test_where_mounts_can_not_be_listed_nothing_is_refused(tmp_path: Path) -> None:
    refuse_network(Path("/home/ann/runs.db"), tmp_path / "missing")


async def test_the_free_share_is_that_of_the_disk_the_file_lies_on(tmp_path: Path) -> None:
    disk = os.statvfs(tmp_path)
    for path in (tmp_path / "runs.db", tmp_path / "not" / "made" / "yet" / "runs.db"):
        share = await SQLiteStore(path).free_space()
        assert share == pytest.approx(disk.f_bavail / disk.f_blocks, abs=0.02)
        assert not path.parent.joinpath("runs.db").exists()


async def test_where_a_file_system_has_no_size_its_free_share_is_unknown() -> None:
    assert await SQLiteStore("/proc/self/runs.db").free_space() is None


async def test_a_full_disk_is_unavailable_and_loses_nothing(store: SQLiteStore, scene: Scene) -> None:
    await scene.submit("kept")
    lanes = store._here()
    await lanes._writer.run(lambda connection: connection._driver.pragma("max_page_count", 1))
    with pytest.raises(StoreUnavailable, match="no space is left"):
        await store.insert_runs([spec(f"big-{number}", values={"x": "y" * 3_000}) for number in range(500)])
    assert sum((await store.counts()).by_pool["default"].values()) == 1
    await lanes._writer.run(lambda connection: connection._driver.pragma("max_page_count", 1 << 30))
    await scene.submit("again")
