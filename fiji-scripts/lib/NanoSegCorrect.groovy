import ij.IJ
import ij.ImagePlus
import ij.gui.Line
import ij.gui.Roi

/** Particles corrected by hand: split along a line, merged, drawn; and as labels for training. */
class NanoSegCorrect {
    /**
     * Changes particles of the slice that is shown as the selection, or the ROI Manager's, says.
     *
     * @param action split, merge or draw
     */
    static Map correct(ImagePlus imp, String action) {
        def rois = NanoSegRois.list(imp)
        def here = (0..<rois.size()).findAll { NanoSegRois.onSlice(imp, rois[it]) }
        def chosen = action == "draw" ?
            here.findAll { rois[it].area && !(rois[it].name ==~ /\d{4}-\d{5,9}/) } : NanoSegRois.selected().intersect(here)
        def line = imp.roi != null && imp.roi.line ? vertices(imp.roi) : null
        def response = NanoSeg.ask("correct", [
            image: NanoSeg.image(imp, false), rois: here ? NanoSegRois.zip(here.collect { rois[it] }) : null,
            selection: line == null ? NanoSeg.selection(imp) : null, start: NanoSegRois.count(rois),
            params: [action: action, x: line?.getAt(0), y: line?.getAt(1), selected: chosen.collect { here.indexOf(it) }],
        ])
        def removed = response.removed.collect { here[it as int] }
        def added = NanoSegResults.decode(response.rois as byte[])
        if (removed) added.each { // as those that they come from look
            it.strokeColor = rois[removed[0]].strokeColor
            it.fillColor = rois[removed[0]].fillColor
        }
        def linked = NanoSegRows.byRoi(imp)
        // a drawn particle gets a row where others here have one: itself it has none yet
        boolean rows = (action == "draw" ? here : removed).any { linked.containsKey(rois[it].name) }
        NanoSegEdits.change(imp, "$action particle", removed, added, rows ? response.table as Map : null)
        response
    }

    /** Vertices of a line selection, x and y; pixel centres are at whole numbers. */
    private static List<double[]> vertices(Roi roi) {
        if (roi instanceof Line) return [[roi.x1d, roi.x2d] as double[], [roi.y1d, roi.y2d] as double[]]
        def points = roi.interpolatedPolygon // a spline as it is drawn
        [Arrays.copyOf(points.xpoints, points.npoints) as double[], Arrays.copyOf(points.ypoints, points.npoints) as double[]]
    }

    /** Writes image and labels into a training folder, of the selected part where there is an area selection. */
    static Map collect(ImagePlus imp, String folder, String name, boolean stack, boolean overwrite) {
        NanoSeg.roiZip(imp) // says what is missing
        def rois = NanoSegRois.list(imp).findAll { stack || NanoSegRois.onSlice(imp, it) }
        if (!rois) throw new NanoSeg.Failure("no ROI lies on this slice: add ROIs first, or give stack=true")
        def response = NanoSeg.ask("training_pairs", [
            image: NanoSeg.image(imp, stack), rois: NanoSegRois.zip(rois), selection: NanoSeg.selection(imp),
            output: folder, overwrite: overwrite, params: [name: name],
        ])
        IJ.log("NanoSeg: ${response.count} particles of \"$imp.title\" added: ${response.files.join(', ')}")
        response
    }
}
