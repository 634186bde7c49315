"""The service as Java sees it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from nanoseg_fiji.imagej import publish, unpublish
from nanoseg_fiji.imagej.bridge import to_java, to_python

pytestmark = pytest.mark.jvm

CALL = """
def service = System.properties.get("nanoseg.service")
def monitor = new Object() {
    def seen = []
    void progress(double fraction, String message) { seen << "$fraction $message".toString() }
    boolean cancelled() { seen.size() > 1 }
}
def pixels = { type, n -> (0..<n).collect { it * 50 } .asType(type) }
[service.apply(request(pixels), monitor), monitor.seen]
"""


def call(request):
    """Response and progress of a request written in Groovy."""
    from jpype import JClass

    shell = JClass("groovy.lang.GroovyShell")()
    shell.setVariable("request", shell.evaluate("{ pixels -> " + request + " }"))
    response, seen = shell.evaluate(CALL)
    return response, [str(s) for s in seen]


@pytest.fixture
def published(ij):
    """Publish a function of the test's, and the service again afterwards."""
    yield lambda run: publish(ij, run)
    unpublish()
    publish(ij)


def test_published_once_and_taken_back(ij):
    from jpype import JClass

    properties = JClass("java.lang.System").getProperties()
    before = properties.get("nanoseg.service")
    foreign = JClass("org.scijava.Context")()  # a gateway that is not ours holds nothing of ours
    publish(foreign)
    assert properties.get("nanoseg.service").equals(before)
    unpublish()
    try:
        assert properties.get("nanoseg.service") is None and properties.get("nanoseg.lib") is None
        unpublish()
    finally:
        publish(foreign)
    foreign.dispose()
    # a command finds it, and what it was asked comes back
    assert ij.run_macro('run("NanoSeg Report..."); return getInfo("nanoseg.status");') == "ok"
    assert not properties.get("nanoseg.service").equals(before)


def test_publishing_needs_java():
    code = "from nanoseg_fiji.imagej import publish\ntry: publish()\nexcept Exception as error: print(error)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "no ImageJ runs in this process" in done.stdout


@pytest.mark.parametrize(
    ("java", "dtype"),
    [("byte[]", np.uint8), ("short[]", np.uint16), ("float[]", np.float32), ("int[]", np.int32)],
)
def test_pixels_arrive_with_imagej_types(published, java, dtype):
    seen = {}
    published(lambda request, progress, cancel: seen.update(request) or {"status": "ok"})
    call(f"[image: [pixels: pixels({java}, 6), shape: [2, 3], name: 'x']]")
    pixels = seen["image"]["pixels"]
    assert pixels.dtype == dtype
    np.testing.assert_array_equal(pixels, np.arange(6, dtype=dtype).reshape(2, 3) * dtype(50))


def test_request_arrives_whole(published):
    seen = {}
    published(lambda request, progress, cancel: seen.update(request) or {"status": "ok"})
    call(
        """[command: 'segment', image: [
            pixels: [pixels(int[], 6), pixels(int[], 6)], shape: [2, 3], rgb: true, name: 'µ',
            pixel_width: 0.5d, positions: [[1, 1, 1], [1, 2, 1]]],
        selection: [0, 1, 1, 0, 0, -1] as byte[], rois: [80, 75] as byte[],
        params: [split: true, diameter: 2, model: "em-${'particles'}", missing: null]]"""
    )
    assert seen["image"]["pixels"].shape == (2, 2, 3)
    assert seen["image"]["pixels"].dtype == np.uint32
    np.testing.assert_array_equal(seen["selection"], np.array([[0, 1, 1], [0, 0, 255]], np.uint8))
    assert bytes(seen["rois"]) == b"PK"
    assert seen["params"] == {"split": True, "diameter": 2, "model": "em-particles", "missing": None}
    assert seen["params"]["split"] is True
    assert seen["image"]["positions"] == [[1, 1, 1], [1, 2, 1]]
    assert (seen["image"]["name"], seen["image"]["pixel_width"]) == ("µ", 0.5)


def test_response_arrives_as_java(published):
    published(
        lambda request, progress, cancel: {
            "status": "ok",
            "count": np.int64(3),
            "rois": np.array([80, 200], np.uint8),
            "labels": np.arange(12, dtype=np.int32).reshape(2, 2, 3),
            "table": {
                "columns": [{"name": "Area", "values": np.array([0.5, np.nan])}],
                "labels": ["a:1", "a:2"],
            },
            "summary": {"D50": 2.5, "warned": False, "nothing": None},
        }
    )
    response, _ = call("[command: 'x']")
    java = {str(e.getKey()): e.getValue() for e in response.entrySet()}
    assert str(java["count"].getClass().getName()) == "java.lang.Integer"
    assert str(java["rois"].getClass().getName()) == "[B"
    assert list(java["rois"]) == [80, -56]
    assert list(java["labels"]) == list(range(12))
    column = java["table"].get("columns").get(0)
    assert str(column.get("values").getClass().getName()) == "[D"
    assert list(java["table"].get("labels")) == ["a:1", "a:2"]
    assert java["summary"].get("nothing") is None
    assert java["summary"].get("warned") == False  # noqa: E712 - a java.lang.Boolean


def test_monitor_is_called_and_asked(published):
    def run(request, progress, cancel):
        answers = []
        for i in range(3):
            answers.append(cancel())
            progress(i / 2, f"step {i}")
        return {"status": "ok", "answers": answers}

    published(run)
    response, seen = call("[command: 'x']")
    assert seen == ["0.0 step 0", "0.5 step 1", "1.0 step 2"]
    assert [bool(a) for a in response.get("answers")] == [False, False, True]


def test_exceptions_become_values(published):
    def run(request, progress, cancel):
        raise ZeroDivisionError("nothing to divide by")

    published(run)
    response, _ = call("[command: 'x']")
    assert str(response.get("status")) == "error"
    assert str(response.get("error")) == "ZeroDivisionError: nothing to divide by"


def test_real_service_answers(ij):
    response, _ = call("[command: 'no such command']")
    assert str(response.get("status")) == "error"
    assert "no such command" in str(response.get("error"))


@pytest.mark.parametrize(
    "value",
    ["text µ", 3, 2**40, -7, 2.5, True, None, [1, "a", [None]], {"a": {"b": [1.5]}}, [], {}, ""],
    ids=str,
)
def test_plain_values_round_trip(ij, value):
    back = to_python(to_java(value))
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64, np.float32, np.float64])
def test_arrays_round_trip(ij, dtype):
    array = np.array([[0, 1, 200], [3, 4, 5]]).astype(dtype)
    back = to_python(to_java(array))
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, array.ravel())
    array[:] = 9  # neither side sees what the other does later
    assert back[0] == 0
