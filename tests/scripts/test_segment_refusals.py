"""What *Segment Particles...* refuses, headless: one error, a status, and nothing half done."""

from __future__ import annotations

import threading
import time

import pytest

from nanoseg_fiji.errors import ImageJError

from .conftest import DIAMETER, SILICA, command, status

pytestmark = pytest.mark.jvm


@pytest.mark.parametrize(
    ("before", "keys", "message"),
    [
        ("", "", "no image is open: open one first"),
        ("open", "model=nonsense", "unknown model 'nonsense'"),
        ("open", "diameter=-3", "diameter=-3"),
        ("open", "min_ecd=9 max_ecd=3 diameter=60", "max_ecd=3.0 is below min_ecd=9.0"),
        ("open", "crop_bottom=320 diameter=60", "crop_bottom"),
        ("open", "output=FILE/x diameter=400", "FILE/x"),
    ],
)
def test_bad_input_gives_one_error_and_a_status(
    host, run, micrograph, tmp_path, before, keys, message, capfd
):
    file = tmp_path / "file"
    file.write_text("no folder")
    macro = f'open("{micrograph}");' if before else ""
    keys = keys.replace("FILE", str(file))
    with pytest.raises(ImageJError, match=message.replace("FILE", "file").replace("(", r"\(")) as raised:
        run(macro, f'run("Segment Particles...", "{keys}");', 'print("went on");')
    now = status()
    assert now["status"] == "error" and now["count"] == "0"
    assert now["error"] in str(raised.value) and "\n" not in now["error"]
    log = capfd.readouterr().out
    assert "went on" not in log
    assert log.count(now["error"]) == 1
    assert len(host.results()) == 0


def test_unknown_key(ij, micrograph):
    with pytest.raises(ImageJError, match="unknown key 'min_diameter': known are model, diameter, "):
        ij.run_macro(f'open("{micrograph}"); run("Segment Particles...", "min_diameter=3");')
    assert status()["status"] == "error"


def test_constant_image_gives_an_empty_result(host, run, tmp_path):
    out = run(
        'newImage("flat", "8-bit white", 100, 90, 1);',
        f'run("Segment Particles...", "output=[{tmp_path}] label_image=true");',
        'out = out + getInfo("nanoseg.status") + getInfo("nanoseg.count") + " " + nResults + " " + nImages;',
    )
    assert out == ["ok0 0 2"]
    assert (tmp_path / "flat_particles.csv").read_text().count("\n") == 1


def test_files_are_kept_unless_overwrite(run, micrograph, tmp_path):
    kept = tmp_path / "größe 1_run.json"
    kept.write_text("mine")
    with pytest.raises(ImageJError, match="is there already"):
        run(f'open("{micrograph}");', command(output=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [kept.name] and kept.read_text() == "mine"
    run(f'open("{micrograph}");', command(output=tmp_path, overwrite=True))
    assert len(list(tmp_path.iterdir())) == 5 and kept.read_text() != "mine"


def run_on(imp, options):
    """Run the command as Java code does, which learns of a failure from the status."""
    from jpype import JClass

    try:
        JClass("ij.IJ").run(imp, "Segment Particles...", options)
    except JClass("java.lang.RuntimeException") as error:
        assert str(error.getMessage()) == str(JClass("ij.Macro").MACRO_CANCELED)


def test_image_is_unlocked_after_success_and_failure(host, micrograph):
    from jpype import JClass

    imp = JClass("ij.IJ").openImage(str(micrograph))
    run_on(imp, f"diameter={DIAMETER}")
    assert status()["status"] == "ok" and not imp.isLocked()
    run_on(imp, "model=nonsense")
    assert status()["status"] == "error" and not imp.isLocked()


def test_image_in_use_is_left_alone(host, micrograph):
    from jpype import JClass

    imp = JClass("ij.IJ").openImage(str(micrograph))
    other = threading.Thread(target=imp.lock)
    other.start()
    other.join()
    run_on(imp, f"diameter={DIAMETER}")
    assert "in use by another command" in status()["error"]
    assert imp.isLockedByAnotherThread() and imp.getOverlay() is None


def test_escape_leaves_nothing(host, run, tmp_path):
    from jpype import JClass

    system, ij = JClass("java.lang.System"), JClass("ij.IJ")
    system.setProperty("nanoseg.status", "")

    def press():
        while str(system.getProperty("nanoseg.status")) != "running":
            time.sleep(0.01)
        ij.setKeyDown(JClass("java.awt.event.KeyEvent").VK_ESCAPE)

    presser = threading.Thread(target=press, daemon=True)
    presser.start()
    with pytest.raises(ImageJError, match="cancelled"):
        run(
            f'open("{SILICA}");',
            f'run("Segment Particles...", "output=[{tmp_path}] label_image=true overlay=true");',
            'print("went on");',
        )
    presser.join(5)
    assert status() == {"status": "cancelled", "error": "cancelled by the user", "count": "0"}
    assert list(tmp_path.iterdir()) == [] and len(host.results()) == 0
