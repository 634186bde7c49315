#!jython
#@ ImagePlus (required=false) imp
#@ String (label="source", description="Where the sizes come from: the active table with sizes or else the Results table, or the ROIs of the ROI Manager (without a display: of the overlay), measured on the active image", choices={"Results table", "ROI Manager"}, value="Results table", persist=false) source
#@ String (label="tables (CSV or folders, ; between), empty = source", description="Tables in files, or folders of results, in place of the source: each is a group to compare", value="", persist=false) tables
#@ String (label="size (diameter)", description="Diameter to describe: equivalent circular, smallest or largest caliper", choices={"ECD", "MinFeret", "Feret"}, value="ECD", persist=false) size
#@ String (label="basis (weighting)", description="What particles count by. Area and volume take them for spheres of their diameters", choices={"number", "area", "volume"}, value="number", persist=false) basis
#@ String (label="compare (groups)", description="What makes a group: auto is the tables where there are several, else the column Group, else the images", choices={"auto", "image", "table", "group", "none"}, value="auto", persist=false) compare
#@ String (label="independent (drawn for intervals)", description="What intervals take for independent: images (all slices of a stack are one), slices or particles", choices={"image", "slice", "particle"}, value="image", persist=false) independent
#@ Double (label="precision (%) aimed at", description="Relative error aimed at: fewer particles than it needs draw a warning", value=5, min=0.1, max=100, persist=false) precision
#@ Boolean (label="cumulative plot", description="Show the cumulative distributions in a second plot", value=true, persist=false) cumulative
#@ String (label="output folder, empty = no files", description="Folder for tables (CSV), figure (PNG, SVG) and provenance as files; empty writes none", value="", style="directory", persist=false) output
#@ Boolean (label="decimal_comma in the CSV files", description="Write CSV files with decimal commas and semicolons, for spreadsheets that want them", value=false, persist=false) decimal_comma
#@ Boolean (label="overwrite files of an earlier run", description="Replace files of the same name in the output folder; off keeps them and stops with an error", value=false, persist=false) overwrite
"""Plots and table of particle sizes by number, area or volume, of one or several groups of images."""

from groovy.lang import GroovyClassLoader
from ij import IJ, WindowManager
from ij.gui import Plot
from ij.measure import ResultsTable
from jarray import array
from java.awt import Color
from java.lang import Double, System

TITLE = "NanoSeg Size Distribution"
COLOURS = [Color(c) for c in (0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0x56B4E9, 0xE69F00, 0x000000, 0x999999, 0x7F3C8D, 0x80BA5A)]


def shared():
    """The class that all NanoSeg commands share, compiled once."""
    lib = System.getProperty("nanoseg.lib") or IJ.getDir("imagej") + "nanoseg/lib"
    loaded = System.getProperties()
    if loaded.get("nanoseg.class:" + lib) is None:
        loader = GroovyClassLoader()
        loader.addClasspath(lib)
        loaded.put("nanoseg.class:" + lib, loader.loadClass("NanoSeg"))
    return loaded.get("nanoseg.class:" + lib)


def has_sizes(table):
    names = [str(name).split(" (")[0] for name in table.getHeadings()] if table else []
    return size in names or (size == "ECD" and "Area" in names)


def active_table():
    """The table in front where it has sizes, such as a CSV file that ImageJ opened; else the Results table."""
    front = None if NanoSeg.isHeadless() else ResultsTable.getActiveTable()
    table = front if has_sizes(front) else ResultsTable.getResultsTable()
    if not has_sizes(table):
        NanoSeg.refuse("the Results table has no %s column: run Segment Particles... or Measure Particles... first" % size)
    columns, labels = [], None
    for name in table.getHeadings():
        values = None if name == "Label" else table.getColumn(name)
        if values is None or all(Double.isNaN(value) for value in values):
            values = list(table.getColumnAsStrings(name))
        if name == "Label":
            labels = values
        else:
            columns.append({"name": name, "values": values})
    return {"name": "Results", "columns": columns, "labels": labels}


def params():
    """What the service is asked: sizes, and what to do with them."""
    unit = imp.getCalibration().getUnits() if imp else ""
    chosen = {"size": size, "basis": basis, "compare": compare, "independent": independent, "precision": precision,
              "decimal_comma": decimal_comma, "unit": unit, "name": imp.getTitle() if imp else "results"}
    if tables.strip():
        return dict(chosen, paths=[path.strip() for path in tables.split(";") if path.strip()], name="tables")
    if source == "ROI Manager":
        request = {"image": NanoSeg.image(imp, imp.getStackSize() > 1), "rois": NanoSeg.roiZip(imp)}
        return dict(chosen, tables=[NanoSeg.ask("measure", request)["table"]])
    return dict(chosen, tables=[active_table()])


def draw(curves, summary):
    """Densities: a histogram a group, and the log-normal fit of each."""
    unit = summary["unit"] or "unit"
    plot = Plot(TITLE, "%s (%s)" % (size, unit), "density by %s (1/%s)" % (basis, unit))
    legend, right, highest = [], 0.0, 0.0
    for i, curve in enumerate(curves):
        colour = COLOURS[i % len(COLOURS)]
        edges, density = list(curve["edges"]), list(curve["density"])
        right, highest = max(right, edges[-1]), max([highest] + density + list(curve["fit_density"]))
        plot.setLineWidth(1)
        if len(curves) == 1:
            plot.setColor(Color(90, 110, 140), Color(170, 190, 215))
            plot.add("bar", array([(a + b) / 2 for a, b in zip(edges, edges[1:])], "d"), array(density, "d"))
        else:
            plot.setColor(colour)
            steps = [0.0] + [level for level in density for _ in (0, 1)] + [0.0]
            plot.add("line", array([edge for edge in edges for _ in (0, 1)], "d"), array(steps, "d"))
        legend.append("particles" if len(curves) == 1 else curve["name"])
        if len(curve["fit_x"]):
            plot.setColor(COLOURS[1] if len(curves) == 1 else colour.darker())
            plot.setLineWidth(2)
            plot.add("line", curve["fit_x"], curve["fit_density"])
            legend.append("log-normal fit" if len(curves) == 1 else curve["name"] + ", fit")
    finish(plot, legend, Plot.TOP_RIGHT)
    if len(curves) == 1:
        plot.addLabel(0.02, 0.07, "D10 %.4g, D50 %.4g, D90 %.4g %s" % tuple([summary[n] for n in ("D10", "D50", "D90")] + [unit]))
        plot.addLabel(0.02, 0.13, "geometric mean %.4g %s, GSD %.3f" % (summary["geometric_mean"], unit, summary["GSD"]))
    plot.setLimits(0, right * 1.02, 0, highest * 1.3)
    return plot


def draw_cumulative(curves, summary):
    """Cumulative distributions, of which D-values are read."""
    plot = Plot(TITLE + " (cumulative)", "%s (%s)" % (size, summary["unit"] or "unit"), "cumulative by %s (%%)" % basis)
    for i, curve in enumerate(curves):
        plot.setColor(COLOURS[i % len(COLOURS)])
        plot.setLineWidth(2)
        plot.add("line", curve["x"], array([100 * level for level in curve["cumulative"]], "d"))
    finish(plot, [curve["name"] for curve in curves], Plot.BOTTOM_RIGHT)
    plot.setLimits(0, max([curve["x"][-1] for curve in curves]) * 1.02, 0, 100)
    return plot


def finish(plot, legend, where):
    plot.setColor(Color.BLACK)
    plot.setLineWidth(1)
    plot.setLegend("\t".join(legend), where)


def add_rows(table, unit):
    """A row a group, after those of earlier runs."""
    shown = ResultsTable.getResultsTable("NanoSeg Sizes") or ResultsTable()
    for row, label in enumerate(table["labels"]):
        shown.addRow()
        shown.addLabel(label)
        shown.addValue("Unit", unit)
        for column in table["columns"]:
            shown.addValue(column["name"], column["values"][row])
    shown.show("NanoSeg Sizes")


def main():
    response = NanoSeg.ask("size_distribution", {"params": params(), "output": output or None, "overwrite": overwrite})
    for line in response["summary_text"].splitlines():
        IJ.log(line)
    if not NanoSeg.isHeadless():
        summary = response["summary"]
        add_rows(response["table"], summary["unit"])
        if cumulative:
            draw_cumulative(response["curves"], summary).show()
        draw(response["curves"], summary).show()
        if imp and WindowManager.getImage(imp.getID()):
            IJ.selectWindow(imp.getID())
    return response


NanoSeg = shared()
NanoSeg.run(imp, source == "ROI Manager" and not tables.strip(), main)
