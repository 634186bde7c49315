#@ File (label="python of your own, empty makes one", description="Program of a Python that has nanoseg-fiji, to be used as it is; together with wheels, the Python that the environment is made with. Empty makes an environment of its own in the folder of ImageJ", value="", required=false, style="open", persist=false) python
#@ File (label="wheels, for machines without a network", description="Folder or zip file with all wheels, in place of the network", value="", required=false, style="both", persist=false) wheels
#@ File (label="uv, empty finds or downloads it", description="Program of uv, which makes the environment; empty takes the one that is there or downloads it", value="", required=false, style="open", persist=false) uv
#@ Boolean (label="remove the environment", description="Remove the environment that this command has made, instead of making one", value=false, persist=false) remove
import ij.IJ

def lib = System.getProperty("nanoseg.lib") ?: IJ.getDir("imagej") + "nanoseg/lib"
def NanoSeg = System.properties.computeIfAbsent("nanoseg.class:" + lib) {
    new GroovyClassLoader(getClass().classLoader).with { addClasspath(lib); loadClass("NanoSeg") }
}

NanoSeg.run(null, false) { NanoSeg.part("SetUp").run(python?.path ?: "", wheels?.path ?: "", uv?.path ?: "", remove) }
