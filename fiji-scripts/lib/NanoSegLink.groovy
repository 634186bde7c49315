import groovy.transform.CompileStatic
import ij.ImagePlus
import ij.WindowManager
import ij.gui.Roi
import ij.gui.RoiListener
import ij.measure.ResultsTable
import ij.plugin.frame.RoiManager
import java.awt.event.MouseAdapter
import java.awt.event.MouseEvent

/**
 * ROI and table row stay together: a click on a row of the Results table selects its ROI, and the row of an ROI that
 * is selected is marked.
 *
 * The label in the row tells the ROI, whatever the table's order. ImageJ has one Results window at a time, whose list
 * of rows has one listener; one listener hears of all ROIs. Both end with what they listen to.
 */
@CompileStatic
class NanoSegLink extends MouseAdapter implements RoiListener {
    private static final String LISTENING = "nanoseg.link"
    private boolean clicked

    /** Listens to the Results window and to ROIs, once each, however often it is called. */
    static void install() {
        def panel = NanoSegRows.panel()
        if (panel == null) return
        def known = System.properties.get(LISTENING) as MouseAdapter
        if (known == null) {
            known = new NanoSegLink()
            System.properties.put(LISTENING, known)
            Roi.addRoiListener((RoiListener) known)
        }
        boolean there = panel.components.any { component -> component.mouseListeners.any { it.is(known) } }
        if (!there) panel.addMouseListener(known)
    }

    @Override void mouseReleased(MouseEvent event) {
        def panel = NanoSegRows.panel()
        if (panel == null || event.popupTrigger || event.metaDown || panel.selectionStart != panel.selectionEnd) return
        def row = panel.selectionStart
        def table = panel.resultsTable
        if (row < 0 || table == null || row >= table.size()) return
        clicked = true // what ImageJ tells of this selection must not move the mark to another row of the same label
        try {
            select(table.getLabel(row) ?: "")
        } finally {
            clicked = false
        }
    }

    /** Selects the ROI that a row's label names, on its image where that is open. */
    private static void select(String label) {
        for (int at = label.indexOf(':'); at >= 0; at = label.indexOf(':', at + 1)) {
            def image = WindowManager.getImage(label.substring(0, at))
            def name = label.substring(at + 1)
            if (image != null && image.window != null && !image.is(WindowManager.currentImage)) {
                WindowManager.setCurrentWindow(image.window)
                image.window.toFront()
            }
            def imp = image ?: WindowManager.currentImage
            if (imp == null) continue
            if (inManager(imp, name) || inOverlay(imp, name)) return
        }
    }

    private static boolean inManager(ImagePlus imp, String name) {
        def manager = RoiManager.rawInstance as RoiManager
        int count = manager == null ? 0 : manager.count
        for (int i = 0; i < count; i++) {
            if (manager.getName(i) != name) continue
            manager.selectAndMakeVisible(imp, i)
            return true
        }
        false
    }

    private static boolean inOverlay(ImagePlus imp, String name) {
        def roi = imp.overlay?.get(name)
        if (roi == null) return false
        if (imp.hyperStack && roi.hasHyperStackPosition()) imp.setPosition(roi.CPosition, roi.ZPosition, roi.TPosition)
        else if (roi.position > 0) imp.setSlice(roi.position)
        imp.setRoi((Roi) roi.clone())
        true
    }

    @Override void roiModified(ImagePlus imp, int id) {
        def name = id == CREATED && !clicked ? imp?.roi?.name : null
        def panel = name == null ? null : NanoSegRows.panel()
        def table = panel?.resultsTable
        if (table == null) return
        def label = imp.title + ":" + name
        int count = Math.min(table.size(), panel.lineCount)
        for (int row = 0; row < count; row++) {
            if (table.getLabel(row) != label) continue
            panel.setSelection(row, row)
            return
        }
    }
}
