import os
from pathlib import Path

import pytest

from appliance.runtime.process import Usage, read_usage


def fake(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_figures_of_this_process_are_plausible() -> None:
    usage = read_usage()
    assert usage.rss_bytes > usage.anonymous_bytes > 1 << 20
    assert usage.cpu_s > 0
    assert usage.threads >= 1


def test_figures_are_read_in_their_units(tmp_path: Path) -> None:
    tick = os.sysconf("SC_CLK_TCK")
    proc = fake(
        tmp_path,
        status="Name:\tx\nVmRSS:\t    2048 kB\nRssAnon:\t 1024 kB\nThreads:\t7\n",
        stat=f"1 (a ) b) S 1 1 1 0 -1 0 0 0 0 0 {3 * tick} {tick // 2} 0 0 20 0 7 0",
        io="rchar: 5\nwrite_bytes: 4096\ncancelled_write_bytes: 1\n",
    )
    assert read_usage(proc) == Usage(
        rss_bytes=2 << 20, anonymous_bytes=1 << 20, cpu_s=3.5, written_bytes=4_096, threads=7
    )


def test_what_is_hidden_is_zero(tmp_path: Path) -> None:
    assert read_usage(tmp_path) == Usage()


@pytest.mark.parametrize("end", range(0, 40, 3))
def test_a_cut_stat_is_zero(tmp_path: Path, end: int) -> None:
    line = "1 (appliance) S 1 1 1 0 -1 0 0 0 0 0 1 1"[:end]
    assert read_usage(fake(tmp_path, stat=line)).cpu_s == 0.0
