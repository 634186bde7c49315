import ij.IJ
import ij.ImagePlus
import ij.Macro
import ij.Prefs
import ij.WindowManager
import ij.gui.Roi
import ij.io.RoiEncoder
import ij.macro.Interpreter
import ij.plugin.frame.RoiManager
import ij.process.ByteProcessor
import java.awt.GraphicsEnvironment
import java.util.concurrent.Callable
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream

/**
 * What the NanoSeg commands share: the request to the Python side, and the way of its answer into ImageJ.
 *
 * A command is {@code NanoSeg.run(imp) { NanoSeg.ask(...); NanoSeg.show(...) }}: the image is locked meanwhile, whatever
 * goes wrong is told once, and macros read how it ended with {@code getInfo("nanoseg.status")}, {@code .error}, {@code .count}.
 * Where ImageJ has no display it has no ROI Manager either: the image's overlay takes its place.
 */
class NanoSeg {
    /** Something the user can put right; its message is one line that says how. */
    static class Failure extends RuntimeException {
        Failure(String message) { super(message) }
    }

    /** The user pressed Escape. */
    static class Cancelled extends RuntimeException { }

    /** What the service reports to and asks while it works. */
    static class Monitor {
        void progress(double fraction, String message) {
            IJ.showStatus("NanoSeg: " + message)
            IJ.showProgress(fraction)
        }

        boolean cancelled() { IJ.escapePressed() }
    }

    static boolean isHeadless() { GraphicsEnvironment.isHeadless() }

    // ---- The frame of a command ----

    /** Runs a command on an image; `work` returns the service's response, or null where there is none to count. */
    static void run(ImagePlus imp, Callable<Map> work) {
        Throwable problem = null
        boolean locked = false
        state("running", "", 0)
        def before = WindowManager.tempCurrentImage
        WindowManager.setTempCurrentImage(imp) // Fiji runs scripts in threads of their own: what they call must see this image
        try {
            // Headless, Fiji hands over an empty image where none is open.
            if (imp == null || imp.width == 0) throw new Failure("no image is open: open one first")
            locked = imp.lockSilently()
            if (!locked) throw new Failure("\"$imp.title\" is in use by another command: wait until that has ended")
            state("ok", "", (work.call()?.count ?: 0) as int)
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
            stopMacro("NanoSeg was cancelled")
        } else if (problem != null) {
            if (!(problem instanceof Failure)) problem.printStackTrace()
            fail(problem instanceof Failure ? problem.message : "unexpected ${problem.class.simpleName}: $problem.message")
        }
    }

    private static void state(String status, String error, int count) {
        System.setProperty("nanoseg.status", status)
        System.setProperty("nanoseg.error", error)
        System.setProperty("nanoseg.count", count as String)
    }

    private static void fail(String message) {
        state("error", message, 0)
        IJ.showStatus("NanoSeg: " + message)
        if (headless || Interpreter.batchMode) {
            IJ.log("NanoSeg: " + message)
            stopMacro(message)
        } else {
            // In a macro, ImageJ names the line, ends the macro and leaves by an exception of its own.
            try { IJ.error("NanoSeg", message) } catch (RuntimeException ended) { if (ended.message != Macro.MACRO_CANCELED) throw ended }
        }
        Macro.abort()
    }

    /** Macro.abort() alone reaches only a macro on this very thread; this ends the one that called the command, silently. */
    private static void stopMacro(String message) {
        def macro = Interpreter.instance
        macro?.setIgnoreErrors(true)
        macro?.abort(message)
        Macro.abort()
    }

    /** Shows a response in ImageJ, see NanoSegResults. */
    static void show(ImagePlus imp, Map response, Map where) { NanoSegResults.show(imp, response, where) }

    // ---- To the service and back ----

    /** The Python side: `(request, monitor) -> response`. */
    static Object service() {
        def published = System.properties.get("nanoseg.service")
        if (published == null)
            throw new Failure("Python is not connected: start ImageJ or Fiji with 'nanoseg-fiji gui' or 'nanoseg-fiji macro'")
        published
    }

    /** Sends a request; entries without a value are left out. Says in the log what the response says to the user. */
    static Map ask(String command, Map request) {
        def response = service().apply(([command: command] + request).findAll { it.value != null }, new Monitor())
        if (response.status == "cancelled") throw new Cancelled()
        if (response.status != "ok") throw new Failure(response.error as String)
        response.messages.each { IJ.log("NanoSeg: $it") }
        response
    }

    /** Stack indices of the slices to work on: the one shown, or all of the current channel. */
    static List<Integer> slices(ImagePlus imp, boolean stack) {
        if (!stack) return [imp.currentSlice]
        [1..imp.NFrames, 1..imp.NSlices].combinations().sort().collect { t, z -> imp.getStackIndex(imp.channel, z, t) }
    }

    /** The request's image: raw pixels (or calibrated, where grey values have a calibration), never LUT or display range. */
    static Map image(ImagePlus imp, boolean stack) {
        def cal = imp.calibration
        def indices = slices(imp, stack)
        [pixels: pixels(imp, indices, cal.calibrated() ? cal.CTable : null), shape: [imp.height, imp.width], rgb: imp.bitDepth == 24,
         name: imp.title, pixel_width: cal.pixelWidth, pixel_height: cal.pixelHeight, unit: cal.unit,
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

    /** Label image or binary mask as labels. ImageJ's rule for masks: an inverting LUT and "black background" swap what is foreground. */
    static List labels(ImagePlus imp, boolean stack) {
        if (imp.bitDepth == 24) throw new Failure("\"$imp.title\" is an RGB image: a label image or a binary mask is needed")
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
            IJ.log("NanoSeg: the ${roi.typeAsString.toLowerCase()} selection is ignored: only an area selection limits the work")
            return null
        }
        def mask = new ByteProcessor(imp.width, imp.height)
        mask.value = 255
        mask.fill(roi)
        mask.pixels as byte[]
    }

    /** ROIs of the ROI Manager (of the overlay, where there is no display) as the bytes of an ImageJ ROI zip. */
    static byte[] roiZip(ImagePlus imp) {
        def rois = headless ? imp.overlay?.toArray() : RoiManager.instance2?.roisAsArray
        if (!rois) throw new Failure(headless ? "the image has no overlay, and the ROI Manager needs a display" : "the ROI Manager is empty: add ROIs first")
        def bytes = new ByteArrayOutputStream()
        def zip = new ZipOutputStream(bytes)
        def names = [] as Set
        rois.eachWithIndex { Roi roi, int i ->
            def name = roi.name ?: String.format("%05d", i + 1)
            zip.putNextEntry(new ZipEntry((names.add(name) ? name : "$name-${i + 1}") + ".roi"))
            new RoiEncoder(zip).write(roi)
        }
        zip.close()
        bytes.toByteArray()
    }

    /** The open image of a title. */
    static ImagePlus opened(String title) {
        def found = WindowManager.getImage(title)
        if (found == null) throw new Failure("no open image is called \"$title\": give the title of an open label image")
        found
    }

    /** Number of ROIs that a zip will be appended to, so that names go on counting. */
    static int roiCount(ImagePlus imp, boolean clear) {
        if (clear) return 0
        (headless ? imp.overlay?.size() : RoiManager.instance2?.count) ?: 0
    }
}
