#@ ImagePlus (required=false, needed=true) imp
#@ String (label="folder for training data", description="Training folder: gets the folders images and labels, with a file of the same name in each; nanoseg-fiji finetune --data reads it", value="", style="directory", persist=false) folder
#@ String (label="name of the files, empty = image title", description="Name of the two files without its ending; empty takes the image's title", value="", persist=false) name
#@ Boolean (label="stack (all slices, not only this one)", description="Add a pair for each slice of the current channel that has ROIs, instead of the slice shown", value=false, persist=false) stack
#@ Boolean (label="overwrite files of this name", description="Replace a pair of the same name; off keeps it and stops with an error", value=false, persist=false) overwrite
import ij.IJ

def lib = System.getProperty("nanoseg.lib") ?: IJ.getDir("imagej") + "nanoseg/lib"
def NanoSeg = System.properties.computeIfAbsent("nanoseg.class:" + lib) {
    new GroovyClassLoader(getClass().classLoader).with { addClasspath(lib); loadClass("NanoSeg") }
}

NanoSeg.run(imp) { NanoSeg.part("Correct").collect(imp, folder, name, stack, overwrite) }
