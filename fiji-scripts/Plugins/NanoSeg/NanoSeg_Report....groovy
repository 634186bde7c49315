#@ Boolean (label="copy to the clipboard", description="Put the report on the clipboard, ready to paste, as well as in a window", value=true, persist=false) copy
import ij.IJ

def lib = System.getProperty("nanoseg.lib") ?: IJ.getDir("imagej") + "nanoseg/lib"
def NanoSeg = System.properties.computeIfAbsent("nanoseg.class:" + lib) {
    new GroovyClassLoader(getClass().classLoader).with { addClasspath(lib); loadClass("NanoSeg") }
}

NanoSeg.run(null, false) {
    def response = NanoSeg.ask("report", [:])
    NanoSeg.part("Pages").report(response.text as String, copy)
    response
}
