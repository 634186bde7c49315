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
    static class Cancelled extends RuntimeException {
        Cancelled(String message = null) { super(message ?: "cancelled, nothing was kept") }
    }

    /** Ends a command with a message; for Jython, which wraps what it raises itself. */
    static void refuse(String message) { throw new Failure(message) }

    /** What the service reports to, and asks, while it works; the status bar says how long it will still take. */
    static class Monitor {
        private final long started = System.nanoTime()

        void progress(double fraction, String message) {
            double left = (System.nanoTime() - started) * 1e-9 * (1 - fraction) / Math.max(fraction, 1e-9)
            boolean silent = fraction < 0.05 || left < 2 || message.contains(" left: ") // a batch knows better
            IJ.showStatus("NanoSeg: " + message + (silent ? "" : ", ${NanoSeg.duration(left)} left"))
            IJ.showProgress(fraction)
        }

        boolean cancelled() { IJ.escapePressed() }
    }

    static boolean isHeadless() { GraphicsEnvironment.isHeadless() }

    /** A time in seconds as people say it. */
    static String duration(double seconds) {
        seconds < 90 ? String.format("%.${seconds < 10 ? 1 : 0}f s", seconds) : "${Math.round(seconds / 60)} min"
    }

    /**
     * The macro that called the command on this thread, or null.
     *
     * On a thread of ImageJ's own, a macro that did not call it may wait meanwhile, and is none of the command's; a
     * thread of SciJava's (in Fiji) does not tell who waits for it.
     */
    static Interpreter caller() {
        boolean called = Thread.currentThread().stackTrace.any { it.className == Interpreter.name }
        called || !onImageJThread() ? Interpreter.instance : null
    }

    private static boolean onImageJThread() { Thread.currentThread().name.startsWith('Run$_') }

    // ---- The frame of a command ----

    /** Runs a command on the active image, which is an error where there is none. */
    static void run(ImagePlus imp, Callable<Map> work) { run(imp, true, work) }

    /** Runs a command; `work` returns the service's response. The image, where there is one, is locked meanwhile. */
    static void run(ImagePlus imp, boolean imageNeeded, Callable<Map> work) {
        Throwable problem = null
        boolean locked = false
        def before = WindowManager.tempCurrentImage
        def caller = NanoSeg.caller()
        long started = System.nanoTime()
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
            def response = work.call()
            int count = response.count as int
            state("ok", "", count)
            def done = response.rois ? "$count ${count == 1 ? "particle" : "particles"}" : "done"
            IJ.showStatus("NanoSeg: $done in ${duration((System.nanoTime() - started) * 1e-9)}")
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
            IJ.showStatus("NanoSeg: $problem.message")
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
        if (headless || (caller != null && Interpreter.batchMode)) {
            IJ.log("NanoSeg: " + message)
            stopMacro(message, caller)
            return
        }
        if (caller == null && onImageJThread()) {
            IJ.showMessage("NanoSeg", message) // IJ.error would end a macro that has nothing to do with it
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
        if (caller != null || !onImageJThread()) Macro.abort()
    }

    /** The class NanoSeg<name> of this folder, for scripts, which see this class alone. */
    static Class part(String name) { NanoSeg.classLoader.loadClass("NanoSeg" + name) }

    /** Lets the user adjust values under a preview, where there is a user: not headless, not in macros. */
    static Map adjusted(ImagePlus imp, Map values, Map shown) {
        headless || Interpreter.instance != null ? values : NanoSegPreview.adjust(imp, values, shown)
    }

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
        if (response.status == "cancelled") throw new Cancelled(response.error as String)
        if (response.status != "ok") throw new Failure(response.error as String)
        response.messages.each { IJ.log("NanoSeg: $it") }
        response
    }

    /**
     * Stack indices of the slices to work on: the one shown, or all of a channel.
     *
     * @param channel from 1; 0 is the one shown
     * @param zs slices (z) such as "2-5, 8"; empty: all of a stack, else the one shown
     * @param ts frames, in the same way
     */
    static List<Integer> slices(ImagePlus imp, boolean stack, int channel = 0, String zs = "", String ts = "") {
        if (channel > imp.NChannels)
            throw new Failure("channel=$channel is not in \"$imp.title\", which has $imp.NChannels")
        if (!stack && !channel && !zs && !ts) return [imp.currentSlice]
        def z = zs ? numbers("slices", zs, imp.NSlices) : stack ? 1..imp.NSlices : [imp.slice]
        def t = ts ? numbers("frames", ts, imp.NFrames) : stack ? 1..imp.NFrames : [imp.frame]
        [t as List, z as List].combinations().sort().collect { frame, slice ->
            imp.getStackIndex(channel ?: imp.channel, slice, frame)
        }
    }

    /** The numbers that a text such as "2-5, 8" means, each once, in ascending order. */
    private static List<Integer> numbers(String key, String text, int most) {
        def found = new TreeSet<Integer>()
        text.split(/[,;\s]+/).findAll().each { part ->
            def ends = part ==~ /\d{1,6}(-\d{1,6})?/ ? part.split("-")*.toInteger() : [0]
            int first = ends[0], last = ends[-1]
            if (first < 1 || last < first || last > most)
                throw new Failure("$key=$text: \"$part\" is no range within 1-$most, such as 2-5")
            found.addAll(first..last)
        }
        found as List
    }

    /** The request's image: pixels as stored, or calibrated grey values; never as LUT or display range show them. */
    static Map image(ImagePlus imp, boolean stack) { image(imp, slices(imp, stack)) }

    /** The request's image, of the slices with these stack indices; only slices of a hyperstack have positions. */
    static Map image(ImagePlus imp, List<Integer> indices) {
        def cal = imp.calibration
        boolean hyper = imp.hyperStack || imp.NChannels > 1
        [pixels: pixels(imp, indices, cal.calibrated() ? cal.CTable : null), shape: [imp.height, imp.width],
         rgb: imp.bitDepth == 24, name: imp.title,
         pixel_width: cal.pixelWidth, pixel_height: cal.pixelHeight, unit: cal.unit,
         positions: hyper ? indices.collect { imp.convertIndexToPosition(it) as List } : null, slices: indices]
            .findAll { it.value != null }
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
    static byte[] selection(ImagePlus imp, boolean say = true) {
        def roi = imp.roi
        if (roi == null) return null
        if (!roi.area) {
            def kind = roi.typeAsString.toLowerCase()
            if (say) IJ.log("NanoSeg: the $kind selection is ignored: only an area selection limits the work")
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
