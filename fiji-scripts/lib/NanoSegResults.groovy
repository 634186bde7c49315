import groovy.transform.CompileStatic
import ij.IJ
import ij.ImagePlus
import ij.ImageStack
import ij.WindowManager
import ij.gui.Overlay
import ij.gui.Roi
import ij.io.RoiDecoder
import ij.macro.Interpreter
import ij.measure.ResultsTable
import ij.plugin.frame.Recorder
import ij.plugin.frame.RoiManager
import ij.process.FloatProcessor
import ij.process.ImageProcessor
import ij.process.LUT
import ij.process.ShortProcessor
import java.awt.Color
import java.util.zip.ZipInputStream

/** The way of a response into ImageJ: ROI Manager, overlay, tables, label image, info. */
class NanoSegResults {
    static final String SUMMARY = "NanoSeg Summary"

    /**
     * Shows a response; the image stays the active one.
     *
     * @param where any of clear, manager, overlay, label_image, results, summary, output (where the files are) and
     *        slices (the stack indices of what was worked on; all of a channel by default)
     */
    static void show(ImagePlus imp, Map response, Map where) {
        boolean standIn = where.manager && NanoSeg.headless && !where.output
        if (standIn) IJ.log("NanoSeg: the ROI Manager needs a display: the ROIs are the overlay of \"$imp.title\"")
        Recorder.suspendRecording()
        try {
            if (where.label_image) toLabelImage(imp, response, where.slices as List<Integer>) // first: it can fail
            if (where.manager && !NanoSeg.headless) toManager(imp, response.rois as byte[], where.clear as boolean)
            if (where.overlay || standIn) toOverlay(imp, response.rois as byte[], where.clear as boolean)
            if (where.results) toResults(response.table as Map, where.clear as boolean)
            if (where.summary) toSummary(response, SUMMARY)
            note(imp, response.provenance as Map)
            if (WindowManager.getImage(imp.ID) != null) IJ.selectWindow(imp.ID) // in front of what was opened
        } finally {
            Recorder.resumeRecording()
        }
    }

    /** One zip: 10,000 calls of addRoi take three times as long and race with the painting thread. */
    static void toManager(ImagePlus imp, byte[] zip, boolean clear) {
        def manager = RoiManager.instance2
        boolean opened = manager == null
        if (opened) manager = RoiManager.roiManager
        if (clear) manager.reset()
        if (zip.length == 0) return
        def file = File.createTempFile("nanoseg", ".zip")
        try {
            file.bytes = zip
            if (!manager.open(file.path))
                throw new NanoSeg.Failure("the ROI Manager cannot read the ROI set: $manager.errorMessage")
        } finally {
            file.delete()
        }
        if (!opened || Interpreter.batchMode) return
        def selection = imp.roi
        manager.runCommand("Show All") // removes the selection
        if (selection != null) imp.setRoi(selection, true)
    }

    static void toOverlay(ImagePlus imp, byte[] zip, boolean clear) {
        def overlay = clear || imp.overlay == null ? new Overlay() : imp.overlay
        decode(zip).each { overlay.add(it) }
        imp.setOverlay(overlay)
    }

    /** The ROIs of an ImageJ ROI zip. */
    @CompileStatic
    static List<Roi> decode(byte[] zip) {
        def input = new ZipInputStream(new ByteArrayInputStream(zip))
        def rois = new ArrayList<Roi>()
        for (def entry = input.nextEntry; entry != null; entry = input.nextEntry)
            rois.add(new RoiDecoder(input.readAllBytes(), entry.name.replaceFirst(/\.roi$/, "")).roi)
        rois
    }

    /** Appends to the Results table, column by column, with ImageJ's column numbers, so that "Measure" goes on in it. */
    @CompileStatic
    static void toResults(Map table, boolean clear) {
        def results = ResultsTable.resultsTable
        if (clear) {
            results.reset()
            NanoSegRows.panel()?.clear() // where one row more is shown than was, ImageJ adds the last alone
        }
        int first = results.size()
        if (first == 0) results.setDefaultHeadings()
        def labels = (List) table.get("labels")
        for (int row = 0; row < labels.size(); row++) {
            results.addRow()
            results.setLabel((String) labels.get(row), first + row)
        }
        // Where only one of old and new rows has a column, the other gets NaN: ImageJ's 0 would pass for a measurement.
        for (int column = 0; column <= results.lastColumn; column++)
            if (results.columnExists(column)) fill(results, column, first, labels.size(), Double.NaN)
        for (Object each : (List) table.get("columns")) {
            def name = (String) ((Map) each).get("name")
            def values = ((Map) each).get("values")
            boolean isNew = !results.columnExists(name)
            int column = results.getColumnIndex(name)
            if (column == ResultsTable.COLUMN_NOT_FOUND) column = results.getFreeColumn(name)
            if (isNew) fill(results, column, 0, first, Double.NaN)
            if (values instanceof double[])
                for (int row = 0; row < labels.size(); row++)
                    results.setValue(column, first + row, ((double[]) values)[row])
            else
                for (int row = 0; row < labels.size(); row++)
                    results.setValue(column, first + row, (String) ((List) values).get(row))
        }
        results.show("Results")
        NanoSegLink.install()
    }

    @CompileStatic
    private static void fill(ResultsTable results, int column, int from, int count, double value) {
        for (int row = from; row < from + count; row++) results.setValue(column, row, value)
    }

    /** A row of the summary; where there is no display, its text in the log. */
    static void toSummary(Map response, String title) {
        if (NanoSeg.headless) {
            response.summary_text.readLines().each { IJ.log(it) }
            return
        }
        def table = ResultsTable.getResultsTable(title) ?: new ResultsTable()
        table.addRow()
        response.summary.each { name, value ->
            if (value instanceof Number) table.addValue(name as String, value as double)
            else if (value instanceof CharSequence) table.addValue(name as String, value as String)
        }
        table.show(title)
        response.summary.warnings?.each { IJ.log("NanoSeg: $response.summary.image: $it") }
    }

    /** Label image beside the source: 16-bit up to 65,535 labels, 32-bit float above (exact to 2^24). */
    static void toLabelImage(ImagePlus imp, Map response, List<Integer> slices = null) {
        def labels = response.labels as int[]
        int largest = max(labels)
        if (largest > 1 << 24)
            throw new NanoSeg.Failure("label $largest does not fit a 32-bit image: labels go up to ${1 << 24}")
        def stack = new ImageStack(imp.width, imp.height)
        int size = imp.width * imp.height
        for (int from = 0; from < labels.length; from += size)
            stack.addSlice(processor(Arrays.copyOfRange(labels, from, from + size), imp.width, imp.height, largest > 65535))
        def image = new ImagePlus(imp.title.replaceFirst(/\.\w+$/, "") + "-labels", stack)
        if (stack.size() > 1) {
            def places = slices?.collect { imp.convertIndexToPosition(it) }
            def counts = [1, 2].collect { axis -> places*.getAt(axis)?.unique()?.size() }
            image.setDimensions(1, counts[0] ?: imp.NSlices, counts[1] ?: imp.NFrames)
        }
        image.openAsHyperStack = imp.hyperStack && stack.size() > 1
        image.calibration = imp.calibration.copy()
        image.calibration.disableDensityCalibration()
        image.getProcessor().lut = colours()
        image.setDisplayRange(0, Math.max(255, largest))
        note(image, response.provenance as Map)
        image.show()
    }

    @CompileStatic
    private static int max(int[] values) {
        int found = 0
        for (int value : values) if (value > found) found = value
        found
    }

    @CompileStatic
    private static ImageProcessor processor(int[] labels, int width, int height, boolean wide) {
        if (wide) return new FloatProcessor(width, height, labels)
        def values = new short[labels.length]
        for (int i = 0; i < values.length; i++) values[i] = (short) labels[i]
        new ShortProcessor(width, height, values, null)
    }

    /** Black for background, then hues that go round by the golden ratio, so that neighbours differ. */
    private static LUT colours() {
        byte[] red = new byte[256], green = new byte[256], blue = new byte[256]
        for (int i = 1; i < 256; i++) {
            def colour = Color.getHSBColor((i * 0.618034) as float, i % 2 ? 0.6f : 0.9f, 1f)
            red[i] = colour.red
            green[i] = colour.green
            blue[i] = colour.blue
        }
        new LUT(red, green, blue)
    }

    /** Provenance in the image's info, in place of that of an earlier run. */
    static void note(ImagePlus imp, Map provenance) {
        def kept = ((imp.getProperty("Info") ?: "") as String).readLines().findAll { !it.startsWith("nanoseg.") }
        imp.setProperty("Info", (kept + lines("nanoseg", provenance)).join("\n") + "\n")
    }

    private static List<String> lines(String name, Object value) {
        value instanceof Map ? value.collectMany { key, part -> lines("$name.$key", part) } :
            ["$name: $value" as String]
    }
}
