from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from nanoseg_fiji.errors import CancelledError, InputError
from nanoseg_fiji.training.crossval import cross_validate, deal_groups
from nanoseg_fiji.training.datasets import Pair


def pairs(groups):
    return tuple(Pair(Path(f"{i}.png"), Path(f"{i}.png"), group, False) for i, group in enumerate(groups))


def test_groups_stay_together_and_folds_are_of_one_size():
    groups = [f"paper {n % 13}" for n in range(60)]
    dealt = deal_groups(pairs(groups), 4, 1)
    assert len(set(zip(groups, dealt, strict=True))) == 13
    sizes = np.bincount(dealt)
    assert sizes.size == 4
    assert np.ptp(sizes) <= 5
    assert dealt == deal_groups(pairs(groups), 4, 1)
    assert dealt != deal_groups(pairs(groups), 4, 2)
    with pytest.raises(InputError, match="13 groups cannot be dealt to 14 folds"):
        deal_groups(pairs(groups), 14, 1)


def test_every_image_is_judged_once_and_a_killed_fold_goes_on(config, tmp_path):
    told = [""]
    with pytest.raises(CancelledError, match="step 3"):
        cross_validate(
            config,
            tmp_path / "cv",
            2,
            device="cpu",
            workers=0,
            progress=lambda done, text: told.append(text),
            cancel=lambda: told[-1].startswith("fold 2 of 2: step 3 "),
        )
    first = tmp_path / "cv" / "fold-1" / "scores.json"
    written = first.stat().st_mtime_ns
    table = cross_validate(config, tmp_path / "cv", 2, device="cpu", workers=0)
    assert first.stat().st_mtime_ns == written
    content = json.loads(table.json.read_text(encoding="utf-8"))
    judged = [group for fold in content["folds"] for group in fold["groups"]]
    assert sorted(judged) == [f"{n}.png" for n in range(5)]
    rows = {row["score"]: row for row in csv.DictReader(table.csv.read_text().splitlines())}
    values = [float(rows["pooled.F1"][f"fold {n}"]) for n in (1, 2)]
    assert float(rows["pooled.F1"]["mean"]) == pytest.approx(np.mean(values), abs=1e-5)
    assert float(rows["pooled.F1"]["SD"]) == pytest.approx(np.std(values, ddof=1), abs=1e-5)
    assert {"pooled.AP50", "mean.PQ", "errors.count_error", "errors.mean_ecd_error"} <= set(rows)
    assert "pooled.AP50" in table.text


def test_a_fold_without_particles_is_told_before_training(config, tmp_path, disk_set):
    for number in range(4):
        iio.imwrite(disk_set / "labels" / f"{number}.png", np.zeros((64, 80), np.uint16))
    with pytest.raises(InputError, match=r"fold \d of 2: the (training|validation) part has no labelled"):
        cross_validate(config, tmp_path / "cv", 2, device="cpu", workers=0)
    assert not (tmp_path / "cv").exists()


def test_what_cannot_be_cross_validated(config, tmp_path):
    with pytest.raises(InputError, match="2 or more"):
        cross_validate(config, tmp_path, 1)
    fixed = tuple(dataclasses.replace(data, validate=False) for data in config.data)
    with pytest.raises(InputError, match="nothing to judge"):
        cross_validate(dataclasses.replace(config, data=fixed), tmp_path, 2)
