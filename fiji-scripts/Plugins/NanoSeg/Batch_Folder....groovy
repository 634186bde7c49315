#@ String (label="input folder of images", description="Folder of the images; what is no image is left out", value="", style="directory", persist=false) input
#@ String (label="output folder for the results", description="Folder for the results of each image and of the whole set. Stopped or killed, the same command goes on where it was", value="", style="directory", persist=false) output
#@ Boolean (label="recursive (folders below, too)", description="Look into the folders below the input folder, too; the output folder mirrors them", value=true, persist=false) recursive
#@ String (label="pattern of names, empty = all", description="Names of the images that are taken, such as *_SE.tif; empty takes all", value="", persist=false) pattern
#@ String (label="model", description="Name of a model, default, or path of a .safetensors file with its card beside it", value="default", models=true, persist=false) model
#@ Double (label="diameter (unit of each image), 0 finds it", description="Typical particle diameter in the unit of each image; 0 finds it, image by image", value=0, min=0, style="format:0.######", persist=false) diameter
#@ Boolean (label="pixel (lengths in px instead of unit)", description="Take diameter, min_ecd and max_ecd in pixels, whatever the images' units", value=false, persist=false) pixel
#@ Boolean (label="split touching particles", description="Split touching particles; off gives aggregates", value=true, persist=false) split
#@ Double (label="tolerance (px at the model's scale), higher splits less", description="Distance up to which places where flows end are one particle's, in pixels at the model's scale; a higher value splits less", value=3, min=0, style="format:0.######", persist=false) tolerance
#@ Double (label="min_ecd (unit of each image)", description="Smallest equivalent circular diameter kept, in the unit of each image", value=0, min=0, style="format:0.######", persist=false) min_ecd
#@ Double (label="max_ecd (unit of each image), 0 = no limit", description="Largest equivalent circular diameter kept, in the unit of each image; 0 is no limit", value=0, min=0, style="format:0.######", persist=false) max_ecd
#@ Double (label="min_score (0 to 1)", description="Lowest score kept, 0 to 1: the mean foreground probability of a particle", value=0.8, min=0, max=1, style="format:0.###", persist=false) min_score
#@ Boolean (label="exclude_edges (drop particles at the edge)", description="Drop particles that touch the edge of the frame", value=false, persist=false) exclude_edges
#@ Integer (label="crop_bottom (px), height of an info bar", description="Rows left out at the bottom, in pixels: the height of an info bar; 0 leaves out what is plainly one", value=0, min=0, persist=false) crop_bottom
#@ Boolean (label="overwrite what is there and begin anew", description="Begin anew and replace files of the same name; off goes on with an earlier run and keeps other files", value=false, persist=false) overwrite
#@ String (label="device", description="What computes: auto takes the GPU where there is one", choices={"auto", "cpu", "cuda", "mps"}, value="auto", persist=false) device
import ij.IJ

def lib = System.getProperty("nanoseg.lib") ?: IJ.getDir("imagej") + "nanoseg/lib"
def NanoSeg = System.properties.computeIfAbsent("nanoseg.class:" + lib) {
    new GroovyClassLoader(getClass().classLoader).with { addClasspath(lib); loadClass("NanoSeg") }
}

NanoSeg.run(null, false) {
    def response = NanoSeg.ask("batch", [
        input: input, output: output, overwrite: overwrite,
        params: [recursive: recursive, pattern: pattern, model: model, diameter: diameter, pixel: pixel, split: split,
                 tolerance: tolerance, min_ecd: min_ecd, max_ecd: max_ecd, min_score: min_score, exclude_edges: exclude_edges,
                 crop_bottom: crop_bottom, device: device],
    ])
    NanoSeg.part("Batch").show(response)
    response
}
