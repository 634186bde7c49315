#@ ImagePlus (required=false, needed=true) imp
import ij.IJ

def lib = System.getProperty("nanoseg.lib") ?: IJ.getDir("imagej") + "nanoseg/lib"
def NanoSeg = System.properties.computeIfAbsent("nanoseg.class:" + lib) {
    new GroovyClassLoader(getClass().classLoader).with { addClasspath(lib); loadClass("NanoSeg") }
}

NanoSeg.run(imp) {
    def response = NanoSeg.ask("rois_to_labels", [image: NanoSeg.image(imp, true), rois: NanoSeg.roiZip(imp)])
    NanoSeg.show(imp, response, [label_image: true])
    response
}
