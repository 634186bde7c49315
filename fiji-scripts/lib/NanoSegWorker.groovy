import groovy.transform.CompileStatic
import ij.IJ
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock

/**
 * The service where Fiji hosts Python: a worker process, started through Appose by the first command and kept for the
 * next ones. It ends with Fiji, or when it has had nothing to do for half an hour (system property
 * {@code nanoseg.idle}, in seconds).
 *
 * Arrays travel in shared memory. Each block is made here and destroyed here, so that nothing is left of it whatever
 * becomes of the worker. Appose is looked up by name: this file must compile where there is none.
 */
class NanoSegWorker {
    private static final Map<Class, String> TYPES = [(byte[].class): "uint8", (short[].class): "uint16",
        (int[].class): "int32", (long[].class): "int64", (float[].class): "float32", (double[].class): "float64"]
    private static final Map<String, Integer> SIZES = [uint8: 1, int8: 1, uint16: 2, int16: 2, uint32: 4, int32: 4,
        uint64: 8, int64: 8, float32: 4, float64: 8]
    private static final ReentrantLock LOCK = new ReentrantLock()
    private static final Timer TIMER = new Timer("NanoSeg idle", true)

    private static Object worker
    private static Map installed
    private static TimerTask idle

    /** Answers a request, in a worker that is started where none runs; one request after the other. */
    Map apply(Map request, Object monitor) {
        while (!LOCK.tryLock(100, TimeUnit.MILLISECONDS))
            if (monitor.cancelled()) return [status: "cancelled"]
        try {
            idle?.cancel()
            if (!worker?.alive) start()
            exchange(request, monitor)
        } catch (Throwable problem) {
            stop() // in whatever state it is: the next command starts a fresh one
            throw problem
        } finally {
            if (worker != null) waitIdle()
            LOCK.unlock()
        }
    }

    // ---- The process ----

    private static void start() {
        installed = NanoSegSetUp.recorded()
        if (!installed) throw new NanoSeg.Failure("there is no Python to work with yet: run Plugins > NanoSeg > " +
            "NanoSeg Set Up... first")
        def version = NanoSegSetUp.version()
        if (installed.version != version) throw new NanoSeg.Failure("the commands are of version $version, Python was " +
            "set up for $installed.version: run Plugins > NanoSeg > NanoSeg Set Up... again")
        def python = new File(installed.python as String)
        if (!python.canExecute()) throw new NanoSeg.Failure("there is no Python at $python any more: run Plugins > " +
            "NanoSeg > NanoSeg Set Up... again")
        def appose = NanoSegSetUp.type("org.apposed.appose.Appose")
        IJ.showStatus("NanoSeg: starting Python")
        Throwable problem = null
        // The threads that Appose makes are daemons if this one is; else they would keep Java from ending.
        Thread.startDaemon("NanoSeg start") {
            try {
                worker = appose.custom().base(NanoSegSetUp.record().parentFile).binPaths(python.parent).build()
                    .service([python.name], "-P", "-m", "nanoseg_fiji.worker", installed.version as String).start()
            } catch (Throwable thrown) {
                problem = thrown
            }
        }.join()
        if (problem != null) throw new NanoSeg.Failure(notStarted(problem.message))
    }

    /** Ends the worker, so that another Python can be set up. */
    static void end() {
        if (!LOCK.tryLock()) throw new NanoSeg.Failure("Python is at work for another command: wait until that has ended")
        try {
            stop()
        } finally {
            LOCK.unlock()
        }
    }

    private static void stop() {
        def ended = worker
        worker = null
        if (ended?.alive) ended.kill()
    }

    private static void waitIdle() {
        idle = new TimerTask() {
            @Override void run() {
                if (!LOCK.tryLock()) return
                try {
                    // A command that came meanwhile has put a task of its own in this one's place.
                    if (idle.is(this)) { worker?.close(); worker = null }
                } finally {
                    LOCK.unlock()
                }
            }
        }
        TIMER.schedule(idle, 1000 * Long.getLong("nanoseg.idle", 1800L))
    }

    // ---- A request ----

    private static Map exchange(Map request, Object monitor) {
        def blocks = []
        Map answer = null
        try {
            answer = execute("from nanoseg_fiji import worker; worker.serve(task, request)",
                [request: pack(request, blocks)], monitor)
        } finally {
            blocks*.close()
        }
        def arrays = answer.arrays ? fetch(answer.arrays as List<List>) : []
        unpack(answer.response, arrays) as Map
    }

    private static List fetch(List<List> wanted) {
        def blocks = []
        try {
            wanted.each { dtype, count -> blocks << memory((count as long) * SIZES[dtype as String]) }
            execute("from nanoseg_fiji import worker; worker.fetch(names)", [names: blocks*.name()], null)
            [wanted, blocks].transpose().collect { what, block ->
                take(buffer(block), what[0] as String, what[1] as int)
            }
        } finally {
            blocks*.close()
        }
    }

    /** Has the worker run a script; returns its outputs. */
    private static Map execute(String script, Map inputs, Object monitor) {
        boolean launched = false, cancelled = false
        def task = worker.task(script, inputs).listen { event ->
            launched |= event.responseType.name() == "LAUNCH"
            if (event.maximum > 0) monitor?.progress(event.current / (double) event.maximum, event.message)
        }
        task.start()
        // A task that was made while the worker died hears nothing from Appose.
        for (int dead = 0; !task.status.finished && dead < 40; dead += worker.alive ? 0 : 1) {
            synchronized (task) { if (!task.status.finished) task.wait(50) }
            if (!cancelled && monitor?.cancelled()) {
                cancelled = true
                task.cancel()
            }
        }
        if (task.status.name() == "COMPLETE") return task.outputs
        if (task.status.name() == "FAILED") {
            def reason = lastLine(task.error.readLines())
            throw new NanoSeg.Failure(reason =~ /MemoryError|allocate memory/ ?
                "not enough memory in Python: use fewer slices or a smaller image" :
                "unexpected in Python: $reason; please report it")
        }
        throw new NanoSeg.Failure(!launched ? notStarted(lastLine(worker.errorLines())) :
            "Python ended in the middle of the work (killed, or out of memory) and nothing was kept: run the command " +
            "again, with fewer slices or a smaller image if that repeats")
    }

    private static String notStarted(String reason) {
        "the Python at $installed.python cannot work for Fiji (${reason ?: 'it ended without a word'}): " +
            "NanoSeg Set Up... tells more and mends it"
    }

    private static String lastLine(List<String> lines) { lines.findAll { it.trim() }.with { it ? it.last().trim() : "" } }

    // ---- Values and arrays ----

    /** A request as JSON can say it: arrays go to shared memory, in blocks that are added to the list. */
    private static Object pack(Object value, List blocks) {
        if (value instanceof Map) return value.collectEntries { key, part -> [key as String, pack(part, blocks)] }
        if (value instanceof Iterable) return value.collect { pack(it, blocks) }
        if (value instanceof CharSequence) return value as String
        if (value instanceof Number && !Double.isFinite(value as double)) return ['$float': value as String]
        def dtype = TYPES[value?.class]
        if (dtype == null) return value
        int count = java.lang.reflect.Array.getLength(value)
        def block = memory((long) count * SIZES[dtype])
        blocks << block
        put(buffer(block), value)
        ['$array': [dtype, count, block.name()]]
    }

    private static Object unpack(Object value, List arrays) {
        if (value instanceof List) return value.collect { unpack(it, arrays) }
        if (value instanceof BigDecimal) return value as double
        if (!(value instanceof Map)) return value
        if (value.containsKey('$float')) return Double.parseDouble(value['$float'] as String)
        value.containsKey('$array') ? arrays[value['$array'] as int] :
            value.collectEntries { key, part -> [key, unpack(part, arrays)] }
    }

    private static Object memory(long bytes) {
        if (bytes > Integer.MAX_VALUE)
            throw new NanoSeg.Failure("an array of ${bytes >> 20} MiB is too large to hand over: use fewer slices")
        NanoSegSetUp.type("org.apposed.appose.SharedMemory").create(Math.max(bytes, 1L))
    }

    private static ByteBuffer buffer(Object block) { block.buf(0, block.rsize()).order(ByteOrder.nativeOrder()) }

    @CompileStatic
    private static void put(ByteBuffer buffer, Object array) {
        if (array instanceof byte[]) buffer.put((byte[]) array)
        else if (array instanceof short[]) buffer.asShortBuffer().put((short[]) array)
        else if (array instanceof int[]) buffer.asIntBuffer().put((int[]) array)
        else if (array instanceof long[]) buffer.asLongBuffer().put((long[]) array)
        else if (array instanceof float[]) buffer.asFloatBuffer().put((float[]) array)
        else buffer.asDoubleBuffer().put((double[]) array)
    }

    @CompileStatic
    private static Object take(ByteBuffer buffer, String dtype, int count) {
        if (dtype == "float32") return new float[count].with { buffer.asFloatBuffer().get(it); it }
        if (dtype == "float64") return new double[count].with { buffer.asDoubleBuffer().get(it); it }
        if (dtype.endsWith("int8")) return new byte[count].with { buffer.get(it); it }
        if (dtype.endsWith("int16")) return new short[count].with { buffer.asShortBuffer().get(it); it }
        if (dtype.endsWith("int32")) return new int[count].with { buffer.asIntBuffer().get(it); it }
        new long[count].with { buffer.asLongBuffer().get(it); it }
    }
}
