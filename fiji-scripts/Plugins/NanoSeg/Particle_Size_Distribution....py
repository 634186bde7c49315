#!jython
#@ ImagePlus (required=false) imp
#@ String (label="source", description="Where the sizes come from: the ECD column of the Results table, or the ROIs of the ROI Manager (without a display: of the overlay), measured on the active image", choices={"Results table", "ROI Manager"}, value="Results table", persist=false) source
#@ String (label="output folder, empty = no files", description="Folder for the table (CSV) and the plot (PNG) as files; empty writes none", value="", style="directory", persist=false) output
#@ Boolean (label="overwrite files of an earlier run", description="Replace files of the same name in the output folder; off keeps them and stops with an error", value=false, persist=false) overwrite
"""Plot and table of the equivalent circular diameters: empirical D-values, and a log-normal fit beside them."""

import math

from groovy.lang import GroovyClassLoader
from ij import IJ
from ij.gui import Plot
from ij.measure import ResultsTable
from jarray import array
from java.awt import Color
from java.io import File, IOException
from java.lang import System
from java.nio.file import Files, StandardCopyOption
from javax.imageio import ImageIO

TITLE = "NanoSeg Size Distribution"


def shared():
    """The class that all NanoSeg commands share, compiled once."""
    lib = System.getProperty("nanoseg.lib") or IJ.getDir("imagej") + "nanoseg/lib"
    loaded = System.getProperties()
    if loaded.get("nanoseg.class:" + lib) is None:
        loader = GroovyClassLoader()
        loader.addClasspath(lib)
        loaded.put("nanoseg.class:" + lib, loader.loadClass("NanoSeg"))
    return loaded.get("nanoseg.class:" + lib)


def columns():
    """Diameters and weights, as two columns of numbers."""
    if source == "ROI Manager":
        stack = imp.getStackSize() > 1
        table = NanoSeg.ask("measure", {"image": NanoSeg.image(imp, stack), "rois": NanoSeg.roiZip(imp)})["table"]
        found = dict((column["name"], column["values"]) for column in table["columns"])
        return found["ECD"], found["Weight"]
    table = ResultsTable.getResultsTable()
    if not table.columnExists("ECD"):
        NanoSeg.refuse("the Results table has no ECD column: run Segment Particles... or Measure Particles... first")
    diameters = table.getColumn("ECD")
    return diameters, table.getColumn("Weight") if table.columnExists("Weight") else [1.0] * len(diameters)


def histogram(diameters, weights, width):
    """Share of the weight in each bin, by the bins' centres."""
    shares, total = {}, sum(weights)
    for diameter, weight in zip(diameters, weights):
        index = int(diameter / width)
        shares[index] = shares.get(index, 0.0) + weight / total
    bins = range(min(shares), max(shares) + 1)
    return [(index + 0.5) * width for index in bins], [shares.get(index, 0.0) for index in bins]


def draw(diameters, weights, summary, unit):
    """Histogram with the density of the fit, scaled to the bins."""
    ordered = sorted(diameters)
    spread = ordered[3 * len(ordered) // 4] - ordered[len(ordered) // 4]
    # Freedman and Diaconis 1981, doi 10.1007/BF01025868
    width = max(2 * spread / len(ordered) ** (1 / 3.0), (ordered[-1] - ordered[0]) / 100) or ordered[-1] / 10
    plot = Plot(TITLE, "ECD (%s)" % unit, "Share of particles")
    plot.setColor(Color(90, 110, 140), Color(170, 190, 215))
    centres, shares = histogram(diameters, weights, width)
    plot.add("bar", array(centres, "d"), array(shares, "d"))
    highest = max(shares)
    sigma = math.log(summary["GSD"])
    if sigma > 0:
        mean = math.log(summary["geometric_mean"])
        xs = [ordered[0] + (ordered[-1] - ordered[0]) * i / 200.0 for i in range(201)]
        ys = [width / (x * sigma * math.sqrt(2 * math.pi)) * math.exp(-(((math.log(x) - mean) / sigma) ** 2) / 2) for x in xs]
        plot.setColor(Color(200, 60, 40))
        plot.setLineWidth(2)
        plot.add("line", array(xs, "d"), array(ys, "d"))
        highest = max(highest, max(ys))
    plot.setColor(Color.BLACK)
    plot.addLabel(0.02, 0.07, "D10 %.4g, D50 %.4g, D90 %.4g %s" % tuple([summary[n] for n in ("D10", "D50", "D90")] + [unit]))
    plot.addLabel(0.02, 0.13, "geometric mean %.4g %s, GSD %.3f" % (summary["geometric_mean"], unit, summary["GSD"]))
    plot.setLegend("particles\tlog-normal fit" if sigma > 0 else "particles", Plot.TOP_RIGHT)
    plot.setLimits(0, centres[-1] + width / 2, 0, highest * 1.3)
    return plot


def save(summary, plot):
    """Table and plot as files in the output folder: both whole, or an error and neither."""
    stem = "".join(c if c not in '/\\:*?"<>|' else "_" for c in (imp.getTitle().rsplit(".", 1)[0] if imp else "results"))
    names = [stem + "_size_distribution.csv", stem + "_size_distribution.png"]
    there = [name for name in names if File(output, name).exists()]
    if there and not overwrite:
        NanoSeg.refuse("%s is in %s already and was kept: give overwrite=true or another folder" % (there[0], output))
    try:
        Files.createDirectories(File(output).toPath())
        scratch = Files.createTempDirectory(File(output).toPath(), ".nanoseg").toFile()
        files = [File(scratch, name) for name in names]
        cells = ["%.6g" % value if isinstance(value, float) else '"%s"' % value for value in summary.values()]
        Files.write(files[0].toPath(), [",".join(summary), ",".join(cells)])
        ImageIO.write(plot.getImagePlus().getBufferedImage(), "png", files[1])
        for file in files:
            Files.move(file.toPath(), File(output, file.getName()).toPath(), StandardCopyOption.REPLACE_EXISTING)
        scratch.delete()
    except IOException as error:
        NanoSeg.refuse("cannot write to %s (%s): choose another output folder" % (output, error.getMessage()))


def main():
    pairs = [pair for pair in zip(*columns()) if not math.isnan(pair[0]) and pair[1] > 0]
    if not pairs:
        NanoSeg.refuse("there are no particles to count: none was found, or all touch the edge")
    diameters, weights = zip(*pairs)
    unit = imp.getCalibration().getUnits() if imp else "unit of the image"
    response = NanoSeg.ask("size_distribution", {"params": {"ecd": array(diameters, "d"), "weights": array(weights, "d"), "unit": unit}})
    plot = draw(diameters, weights, response["summary"], unit)
    if output:
        save(response["summary"], plot)
    NanoSeg.showSummary(response, TITLE)
    plot.show()
    if imp:
        IJ.selectWindow(imp.getID())
    return response


NanoSeg = shared()
NanoSeg.run(imp, source == "ROI Manager", main)
