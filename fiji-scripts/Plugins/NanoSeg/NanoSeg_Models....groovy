#@ String (label="action", description="list shows all models; import adds one of yours, default makes one the usual one, remove deletes one of yours", choices={"list", "import", "default", "remove"}, value="list", persist=false) action
#@ File (label="path of what to import", description="A .safetensors file with its card beside it, or a bioimage.io package (.zip); for import alone", value="", required=false, style="open", persist=false) path
#@ String (label="name of the model", description="Name of the model; for import the name that it gets, empty for that of its card", value="", persist=false) name
import ij.IJ

def lib = System.getProperty("nanoseg.lib") ?: IJ.getDir("imagej") + "nanoseg/lib"
def NanoSeg = System.properties.computeIfAbsent("nanoseg.class:" + lib) {
    new GroovyClassLoader(getClass().classLoader).with { addClasspath(lib); loadClass("NanoSeg") }
}

NanoSeg.run(null, false) {
    def response = action == "list" ? NanoSeg.ask("models", [:]) :
        NanoSeg.ask("change_models", [params: [action: action, path: path?.path ?: "", name: name]])
    NanoSeg.part("Models").show(response, action == "list")
    response
}
