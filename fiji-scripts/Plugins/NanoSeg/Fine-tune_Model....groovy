#@ String (label="data (training folder)", description="Folder with images and labels, as NanoSeg Add to Training Set... fills it", value="", style="directory", persist=false) data
#@ String (label="model to start from", description="Name of the model to start from; default is the one that you use as usual", value="default", models=true, persist=false) model
#@ String (label="name of the new model", description="Name under which the new model is in the list; letters, digits, and - _ . + between them", value="my-particles", persist=false) name
#@ Integer (label="steps of training", description="Optimiser steps; 200 take some minutes without a GPU", value=200, min=20, persist=false) steps
#@ Double (label="minutes it may take, 0 = no limit", description="Time that it may take, about: fewer steps are made where the machine is too slow for all", value=0, min=0, style="format:0.######", persist=false) minutes
#@ Boolean (label="usual (take it from now on)", description="Make it the model that commands take where none is named", value=false, persist=false) usual
#@ String (label="device", description="What computes: auto takes the GPU where there is one", choices={"auto", "cpu", "cuda", "mps"}, value="auto", persist=false) device
import ij.IJ

def lib = System.getProperty("nanoseg.lib") ?: IJ.getDir("imagej") + "nanoseg/lib"
def NanoSeg = System.properties.computeIfAbsent("nanoseg.class:" + lib) {
    new GroovyClassLoader(getClass().classLoader).with { addClasspath(lib); loadClass("NanoSeg") }
}

NanoSeg.run(null, false) {
    def response = NanoSeg.ask("finetune", [
        params: [data: data, model: model, name: name, steps: steps, minutes: minutes, usual: usual, device: device],
    ])
    NanoSeg.showSummary(response, "NanoSeg Fine-tuning")
    response
}
