#@ ImagePlus (required=false, needed=true) imp
#@ Double (label="tolerance (px), higher splits less", description="Depth of the maxima of the distance to the outline that mark particles, in pixels; a higher value splits less", value=1, min=0, style="format:0.######", persist=false) tolerance
#@ Boolean (label="stack (all slices, not only this one)", description="Split on all slices of the current channel instead of the slice shown", value=false, persist=false) stack
#@ Boolean (label="clear what the results go into first", description="Empty the ROI Manager, the overlay and the Results table first instead of appending to them", value=false, persist=false) clear
#@ Boolean (label="manager (ROIs to the ROI Manager)", description="Add the particles to the ROI Manager; without a display they become the overlay, unless output names a folder", value=true, persist=false) manager
#@ Boolean (label="overlay on the image", description="Add the particles to the image's overlay", value=false, persist=false) overlay
#@ Boolean (label="label_image", description="Show a label image: 0 is background, 1 to n the particles", value=false, persist=false) label_image
#@ Boolean (label="results (a row a particle)", description="Add a row for each particle to the Results table", value=true, persist=false) results
#@ Boolean (label="summary (a row an image)", description="Add counts and size statistics to the NanoSeg Summary table; without a display to the log", value=true, persist=false) summary
#@ String (label="output folder, empty = no files", description="Folder for the ROI set, table, label image, overlay and provenance as files; empty writes none", value="", style="directory", persist=false) output
#@ Boolean (label="decimal_comma in the CSV file", description="Write the CSV file with decimal commas and semicolons, for spreadsheets that want them", value=false, persist=false) decimal_comma
#@ Boolean (label="overwrite files of an earlier run", description="Replace files of the same name in the output folder; off keeps them and stops with an error", value=false, persist=false) overwrite
import ij.IJ

def lib = System.getProperty("nanoseg.lib") ?: IJ.getDir("imagej") + "nanoseg/lib"
def NanoSeg = System.properties.computeIfAbsent("nanoseg.class:" + lib) {
    new GroovyClassLoader(getClass().classLoader).with { addClasspath(lib); loadClass("NanoSeg") }
}

NanoSeg.run(imp) {
    def response = NanoSeg.ask("split", [
        image: NanoSeg.image(imp, stack), labels: NanoSeg.labels(imp, stack), selection: NanoSeg.selection(imp),
        params: [tolerance: tolerance],
        start: NanoSeg.roiCount(imp, clear), output: output ?: null, decimal_comma: decimal_comma, overwrite: overwrite,
    ])
    NanoSeg.show(imp, response, [clear: clear, manager: manager, overlay: overlay, label_image: label_image,
                                 results: results, summary: summary, output: output])
    response
}
