// Makes the SciJava scripts of a folder ordinary commands of the embedded ImageJ: from the menu, from run("...") in a
// macro, recorded, and headless. Run once, by launch.py, before any window; its value is the Host that Python talks to.

import ij.IJ
import ij.ImageJ
import ij.ImagePlus
import ij.Macro
import ij.Menus
import ij.macro.Interpreter
import ij.plugin.frame.Recorder
import java.awt.Frame
import java.awt.event.WindowAdapter
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import net.imagej.patcher.LegacyHooks
import net.imagej.patcher.LegacyInjector
import org.codehaus.groovy.jsr223.GroovyScriptEngineFactory
import org.python.jsr223.PyScriptEngineFactory
import org.scijava.Context
import org.scijava.script.ScriptInfo
import org.scijava.script.ScriptService

/** The hooks in ImageJ, and what Python asks for. */
class Host extends LegacyHooks {
    private final Map<String, Command> commands = new TreeMap<>()
    private final Map<String, String> menus = new TreeMap<>()
    private final ScriptService scripts = new Context(ScriptService).service(ScriptService)

    Host() {
        scripts.addAlias(ImagePlus)
        scripts.index.add(new GroovyScriptEngineFactory(), false)
        scripts.index.add(new PyScriptEngineFactory(), false)
    }

    /** Make commands of the scripts below a folder, as Fiji does: Plugins/NanoSeg/A_B....groovy is Plugins > NanoSeg > A B... */
    void addScripts(String path) {
        def folder = new File(path)
        folder.eachFileRecurse { file ->
            if (!file.file || !file.name.contains('_') || !scripts.canHandleFile(file)) return
            def title = file.name.take(file.name.lastIndexOf('.')).replace('_', ' ')
            commands[title] = new Command(new ScriptInfo(scripts.context(), file), title)
            menus[title] = folder.toPath().relativize(file.parentFile.toPath()).join('>').replace('_', ' ') + '>' + title
        }
        register()
    }

    /** Enter the commands into ImageJ's table, and into its menu bar where it has one. */
    private void register() {
        if (Menus.commands != null) menus.each { title, path ->
            def entry = "nanoseg.Script(\"$title\")".toString()
            if (IJ.instance) Menus.add(path, entry) else Menus.commands.put(title, entry)
        }
    }

    /** Refresh Menus makes the table and the bar anew. */
    @Override void runAfterRefreshMenus() { register() }

    /**
     * Wait until the ImageJ window has been closed and disposed of, a while at most; true when it has.
     *
     * No earlier: the end of Python disposes of all windows, and two threads at one window wait for ever.
     */
    static boolean awaitClosed(long millis) {
        if (closed == null) {
            def latch = new CountDownLatch(1)
            def window = Frame.frames.find { it instanceof ImageJ }
            window?.addWindowListener([windowClosed: { latch.countDown() }] as WindowAdapter)
            if (!window?.displayable) latch.countDown()
            closed = latch
        }
        closed.await(millis, TimeUnit.MILLISECONDS)
    }

    private static CountDownLatch closed

    @Override Object interceptRunPlugIn(String className, String arg) {
        if (className != 'nanoseg.Script') return null
        def command = commands[arg]
        ['status': 'ok', 'error': '', 'count': '0'].each { key, value -> System.setProperty("nanoseg.$key", value) }
        // A macro that waits while the user chooses from the menu, or that another thread starts, did not call this.
        def frames = Thread.currentThread().stackTrace
        def caller = frames.any { it.className == Interpreter.name } ? Interpreter.instance : null
        boolean called = caller != null || frames.any { it.className == IJ.name && it.methodName == 'run' }
        if (caller == null) IJ.resetEscape()
        String message = null
        try {
            command.run(called)
        } catch (Throwable error) {
            def chain = []
            for (def e = error; e != null && !(e in chain); e = e.cause) chain << e
            if (chain.any { it.message?.endsWith(Macro.MACRO_CANCELED) }) message = ''
            else if (chain[0] instanceof Refusal) message = chain[0].message
            else {
                message = describe(chain.last())
                chain.last().printStackTrace()
            }
        }
        if (message) report(command.title.replace('...', '') + ': ' + message, caller, called)
        if (message == '' || System.getProperty('nanoseg.status') != 'ok')
            stopMacro(System.getProperty('nanoseg.error') ?: 'cancelled', caller, called)
        command
    }

    private static String describe(Throwable error) {
        def lines = (error.message ?: error.toString()).readLines()*.trim().findAll()
        // A Jython error is a traceback with the message last, a Groovy compiler's has it second.
        if (!lines) error.class.simpleName
        else if (lines[0].startsWith('Traceback')) lines.last()
        else lines[0] == 'startup failed:' && lines.size() > 1 ? lines[1] : lines[0]
    }

    /** Tell the user, and macros by the status, why a command failed. */
    private static void report(String message, Interpreter caller, boolean called) {
        System.setProperty('nanoseg.status', 'error')
        System.setProperty('nanoseg.error', message)
        if (IJ.instance == null || (caller != null && Interpreter.batchMode)) IJ.log(message)
        else if (!called) IJ.showMessage('NanoSeg', message) // IJ.error would end a macro that did not call it
        else
            // In a macro ImageJ names the line, ends the macro and leaves by an exception of its own.
            try { IJ.error('NanoSeg', message) } catch (RuntimeException e) { if (e.message != Macro.MACRO_CANCELED) throw e }
    }

    /**
     * End the macro that called, with no further message: Macro.abort() alone does not end the macro language's run().
     *
     * Nothing is thrown: ImageJ would then unlock the image, which another command may be at work on.
     */
    private static void stopMacro(String message, Interpreter caller, boolean called) {
        if (caller != null && !caller.done()) {
            caller.ignoreErrors = true
            caller.abort(message)
        }
        Recorder.setCommand(null) // what failed is not recorded
        if (!called) return
        try { Macro.abort() } catch (RuntimeException e) { if (e.message != Macro.MACRO_CANCELED) throw e }
    }
}

def host = new Host()
LegacyInjector.installHooks(Host.classLoader, host)
host
