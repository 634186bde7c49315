"""Publish the service to Java: a function that scripts find by name and call with Java maps and arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.errors import ImageJError
from nanoseg_fiji.resources import scripts_dir
from nanoseg_fiji.service.shapes import with_shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

__all__ = ["publish", "to_java", "to_python", "unpublish"]

SERVICE = "nanoseg.service"
"""Key of the function in ``System.getProperties()``."""
LIBRARY = "nanoseg.lib"
"""Key of the folder of ``NanoSeg.groovy``."""
_published: dict[str, Any] = {}
"""What Java calls (``function``), which must not be collected, and what it calls itself (``run``)."""

# Java has no unsigned types: ImageJ keeps 8-bit pixels in byte[], 16-bit ones in short[].
_FROM_JAVA = {
    "byte[]": np.uint8,
    "short[]": np.uint16,
    "int[]": np.int32,
    "long[]": np.int64,
    "float[]": np.float32,
    "double[]": np.float64,
    "boolean[]": np.bool_,
}


def publish(ij: Any = None, run: Callable[..., Mapping[str, Any]] | None = None) -> None:
    """Publish `nanoseg_fiji.service.run` as ``nanoseg.service``, and the scripts' library as ``nanoseg.lib``.

    `start` has done this. Where Python was started by Fiji (its Python mode), or ImageJ by other code, the
    NanoSeg commands work in this process from then on, in place of a worker process. Publishing again changes
    nothing; `unpublish` takes it back.

    Parameters
    ----------
    ij : object, optional
        The running ImageJ: a gateway of `start` or of pyimagej. There is one a process: it may be left out.
    run : callable, optional
        Function to publish in place of the service: ``run(request, progress, cancel) -> response``.

    Raises
    ------
    ImageJError
        No Java runs in this process.

    Notes
    -----
    The function is a ``java.util.function.BiFunction<Map, Object, Map>``: a request and a monitor (or
    ``null``) in, a response out. In the request, flat arrays become arrays of ``image.shape`` (or ``shape``),
    and a list of flat arrays a stack. No exception leaves it: it becomes the response ``{"status": "error",
    "error": message}``.
    """
    properties = _properties()
    if run is None and _published.get("run") is None and properties.get(SERVICE) is not None:
        return
    import jpype

    def call(request: Any, monitor: Any) -> Any:
        try:
            response = (run or _service())(
                with_shapes(to_python(request)), _progress(monitor), _cancelled(monitor)
            )
            return to_java(response)
        except Exception as error:
            return to_java({"status": "error", "error": f"{type(error).__name__}: {error}", "count": 0})

    function = jpype.JProxy("java.util.function.BiFunction", dict={"apply": call})
    properties.put(SERVICE, function)
    properties.setProperty(LIBRARY, str(scripts_dir() / "lib"))
    _published.update(function=function, run=run)


def unpublish() -> None:
    """Take back what `publish` did: the commands in a Fiji start their worker process again."""
    properties = _properties()
    for key in (SERVICE, LIBRARY):
        properties.remove(key)
    _published.clear()


def _properties() -> Any:
    import jpype

    if not jpype.isJVMStarted():
        raise ImageJError("no ImageJ runs in this process: start one with nanoseg_fiji.imagej.start()")
    return jpype.JClass("java.lang.System").getProperties()


def _service() -> Callable[..., Mapping[str, Any]]:
    from nanoseg_fiji import service

    run: Callable[..., Mapping[str, Any]] = service.run
    return run


def _progress(monitor: Any) -> Callable[[float, str], None] | None:
    if monitor is None:
        return None
    return lambda fraction, message: monitor.progress(float(fraction), message)


def _cancelled(monitor: Any) -> Callable[[], bool] | None:
    return None if monitor is None else lambda: bool(monitor.cancelled())


def to_python(java: Any) -> Any:
    """Convert a Java value to plain Python: maps, lists, text, numbers, booleans; arrays to numpy.

    Parameters
    ----------
    java : object
        The value; Python objects pass.

    Returns
    -------
    object
        ``byte[]`` becomes uint8 and ``short[]`` uint16, as ImageJ means them; arrays are copies.
    """
    import jpype

    if java is None or (isinstance(java, bool | int | float | str) and not isinstance(java, jpype.JObject)):
        return java
    if isinstance(java, jpype.JArray):
        dtype = _FROM_JAVA.get(str(type(java).__name__))
        if dtype is None:
            return [to_python(item) for item in java]
        array = np.array(java)
        return array if array.dtype == dtype else array.view(dtype)
    if isinstance(java, jpype.JClass("java.util.Map")):
        return {str(entry.getKey()): to_python(entry.getValue()) for entry in java.entrySet()}
    if isinstance(java, jpype.JClass("java.lang.Iterable")):
        return [to_python(item) for item in java]
    if isinstance(java, jpype.JClass("java.lang.Boolean")):
        return bool(java.booleanValue())
    if isinstance(java, jpype.JClass("java.lang.Number")):
        number = float(java.doubleValue())
        whole = isinstance(
            java, tuple(jpype.JClass(f"java.lang.{n}") for n in ("Byte", "Short", "Integer", "Long"))
        )
        return int(java.longValue()) if whole else number
    return str(java)


def to_java(value: Any) -> Any:
    """Convert a plain Python value to Java; the reverse of `to_python`.

    Parameters
    ----------
    value : object
        Of str, numbers, bool, None, mappings, sequences and numpy arrays; other objects become their text.

    Returns
    -------
    object
        An array becomes a flat primitive array, whatever its dimensions.
    """
    import jpype

    if isinstance(value, np.generic):
        value = value.item()
    if value is None:
        return None
    if isinstance(value, bool):
        return jpype.JClass("java.lang.Boolean").valueOf(value)
    if isinstance(value, int):
        small = -(2**31) <= value < 2**31
        return jpype.JClass("java.lang.Integer" if small else "java.lang.Long").valueOf(value)
    if isinstance(value, float):
        return jpype.JClass("java.lang.Double").valueOf(value)
    if isinstance(value, np.ndarray):
        return _array_to_java(value)
    if hasattr(value, "items"):
        result = jpype.JClass("java.util.LinkedHashMap")()
        for key, item in value.items():
            result.put(str(key), to_java(item))
        return result
    if isinstance(value, list | tuple):
        result = jpype.JClass("java.util.ArrayList")(len(value))
        for item in value:
            result.add(to_java(item))
        return result
    return jpype.JString(str(value))


def _array_to_java(array: NDArray[Any]) -> Any:
    import jpype

    types = {
        "i1": jpype.JByte,
        "i2": jpype.JShort,
        "i4": jpype.JInt,
        "i8": jpype.JLong,
        "f4": jpype.JFloat,
        "f8": jpype.JDouble,
    }
    flat = np.ascontiguousarray(array).ravel()
    if flat.dtype.kind == "b":
        flat = flat.view(np.uint8)
    if flat.dtype.kind == "u":
        flat = flat.view(f"i{flat.dtype.itemsize}")
    kind = f"{flat.dtype.kind}{flat.dtype.itemsize}"
    if kind not in types:
        return to_java(array.tolist())
    return jpype.JArray(types[kind])(flat)
