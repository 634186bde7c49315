// What Python asks of ImageJ in one call each, in the embedded ImageJ and in Fiji alike. Its value is a Helpers.

import groovy.transform.CompileStatic
import ij.IJ
import ij.Macro
import ij.macro.Interpreter
import ij.measure.ResultsTable
import java.awt.AWTEvent
import java.awt.Dialog
import java.awt.Toolkit
import java.awt.event.AWTEventListener
import java.awt.event.WindowEvent

class Helpers {
    /**
     * Run a macro to its end, in a thread of its own as ImageJ does.
     *
     * @return what it returned under "value" (null where nothing), and why it failed under "error" (null where it did not)
     */
    Map<String, String> runMacro(String text, String arg) {
        def result = [value: null, error: null]
        def interpreter = new Interpreter()
        System.setProperty('nanoseg.status', 'ok')
        IJ.errorMessage // forget an earlier one
        def thread = new Thread({
            try {
                result.value = interpreter.run(text, arg)
            } catch (Throwable error) {
                if (error.message != Macro.MACRO_CANCELED) result.error = error.toString()
                // exit() has finished the macro before it throws the same exception; whatever else throws it aborted it.
                else if (Interpreter.instance.is(interpreter)) result.error = IJ.errorMessage ?: 'the macro was aborted'
                interpreter.finishUp()
            }
        }, 'NanoSeg_Macro$')
        def closer = IJ.instance ? closeErrorBoxes() : null
        try {
            thread.start()
            thread.join()
        } finally {
            if (closer != null) Toolkit.defaultToolkit.removeAWTEventListener(closer)
        }
        def reason = interpreter.errorMessage ?: result.error
        // A command of ours that failed in a macro called by this one.
        if (reason == null && System.getProperty('nanoseg.status') == 'error') reason = System.getProperty('nanoseg.error')
        if (reason != null) {
            def line = interpreter.wasError() && interpreter.lineNumber > 0 ? " in line $interpreter.lineNumber" : ''
            result.error = reason.readLines()*.trim().findAll().join(' ') + line
        }
        result
    }

    /** ImageJ shows a macro's error in a modal box; with nobody there to close it the caller would wait for ever. */
    private static AWTEventListener closeErrorBoxes() {
        AWTEventListener listener = { AWTEvent event ->
            if (event.ID == WindowEvent.WINDOW_OPENED && event.source instanceof Dialog &&
                event.source.title in ['Macro Error', 'No Image', 'NanoSeg', 'ROI Manager']) event.source.dispose()
        }
        Toolkit.defaultToolkit.addAWTEventListener(listener, AWTEvent.WINDOW_EVENT_MASK)
        listener
    }

    /** Show a table; each column is a double[] or a String[], labels may be null. */
    @CompileStatic
    void showTable(String title, String[] labels, String[] names, Object[] columns, int rows) {
        def results = title == 'Results'
        def table = results ? ResultsTable.resultsTable : new ResultsTable()
        table.reset()
        for (int row = 0; row < rows; row++) {
            table.addRow()
            if (labels != null) table.setLabel(labels[row], row)
        }
        for (int i = 0; i < names.length; i++) {
            int column = table.getFreeColumn(names[i])
            def values = columns[i]
            if (values instanceof double[]) for (int row = 0; row < rows; row++) table.setValue(column, row, ((double[]) values)[row])
            else for (int row = 0; row < rows; row++) table.setValue(column, row, ((String[]) values)[row])
        }
        table.show(title)
    }

    /** Columns of a table by name, in order: "Label" and columns of text as String[], others as double[]. */
    Map<String, Object> columns(ResultsTable table) {
        table.headings.collectEntries { name ->
            def numbers = name == 'Label' ? null : table.getColumn(name)
            def text = numbers == null || numbers.every { Double.isNaN(it) } ? table.getColumnAsStrings(name) : null
            [name, text == null || text.every { it in ['NaN', ''] } ? numbers : text]
        }
    }
}

new Helpers()
