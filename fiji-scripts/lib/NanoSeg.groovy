import ij.IJ
import ij.ImagePlus
import ij.Macro
import ij.Prefs
import ij.WindowManager
import ij.macro.Interpreter
import ij.process.ByteProcessor
import java.awt.GraphicsEnvironment
import java.util.concurrent.Callable

/**
 * What the NanoSeg commands share: the request to the Python side, and the way of its answer into ImageJ.
 *
 * A command is {@code NanoSeg.run(imp) { NanoSeg.ask(...); NanoSeg.show(...) }}: the image is locked meanwhile,
 * whatever goes wrong is told once, and macros read how it ended with {@code getInfo("nanoseg.status")},
 * {@code .error} and {@code .count}. Where ImageJ has no display it has no ROI Manager either: the image's overlay
 * takes its place.
 */
class NanoSeg {
    /** Something the user can put right; its message is one line that says how. */
    static class Failure extends RuntimeException {
        Failure(String message) { super(message) }
    }

    /** The user pressed Escape. */
    static class Cancelled extends RuntimeException { }

    /** Ends a command with a message; for Jython, which wraps what it raises itself. */
    static void refuse(String message) { throw new Failure(message) }

    /** What the service reports to, and asks, while it works. */
    static class Monitor {
        void progress(double fraction, String message) {
            IJ.showStatus("NanoSeg: " + message)
            IJ.showProgress(fraction)
        }

        boolean cancelled() { IJ.escapePressed() }
    }

    static boolean isHeadless() { GraphicsEnvironment.isHeadless() }

    // ---- The frame of a command ----

    /** Runs a command on the active image, which is an error where there is none. */
    static void run(ImagePlus imp, Callable<Map> work) { run(imp, true, work) }

    /** Runs a command; `work` returns the service's response. The image, where there is one, is locked meanwhile. */
    static void run(ImagePlus imp, boolean imageNeeded, Callable<Map> work) {
        Throwable problem = null
        boolean locked = false
        def before = WindowManager.tempCurrentImage
        def caller = Interpreter.instance // a macro that starts meanwhile is none of this command's
        if (caller == null) IJ.resetEscape() // what an earlier command was cancelled with must not cancel this one
        state("running", "", 0)
        try {
            // Headless, Fiji hands over an empty image where none is open.
            boolean open = imp != null && imp.width > 0
            if (imageNeeded && !open) throw new Failure("no image is open: open one first")
            locked = open && imp.lockSilently()
            if (open && !locked)
                throw new Failure("\"$imp.title\" is in use by another command: wait until that has ended")
            // Fiji runs scripts in threads of their own: there, too, this image is the current one for what they call.
            if (open) WindowManager.setTempCurrentImage(imp)
            state("ok", "", work.call().count as int)
        } catch (Throwable thrown) {
            problem = thrown
            while (problem.cause != null && !(problem instanceof Failure)) problem = problem.cause
        } finally {
            if (locked) imp.unlock()
            WindowManager.setTempCurrentImage(before)
            IJ.showProgress(1.0)
        }
        if (problem instanceof Cancelled) {
            state("cancelled", "cancelled by the user", 0)
            IJ.showStatus("NanoSeg: cancelled, nothing was kept")
            stopMacro("NanoSeg was cancelled", caller)
        } else if (problem instanceof Failure) {
            fail(problem.message, caller)
        } else if (problem != null) {
            problem.printStackTrace()
            fail("unexpected ${problem.class.simpleName}: $problem.message; please report it", caller)
        }
    }

    private static void state(String status, String error, int count) {
        System.setProperty("nanoseg.status", status)
        System.setProperty("nanoseg.error", error)
        System.setProperty("nanoseg.count", count as String)
    }

    private static void fail(String message, Interpreter caller) {
        state("error", message, 0)
        IJ.showStatus("NanoSeg: " + message)
        if (headless || Interpreter.batchMode) {
            IJ.log("NanoSeg: " + message)
            stopMacro(message, caller)
            return
        }
        try {
            IJ.error("NanoSeg", message)
        } catch (RuntimeException ended) {
            // In a macro, ImageJ names the line, ends the macro and leaves by an exception of its own.
            if (ended.message != Macro.MACRO_CANCELED) throw ended
        }
        Macro.abort()
    }

    /** Ends the macro that called, without a message: Macro.abort() reaches only a macro on this very thread. */
    private static void stopMacro(String message, Interpreter caller) {
        if (caller != null && !caller.done()) {
            caller.ignoreErrors = true
            caller.abort(message)
        }
        Macro.abort()
    }

    /** The class NanoSeg<name> of this folder, for scripts, which see this class alone. */
    static Class part(String name) { NanoSeg.classLoader.loadClass("NanoSeg" + name) }

    /** Shows a response in ImageJ, see NanoSegResults. */
    static void show(ImagePlus imp, Map response, Map where) { NanoSegResults.show(imp, response, where) }

    /** Adds a summary as a row to the table of this title; where there is no display, its text to the log. */
    static void showSummary(Map response, String title) { NanoSegResults.toSummary(response, title) }

    // ---- To the service and back ----

    /** The Python side, `(request, monitor) -> response`: that of a Python that hosts ImageJ, else Fiji's worker. */
    static Object service() { System.properties.get("nanoseg.service") ?: new NanoSegWorker() }

    /** Sends a request, without the entries that have no value; what the response says to the user goes to the log. */
    static Map ask(String command, Map request) {
        def response = service().apply(([command: command] + request).findAll { it.value != null }, new Monitor())
        if (response.status == "cancelled") throw new Cancelled()
        if (response.status != "ok") throw new Failure(response.error as String)
        response.messages.each { IJ.log("NanoSeg: $it") }
        response
    }

    /** Stack indices of the slices to work on: the one shown, or all of the current channel. */
    private static List<Integer> slices(ImagePlus imp, boolean stack) {
        if (!stack) return [imp.currentSlice]
        def places = [1..imp.NFrames, 1..imp.NSlices].combinations().sort()
        places.collect { t, z -> imp.getStackIndex(imp.channel, z, t) }
    }

    /** The request's image: pixels as stored, or calibrated grey values; never as LUT or display range show them. */
    static Map image(ImagePlus imp, boolean stack) {
        def cal = imp.calibration
        def indices = slices(imp, stack)
        [pixels: pixels(imp, indices, cal.calibrated() ? cal.CTable : null), shape: [imp.height, imp.width],
         rgb: imp.bitDepth == 24, name: imp.title,
         pixel_width: cal.pixelWidth, pixel_height: cal.pixelHeight, unit: cal.unit,
         positions: indices.collect { imp.convertIndexToPosition(it) as List }, slices: indices]
    }

    private static List pixels(ImagePlus imp, List<Integer> indices, float[] table) {
        indices.collect { index ->
            // The processor shown has what was drawn on a slice of a virtual stack; the stack would read it anew.
            def ip = index == imp.currentSlice ? imp.getProcessor() : imp.getStack().getProcessor(index)
            if (table == null) return ip.pixels
            ip = ip.duplicate()
            ip.calibrationTable = table
            ip.convertToFloat().pixels
        }
    }

    /** Label image or binary mask as labels; as in ImageJ, inverting LUT and "Black background" tell the foreground. */
    static List labels(ImagePlus imp, boolean stack) {
        if (imp.bitDepth == 24)
            throw new Failure("\"$imp.title\" is an RGB image: a label image or a binary mask is needed")
        def found = pixels(imp, slices(imp, stack), null)
        boolean mask = imp.bitDepth == 8 && slices(imp, stack).every { imp.getStack().getProcessor(it).binary }
        if (!mask || imp.invertedLut != Prefs.blackBackground) return found
        found.collect { values ->
            def ip = new ByteProcessor(imp.width, imp.height, (values as byte[]).clone())
            ip.invert()
            ip.pixels
        }
    }

    /** The area selection as a mask, or null; says that another kind of selection is ignored. */
    static byte[] selection(ImagePlus imp) {
        def roi = imp.roi
        if (roi == null) return null
        if (!roi.area) {
            def kind = roi.typeAsString.toLowerCase()
            IJ.log("NanoSeg: the $kind selection is ignored: only an area selection limits the work")
            return null
        }
        def mask = new ByteProcessor(imp.width, imp.height)
        mask.value = 255
        mask.fill(roi)
        mask.pixels as byte[]
    }

    /** The open image of a title. */
    static ImagePlus opened(String title) {
        def found = WindowManager.getImage(title)
        if (found == null) throw new Failure("no open image is called \"$title\": give the title of a label image")
        found
    }

    /** ROIs of the ROI Manager (where there is no display: of the overlay) as an ImageJ ROI zip. */
    static byte[] roiZip(ImagePlus imp) {
        def rois = NanoSegRois.list(imp)
        if (!rois) throw new Failure(headless ?
            "the image has no overlay, which stands for the ROI Manager where there is no display" :
            "the ROI Manager is empty: add ROIs first")
        NanoSegRois.zip(rois)
    }

    /** Number that the names of new ROIs go on counting from. */
    static int roiCount(ImagePlus imp, boolean clear) { clear ? 0 : NanoSegRois.count(NanoSegRois.list(imp)) }
}
