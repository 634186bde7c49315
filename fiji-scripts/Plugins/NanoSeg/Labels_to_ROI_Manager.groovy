#@ ImagePlus (required=false, needed=true) imp
import ij.IJ

def lib = System.getProperty("nanoseg.lib") ?: IJ.getDir("imagej") + "nanoseg/lib"
def NanoSeg = System.properties.computeIfAbsent("nanoseg.class:" + lib) {
    new GroovyClassLoader(getClass().classLoader).with { addClasspath(lib); loadClass("NanoSeg") }
}

NanoSeg.run(imp) {
    def response = NanoSeg.ask("labels_to_rois", [
        image: NanoSeg.image(imp, true), labels: NanoSeg.labels(imp, true), start: NanoSeg.roiCount(imp, false),
    ])
    NanoSeg.show(imp, response, [manager: true])
    response
}
