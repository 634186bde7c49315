"""Child process of the tests of ImageJ's window: runs a test's code with the window open.

Usage: driver.py JOB.json ANSWER.json. Names the code can use: `ij` (the gateway), `J` (a Java class by name),
`gui` (a `Gui`), `result` (a dictionary, becomes the answer), `wait_for`, `title`, and the values of the job.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

# Where AWT keeps its menus is private, and a Robot must know where to click.
OPENED = [f"--add-opens=java.desktop/{package}=ALL-UNNAMED" for package in ("java.awt", "sun.awt.X11")]
os.environ["JAVA_TOOL_OPTIONS"] = " ".join([*OPENED, "-XX:TieredStopAtLevel=1"])
# There is no window manager, and so no title bars; without this AWT guesses their size.
os.environ["_JAVA_AWT_WM_NONREPARENTING"] = "1"


def wait_for(condition, what="condition", timeout=120):
    """Value of `condition` as soon as it is true."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    give_up(f"no {what} within {timeout} s")


def give_up(message):
    """End the test with what the screen shows and what AWT's thread does."""
    gui.screenshot("failed")
    showing = [f"{type(w).__name__} {title(w)!r}" for w in J("java.awt.Window").getWindows() if w.isShowing()]
    for entry in J("java.lang.Thread").getAllStackTraces().entrySet():
        if str(entry.getKey().getName()).startswith(("AWT-EventQueue", "Run$_")):
            print(entry.getKey(), *list(entry.getValue())[:15], sep="\n    ", file=sys.stderr)
    raise AssertionError(f"{message}; windows: {', '.join(showing)}")


def title(window):
    return str(window.getTitle()) if hasattr(window, "getTitle") else ""


class Gui:
    """Mouse, keyboard and screen."""

    def __init__(self, artefacts):
        self.robot = J("java.awt.Robot")()
        self.robot.setAutoDelay(20)
        self.artefacts = Path(artefacts)

    def screenshot(self, name):
        """Keep what the screen shows as a PNG file."""
        size = J("java.awt.Toolkit").getDefaultToolkit().getScreenSize()
        image = self.robot.createScreenCapture(J("java.awt.Rectangle")(size))
        path = self.artefacts / f"{name}.png"
        J("javax.imageio.ImageIO").write(image, "png", J("java.io.File")(str(path)))
        return str(path)

    def click_at(self, x, y):
        button = J("java.awt.event.InputEvent").BUTTON1_DOWN_MASK
        self.robot.mouseMove(int(x), int(y))
        self.robot.mousePress(button)
        self.robot.mouseRelease(button)

    def click(self, component):
        """Click the middle of a component."""
        where = wait_for(
            lambda: component.isShowing() and component.getLocationOnScreen(), "component on the screen"
        )
        self.click_at(where.x + component.getWidth() / 2, where.y + component.getHeight() / 2)

    def menu(self, *path):
        """Choose a menu item, such as ("Plugins", "NanoSeg", "Segment Particles..."), with the mouse."""
        menu = J("ij.Menus").getMenuBar()
        for i, label in enumerate(path):
            count = menu.getMenuCount() if i == 0 else menu.getItemCount()
            items = [menu.getMenu(k) if i == 0 else menu.getItem(k) for k in range(count)]
            found = [item for item in items if str(item.getLabel()) == label]
            assert found, f"no {label} among {[str(item.getLabel()) for item in items]}"
            menu = found[0]
            self.click_at(*wait_for(lambda item=menu: self._item_position(item), f"menu {label}"))
            time.sleep(0.2)

    def _item_position(self, item):
        peer = _field(item, "java.awt.MenuComponent", "peer")
        container = peer and _call(peer, "sun.awt.X11.XMenuItemPeer", "getContainer")
        bounds = peer and _call(peer, "sun.awt.X11.XMenuItemPeer", "getBounds")
        if not container or not bounds or bounds.width == 0:
            return None
        point = J("java.awt.Point")(bounds.x + min(20, bounds.width // 2), bounds.y + bounds.height // 2)
        window = J("java.lang.Class").forName("sun.awt.X11.XBaseWindow")
        method = window.getDeclaredMethod("toGlobal", J("java.awt.Point").class_)
        method.setAccessible(True)
        there = method.invoke(container, point)
        return there.x, there.y

    def dialog(self, name, timeout=120):
        """The dialog or frame with that title, once it shows."""

        def look():
            for window in J("java.awt.Window").getWindows():
                if window.isShowing() and title(window) == name:
                    return window
            return None

        window = wait_for(look, f"window {name!r}", timeout)
        # With no window manager AWT may take a new window to be at 0, 0. One that it moves, it knows.
        for x, y in ((40, 250), (50, 260)):
            self.robot.waitForIdle()
            window.setLocation(x, y)
        wait_for(lambda: window.getLocationOnScreen().x == 50, f"window {name!r} at its place")
        self.robot.waitForIdle()
        return window

    def press(self, window, label):
        """Click the button of that label, which closes the window."""
        buttons = [c for c in _components(window) if isinstance(c, J("java.awt.Button"))]
        button = next(b for b in buttons if str(b.getLabel()).strip() == label)
        for _ in range(5):  # a window that has only just come up may miss a click
            self.click(button)
            end = time.monotonic() + 4
            while time.monotonic() < end:
                if not window.isShowing():
                    return
                time.sleep(0.05)
        where = button.getLocationOnScreen()
        give_up(f"{label} at {where.x}, {where.y} does not close {title(window)!r}")

    def message(self, box):
        """Text of a message box, whose lines ImageJ draws itself."""
        label = next(c for c in _components(box) if isinstance(c, J("ij.gui.MultiLineLabel")))
        return " ".join(str(line) for line in _field(label, "ij.gui.MultiLineLabel", "lines"))

    def labels(self, dialog):
        """Texts of the labels and checkboxes of a dialog, in order."""
        return [
            str(c.getText() if isinstance(c, J("java.awt.Label")) else c.getLabel()).strip()
            for c in _components(dialog)
            if isinstance(c, J("java.awt.Label")) or isinstance(c, J("java.awt.Checkbox"))
        ]

    def fill(self, dialog, key, text):
        """Type into the text field, tick or untick the checkbox, whose label begins with a key."""
        shown = key.replace("_", " ")
        components = _components(dialog)
        for i, component in enumerate(components):
            if isinstance(component, J("java.awt.Checkbox")) and str(component.getLabel()).startswith(shown):
                if component.getState() != text:
                    self.click(component)
                    wait_for(lambda box=component: bool(box.getState()) == text, f"tick of {key}")
                return
            if isinstance(component, J("java.awt.Label")) and str(component.getText()).startswith(shown):
                field = next(c for c in components[i:] if isinstance(c, J("java.awt.TextField")))
                self._retype(field, text, key)
                return
        raise AssertionError(f"no {key} among {self.labels(dialog)}")

    def _retype(self, field, text, key):
        for _ in range(10):  # on a busy machine the click may arrive late, and undo the selection
            self.click(field)
            wait_for(field.isFocusOwner, f"focus of {key}")
            self.robot.waitForIdle()
            field.selectAll()
            self.robot.waitForIdle()
            self.type(text)
            end = time.monotonic() + 5
            while time.monotonic() < end:
                if str(field.getText()) == text:
                    return
                time.sleep(0.05)
        give_up(f"{str(field.getText())!r}, not {text!r}, in the field {key}")

    def type(self, text):
        keys = J("java.awt.event.KeyEvent")
        for character in text:
            code = keys.getExtendedKeyCodeForChar(ord(character.lower()))
            if character.isupper():
                self.robot.keyPress(keys.VK_SHIFT)
            self.robot.keyPress(code)
            self.robot.keyRelease(code)
            if character.isupper():
                self.robot.keyRelease(keys.VK_SHIFT)


def _components(container):
    found = []
    for component in container.getComponents():
        found.append(component)
        if isinstance(component, J("java.awt.Container")):
            found += _components(component)
    return found


def _field(instance, owner, name):
    field = J("java.lang.Class").forName(owner).getDeclaredField(name)
    field.setAccessible(True)
    return field.get(instance)


def _call(instance, owner, name):
    method = J("java.lang.Class").forName(owner).getDeclaredMethod(name)
    method.setAccessible(True)
    return method.invoke(instance)


if __name__ == "__main__":
    from jpype import JClass as J

    from nanoseg_fiji.imagej import start

    job = json.loads(Path(sys.argv[1]).read_text())
    ij = start(headless=False)
    gui = Gui(job["artefacts"])
    result: dict = {}
    globals().update(job["values"])
    exec(job["code"], globals())
    Path(sys.argv[2]).write_text(json.dumps(result))
    sys.stdout.flush()
    os._exit(0)  # Java's threads that are in Python just then would bring a Python that ends normally down
