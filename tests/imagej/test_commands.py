"""Scripts as ImageJ commands in the embedded ImageJ: what reaches them, and what becomes of failures."""

from __future__ import annotations

import pytest

from nanoseg_fiji.errors import ImageJError

pytestmark = pytest.mark.jvm


def prop(name):
    from jpype import JClass

    value = JClass("java.lang.System").getProperty(name)
    return None if value is None else str(value)


def forget(*names):
    from jpype import JClass

    for name in names:
        JClass("java.lang.System").clearProperty(name)


def test_scripts_of_the_package_are_commands(ij):
    from jpype import JClass

    commands = JClass("ij.Menus").getCommands()
    for name in (
        "Segment Particles...",
        "Split Touching Particles...",
        "Measure Particles...",
        "Labels to ROI Manager",
        "ROI Manager to Labels",
        "Particle Size Distribution...",
    ):
        assert commands.get(name) is not None, name


def test_values_arrive_with_their_types(probe):
    probe.run_macro(
        'run("Probe It...", "model=[other one] diameter=2.5 split=false pixel=true crop_bottom=12 "'
        '+ "note=[a b=c] output=[/tmp/a b]");'
    )
    assert prop("probe.values") == "other one|2.5|false|true|12|a b=c|/tmp/a b"
    assert prop("probe.types") == "String Double Boolean Boolean Integer String File"
    assert prop("probe.given") == "true true"


@pytest.mark.parametrize("options", ["", ', ""', ', "note="'])
def test_omitted_keys_take_their_defaults(probe, options):
    forget("probe.values")
    probe.run_macro(f'run("Probe It..."{options});')
    assert prop("probe.values") == "em-particles|0.0|true|false|3||null"


def test_no_value_is_remembered(probe):
    probe.run_macro('run("Probe It...", "diameter=9 split=false"); run("Probe It...", "pixel");')
    assert prop("probe.values") == "em-particles|0.0|true|true|3||null"


def test_macro_variables(probe):
    probe.run_macro('d = 4; text = "two words"; run("Probe It...", "diameter=&d note=&text");')
    assert prop("probe.values") == "em-particles|4.0|true|false|3|two words|null"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "bogus=1",
            "unknown key 'bogus': known are model, diameter, split, pixel, crop_bottom, note, output",
        ),
        ("Diameter=1 min_diameter=2", "unknown key 'min_diameter'"),
        ("diameter=abc", "diameter=abc is not a number"),
        ("diameter=", "diameter= is not a number"),
        ("diameter=NaN", "diameter=NaN is not a number"),
        ("diameter=-1", "diameter=-1 is below 0"),
        ("diameter=501", "diameter=501 is above 500"),
        ("crop_bottom=1.5", "crop_bottom=1.5 is not a whole number"),
        ("split=maybe", "split=maybe must be true or false"),
        ("model=unknown", "model=unknown is not one of em-particles, other one"),
        ("note=[a b", "a bracket is not closed"),
        ("note=a note=b", "the key 'note' is given twice"),
        ("=3", "unknown key ''"),
    ],
)
def test_bad_options_end_the_macro_with_one_line(probe, options, message):
    forget("probe.values", "after")
    with pytest.raises(ImageJError, match="Probe It: ") as raised:
        probe.run_macro(
            f'run("Probe It...", "{options}"); call("java.lang.System.setProperty", "after", "x");'
        )
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert prop("probe.values") is None
    assert prop("after") is None
    assert prop("nanoseg.status") == "error"
    assert prop("nanoseg.error") == str(raised.value)
    assert prop("nanoseg.count") == "0"


@pytest.mark.parametrize("before", ["", "setBatchMode(true); "])
@pytest.mark.parametrize(
    ("command", "message"),
    [
        ('"Probe It...", "note=throw"', "Probe It: the reactor is on fire"),
        ('"Probe It...", "note=abort"', "told already"),
        ('"Probe Jython...", "bins=0"', "Probe Jython: ValueError: no bins"),
        ('"Needs Image"', "Needs Image: no image is open: open one first"),
    ],
)
def test_failing_script_ends_the_macro(probe, before, command, message):
    forget("after")
    with pytest.raises(ImageJError) as raised:
        probe.run_macro(f'{before}run({command}); call("java.lang.System.setProperty", "after", "x");')
    assert str(raised.value) == message
    assert prop("after") is None
    assert prop("nanoseg.status") == "error"
    assert prop("nanoseg.error") == message


def test_failure_in_a_called_macro_is_not_lost(probe, tmp_path):
    inner = tmp_path / "inner.ijm"
    inner.write_text('run("Probe It...", "bogus=1");')
    with pytest.raises(ImageJError, match="unknown key 'bogus'"):
        probe.run_macro(f'runMacro("{inner}");')


def test_success_after_failure(probe):
    with pytest.raises(ImageJError):
        probe.run_macro('run("Probe It...", "bogus=1");')
    status = probe.run_macro(
        'run("Probe It..."); s = getInfo("nanoseg.status");'
        'return s + "," + getInfo("nanoseg.error") + "," + getInfo("nanoseg.count");'
    )
    assert status == "ok,,7"


def test_failure_outside_a_macro_is_an_exception(probe):
    from jpype import JClass

    with pytest.raises(JClass("java.lang.RuntimeException"), match="Macro canceled"):
        JClass("ij.IJ").run("Probe It...", "bogus=1")
    assert "unknown key 'bogus'" in prop("nanoseg.error")


def test_image_of_the_macro_reaches_the_script(probe):
    title = probe.run_macro(
        'newImage("first", "8-bit", 9, 9, 1); newImage("second", "8-bit", 9, 9, 1); selectImage("first");'
        'run("Probe It...", ""); return getTitle();'
    )
    assert title == prop("probe.image") == "first"


def test_image_given_by_the_caller_reaches_the_script(probe):
    from jpype import JClass

    image = JClass("ij.ImagePlus")("not shown", JClass("ij.process.ByteProcessor")(4, 4))
    JClass("ij.IJ").run(image, "Needs Image", "")
    assert prop("probe.image") == "not shown"


def test_jython(probe):
    probe.run_macro('run("Probe Jython...", "bins=3");')
    assert prop("probe.values") == "63"


def test_file_without_underscore_is_no_command(probe):
    with pytest.raises(ImageJError, match="Unrecognized command"):
        probe.run_macro('run("helper");')
