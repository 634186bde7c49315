#@ ImagePlus (required=false, needed=true) imp
import ij.IJ

def lib = System.getProperty("nanoseg.lib") ?: IJ.getDir("imagej") + "nanoseg/lib"
def NanoSeg = System.properties.computeIfAbsent("nanoseg.class:" + lib) {
    new GroovyClassLoader(getClass().classLoader).with { addClasspath(lib); loadClass("NanoSeg") }
}

NanoSeg.run(imp) { NanoSeg.part("Correct").correct(imp, "draw") }
