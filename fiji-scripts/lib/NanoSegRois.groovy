import ij.ImagePlus
import ij.gui.Overlay
import ij.gui.Roi
import ij.io.RoiEncoder
import ij.plugin.frame.RoiManager
import java.awt.EventQueue
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream

/** The set of ROIs that commands work on: the ROI Manager's, and where there is no display the image's overlay. */
class NanoSegRois {
    /** Property of the ROIs that only show something, such as an error; they belong to no set. */
    static final String SHOWN_ONLY = "outcome"

    /** The ROIs, under the names that the ROI Manager lists. */
    static List<Roi> list(ImagePlus imp) {
        if (NanoSeg.headless) return (imp?.overlay?.toArray() ?: []).findAll { it.getProperty(SHOWN_ONLY) == null }
        def manager = RoiManager.instance2
        if (manager == null) return []
        def rois = manager.roisAsArray as List<Roi>
        rois.eachWithIndex { roi, i -> if (roi.name != manager.getName(i)) roi.name = manager.getName(i) }
        rois
    }

    /** Indices of the ROIs that are selected in the ROI Manager. */
    static List<Integer> selected() { (NanoSeg.headless ? null : RoiManager.instance2?.selectedIndexes as List) ?: [] }

    /**
     * Puts ROIs in the place of those there are, with their names, all at once.
     *
     * One by one, the ROI Manager would paint the image anew for each, and race with the painting thread.
     */
    static void replace(ImagePlus imp, List<Roi> rois) {
        if (NanoSeg.headless) {
            def overlay = imp.overlay ?: new Overlay()
            def others = overlay.toArray().findAll { it.getProperty(SHOWN_ONLY) != null }
            overlay.clear()
            (rois + others).each { overlay.add(it) }
            imp.setOverlay(overlay)
            return
        }
        def manager = RoiManager.instance2 ?: RoiManager.roiManager
        onEventThread {
            boolean shown = imp?.canvas?.showAllList != null
            manager.reset()
            rois.each { manager.add((ImagePlus) null, it, -1) }
            if (!shown || !rois) return
            def selection = imp.roi
            manager.runCommand("Show All") // removes the selection
            if (selection != null) imp.setRoi(selection, true)
        }
    }

    private static void onEventThread(Runnable work) {
        if (EventQueue.dispatchThread) work.run()
        else EventQueue.invokeAndWait(work)
    }

    /** ROIs as an ImageJ ROI zip. */
    static byte[] zip(List<Roi> rois) {
        def bytes = new ByteArrayOutputStream()
        def names = [] as Set
        new ZipOutputStream(bytes).withCloseable { zip ->
            def encoder = new RoiEncoder(zip)
            rois.eachWithIndex { roi, i ->
                def name = roi.name ?: String.format("%05d", i + 1)
                zip.putNextEntry(new ZipEntry((names.add(name) ? name : "$name-${i + 1}") + ".roi"))
                encoder.write(roi)
            }
        }
        bytes.toByteArray()
    }

    /** Number that names of new ROIs go on counting from: that of ROIs, or the highest in a name where some are gone. */
    static int count(List<Roi> rois) {
        rois.inject(rois.size()) { most, roi ->
            def number = roi.name =~ /^\d{4}-(\d{5,9})$/
            number.find() ? Math.max(most, number.group(1) as int) : most
        } as int
    }

    /** Whether an ROI lies on the slice that is shown; without a position, its name or else the first slice tells. */
    static boolean onSlice(ImagePlus imp, Roi roi) {
        if (imp.stackSize == 1) return true
        if (roi.hasHyperStackPosition())
            return [[roi.CPosition, imp.channel], [roi.ZPosition, imp.slice], [roi.TPosition, imp.frame]].every { mine, shown ->
                mine in [0, shown]
            }
        def digits = roi.name =~ /^(\d{4})-/
        (roi.position ?: (digits.find() ? digits.group(1) as int : 1)) == imp.currentSlice
    }
}
