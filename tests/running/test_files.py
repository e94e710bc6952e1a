"""Files are written whole or not at all, and nothing else is replaced."""

import os
import stat
import sys
import threading

import pytest

from dualscape.errors import InputError
from dualscape.running.files import check_writable, discard_unfinished, write_whole


def test_a_symbolic_link_is_followed(tmp_path):
    target, link = tmp_path / "real.txt", tmp_path / "link.txt"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    check_writable(link)
    write_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "new"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["link.txt", "real.txt"]


def test_a_pipe_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    check_writable(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    write_whole(pipe, "text")
    reader.join()
    assert read == ["text"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there Ctrl-C is no signal that can be sent")


def test_files_that_another_thread_is_writing_are_removed(tmp_path, monkeypatch):
    gate, reached = threading.Event(), threading.Event()
    monkeypatch.setattr("os.fsync", lambda _: (reached.set(), gate.wait()))
    failed = []

    def write():
        try:
            write_whole(tmp_path / "out", "text")
        except InputError as error:
            failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    reached.wait()
    discard_unfinished()
    assert list(tmp_path.iterdir()) == []
    gate.set()
    writer.join()
    assert failed
