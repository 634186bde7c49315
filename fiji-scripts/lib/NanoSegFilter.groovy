import ij.IJ
import ij.ImagePlus
import ij.gui.Roi

/** *Filter Particles...*: which ROIs, and their rows, are kept. */
class NanoSegFilter {
    /** Column of the table that each limit is about. */
    private static final Map<String, String> COLUMNS = [
        area: "Area", ecd: "ECD", circularity: "Circ.", aspect_ratio: "AR", solidity: "Solidity", score: "Score",
    ]

    /**
     * Removes the ROIs that do not lie within the limits, and their rows.
     *
     * @param limits min_NAME and max_NAME for each of the columns, 0 for no limit
     * @param edges whether particles at the edge of the frame are removed
     * @param invert whether those that would be kept are removed instead
     */
    static Map filter(ImagePlus imp, Map<String, Double> limits, boolean edges, boolean invert) {
        COLUMNS.keySet().each {
            if (limits["max_$it".toString()] && limits["max_$it".toString()] < limits["min_$it".toString()])
                throw new NanoSeg.Failure("max_$it is below min_$it: swap them")
        }
        def rois = NanoSegRois.list(imp)
        if (!rois) NanoSeg.roiZip(imp) // says what is missing
        def values = values(imp, rois)
        def removed = [], judged = 0, unknown = 0
        rois.eachWithIndex { roi, i ->
            if (values[i] == null) return
            judged++
            boolean lacking = false
            boolean within = COLUMNS.every { name, column ->
                double low = limits["min_$name".toString()], high = limits["max_$name".toString()], value = values[i][column]
                if (!low && !high) return true
                lacking |= Double.isNaN(value)
                Double.isNaN(value) || (value >= low && (!high || value <= high))
            } && !(edges && values[i].Edge == 1)
            if (lacking) unknown++
            if (within == invert && !(lacking && within)) removed << i
        }
        if (judged < rois.size())
            IJ.log("NanoSeg: ${rois.size() - judged} ROIs that are no particles of this image were kept")
        if (unknown) IJ.log("NanoSeg: $unknown particles have no score, or another value that was asked for: it was not looked at")
        if (removed) NanoSegEdits.change(imp, "Filter Particles", removed, [], null)
        [count: judged - removed.size()]
    }

    /** Values by column of each ROI: from its row in the table, else measured; null for what has no area or pixels here. */
    private static List<Map<String, Double>> values(ImagePlus imp, List<Roi> rois) {
        def linked = NanoSegRows.byRoi(imp)
        def needed = (COLUMNS.values() as List) + "Edge"
        def found = rois.collect { roi ->
            def row = linked[roi.name]?.find { !Double.isNaN(NanoSegRows.value("ECD", it)) }
            row == null ? null : needed.collectEntries { [it, NanoSegRows.value(it, row)] }
        }
        def missing = (0..<rois.size()).findAll { found[it] == null && rois[it].area }
        if (missing) measured(imp, missing.collect { rois[it] }, needed).each { i, value -> found[missing[i]] = value }
        rois.eachWithIndex { roi, i ->
            def score = roi.getProperty("score")
            if (found[i] != null && Double.isNaN(found[i].Score) && score != null) found[i].Score = score as double
        }
        found
    }

    private static Map<Integer, Map<String, Double>> measured(ImagePlus imp, List<Roi> rois, List<String> columns) {
        // Named by their place: names need not be unique. Their digits in front may be all that tells the slice.
        def numbered = rois.withIndex().collect { Roi roi, int i ->
            def copy = roi.clone() as Roi
            copy.name = (roi.name =~ /^\d{4}-/).with { it.find() ? it.group() : "" } + "#" + i
            copy
        }
        def table = NanoSeg.ask("measure", [image: NanoSeg.image(imp, imp.stackSize > 1), rois: NanoSegRois.zip(numbered)]).table
        def values = table.columns.collectEntries { [it.name, it.values] }
        (0..<table.labels.size()).collectEntries { row ->
            [(table.labels[row] =~ /#(\d+)$/).with { it.find(); it.group(1) as int },
             columns.collectEntries { [it, values[it] instanceof double[] ? values[it][row] : Double.NaN] }]
        }
    }
}
