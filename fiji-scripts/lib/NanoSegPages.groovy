import ij.IJ
import ij.plugin.BrowserLauncher
import ij.text.TextWindow
import java.awt.Toolkit
import java.awt.datatransfer.StringSelection

/** Documentation and the report on what is installed. */
class NanoSegPages {
    /** Opens a page in the browser; where there is no display, its address goes to the log. */
    static void browse(String address) {
        if (NanoSeg.headless) {
            IJ.log("NanoSeg: the documentation is $address")
            return
        }
        IJ.showStatus("NanoSeg: opening $address")
        BrowserLauncher.openURL(address)
    }

    /** Shows what Python found, and what this Java and ImageJ are; to the log where there is no display. */
    static void report(String found, boolean copy) {
        def text = "NanoSeg report\n\n$found\n${here()}\n".toString()
        if (NanoSeg.headless) {
            IJ.log(text)
            return
        }
        if (copy) Toolkit.defaultToolkit.systemClipboard.setContents(new StringSelection(text), null)
        new TextWindow("NanoSeg Report", text, 800, 500)
    }

    private static String here() {
        def lines = [
            ImageJ: "${IJ.fullVersion}, folder ${IJ.getDir("imagej") ?: "none"}",
            Java: "${System.getProperty("java.version")} (${System.getProperty("java.vendor")}), ${System.getProperty("java.home")}",
            memory: IJ.freeMemory(),
            Python: System.properties.get("nanoseg.service") ? "hosts this ImageJ" : "is a worker of this ImageJ",
        ]
        lines.collect { name, value -> "    ${name.padRight(20)}  $value" }.join("\n")
    }
}
