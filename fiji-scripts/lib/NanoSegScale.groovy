import ij.IJ
import ij.ImagePlus
import ij.Macro
import ij.gui.GenericDialog
import ij.gui.Overlay
import ij.gui.Roi
import ij.plugin.frame.Recorder
import java.awt.Color

/** Setting an image's scale to what was found: shown, confirmed, applied to this image alone. */
class NanoSegScale {
    private static final String HELP = "<html><body style='width: 400px'><p>Compare with the image, and put right what is " +
        "wrong. OK sets the scale of this image alone; Cancel changes nothing.</p><p><b>length</b>, <b>unit</b>: what is printed " +
        "beside the bar, or the width of a pixel<br><b>distance</b>: length of the bar in pixels, between its ends</p><p>A " +
        "level bar tells the width of a pixel alone: where pixels were not square before, their ratio stays.</p></body></html>"

    /** Refuses what must not happen: a scale that nobody has seen, or that ImageJ would not use. */
    static void check(ImagePlus imp, boolean confirm) {
        if (confirm && (NanoSeg.headless || IJ.macro || Macro.options != null))
            throw new NanoSeg.Failure("no scale was set: a macro has nobody to confirm it, give confirm=false to set it")
        if (imp.globalCalibration != null)
            throw new NanoSeg.Failure("a global scale hides that of the image: switch \"Global\" off in Analyze > Set Scale... first")
    }

    /** The image's file; null where it has none, or is a stack made of several. */
    static String path(ImagePlus imp) {
        def info = imp.originalFileInfo
        if (info == null || !info.directory || !info.fileName) return null
        def file = new File(info.directory, info.fileName)
        file.file ? file.path : null
    }

    /** Sets the scale, after the user has seen it and could put it right where `confirm` says so. */
    static void set(ImagePlus imp, Map response, boolean confirm) {
        def scale = response.scale as Map
        double width = scale.pixel_width as double, height = scale.pixel_height as double
        def unit = scale.pixel_unit as String
        if (confirm) (width, height, unit) = ask(imp, scale, response.messages as List)
        if (!(width > 0 && height > 0) || !unit)
            throw new NanoSeg.Failure("no scale was set: the label of the scale bar could not be read, give length and unit")
        def cal = imp.calibration.copy()
        if (cal.pixelDepth == 1.0d) cal.pixelDepth = width // as Set Scale does
        cal.pixelWidth = width
        cal.pixelHeight = height
        cal.unit = unit
        imp.setCalibration(cal)
        imp.repaintWindow()
        def size = Math.abs(height / width - 1) > 1e-3 ? "${IJ.d2s(width, 6)} x ${IJ.d2s(height, 6)}" : IJ.d2s(width, 6)
        IJ.log("NanoSeg: scale of \"$imp.title\": $size $unit per pixel, from the $scale.origin")
    }

    /** The dialog; gives width, height and unit of a pixel. The bar is marked meanwhile. */
    private static List ask(ImagePlus imp, Map scale, List notes) {
        boolean bar = scale.bar_pixels > 0
        def overlay = imp.overlay
        if (bar) mark(imp, scale)
        try {
            def dialog = new GenericDialog("Set Scale")
            dialog.addMessage(bar ? "Scale bar found: ${IJ.d2s(scale.bar_pixels as double, 1)} pixels (marked in the image)" :
                "Pixel size found: $scale.origin")
            if (bar) dialog.addNumericField("length (as printed beside the bar)", number(scale.length), digits(scale.length, 4), 8, "")
            else dialog.addNumericField("length (width of a pixel)", scale.pixel_width as double, digits(scale.pixel_width, 6), 12, "")
            dialog.addStringField("unit", (bar ? scale.length_unit : scale.pixel_unit) as String, 6)
            if (bar) dialog.addNumericField("distance (px, length of the bar)", scale.bar_pixels as double, 1, 8, "px")
            if (bar && scale.length > 0) notes = ["confidence ${IJ.d2s(scale.confidence as double, 2)}: compare with the image"] + notes
            if (notes) dialog.addMessage(notes.join("\n"))
            dialog.addHelp(HELP)
            dialog.showDialog()
            if (dialog.wasCanceled()) throw new NanoSeg.Cancelled()
            Recorder.setCommand("Set Scale...") // the command that asks has keys of these names, too
            double length = dialog.nextNumber
            def unit = dialog.nextString.trim()
            double pixels = bar ? dialog.nextNumber : 1
            if (!(length > 0 && pixels > 0) || !unit)
                throw new NanoSeg.Failure("no scale was set: give a length greater than 0 and its unit")
            double size = length / pixels, ratio = scale.aspect as double
            record(pixels, length, unit, ratio)
            return [size, size * ratio, unit]
        } finally {
            imp.setOverlay(overlay)
        }
    }

    private static double number(Object value) { value > 0 ? value as double : 0 }

    private static int digits(Object value, int most) { value == Math.rint(value as double) ? 0 : most }

    /** A frame around the bar, in an overlay that is there only as long as the dialog. */
    private static void mark(ImagePlus imp, Map scale) {
        def marked = imp.overlay == null ? new Overlay() : imp.overlay.duplicate()
        def frame = new Roi(scale.bar_left - 2 as double, scale.bar_top - 2 as double,
            scale.bar_pixels + 4 as double, scale.bar_bottom - scale.bar_top + 4 as double)
        frame.strokeColor = Color.magenta
        marked.add(frame)
        imp.setOverlay(marked)
    }

    /** What was confirmed is recorded as ImageJ's own command, with the numbers that were seen. */
    private static void record(double pixels, double length, String unit, double ratio) {
        if (!Recorder.record) return
        def keys = "distance=${IJ.d2s(pixels, 4)} known=${IJ.d2s(length, 8)} pixel=${IJ.d2s(ratio, 6)} unit=$unit"
        Recorder.setCommand("Set Scale...")
        keys.split(" ").each { key -> key.split("=", 2).with { Recorder.recordOption(it[0], it[1]) } }
    }
}
