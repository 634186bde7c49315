// A SciJava script as a command of the embedded ImageJ: its inputs as a dialog, as macro options and as values.

import ij.IJ
import ij.ImagePlus
import ij.Macro
import ij.WindowManager
import ij.gui.DialogListener
import ij.gui.GenericDialog
import ij.macro.Interpreter
import ij.plugin.frame.Recorder
import java.awt.AWTEvent
import java.awt.EventQueue
import java.awt.Label
import java.util.concurrent.CompletableFuture
import java.util.function.Consumer
import javax.script.ScriptEngine
import org.scijava.Context
import org.scijava.ItemVisibility
import org.scijava.module.ModuleItem
import org.scijava.script.ScriptInfo
import org.scijava.service.Service
import org.scijava.util.Types

/** A failure that the user can mend: one line. */
class Refusal extends RuntimeException {
    Refusal(String message) { super(message, null, false, false) }
}

/** The options string of a macro: key=value, key=[value with spaces], or a bare key, which means true. */
class Options {
    static Map<String, String> parse(String text) {
        def values = [:] as LinkedHashMap<String, String>
        def rest = text.trim()
        while (rest) {
            def key = (rest =~ /^[^\s=]+/).with { it.find() ? it.group() : '' }
            rest = rest.substring(key.length())
            String value = 'true'
            if (rest.startsWith('=')) {
                int end = endOfValue(rest.substring(1)) + 1
                value = rest.substring(1, end)
                rest = rest.substring(end)
                if (value.length() > 1 && value[0] in ['[', "'"]) value = value[1..<-1]
                // As in every ImageJ command, &name stands for the macro's variable of that name.
                if (value.startsWith('&')) value = Interpreter.instance?.getVariableAsString(value.substring(1)) ?: value
            }
            if (values.put(key.toLowerCase(Locale.ROOT), value) != null)
                throw new Refusal("the key '$key' is given twice: leave one out")
            rest = rest.trim()
        }
        values
    }

    private static int endOfValue(String text) {
        if (text.startsWith("'")) {
            int end = text.indexOf("'", 1)
            if (end > 0) return end + 1
        } else if (text.startsWith('[')) {
            int depth = 0
            for (int i = 0; i < text.length(); i++) {
                if (text.charAt(i) == '[' as char) depth++
                else if (text.charAt(i) == ']' as char && --depth == 0) return i + 1
            }
            throw new Refusal("a bracket is not closed in '$text': write key=[value with spaces]")
        }
        (text =~ /\s/).with { it.find() ? it.start() : text.length() }
    }
}

/** The preview of a dialog: as long as its checkbox is ticked, the outlines follow the values; AWT never waits for it. */
class LivePreview implements DialogListener {
    private final Map<String, Closure<String>> readers
    private final String key
    private final Closure<Map> convert
    private final Label said
    private final CompletableFuture<Object> preview
    private volatile Map wanted // null: nothing is to be seen
    private boolean closed

    LivePreview(GenericDialog dialog, String key, Map<String, Closure<String>> readers, Closure<Map> convert) {
        this.readers = readers
        this.key = key
        this.convert = convert
        dialog.addMessage(' ' * 90)
        said = dialog.message as Label
        def image = WindowManager.currentImage
        def say = { said.text = it } as Consumer
        preview = CompletableFuture.supplyAsync { load('NanoSegPreview').newInstance(image, say) } // it may have to be compiled
        preview.thenRun { EventQueue.invokeLater { if (wanted != null) follow() } }
        dialog.addDialogListener(this)
    }

    @Override boolean dialogItemChanged(GenericDialog dialog, AWTEvent event) {
        def texts = readers.collectEntries { name, read -> [name, read()] }
        wanted = null
        try {
            def values = convert(texts)
            if (texts[key] == 'true') wanted = values
            follow()
        } catch (Refusal refusal) {
            follow() // nothing is shown that the dialog does not say
            said.text = refusal.message
        }
        true
    }

    private synchronized void follow() {
        if (closed || !preview.done) return
        if (wanted == null) preview.get().hide() else preview.get().show(wanted)
    }

    void close() {
        synchronized (this) { closed = true }
        preview.get().close()
    }

    /** A class of what the scripts share, which they load in the same way. */
    private static Class load(String name) {
        def lib = System.getProperty('nanoseg.lib') ?: IJ.getDir('imagej') + 'nanoseg/lib'
        def first = System.properties.computeIfAbsent('nanoseg.class:' + lib) {
            new GroovyClassLoader(LivePreview.classLoader).with { addClasspath(lib); loadClass('NanoSeg') }
        }
        first.classLoader.loadClass(name)
    }
}

/** One script as a command: its inputs, as a dialog, as macro options and as values. */
class Command {
    final ScriptInfo info
    final String title
    private final ScriptEngine engine
    private final List<ModuleItem> items

    Command(ScriptInfo info, String title) {
        this.info = info
        this.title = title
        engine = info.language.scriptEngine
        items = info.inputs().findAll { asked(it) }
    }

    /** Run it; a command that is called, by a macro or a program, opens no dialog. */
    void run(boolean called) {
        def texts = called || !IJ.instance ? Options.parse(Macro.options ?: '') : ask()
        if (texts == null) throw new RuntimeException(Macro.MACRO_CANCELED)
        def unknown = texts.keySet() - items*.name
        if (unknown) throw new Refusal("unknown key '${unknown.join("', '")}': known are ${items*.name.join(', ')}")
        def bindings = engine.createBindings()
        bindings.put(ScriptEngine.FILENAME, info.path)
        info.inputs().each { item ->
            bindings.put(item.name, item in items ? convert(item, texts.getOrDefault(item.name, text(item))) : supply(item))
        }
        engine.eval(info.processedScript, bindings)
    }

    private static boolean asked(ModuleItem item) {
        !(ImagePlus.isAssignableFrom(item.type) || Service.isAssignableFrom(item.type) || item.type == Context ||
            item.visibility == ItemVisibility.MESSAGE)
    }

    /**
     * What is not asked for: the active image, services, the context.
     *
     * Scripts declare the image as not required, so that Fiji leaves the error to them, and as needed=true.
     */
    private Object supply(ModuleItem item) {
        if (Service.isAssignableFrom(item.type)) return info.context().getService(item.type)
        if (item.type == Context) return info.context()
        if (!ImagePlus.isAssignableFrom(item.type)) return item.defaultValue
        def image = WindowManager.currentImage
        if (image == null && (item.required || item.get('needed') == 'true')) throw new Refusal('no image is open: open one first')
        image
    }

    /** Default of an input, as text. */
    private static String text(ModuleItem item) {
        def value = item.defaultValue
        if (value != null) return value instanceof Double && value == Math.rint(value) && Math.abs(value) < 1e15 ?
            String.valueOf((long) value) : value.toString()
        if (item.choices) return item.choices[0].toString()
        if (item.type in [boolean, Boolean]) return 'false'
        Number.isAssignableFrom(Types.box(item.type)) ? '0' : ''
    }

    private static Object convert(ModuleItem item, String text) {
        def type = Types.box(item.type)
        if (type == Boolean) {
            if (!(text.toLowerCase(Locale.ROOT) in ['true', 'false'])) throw new Refusal("${item.name}=$text must be true or false")
            return text.equalsIgnoreCase('true')
        }
        if (Number.isAssignableFrom(type)) return number(item, type, text)
        if (type == File) return text.trim() ? new File(text.trim()) : null
        if (item.choices && !(text in item.choices*.toString()))
            throw new Refusal("${item.name}=$text is not one of ${item.choices.join(', ')}")
        text
    }

    private static Number number(ModuleItem item, Class type, String text) {
        boolean whole = !(type in [Double, Float, BigDecimal, Number])
        BigDecimal value = null
        try {
            if (!whole && text.trim().toLowerCase(Locale.ROOT) in ['inf', 'infinity']) return Double.POSITIVE_INFINITY
            value = new BigDecimal(text.trim())
            if (whole) value.longValueExact()
        } catch (NumberFormatException | ArithmeticException ignored) {
            throw new Refusal("${item.name}=$text is not a ${whole ? 'whole ' : ''}number")
        }
        if (item.minimumValue != null && value < (item.minimumValue as BigDecimal))
            throw new Refusal("${item.name}=$text is below ${plain(item.minimumValue)}")
        if (item.maximumValue != null && value > (item.maximumValue as BigDecimal))
            throw new Refusal("${item.name}=$text is above ${plain(item.maximumValue)}")
        value.asType(type) as Number
    }

    /** A number as people write it: 1, not 1.0. */
    private static String plain(Object number) { new BigDecimal(number.toString()).stripTrailingZeros().toPlainString() }

    /** Show the dialog; the texts of its fields by key, or null where it was cancelled. */
    private Map<String, String> ask() {
        info.inputs().findAll { ImagePlus.isAssignableFrom(it.type) }.each { supply(it) } // refuses before it asks
        if (!items) return [:]
        def dialog = new GenericDialog(title.replace('...', ''))
        def readers = [:] as LinkedHashMap<String, Closure<String>>
        info.inputs().each { item ->
            if (item.visibility == ItemVisibility.MESSAGE) dialog.addMessage(item.defaultValue?.toString() ?: item.label)
            else if (item in items && !readers.containsKey(item.name)) addFields(dialog, item, readers)
        }
        dialog.addHelp(help())
        def live = items.find { it.get('live') == 'true' }
        def values = { texts -> items.findAll { it != live }.collectEntries { [it.name, convert(it, texts[it.name])] } }
        def preview = live == null ? null : new LivePreview(dialog, live.name, readers, values)
        dialog.showDialog()
        preview?.close()
        if (dialog.wasCanceled()) return null
        // Not by getNextBoolean() and its like: GenericDialog records a checkbox as a bare key and reads key=false as true.
        def texts = readers.collectEntries { key, read -> [key, read()] } as LinkedHashMap<String, String>
        if (live != null) texts[live.name] = 'false' // it has been seen
        if (Recorder.record) items.each { item ->
            def value = File.isAssignableFrom(item.type) ? Recorder.fixPath(texts[item.name]) : texts[item.name]
            Recorder.recordOption(item.name, Recorder.fixString(value))
        }
        texts
    }

    /** Add the field of an item; checkboxes that follow each other stand in two columns, so that the dialog fits a laptop. */
    private void addFields(GenericDialog dialog, ModuleItem item, Map<String, Closure<String>> readers) {
        def group = items.drop(items.indexOf(item)).takeWhile { Types.box(it.type) == Boolean }
        if (!group) {
            readers[item.name] = addField(dialog, item)
            return
        }
        dialog.addCheckboxGroup(group.size() + 1 >> 1, 2, group.collect { caption(it) } as String[],
            group.collect { text(it).toBoolean() } as boolean[])
        group.eachWithIndex { each, i ->
            def box = dialog.checkboxes[dialog.checkboxes.size() - group.size() + i]
            readers[each.name] = { String.valueOf(box.state) }
        }
    }

    private static Closure<String> addField(GenericDialog dialog, ModuleItem item) {
        def label = caption(item)
        def type = Types.box(item.type)
        def models = item.get('models') == 'true' ? models() : []
        if (item.choices || models) {
            dialog.addChoice(label, (item.choices*.toString() ?: models) as String[], models ? models[0] : text(item))
            def choice = dialog.choices.last()
            return { choice.selectedItem }
        }
        if (item.widgetStyle?.contains('directory')) dialog.addDirectoryField(label, text(item), 20)
        else if (type == File) dialog.addFileField(label, text(item), 20)
        else dialog.addStringField(label, text(item), Number.isAssignableFrom(type) ? 8 : 20)
        def field = dialog.stringFields.last()
        return { field.text }
    }

    /** Names of all models, the usual one first: a dialog offers these, a macro may give a path as well. */
    private static List<String> models() {
        def answer = System.properties.get('nanoseg.service')?.apply([command: 'models'], null)
        if (answer?.status != 'ok') return []
        [answer.default as String] + answer.models*.name.findAll { it != answer.default }
    }

    /** What the Help button shows: every key, what it does, and its default. */
    private String help() {
        def escaped = { String text -> text.replace('&', '&amp;').replace('<', '&lt;') }
        def rows = items.collect { "<tr><td><b>$it.name</b></td><td>${escaped(it.description ?: it.label)}</td><td>${escaped(text(it))}</td></tr>" }
        "<html><body style='width: 560px'><h2>${title.replace('...', '')}</h2><table cellpadding=3><tr><td><b>key</b></td>" +
            "<td><b>what it does</b></td><td><b>default</b></td></tr>${rows.join('')}</table>" +
            "<p>In macros: run(\"$title\", \"key=value ...\"); a key left out takes its default. Plugins &gt; NanoSeg &gt; " +
            "NanoSeg Help opens the documentation.</p></body></html>"
    }

    /** The label as shown: first the key, as macros need it; "(unit)" becomes the unit of the active image. */
    private static String caption(ModuleItem item) {
        def label = item.label ?: item.name
        if (!label.toLowerCase(Locale.ROOT).startsWith(item.name)) label = label.empty ? item.name : "${item.name} ($label)"
        def unit = WindowManager.currentImage?.calibration?.units ?: 'unit'
        label.replace('(unit)', "($unit)").replace('(unit²)', "($unit²)")
    }
}
