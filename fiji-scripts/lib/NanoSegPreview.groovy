import ij.ImagePlus
import ij.gui.GenericDialog
import ij.gui.Overlay
import ij.gui.Roi
import ij.plugin.frame.Recorder
import java.awt.AWTEvent
import java.awt.Color
import java.awt.EventQueue
import java.util.concurrent.ScheduledThreadPoolExecutor
import java.util.concurrent.ThreadFactory
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import java.util.function.Consumer

/**
 * Outlines of a crop, on the image while a dialog is open; made in the background, and gone without a trace with it.
 *
 * A later request stops an earlier one: what is shown is what the dialog says now.
 */
class NanoSegPreview implements Closeable {
    /** What the service takes of a dialog's values. */
    static final List<String> PARAMS = ["model", "diameter", "pixel", "split", "tolerance", "min_ecd", "max_ecd",
        "min_score", "exclude_edges", "crop_bottom", "device"]
    private static final Color OUTLINE = new Color(0x00E5FF)
    private static final long PAUSE = 300 // ms without another change, so that typing a number asks once

    private final ImagePlus imp
    private final Consumer<String> say
    private final Overlay before
    private final boolean hidden
    private final AtomicInteger latest = new AtomicInteger()
    private final ScheduledThreadPoolExecutor background
    private Map shown
    private boolean painted

    /** @param say is told in a line what is seen, on AWT's thread */
    NanoSegPreview(ImagePlus imp, Consumer<String> say) {
        this.imp = imp
        this.say = say
        before = imp.overlay
        hidden = imp.hideOverlay
        background = new ScheduledThreadPoolExecutor(1, { new Thread(it, "NanoSeg preview").tap { daemon = true } } as ThreadFactory)
        background.executeExistingDelayedTasksAfterShutdownPolicy = false
    }

    /** Shows what these values give, soon; returns at once. */
    void show(Map values) {
        if (values == shown) return
        shown = values
        int mine = latest.incrementAndGet()
        background.schedule({ look(mine, values) } as Runnable, PAUSE, TimeUnit.MILLISECONDS)
    }

    /** Takes the outlines away. */
    void hide() {
        shown = null
        latest.incrementAndGet()
        restore()
        say.accept("")
    }

    /** Takes the outlines away for good. */
    @Override void close() {
        background.shutdown() // no interrupt: the worker of the service would take it for its own end
        synchronized (latest) {
            latest.incrementAndGet()
            restore()
        }
    }

    private void look(int mine, Map values) {
        if (mine != latest.get()) return
        tell(mine, "preview: looking ...")
        try {
            int slice = NanoSeg.slices(imp, false, (values.channel ?: 0) as int)[0]
            def response = NanoSeg.service().apply([command: "preview", image: NanoSeg.image(imp, [slice]),
                selection: NanoSeg.selection(imp, false), colour: values.colour,
                params: values.subMap(PARAMS)].findAll { it.value != null }, new Superseded(this, mine))
            if (response.status == "ok") later(mine) { paint(response) }
            else if (response.status == "error") tell(mine, response.error as String)
        } catch (Throwable problem) {
            tell(mine, problem.message ?: problem.class.simpleName)
        }
    }

    private void paint(Map response) {
        def overlay = before?.duplicate() ?: new Overlay()
        NanoSegResults.decode(response.rois as byte[]).each { roi ->
            if (roi.strokeColor == null) roi.strokeColor = OUTLINE
            roi.position = 0
            overlay.add(roi)
        }
        def (x, y, width, height) = response.box as List<Integer>
        def frame = new Roi(x, y, width, height)
        frame.strokeColor = Color.YELLOW
        overlay.add(frame)
        painted = true
        imp.overlay = overlay
        double diameter = response.diameter as double
        def size = diameter > 0 ? String.format(", diameter %.4g %s", diameter, response.unit) : ""
        say.accept("preview: $response.count ${response.count == 1 ? "particle" : "particles"} in the frame$size")
    }

    private void restore() {
        if (!painted) return
        painted = false
        imp.overlay = before
        imp.hideOverlay = hidden
    }

    private void tell(int mine, String text) { later(mine) { say.accept(text) } }

    /** On AWT's thread, unless there is a later request by then. */
    private void later(int mine, Runnable work) {
        EventQueue.invokeLater {
            synchronized (latest) { if (mine == latest.get()) work.run() }
        }
    }

    /** What the service asks while it works on a preview. */
    static class Superseded {
        private final NanoSegPreview preview
        private final int mine

        Superseded(NanoSegPreview preview, int mine) {
            this.preview = preview
            this.mine = mine
        }

        void progress(double fraction, String message) { }

        boolean cancelled() { mine != preview.latest.get() }
    }

    /**
     * Lets the user adjust values under a preview, in a dialog of its own: SciJava's dialogs, Fiji's, have none.
     *
     * @param shown colour and channel of what is shown
     * @return the values as adjusted
     */
    static Map adjust(ImagePlus imp, Map values, Map shown) {
        def keys = values.keySet() as List<String>
        def dialog = new GenericDialog("Segment Particles: Preview")
        keys.each { key ->
            def value = values[key]
            if (value instanceof Boolean) dialog.addCheckbox(key, value)
            else if (value instanceof Number) dialog.addNumericField(key, value as double, value == Math.rint(value as double) ? 0 : 4, 8, "")
            else dialog.addStringField(key, value as String, 20)
        }
        dialog.addMessage(" " * 70)
        def said = dialog.message
        def read = {
            keys.collectEntries { key ->
                def value = values[key]
                [key, value instanceof Boolean ? dialog.nextBoolean : !(value instanceof Number) ? dialog.nextString :
                    value instanceof Integer ? dialog.nextNumber as int : dialog.nextNumber]
            }
        }
        def preview = new NanoSegPreview(imp, { said.text = it })
        Recorder.suspendRecording()
        try {
            dialog.addDialogListener { GenericDialog source, AWTEvent event -> preview.show(shown + read()); true }
            preview.show(shown + values)
            dialog.showDialog()
            if (dialog.wasCanceled()) throw new NanoSeg.Cancelled()
            read()
        } finally {
            Recorder.resumeRecording()
            preview.close()
        }
    }
}
