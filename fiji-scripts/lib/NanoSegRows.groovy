import groovy.transform.CompileStatic
import ij.ImagePlus
import ij.measure.ResultsTable
import ij.text.TextPanel

/** Rows of the Results table, linked with ROIs by their labels, `image:ROI`. */
@CompileStatic
class NanoSegRows {
    /** A row that was taken out: numbers (Double) and texts by column. */
    static class Row {
        String label
        Map<String, Object> cells = [:]
    }

    /** Rows by name of ROI: those of this image, and for names that it does not have those of others. */
    static Map<String, List<Integer>> byRoi(ImagePlus imp) {
        def table = ResultsTable.resultsTable
        Map<String, List<Integer>> own = [:], others = [:]
        for (int row = 0; row < table.size(); row++) {
            def label = table.getLabel(row) ?: ""
            // titles and names may hold colons themselves
            for (int at = label.indexOf(':'); at >= 0; at = label.indexOf(':', at + 1)) {
                def found = label.substring(0, at) == imp?.title ? own : others
                def name = label.substring(at + 1)
                if (!found.containsKey(name)) found.put(name, [])
                found.get(name).add(row)
            }
        }
        others.putAll(own)
        others
    }

    /** Value of a cell by column; NaN where the table has no such column. */
    static double value(String column, int row) {
        def table = ResultsTable.resultsTable
        table.columnExists(column) ? table.getValue(column, row) : Double.NaN
    }

    /** Takes rows out and puts others in, at the places that they have afterwards; gives those taken out, by place. */
    static SortedMap<Integer, Row> change(Collection<Integer> out, SortedMap<Integer, Row> into) {
        def table = ResultsTable.resultsTable
        def gone = new TreeMap<Integer, Row>()
        for (Integer row : out) gone.put(row, taken(table, row))
        def order = new ArrayList<Object>()
        for (int row = 0; row < table.size(); row++) if (!gone.containsKey(row)) order.add(row)
        for (Map.Entry<Integer, Row> entry : into.entrySet()) order.add(Math.min(entry.key, order.size()), entry.value)
        if (!gone.isEmpty() || !into.isEmpty()) arrange(table, order)
        gone
    }

    private static Row taken(ResultsTable table, int row) {
        def found = new Row(label: table.getLabel(row))
        for (int column = 0; column <= table.lastColumn; column++)
            if (table.columnExists(column)) found.cells.put(table.getColumnHeading(column), cell(table, column, row))
        found
    }

    private static Object cell(ResultsTable table, int column, int row) {
        double number = table.getValueAsDouble(column, row)
        if (!Double.isNaN(number)) return number
        def text = table.getStringValue(column, row)
        text == null || text.isEmpty() || text == "NaN" ? (Object) Double.NaN : text
    }

    /** Puts the table in this order: an Integer is a row that it has, a Row one from outside. Headings and digits stay. */
    private static void arrange(ResultsTable table, List<Object> order) {
        int before = table.size()
        def labels = new String[before]
        for (int row = 0; row < before; row++) labels[row] = table.getLabel(row)
        while (table.size() < order.size()) table.addRow()
        for (int column = 0; column <= table.lastColumn; column++) {
            if (!table.columnExists(column)) continue
            def heading = table.getColumnHeading(column)
            def cells = new Object[before]
            boolean text = false
            for (int row = 0; row < before; row++) {
                cells[row] = cell(table, column, row)
                text |= cells[row] instanceof String
            }
            for (int row = 0; row < order.size(); row++) {
                def from = order.get(row)
                Object value = from instanceof Row ? ((Row) from).cells.getOrDefault(heading, Double.NaN) : cells[(int) from]
                if (value instanceof Double) table.setValue(column, row, (double) value)
                if (!(value instanceof Double) || (text && Double.isNaN((double) value)))
                    table.setValue(column, row, value instanceof Double ? "" : value.toString())
            }
        }
        for (int row = 0; row < order.size(); row++) {
            def from = order.get(row)
            def label = from instanceof Row ? ((Row) from).label : labels[(int) from]
            if (label != null) table.setLabel(label, row)
        }
        while (table.size() > order.size()) table.deleteRow(table.size() - 1)
        show(table)
    }

    /** Shows the table where its window is open: from the first row, as ImageJ appends where one row was added. */
    private static void show(ResultsTable table) {
        def panel = panel()
        if (panel == null) return
        panel.clear()
        table.show("Results")
    }

    /** The Results window's list of rows, or null. */
    static TextPanel panel() { NanoSeg.headless ? null : ResultsTable.resultsWindow?.textPanel }
}
