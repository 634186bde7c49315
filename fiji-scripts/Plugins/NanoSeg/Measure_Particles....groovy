#@ ImagePlus (required=false, needed=true) imp
#@ String (label="labels (title of a label image), empty = ROI Manager", description="Title of the open label image that says what to measure; empty takes the ROIs of the ROI Manager (without a display: of the overlay). The active image gives the grey values and the scale", value="", persist=false) labels
#@ Boolean (label="clear the Results table first", description="Empty the Results table first instead of appending to it", value=false, persist=false) clear
#@ Boolean (label="results (a row a particle)", description="Add a row for each particle to the Results table", value=true, persist=false) results
#@ Boolean (label="summary (a row an image)", description="Add counts and size statistics to the NanoSeg Summary table; without a display to the log", value=true, persist=false) summary
#@ String (label="output folder, empty = no files", description="Folder for the table and the provenance as files; empty writes none", value="", style="directory", persist=false) output
#@ Boolean (label="decimal_comma in the CSV file", description="Write the CSV file with decimal commas and semicolons, for spreadsheets that want them", value=false, persist=false) decimal_comma
#@ Boolean (label="overwrite files of an earlier run", description="Replace files of the same name in the output folder; off keeps them and stops with an error", value=false, persist=false) overwrite
import ij.IJ

def lib = System.getProperty("nanoseg.lib") ?: IJ.getDir("imagej") + "nanoseg/lib"
def NanoSeg = System.properties.computeIfAbsent("nanoseg.class:" + lib) {
    new GroovyClassLoader(getClass().classLoader).with { addClasspath(lib); loadClass("NanoSeg") }
}

NanoSeg.run(imp) {
    def labelled = labels ? NanoSeg.opened(labels) : null
    boolean stack = (labelled ?: imp).stackSize > 1
    def response = NanoSeg.ask("measure", [
        image: NanoSeg.image(imp, stack),
        labels: labelled ? NanoSeg.labels(labelled, stack) : null,
        rois: labelled ? null : NanoSeg.roiZip(imp),
        output: output ?: null, decimal_comma: decimal_comma, overwrite: overwrite,
    ])
    NanoSeg.show(imp, response, [clear: clear, results: results, summary: summary, output: output])
    response
}
