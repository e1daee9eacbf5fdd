"""Files are written so that nothing is lost, whatever they are and whoever writes at the same time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import places
import pytest
from amounts import fewer
from click.testing import CliRunner

import bpviz
from bpviz.cli import main
from bpviz.errors import UsageError
from bpviz.files import check_no_source, check_place, left_over, numbered, write_file

MODEL = "def f(x=2.0):\n    return x * x\n"
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files and permissions")
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make devices")


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run(*words: str | Path, cwd: Path, **more: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "bpviz", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(places.ROOT)}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, timeout=120, **more)  # type: ignore[call-overload,no-any-return]


class TestNumbered:
    @pytest.mark.parametrize(
        ("name", "step", "made"),
        [("s-%d.svg", 7, "s-7.svg"), ("s-%02d.svg", 7, "s-07.svg"), ("s-%2d.svg", 7, "s- 7.svg"), ("50%.svg", 7, None)],
    )
    def test_the_number_is_at_the_place_in_the_name(self, name: str, step: int, made: str | None) -> None:
        found = numbered(Path(name), step)
        assert (found and found.name) == made

    @pytest.mark.parametrize("place", ["%999999999d", "%10d", "%0099d", f"%0{'9' * 5000}d"])
    def test_a_number_of_too_many_digits_is_refused(self, place: str) -> None:
        with pytest.raises(UsageError, match=r"at most 9 are possible, such as step-%02d\.svg"):
            numbered(Path(f"x{place}.svg"), 1)

    @pytest.mark.hosts
    def test_it_is_refused_at_once_on_the_command_line(self, tmp_path: Path) -> None:
        (tmp_path / "m.py").write_text(MODEL)
        done = run("render", "m.py", "-o", "x%999999999d.svg", cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith(b"bpviz: %999999999d in 'x%999999999d.svg' is a number of 999999999 digits")
        assert left_in(tmp_path) == ["m.py"]

    def test_steps_of_a_longer_model_are_found(self, tmp_path: Path) -> None:
        for step in (1, 2, 10, 11):
            (tmp_path / f"s-{step:02}.svg").touch()
        assert [path.name for path in left_over(tmp_path / "s-%02d.svg", 2)] == ["s-10.svg", "s-11.svg"]


class TestRegularFiles:
    def test_a_file_is_written_and_replaced(self, tmp_path: Path) -> None:
        for data in (b"old", b"new" * 100_000, b""):
            write_file(tmp_path / "f.svg", data)
            assert (tmp_path / "f.svg").read_bytes() == data
        assert left_in(tmp_path) == ["f.svg"]

    @posix
    @pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
    def test_a_new_file_has_the_permissions_of_the_umask(self, tmp_path: Path, mask: int) -> None:
        before = os.umask(mask)
        try:
            write_file(tmp_path / "f.svg", b"")
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "f.svg").stat().st_mode) == 0o666 & ~mask

    @posix
    @pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o664])
    def test_the_permissions_of_the_old_file_are_kept(self, tmp_path: Path, mode: int) -> None:
        path = tmp_path / "f.svg"
        path.touch()
        path.chmod(mode)
        write_file(path, b"new")
        assert stat.S_IMODE(path.stat().st_mode) == mode

    @posix
    @as_root
    def test_the_owner_of_the_old_file_is_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "f.svg"
        path.touch()
        os.chown(path, 12345, 12346)
        write_file(path, b"new")
        assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12346)

    @posix
    def test_a_link_is_followed(self, tmp_path: Path) -> None:
        (tmp_path / "there").mkdir()
        (tmp_path / "here.svg").symlink_to("there/f.svg")
        write_file(tmp_path / "here.svg", b"new")
        assert (tmp_path / "here.svg").is_symlink()
        assert (tmp_path / "there" / "f.svg").read_bytes() == b"new"

    @posix
    @pytest.mark.hosts
    def test_a_file_without_write_permission_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "f.svg"
        path.write_bytes(b"old")
        path.chmod(0o444)
        tmp_path.chmod(0o777)
        # Root may write everything: the file is written as somebody else.
        code = (
            "import os, sys; from pathlib import Path; from bpviz.files import write_file\n"
            "if os.geteuid() == 0: os.setuid(65534)\n"
            "try: write_file(Path('f.svg'), b'new')\n"
            "except ValueError as error: print(error)"
        )
        message = _as_child(code, tmp_path)
        assert message == "the file 'f.svg' is write-protected; choose another with -o, or chmod u+w f.svg\n"
        assert path.read_bytes() == b"old"
        assert left_in(tmp_path) == ["f.svg"]

    def test_a_failure_leaves_the_old_file_and_nothing_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_file(tmp_path / "f.svg", b"old")

        def full(number: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(UsageError, match="cannot be written: No space left on device"):
            write_file(tmp_path / "f.svg", b"new")
        assert (tmp_path / "f.svg").read_bytes() == b"old"
        assert left_in(tmp_path) == ["f.svg"]

    def test_the_file_is_on_the_disk_before_it_takes_its_place(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "f.svg"
        write_file(path, b"old")
        flushed: list[tuple[int, bytes]] = []
        fsync: Callable[[int], None] = os.fsync

        def noted(number: int) -> None:
            flushed.append((os.fstat(number).st_size, path.read_bytes()))
            fsync(number)

        monkeypatch.setattr(os, "fsync", noted)
        write_file(path, b"new file")
        assert flushed == [(8, b"old")]

    @pytest.mark.parametrize(
        ("name", "message"),
        [("", "is a folder; name a file in it"), ("no/f.svg", "does not exist; make it first: mkdir -p ")],
    )
    def test_a_wrong_place_is_refused(self, tmp_path: Path, name: str, message: str) -> None:
        with pytest.raises(UsageError, match=message):
            check_place(tmp_path / name)


def _as_child(code: str, folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(places.ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestManyWriters:
    THREADS, WRITES = 8, fewer(100)

    def test_each_thread_writes_its_own_data(self, tmp_path: Path) -> None:
        wrong: list[object] = []

        def write(number: int) -> None:
            # Long names that begin alike, as in one folder of figures.
            path = tmp_path / f"attention_layer_with_a_long_descriptive_name_{number}.svg"
            data = bytes([65 + number]) * 50_000
            for _ in range(self.WRITES):
                try:
                    write_file(path, data)
                    if path.read_bytes() != data:
                        wrong.append(path.name)
                except UsageError as error:
                    wrong.append(error)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(self.THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert len(left_in(tmp_path)) == self.THREADS

    @pytest.mark.hosts
    def test_threads_and_processes_write_one_file(self, tmp_path: Path) -> None:
        path = tmp_path / "f.svg"
        contents = {bytes([65 + number]) * 50_000 for number in range(self.THREADS + 2)}
        write_file(path, min(contents))
        child = (
            "import sys; from pathlib import Path; from bpviz.files import write_file\n"
            f"for _ in range({self.WRITES}): write_file(Path('f.svg'), sys.argv[1].encode() * 50_000)"
        )
        environment = {**os.environ, "PYTHONPATH": str(places.ROOT)}
        words = [[sys.executable, "-c", child, letter] for letter in "IJ"]
        processes = [subprocess.Popen(each, cwd=tmp_path, env=environment) for each in words]
        seen: set[bytes] = set()
        wrong: list[object] = []

        def write(number: int) -> None:
            for _ in range(self.WRITES):
                try:
                    write_file(path, bytes([65 + number]) * 50_000)
                    seen.add(path.read_bytes())
                except (UsageError, OSError) as error:
                    wrong.append(error)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(self.THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [process.wait(60) for process in processes] == [0, 0]
        assert wrong == []
        assert seen <= contents
        assert path.read_bytes() in contents
        assert left_in(tmp_path) == ["f.svg"]


@posix
class TestWrittenInto:
    """Devices, pipes and open files: what is put in their place would be lost to whoever reads them."""

    @pytest.fixture
    def model(self, tmp_path: Path) -> Path:
        (tmp_path / "m.py").write_text(MODEL)
        return tmp_path

    @as_root
    def test_a_device(self, tmp_path: Path) -> None:
        null = tmp_path / "null"
        try:
            os.mknod(null, stat.S_IFCHR | 0o666, os.makedev(1, 3))
            null.open("wb").close()
        except OSError as error:
            pytest.skip(f"this machine allows no devices: {error}")
        write_file(null, b"gone")
        assert stat.S_ISCHR(null.stat().st_mode)
        assert left_in(tmp_path) == ["null"]

    def test_the_null_device_itself(self) -> None:
        before = os.stat("/dev/null")
        check_place(Path("/dev/null"))
        assert (os.stat("/dev/null").st_ino, stat.S_ISCHR(before.st_mode)) == (before.st_ino, True)

    def test_a_fifo(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe.svg"
        os.mkfifo(pipe)
        received: list[bytes] = []
        reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
        reader.start()
        write_file(pipe, b"a picture")
        reader.join(30)
        assert received == [b"a picture"]
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert left_in(tmp_path) == ["pipe.svg"]

    @pytest.mark.engine
    @pytest.mark.parametrize("output", ["/dev/stdout", "/dev/fd/1"])
    @pytest.mark.hosts
    def test_stdout_is_a_pipe(self, model: Path, output: str) -> None:
        done = run("render", "m.py", "-f", "svg", "-o", output, cwd=model)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(b"<svg ")
        assert done.stdout.endswith(b"</svg>\n")

    @pytest.mark.engine
    @pytest.mark.hosts
    def test_stdout_is_a_file(self, model: Path) -> None:
        with open(model / "all.txt", "wb") as file:
            file.write(b"before\n")
            file.flush()
            command = [sys.executable, "-m", "bpviz", "render", "m.py", "-f", "svg", "-o", "/dev/stdout"]
            subprocess.run(command, cwd=model, stdout=file, check=True, stderr=subprocess.DEVNULL)
            file.seek(0, os.SEEK_END)
            file.write(b"after\n")
        text = (model / "all.txt").read_bytes()
        assert text.startswith(b"before\n<svg ")
        assert text.endswith(b"</svg>\nafter\n")

    @pytest.mark.engine
    @pytest.mark.hosts
    def test_a_process_substitution(self, model: Path) -> None:
        script = f"{sys.executable} -m bpviz render m.py -f svg -o >(cat > copy.svg) && wait && sleep 0.5"
        environment = {**os.environ, "PYTHONPATH": str(places.ROOT)}
        subprocess.run(["bash", "-c", script], cwd=model, env=environment, check=True, capture_output=True, timeout=120)
        copy = (model / "copy.svg").read_bytes()
        assert copy.startswith(b"<svg ")
        assert copy.endswith(b"</svg>\n")


class TestSources:
    @pytest.fixture(autouse=True)
    def model(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "m.py").write_text(MODEL)
        (tmp_path / "other.py").write_text("other = 1\n")
        (tmp_path / "g.json").write_text(bpviz.draw(lambda x=2.0: x * x).to_json())
        (tmp_path / "my.toml").write_text('base = "dark"\n')
        if sys.platform != "win32":
            (tmp_path / "link.svg").symlink_to("m.py")
            (tmp_path / "chain.svg").symlink_to("link.svg")
            os.link(tmp_path / "m.py", tmp_path / "hard.svg")
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        yield tmp_path
        assert {name: (tmp_path / name).read_bytes() for name in before} == before

    @posix
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ("render m.py -f svg -o m.py", "is what the figure is made from"),
            ("render m.py:f -f svg -o ./m.py", "is what the figure is made from"),
            ("render m.py -f svg -o other.py", "is a Python file"),
            ("render m.py -o link.svg", "is what the figure is made from"),
            ("render m.py -o chain.svg", "is what the figure is made from"),
            ("render m.py -o hard.svg", "is what the figure is made from"),
            ("render g.json -o g.json", "is what the figure is made from"),
            ("render g.json -f json", "is what the figure is made from"),
            ("render g.json -o link.svg", "is a Python file"),
            ("render m.py --theme my.toml -f svg -o my.toml", "is what the figure is made from"),
            ("explain m.py -f text -o m.py", "is what the figure is made from"),
            ("diff m.py g.json -o g.json -f svg", "is what the figure is made from"),
            ("gradcheck m.py --draw m.py -f svg", "is what the figure is made from"),
            ("card relu -f svg -o other.py", "is a Python file"),
        ],
    )
    def test_nothing_is_written_over_a_source(self, model: Path, words: str, message: str) -> None:
        done = CliRunner().invoke(main, words.split())
        assert done.exit_code == 2, done.stderr
        assert f"{message}, and would be lost; choose another name with -o, or give --force" in done.stderr

    def test_nor_is_it_by_a_marker_of_a_document(self, model: Path) -> None:
        page = "<!-- bpviz: m.py -f svg -o m.py -o m.svg -->\n<!-- /bpviz -->\n"
        (model / "page.md").write_text(page)
        done = CliRunner().invoke(main, ["embed", "page.md"])
        assert done.exit_code == 2
        assert "is what the figure is made from, and would be lost; choose another name\n" in done.stderr
        assert (model / "page.md").read_text() == page

    def test_nor_from_python(self, model: Path) -> None:
        with pytest.raises(UsageError, match="is a Python file, and would be lost; choose another name, or write"):
            bpviz.draw(lambda x=2.0: x * x).save(model / "m.py", "svg")
        with pytest.raises(UsageError, match="is a Python file, and would be lost"):
            bpviz.explain(lambda x=2.0: x * x).save(model / "m.py", "text")

    def test_a_new_name_is_no_source(self, model: Path) -> None:
        check_no_source(model / "new.py", [model / "m.py"])


@pytest.mark.engine
def test_with_force_a_source_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.py").write_text(MODEL)
    done = CliRunner().invoke(main, ["render", "m.py", "-f", "svg", "-o", "m.py", "--force"])
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "m.py").read_bytes().startswith(b"<svg ")
