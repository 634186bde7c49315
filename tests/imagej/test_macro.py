"""Macros: what they return, and that no failure passes unseen."""

from __future__ import annotations

import pytest

from nanoseg_fiji.errors import ImageJError, InputError

pytestmark = pytest.mark.jvm


def test_returns_what_the_macro_returns(host):
    assert host.run_macro('return "a" + 1;') == "a1"
    assert host.run_macro("x = 1;") == ""


def test_argument(host):
    assert host.run_macro("return toUpperCase(getArgument());", "particles") == "PARTICLES"


def test_file(host, tmp_path):
    file = tmp_path / "ein Makro µ.ijm"
    file.write_text('return "5 \u00b5m";', encoding="utf-8")
    assert host.run_macro(file) == "5 \u00b5m"


@pytest.mark.parametrize(
    ("macro", "message"),
    [
        ("x = (3;", r"'\)' expected in line 1"),
        ("x = 1;\ny = undefined_thing;", "Undefined variable in line 2"),
        ('run("No Such Command");', "Unrecognized command: .No Such Command. in line 1"),
        ('run("Invert");', "There are no images open in line 1"),
        ('open("/no/such/file.tif");', "File not found"),
    ],
)
def test_errors_are_exceptions_of_one_line(host, macro, message):
    with pytest.raises(ImageJError, match=message) as raised:
        host.run_macro(macro)
    assert "\n" not in str(raised.value)


def test_exit_is_no_error(host):
    assert host.run_macro("exit(); x = undefined_thing;") == ""


def test_goes_on_after_an_error(host):
    with pytest.raises(ImageJError):
        host.run_macro("x = (3;")
    assert host.run_macro('newImage("again", "8-bit", 5, 5, 1); return getTitle();') == "again"


def test_unreadable_files(ij, tmp_path):
    with pytest.raises(InputError, match="cannot read the macro"):
        ij.run_macro(tmp_path / "missing.ijm")
    binary = tmp_path / "binary.ijm"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"cannot read the macro .*binary\.ijm"):
        ij.run_macro(binary)


def test_command_line_prints_what_the_macro_returns(ij, tmp_path, capsys):
    from nanoseg_fiji.cli import main

    file = tmp_path / "a b.ijm"
    file.write_text('return getArgument() + " came";')
    assert main(["macro", str(file), "--arg", "it"]) == 0
    assert capsys.readouterr().out.splitlines() == ["it came"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = (3;", "error: ')' expected in line 1"),
        ('run("Segment Particles...", "bogus=1");', "error: Segment Particles: unknown key 'bogus'"),
        (None, "error: no macro file"),
    ],
)
def test_command_line_fails_with_one_line(ij, tmp_path, capfd, text, message):
    from nanoseg_fiji.cli import main

    file = tmp_path / "bad.ijm"
    if text is not None:
        file.write_text(text)
    assert main(["macro", str(file)]) == 1
    errors = [line for line in capfd.readouterr().err.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert errors[0].startswith(message)
