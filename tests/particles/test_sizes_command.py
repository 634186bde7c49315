"""``nanoseg-fiji sizes``: what it prints and writes of tables, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from nanoseg_fiji.cli import main
from nanoseg_fiji.particles.distribution import size_distribution
from nanoseg_fiji.particles.table import write_csv

SIZES = {
    "control": np.random.default_rng(0).lognormal(3, 0.3, 80),
    "treated": np.random.default_rng(1).lognormal(3.4, 0.3, 80),
}


@pytest.fixture
def tables(tmp_path):
    """A table of four images for each of two conditions, in nm."""
    paths = []
    for name, ecd in SIZES.items():
        rows = [f"{i % 4}.tif:0001-{i:05d}" for i in range(len(ecd))]
        table = pd.DataFrame({"ECD": ecd, "Weight": 1.0}, index=rows)
        table.attrs = {"units": {"ECD": "nm"}}
        write_csv(table, tmp_path / f"{name}.csv")
        paths.append(str(tmp_path / f"{name}.csv"))
    return paths


def test_figures_are_printed_and_written_with_decimal_commas(tables, tmp_path, capsys):
    out = tmp_path / "größen"
    arguments = ["sizes", *tables, "-o", str(out), "--name", "both", "--basis", "volume", "--decimal-comma"]
    assert main(arguments) == 0
    told = capsys.readouterr()
    header, *rows = (out / "both_sizes.csv").read_text(encoding="utf-8").splitlines()
    names = header.split(";")
    assert [row.split(";")[0] for row in rows] == ["control", "treated", "all"]
    for row, ecd in zip(rows, SIZES.values(), strict=False):
        assert "." not in row
        written = float(row.split(";")[names.index("D50 (nm)")].replace(",", "."))
        expected = size_distribution(ecd, basis="volume").figures["D50"]
        assert written == pytest.approx(expected, rel=1e-5)
        assert f"{expected:.4g}" in told.out
    assert {f"wrote {path}" for path in out.iterdir()} == {
        line for line in told.out.splitlines() if line.startswith("wrote ")
    }
    assert json.loads((out / "both_sizes.json").read_text())["comparison"]["D50_difference"] > 0
    assert told.err == ""
    assert main(arguments) == 1 and "already and was kept" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 0


def test_nothing_is_written_without_a_folder(tables, tmp_path, capsys):
    before = sorted(tmp_path.iterdir())
    assert main(["sizes", *tables, "--compare", "none"]) == 0
    everything = size_distribution(np.concatenate([*SIZES.values()])).figures
    assert f"{everything['D50']:.4g}" in capsys.readouterr().out
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["nowhere.csv"], 1, "nowhere.csv"),
        (["{table}", "--basis", "mass"], 1, "mass"),
        (["{table}", "--size", "MinFeret"], 1, "MinFeret"),
        (["{table}", "--precision", "0"], 1, "precision"),
        (["{text}"], 1, "text.csv"),
        ([], 2, "tables"),
    ],
)
def test_what_is_wrong_is_one_line_and_an_exit_status(
    tables, tmp_path, monkeypatch, capsys, arguments, status, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.csv").write_text("no numbers\nhere\n")
    given = [a.format(table=tables[0], text="text.csv") for a in arguments]
    assert main(["sizes", *given]) == status
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.strip()]
    assert line.startswith("error: ") and message.lower() in line.lower()
