import ij.IJ
import ij.ImagePlus
import ij.WindowManager
import ij.gui.Overlay

/** *Evaluate Against ROIs...*: where the two sets of particles come from, and the errors as overlay. */
class NanoSegTruth {
    static final String TITLE = "NanoSeg Evaluation"

    /**
     * Judges one set of particles against another.
     *
     * @param predicted empty for the ROI Manager, the title of an open label image, or a file with ROIs or labels
     * @param truth the same
     */
    static Map evaluate(ImagePlus imp, String predicted, String truth, Map where) {
        def known = source(imp, predicted, where.stack as boolean)
        def other = source(imp, truth, where.stack as boolean)
        if (known.keySet() == ["rois"] as Set && other.keySet() == ["rois"] as Set)
            throw new NanoSeg.Failure("predicted and truth are both the ROI Manager: give truth a file or a label image")
        def response = NanoSeg.ask("evaluate", [
            image: NanoSeg.image(imp, where.stack as boolean), output: where.output ?: null, overwrite: where.overwrite,
            params: [predicted: predicted ?: "ROI Manager", truth: truth ?: "ROI Manager"],
        ] + known + other.collectEntries { key, value -> ["truth_" + key, value] })
        if (where.overlay) toOverlay(imp, response.rois as byte[])
        NanoSeg.showSummary(response, TITLE)
        IJ.selectWindow(imp.ID)
        response
    }

    /** A set of particles for the service: rois, labels or path. */
    private static Map source(ImagePlus imp, String text, boolean stack) {
        if (!text) {
            NanoSeg.roiZip(imp) // says what is missing
            def rois = NanoSegRois.list(imp).findAll { stack || NanoSegRois.onSlice(imp, it) }
            if (!rois) throw new NanoSeg.Failure("no ROI lies on this slice: give stack=true to judge all")
            return [rois: NanoSegRois.zip(rois)]
        }
        def image = WindowManager.getImage(text)
        if (image == null && new File(text).file) return [path: new File(text).absolutePath]
        if (image == null)
            throw new NanoSeg.Failure("\"$text\" is neither an open image nor a file: give a title, a path, or nothing for the ROI Manager")
        boolean fits = image.width == imp.width && image.height == imp.height && (!stack || image.stackSize == imp.stackSize)
        if (!fits) throw new NanoSeg.Failure("\"$text\" is not of the size of \"$imp.title\": give labels of this image")
        [labels: NanoSeg.labels(image, stack)]
    }

    /** The particles in the colours of what became of them, in the place of those of an earlier time. */
    private static void toOverlay(ImagePlus imp, byte[] zip) {
        def overlay = imp.overlay ?: new Overlay()
        def kept = overlay.toArray().findAll { it.getProperty(NanoSegRois.SHOWN_ONLY) == null }
        overlay.clear()
        kept.each { overlay.add(it) }
        NanoSegResults.decode(zip).each { roi ->
            def outcome = roi.getProperty(NanoSegRois.SHOWN_ONLY)
            roi.name = "$outcome: ${roi.getProperty("side")} ${roi.getProperty("label")}"
            if (outcome != "match") roi.strokeWidth = 2 // errors stand out
            overlay.add(roi)
        }
        imp.setOverlay(overlay)
    }
}
