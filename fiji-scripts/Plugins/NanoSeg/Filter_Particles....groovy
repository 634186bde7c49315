#@ ImagePlus (required=false, needed=true) imp
#@ Double (label="min_area (unit²)", description="Lowest area, in square units of the image", value=0, min=0, style="format:0.######", persist=false) min_area
#@ Double (label="max_area (unit²), 0 = no limit", description="Highest area, in square units of the image; 0 is no limit", value=0, min=0, style="format:0.######", persist=false) max_area
#@ Double (label="min_ecd (unit)", description="Lowest equivalent circular diameter, in the image's unit", value=0, min=0, style="format:0.######", persist=false) min_ecd
#@ Double (label="max_ecd (unit), 0 = no limit", description="Highest equivalent circular diameter, in the image's unit; 0 is no limit", value=0, min=0, style="format:0.######", persist=false) max_ecd
#@ Double (label="min_circularity (0 to 1)", description="Lowest circularity, 4 pi area / perimeter squared", value=0, min=0, style="format:0.######", persist=false) min_circularity
#@ Double (label="max_circularity (0 to 1), 0 = no limit", description="Highest circularity, 4 pi area / perimeter squared; 0 is no limit", value=0, min=0, style="format:0.######", persist=false) max_circularity
#@ Double (label="min_aspect_ratio (from 1)", description="Lowest aspect ratio of the fitted ellipse, major / minor axis", value=0, min=0, style="format:0.######", persist=false) min_aspect_ratio
#@ Double (label="max_aspect_ratio (from 1), 0 = no limit", description="Highest aspect ratio of the fitted ellipse, major / minor axis; 0 is no limit", value=0, min=0, style="format:0.######", persist=false) max_aspect_ratio
#@ Double (label="min_solidity (0 to 1)", description="Lowest solidity, area / area of the convex hull", value=0, min=0, style="format:0.######", persist=false) min_solidity
#@ Double (label="max_solidity (0 to 1), 0 = no limit", description="Highest solidity, area / area of the convex hull; 0 is no limit", value=0, min=0, style="format:0.######", persist=false) max_solidity
#@ Double (label="min_score (0 to 1)", description="Lowest score of the network; ROIs drawn by hand have none and are kept", value=0, min=0, style="format:0.######", persist=false) min_score
#@ Double (label="max_score (0 to 1), 0 = no limit", description="Highest score of the network; ROIs drawn by hand have none and are kept; 0 is no limit", value=0, min=0, style="format:0.######", persist=false) max_score
#@ Boolean (label="exclude_edges (drop particles at the edge)", description="Remove particles that touch the edge of the frame", value=false, persist=false) exclude_edges
#@ Boolean (label="invert (remove what would be kept)", description="Remove the particles within all limits instead of those outside", value=false, persist=false) invert
import ij.IJ

def lib = System.getProperty("nanoseg.lib") ?: IJ.getDir("imagej") + "nanoseg/lib"
def NanoSeg = System.properties.computeIfAbsent("nanoseg.class:" + lib) {
    new GroovyClassLoader(getClass().classLoader).with { addClasspath(lib); loadClass("NanoSeg") }
}

NanoSeg.run(imp) {
    NanoSeg.part("Filter").filter(imp, [
        min_area: min_area, max_area: max_area, min_ecd: min_ecd, max_ecd: max_ecd, min_circularity: min_circularity,
        max_circularity: max_circularity, min_aspect_ratio: min_aspect_ratio, max_aspect_ratio: max_aspect_ratio,
        min_solidity: min_solidity, max_solidity: max_solidity, min_score: min_score, max_score: max_score,
    ], exclude_edges, invert)
}
