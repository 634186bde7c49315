// A plain JVM with ImageJ and no Python in it: runs the macros that come in as lines of JSON, and answers each with a
// line of JSON. Arguments: folder of hooks.groovy, folder of the Fiji. Nothing here may name a class of ImageJ: the
// patcher must come before them.

import groovy.json.JsonOutput
import groovy.json.JsonSlurper
import net.imagej.patcher.LegacyInjector

LegacyInjector.preinit()
def shell = new GroovyShell(getClass().classLoader)
shell.classLoader.parseClass(new File(args[0], "command.groovy"))
def host = shell.evaluate(new File(args[0], "hooks.groovy"))
shell.evaluate('ij.IJ.runPlugIn("ij.IJ.init", "")')
host.addScripts(new File(args[1], "scripts").path)
def answers = System.out
System.out = System.err
def jobs = [
    macro: { text ->
        def ij = shell.classLoader.loadClass("ij.IJ")
        ij.resetEscape() // the user has let go of the key
        ij.runMacro(text)
    },
    escape: { shell.evaluate("ij.IJ.setKeyDown(java.awt.event.KeyEvent.VK_ESCAPE)") },
    end: { System.exit(0) },
]
System.in.eachLine("UTF-8") { line ->
    def job = new JsonSlurper().parseText(line)
    Thread.start {
        def value = jobs[job.what](job.text)
        def state = ["status", "error", "count"].collectEntries { [it, System.getProperty("nanoseg." + it)] }
        synchronized (answers) { answers.println(JsonOutput.toJson([value: value as String] + state)) }
    }
}
