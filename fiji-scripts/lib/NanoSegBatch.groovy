import ij.IJ
import ij.measure.ResultsTable

/** What *Batch Folder...* leaves in ImageJ: the summary in the log, the images as a table, and what failed. */
class NanoSegBatch {
    static final String TITLE = "NanoSeg Batch"

    /** Shows a response; where images failed, the command ends with an error that names them. */
    static void show(Map response) {
        response.summary_text.readLines().each { IJ.log("NanoSeg: $it") }
        response.files.each { IJ.log("NanoSeg: wrote $it") }
        if (!NanoSeg.headless) table(response.table as Map).show(TITLE)
        if (response.failures) throw new NanoSeg.Failure("$response.failures: mend or remove them, then run the same again")
    }

    private static ResultsTable table(Map images) {
        def table = new ResultsTable()
        table.showRowNumbers(false)
        (images.labels as List).eachWithIndex { label, row ->
            table.addRow()
            table.addLabel(label as String)
            (images.columns as List).each { column ->
                def value = column.values[row]
                if (value instanceof Number) table.addValue(column.name as String, value as double)
                else table.addValue(column.name as String, value as String)
            }
        }
        table
    }
}
