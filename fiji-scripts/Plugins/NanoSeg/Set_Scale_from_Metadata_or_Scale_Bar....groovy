#@ ImagePlus (required=false, needed=true) imp
#@ String (label="source of the scale", description="Where the pixel size comes from: what the microscope has written into the file, or the scale bar burnt in; auto takes the metadata, else the bar", choices={"auto", "metadata", "bar"}, value="auto", persist=false) source
#@ Double (label="length of the bar, 0 reads it", description="Number that stands beside the scale bar; 0 reads it", value=0, min=0, style="format:0.######", persist=false) length
#@ String (label="unit of that length, empty reads it", description="Unit of the length of the scale bar, such as nm or um; empty reads it", value="", persist=false) unit
#@ Boolean (label="confirm (show what was found first)", description="Show what was found and set the scale only when it is confirmed; off sets it at once, which macros and scripts have to ask for", value=true, persist=false) confirm
import ij.IJ

def lib = System.getProperty("nanoseg.lib") ?: IJ.getDir("imagej") + "nanoseg/lib"
def NanoSeg = System.properties.computeIfAbsent("nanoseg.class:" + lib) {
    new GroovyClassLoader(getClass().classLoader).with { addClasspath(lib); loadClass("NanoSeg") }
}

NanoSeg.run(imp) {
    def NanoSegScale = NanoSeg.classLoader.loadClass("NanoSegScale")
    NanoSegScale.check(imp, confirm)
    def response = NanoSeg.ask("find_scale", [
        image: NanoSeg.image(imp, false),
        params: [source: source, path: NanoSegScale.path(imp), length: length, unit: unit],
    ])
    NanoSegScale.set(imp, response, confirm)
    response
}
