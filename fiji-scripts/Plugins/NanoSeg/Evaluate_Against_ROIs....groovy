#@ ImagePlus (required=false, needed=true) imp
#@ String (label="predicted (file or title), empty = ROI Manager", description="The particles to judge: a ROI zip or label image as a file, the title of an open label image, or empty for the ROI Manager (without a display: the overlay)", value="", persist=false) predicted
#@ String (label="truth (file or title), empty = ROI Manager", description="The true particles: a ROI zip, label image, COCO, VIA or labelme file, the title of an open label image, or empty for the ROI Manager", value="", persist=false) truth
#@ Boolean (label="stack (all slices, not only this one)", description="Judge all slices of the current channel instead of the slice shown", value=false, persist=false) stack
#@ Boolean (label="overlay (errors in colours)", description="Show the particles on the image: matches green, missed orange, false ones yellow, merges pink, splits blue", value=true, persist=false) overlay
#@ String (label="output folder, empty = no files", description="Folder for the report: scores as JSON and CSV, and a page with pictures; empty writes none", value="", style="directory", persist=false) output
#@ Boolean (label="overwrite files of an earlier run", description="Replace a report in the output folder; off keeps it and stops with an error", value=false, persist=false) overwrite
import ij.IJ

def lib = System.getProperty("nanoseg.lib") ?: IJ.getDir("imagej") + "nanoseg/lib"
def NanoSeg = System.properties.computeIfAbsent("nanoseg.class:" + lib) {
    new GroovyClassLoader(getClass().classLoader).with { addClasspath(lib); loadClass("NanoSeg") }
}

NanoSeg.run(imp) {
    NanoSeg.part("Truth").evaluate(imp, predicted, truth, [stack: stack, overlay: overlay, output: output, overwrite: overwrite])
}
