import ij.ImagePlus
import ij.gui.Roi
import ij.measure.ResultsTable
import ij.plugin.frame.Recorder

/** Changes of ROI set and table together, each in one step that *NanoSeg Undo* takes back. */
class NanoSegEdits {
    private static final int STEPS = 20
    private static final List<Map> steps = Collections.synchronizedList(new ArrayList<Map>())

    /**
     * Takes ROIs and their rows out, and appends others.
     *
     * @param what name of the step, for the user
     * @param table rows of the new ROIs as the service gives them, or null for none
     */
    static void change(ImagePlus imp, String what, Collection<Integer> removed, List<Roi> added, Map table) {
        def rois = NanoSegRois.list(imp)
        def gone = removed as Set
        def kept = []
        rois.eachWithIndex { roi, i -> if (!(i in gone)) kept << roi }
        def linked = NanoSegRows.byRoi(imp)
        def rows = removed.collectMany { linked[rois[it].name] ?: [] } as SortedSet
        quietly {
            NanoSegRois.replace(imp, kept + added)
            rows = NanoSegRows.change(rows, new TreeMap())
            if (table != null) NanoSegResults.toResults(table, false)
        }
        steps << [what: what, image: NanoSeg.headless ? imp.ID : 0, rois: new TreeMap(gone.collectEntries { [it, rois[it]] }),
                  added: added*.name, rows: rows, labels: table?.labels ?: [], kept: kept.countBy { it.name }]
        while (steps.size() > STEPS) steps.remove(0)
    }

    /** Takes the last step back, of this image where there is no ROI Manager; gives how many ROIs it brought back. */
    static Map undo(ImagePlus imp) {
        def step = steps.reverse().find { it.image == (NanoSeg.headless ? imp?.ID : 0) }
        if (step == null)
            throw new NanoSeg.Failure("nothing to undo: no particle was filtered, split, merged or drawn")
        steps.remove(step)
        def rois = NanoSegRois.list(imp).findAll { !(it.name in step.added) }
        def there = rois.countBy { it.name }
        if (step.rois.values().any { (there[it.name] ?: 0) > (step.kept[it.name] ?: 0) }) {
            steps.removeIf { it.image == step.image }
            throw new NanoSeg.Failure("nothing to undo: the ROIs have been made anew since")
        }
        step.rois.each { i, roi -> rois.add(Math.min(i, rois.size()), roi) }
        def labels = step.labels as Set
        def table = ResultsTable.resultsTable
        def added = labels ? (0..<table.size()).findAll { table.getLabel(it) in labels } : []
        quietly {
            NanoSegRois.replace(imp, rois)
            NanoSegRows.change(added, step.rows)
        }
        [count: step.rois.size()]
    }

    /** Without what ImageJ would record of it: the command itself is. */
    private static void quietly(Runnable work) {
        Recorder.suspendRecording()
        try {
            work.run()
        } finally {
            Recorder.resumeRecording()
        }
    }
}
