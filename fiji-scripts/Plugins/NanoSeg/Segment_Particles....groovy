#@ ImagePlus (required=false, needed=true) imp
#@ String (label="model", description="Name of a model, default for the one you chose as usual, or path of a .safetensors file with its card", value="default", models=true, persist=false) model
#@ Double (label="diameter (unit), 0 finds it", description="Typical particle diameter in the image's unit; 0 finds it from the image", value=0, min=0, style="format:0.######", persist=false) diameter
#@ Boolean (label="pixel (lengths in px instead of unit)", description="Take diameter, min_ecd and max_ecd in pixels, whatever the image's unit", value=false, persist=false) pixel
#@ Boolean (label="split touching particles", description="Split touching particles; off gives aggregates", value=true, persist=false) split
#@ Double (label="tolerance (px at the model's scale), higher splits less", description="Distance up to which places where flows end are one particle's, in pixels at the model's scale; a higher value splits less", value=3, min=0, style="format:0.######", persist=false) tolerance
#@ Double (label="min_ecd (unit)", description="Smallest equivalent circular diameter kept, in the image's unit", value=0, min=0, style="format:0.######", persist=false) min_ecd
#@ Double (label="max_ecd (unit), 0 = no limit", description="Largest equivalent circular diameter kept, in the image's unit; 0 is no limit", value=0, min=0, style="format:0.######", persist=false) max_ecd
#@ Double (label="min_score (0 to 1)", description="Lowest score kept, 0 to 1: the mean foreground probability of a particle", value=0.8, min=0, max=1, style="format:0.###", persist=false) min_score
#@ Integer (label="crop_bottom (px), height of an info bar", description="Rows left out at the bottom, in pixels: the height of an info bar; 0 leaves out what is plainly one", value=0, min=0, persist=false) crop_bottom
#@ Boolean (label="exclude_edges (drop particles at the edge)", description="Drop particles that touch the edge of the frame", value=false, persist=false) exclude_edges
#@ Boolean (label="stack (all slices, not only this one)", description="Segment all slices of the current channel instead of the slice shown", value=false, persist=false) stack
#@ Integer (label="channel (number), 0 = the one shown", description="Channel of a hyperstack to segment, from 1; 0 is the one shown", value=0, min=0, persist=false) channel
#@ String (label="slices (z) such as 2-5, empty = see stack", description="Slices (z) to segment, such as 2-5 or 1,4; empty takes the one shown, with stack all", value="", persist=false) slices
#@ String (label="frames (t) such as 1-20, empty = see stack", description="Frames (t) to segment, such as 1-20 or 3,7; empty takes the one shown, with stack all", value="", persist=false) frames
#@ Boolean (label="clear what the results go into first", description="Empty the ROI Manager, the overlay and the Results table first instead of appending to them", value=false, persist=false) clear
#@ Boolean (label="manager (ROIs to the ROI Manager)", description="Add the particles to the ROI Manager; without a display they become the overlay, unless output names a folder", value=true, persist=false) manager
#@ Boolean (label="overlay on the image", description="Add the particles to the image's overlay", value=false, persist=false) overlay
#@ Boolean (label="label_image", description="Show a label image: 0 is background, 1 to n the particles", value=false, persist=false) label_image
#@ Boolean (label="results (a row a particle)", description="Add a row for each particle to the Results table", value=true, persist=false) results
#@ Boolean (label="summary (a row an image)", description="Add counts and size statistics to the NanoSeg Summary table; without a display to the log", value=true, persist=false) summary
#@ String (label="colour of the outlines", description="What the colour of the outlines shows, dark for small, light for large; the log has the legend", choices={"none", "size", "score"}, value="none", persist=false) colour
#@ String (label="output folder, empty = no files", description="Folder for the ROI set, table, label image, overlay and provenance as files; empty writes none", value="", style="directory", persist=false) output
#@ String (label="device", description="What computes: auto takes the GPU where there is one", choices={"auto", "cpu", "cuda", "mps"}, value="auto", persist=false) device
#@ Boolean (label="decimal_comma in the CSV file", description="Write the CSV file with decimal commas and semicolons, for spreadsheets that want them", value=false, persist=false) decimal_comma
#@ Boolean (label="overwrite files of an earlier run", description="Replace files of the same name in the output folder; off keeps them and stops with an error", value=false, persist=false) overwrite
#@ Boolean (label="preview (on a crop of the image)", description="Show what the values give on a crop of the image, before anything is kept; no effect in macros", live=true, value=false, persist=false) preview
import ij.IJ

def lib = System.getProperty("nanoseg.lib") ?: IJ.getDir("imagej") + "nanoseg/lib"
def NanoSeg = System.properties.computeIfAbsent("nanoseg.class:" + lib) {
    new GroovyClassLoader(getClass().classLoader).with { addClasspath(lib); loadClass("NanoSeg") }
}

NanoSeg.run(imp) {
    def params = [model: model, diameter: diameter, pixel: pixel, split: split, tolerance: tolerance, min_ecd: min_ecd,
                  max_ecd: max_ecd, min_score: min_score, exclude_edges: exclude_edges, crop_bottom: crop_bottom, device: device]
    def indices = NanoSeg.slices(imp, stack, channel, slices, frames)
    if (preview) params = NanoSeg.adjusted(imp, params, [colour: colour, channel: channel])
    def response = NanoSeg.ask("segment", [
        image: NanoSeg.image(imp, indices), selection: NanoSeg.selection(imp), params: params, colour: colour,
        start: NanoSeg.roiCount(imp, clear),
        output: output ?: null, decimal_comma: decimal_comma, overwrite: overwrite,
    ])
    NanoSeg.show(imp, response, [clear: clear, manager: manager, overlay: overlay, label_image: label_image,
                                 results: results, summary: summary, output: output, slices: indices])
    response
}
