import ij.IJ
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption
import java.util.zip.ZipFile

/**
 * Gives the commands a Python: makes an environment of its own in {@code <ImageJ folder>/nanoseg/environment} through
 * Appose's uv builder, or takes a Python that the user names; checks it and records it for NanoSegWorker.
 *
 * All that is made lies in that folder (env, the Python of it, and uv's downloads until they are installed), so that
 * removing it removes everything. What is installed is pinned in requirements.txt beside this file.
 */
class NanoSegSetUp {
    private static final String PYTHON = "3.11"
    private static final boolean WINDOWS = IJ.windows

    /** Makes or takes a Python, checks and records it. Empty texts: an environment of its own, from the network. */
    static Map run(String python, String wheels, String uv, boolean remove) {
        if (System.properties.get("nanoseg.service"))
            return told("Python hosts this ImageJ: there is nothing to set up")
        NanoSegWorker.end()
        try {
            if (remove) return forget()
            def chosen = python && !wheels ? file(python, "python") : built(python, wheels, uv)
            def found = cancellable { examine(chosen) }
            if (found.problems) throw new NanoSeg.Failure(
                "the Python at $chosen cannot work for ImageJ: ${found.problems.join("; ")}")
            write(record(), type("groovy.json.JsonOutput").prettyPrint(type("groovy.json.JsonOutput").toJson(
                [python: chosen.path, version: version(), files: recorded().files ?: []])))
            told("ready: nanoseg-fiji ${version()}, torch $found.torch on $found.device, Python $found.python at $chosen")
        } catch (IOException problem) {
            throw new NanoSeg.Failure("cannot write to ${folder()} ($problem.message): move ImageJ to a folder of yours")
        }
    }

    /** Version of the commands, which the Python side must have too. */
    static String version() { requirements(library())[0].split("==")[1].trim() }

    /** What is recorded of Python: python, version, files; empty where nothing is, or nothing that can be read. */
    static Map recorded() {
        def reader = type("groovy.json.JsonSlurper").newInstance()
        try {
            return record().file ? reader.parse(record(), "UTF-8") : [:]
        } catch (RuntimeException ignored) {
            return [:]
        }
    }

    static File record() { new File(folder(), "installed.json") }

    /** A class that not every ImageJ has. */
    static Class type(String name) {
        try {
            return Class.forName(name, true, IJ.classLoader ?: IJ.class.classLoader)
        } catch (ClassNotFoundException ignored) {
            throw new NanoSeg.Failure("this Fiji has no Appose, which starts Python: update it (Help > Update...), " +
                "or start it with 'nanoseg-fiji gui --fiji'")
        }
    }

    private static File folder() { new File(IJ.getDir("imagej") ?: ".", "nanoseg").absoluteFile }

    private static File library() { new File(System.getProperty("nanoseg.lib") ?: "${folder()}/lib") }

    private static File home() { new File(folder(), "environment") }

    private static List<String> requirements(File folder) {
        new File(folder, "requirements.txt").readLines("UTF-8")*.trim().findAll { it && !it.startsWith("#") }
    }

    // ---- The environment ----

    /** Python of the environment, which is made unless it is there and in order. */
    private static File built(String python, String wheels, String uv) {
        def env = new File(home(), "env")
        def program = new File(env, WINDOWS ? "Scripts/python.exe" : "bin/python")
        if (program.canExecute() && !cancellable { examine(program) }.problems) return program
        delete(env) // incomplete, or of another version
        home().mkdirs()
        if (!home().directory) throw new IOException("${home()} cannot be made")
        try {
            def text = [*source(wheels), *requirements(archived(wheels) ?: library())].join("\n")
            provide(uv)
            cancellable { build(env, python ? file(python, "python").path : PYTHON, text, wheels) }
        } finally {
            delete(new File(home(), "wheels"))
        }
        delete(new File(home(), "cache")) // kept until here, so that what is cancelled or fails goes on next time
        program
    }

    private static void build(File env, String python, String requirements, String wheels) {
        def say = { IJ.showStatus("NanoSeg: " + it.readLines().findAll().with { it ? it.last().trim() : "" }) }
        def builder = type("org.apposed.appose.Appose").uv().base(env).python(python)
            .content(requirements).scheme("requirements.txt").subscribeOutput(say).subscribeError(say)
            .subscribeProgress { title, done, all ->
                say(title)
                IJ.showProgress(done / (double) Math.max(all, 1))
            }
        variables(wheels).each { name, value -> if (!System.getenv(name)) builder.env(name, value) }
        say("making the Python environment (this takes some minutes)")
        try {
            builder.build()
        } catch (IOException | RuntimeException problem) {
            def lines = (problem.message ?: problem.toString()).readLines()*.trim().findAll()
            IJ.log("NanoSeg Set Up: " + lines.join("\n"))
            if (!uvOfAppose().canExecute()) throw new NanoSeg.Failure("uv, which installs Python, cannot be downloaded " +
                "(${lines[0]}): set Edit > Options > Proxy Settings..., give a uv with uv=, or a Python that has " +
                "nanoseg-fiji with python=")
            def reason = lines.drop(lines.indexOf("Error output:") + 1).join(" ").replaceAll(/\s+/, " ")
            throw new NanoSeg.Failure("the Python environment cannot be made (${reason.take(300)}): " + (wheels ?
                "the archive must hold all that requirements.txt in ${library()} asks for" :
                "see that the network or its proxy works, give an archive of wheels with wheels=, or a Python that has " +
                "nanoseg-fiji with python="))
        }
    }

    /** What uv is told, unless the user's environment tells it otherwise. */
    private static Map<String, String> variables(String wheels) {
        def found = [UV_CACHE_DIR: "${home()}/cache".toString(), UV_PYTHON_INSTALL_DIR: "${home()}/python".toString()]
        boolean mirror = ["UV_DEFAULT_INDEX", "UV_INDEX_URL"].any { System.getenv(it) }
        if (!wheels && !mirror) found.UV_TORCH_BACKEND = "auto" // torch for the graphics card that is there, or without
        found + proxy()
    }

    /** Java's proxy (Edit > Options > Proxy Settings...) for uv, where the environment names none. */
    private static Map<String, String> proxy() {
        if (System.getenv().any { name, value -> name.toUpperCase() in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] && value })
            return [:]
        def found = ["https", "http"].collectMany { ProxySelector.default.select(new URI("$it://pypi.org/")) }
            .find { it.type() != Proxy.Type.DIRECT }
        if (found == null) return [:]
        def address = "${found.type() == Proxy.Type.SOCKS ? "socks5" : "http"}://${found.address().hostString}:${found.address().port}"
        [HTTPS_PROXY: address.toString(), HTTP_PROXY: address.toString()]
    }

    private static File uvOfAppose() {
        new File(type("org.apposed.appose.util.Environments").apposeEnvsDir(), ".uv/bin/uv" + (WINDOWS ? ".exe" : ""))
    }

    /** Puts a uv where Appose keeps the one that it downloads: that which is named, else, where none is, that of PATH. */
    private static void provide(String named) {
        def place = uvOfAppose()
        def path = (System.getenv("PATH") ?: "").split(File.pathSeparator).collect { new File(it, place.name) }
        def chosen = named ? file(named, "uv") : place.canExecute() ? null : path.find { it.file && it.canExecute() }
        if (chosen == null) return
        place.parentFile.mkdirs()
        Files.copy(chosen.toPath(), place.toPath(), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES)
    }

    // ---- An archive of wheels ----

    /** Lines of requirements that have uv look into the archive alone; a zip is unpacked for that. */
    private static List<String> source(String wheels) {
        if (!wheels) return []
        def given = new File(wheels)
        def folder = given.directory ? given : unpacked(given)
        if (!folder.list().any { it.endsWith(".whl") })
            throw new NanoSeg.Failure("wheels=$wheels holds no wheels: give the folder or the zip file of them")
        ["--no-index", "--find-links ${folder.toURI()}".toString()]
    }

    /** Folder of the archive where that brings a requirements.txt of its own, else null. */
    private static File archived(String wheels) {
        wheels ? [new File(wheels), new File(home(), "wheels")].find { new File(it, "requirements.txt").file } : null
    }

    private static File unpacked(File zip) {
        if (!zip.file) throw new NanoSeg.Failure("there is no wheels=$zip: give a folder or a zip file of wheels")
        def folder = new File(home(), "wheels")
        delete(folder)
        folder.mkdirs()
        new ZipFile(zip).withCloseable { archive ->
            archive.entries().findAll { it.name.endsWith(".whl") || it.name.endsWith("requirements.txt") }.each { entry ->
                archive.getInputStream(entry).withCloseable { Files.copy(it, new File(folder, new File(entry.name).name).toPath()) }
            }
        }
        folder
    }

    // ---- Python ----

    private static File file(String path, String key) {
        def found = new File(path).absoluteFile
        if (!found.file || !found.canExecute()) throw new NanoSeg.Failure("there is no program $key=$path: give its whole path")
        found
    }

    /** What a Python says of itself: problems, and where there are none python, torch and device. */
    private static Map examine(File python) {
        IJ.showStatus("NanoSeg: checking Python")
        Process process = null
        try {
            process = new ProcessBuilder(python.path, "-P", "-m", "nanoseg_fiji.fitness", version()).start()
            def out = new StringBuilder(), err = new StringBuilder()
            def readers = [process.consumeProcessOutputStream(out), process.consumeProcessErrorStream(err)]
            process.waitFor()
            readers*.join()
            if (process.exitValue() == 0)
                return type("groovy.json.JsonSlurper").newInstance().parseText(out.readLines().last())
            def reason = err.readLines()*.trim().findAll()
            [problems: [reason ? reason.last() : "it ended with ${process.exitValue()}"]]
        } catch (IOException problem) {
            [problems: ["it does not start: $problem.message".toString()]]
        } finally {
            process?.destroyForcibly()
        }
    }

    /** Runs work in a thread of its own, which Escape interrupts; the process that it waits for ends with it. */
    private static Object cancellable(Closure work) {
        Object value = null
        Throwable problem = null
        boolean cancelled = false
        // The threads that Appose makes are daemons if this one is; else they would keep Java from ending.
        def thread = Thread.startDaemon("NanoSeg set up") {
            try { value = work() } catch (Throwable thrown) { problem = thrown }
        }
        while (thread.alive) {
            thread.join(100)
            if (!cancelled && IJ.escapePressed()) {
                cancelled = true
                thread.interrupt()
            }
        }
        if (cancelled) throw new NanoSeg.Cancelled("cancelled; what was downloaded is kept for the next time")
        if (problem != null) throw problem
        value
    }

    // ---- What is there afterwards ----

    /** Removes the environment, and the record of it. */
    private static Map forget() {
        boolean there = home().directory
        boolean own = recorded().python?.startsWith(home().path + File.separator)
        delete(home())
        if (own && !recorded().files) Files.deleteIfExists(record().toPath())
        told(there ? "the Python environment in ${home()} is removed" : "there is no Python environment in ${folder()}")
    }

    /** Tells the user, who waits for it: in a box, in macros and headless in the log. */
    private static Map told(String message) {
        if (NanoSeg.headless || NanoSeg.caller() != null) IJ.log("NanoSeg: $message")
        else IJ.showMessage("NanoSeg", message.replaceFirst(/: /, ":\n").replace(", ", "\n"))
        [status: "ok", count: 0]
    }

    private static void write(File file, String text) {
        file.parentFile.mkdirs()
        def scratch = new File(file.parentFile, ".${file.name}.new")
        scratch.setText(text, "UTF-8")
        Files.move(scratch.toPath(), file.toPath(), StandardCopyOption.REPLACE_EXISTING)
    }

    /** Deletes a folder; what its links point to stays. */
    private static void delete(File folder) {
        if (!folder.exists()) return
        Files.walk(folder.toPath()).withCloseable { it.sorted(Comparator.<Path> reverseOrder()).each { Files.delete(it) } }
    }
}
