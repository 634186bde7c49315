import ij.IJ
import ij.io.OpenDialog
import ij.macro.Interpreter
import ij.plugin.frame.Recorder
import java.awt.BorderLayout
import java.awt.EventQueue
import java.awt.FlowLayout
import javax.swing.JButton
import javax.swing.JEditorPane
import javax.swing.JFrame
import javax.swing.JList
import javax.swing.JOptionPane
import javax.swing.JPanel
import javax.swing.JScrollPane
import javax.swing.JSplitPane
import javax.swing.ListSelectionModel

/** The list of models: a window with card and picture of each, or lines in the log where there is no display. */
class NanoSegModels {
    static final String TITLE = "NanoSeg Models"
    private static NanoSegModels window

    private final JFrame frame = new JFrame(TITLE)
    private final JList<String> names = new JList<>()
    private final JEditorPane card = new JEditorPane("text/html", "")
    private List<Map> models = []
    private String usual

    /** Shows the models of a response; a window that is open is brought up to date, `open` opens one. */
    static void show(Map response, boolean open) {
        if (NanoSeg.headless || Interpreter.batchMode) {
            if (open) response.models.each { IJ.log(line(it, response.default as String)) }
            return
        }
        Runnable update = {
            if (window == null && open) window = new NanoSegModels()
            if (window == null || !(open || window.frame.visible)) return
            window.fill(response)
            if (open) window.frame.visible = true
        }
        EventQueue.dispatchThread ? update.run() : EventQueue.invokeAndWait(update)
    }

    private static String line(Map model, String usual) {
        def notes = [model.own ? "yours" : null, model.name == usual ? "default" : null].findAll()
        "$model.name${notes ? " (${notes.join(", ")})" : ""}: " +
            [model.description, model.weights ? "$model.weights weights" : null, model.scores, model.licence].findAll().join("; ")
    }

    private NanoSegModels() {
        names.selectionMode = ListSelectionModel.SINGLE_SELECTION
        names.addListSelectionListener { if (!it.valueIsAdjusting && names.selectedIndex >= 0) describe(models[names.selectedIndex]) }
        card.editable = false
        def buttons = new JPanel(new FlowLayout(FlowLayout.RIGHT))
        buttons.add(button("Import...") { importOne() })
        buttons.add(button("Set as Default") { change("action=default name=[${chosen()}]") })
        buttons.add(button("Remove") {
            def asked = "Delete the model ${chosen()}?"
            if (JOptionPane.showConfirmDialog(frame, asked, TITLE, JOptionPane.OK_CANCEL_OPTION) == JOptionPane.OK_OPTION)
                change("action=remove name=[${chosen()}]")
        })
        buttons.add(button("Close") { frame.visible = false })
        def split = new JSplitPane(JSplitPane.HORIZONTAL_SPLIT, new JScrollPane(names), new JScrollPane(card))
        split.dividerLocation = 200
        frame.add(split)
        frame.add(buttons, BorderLayout.SOUTH)
        frame.setSize(900, 600)
        frame.locationRelativeTo = IJ.instance
    }

    private static JButton button(String label, Closure action) {
        def made = new JButton(label)
        made.addActionListener { action() }
        made
    }

    private String chosen() { models[names.selectedIndex].name }

    private void fill(Map response) {
        def before = names.selectedIndex >= 0 ? chosen() : response.default
        models = response.models as List<Map>
        usual = response.default
        names.listData = models.collect { it.name == usual ? "$it.name (default)" : it.name } as String[]
        names.selectedIndex = Math.max(0, models.findIndexOf { it.name == before })
    }

    private void describe(Map model) {
        def picture = model.picture ? "<p><img src='${new File(model.picture as String).toURI()}'></p>" : ""
        def facts = [["Weights", model.weights ?: ""], ["Scores", model.scores], ["Licence", model.licence],
                     ["File", model.file], ["sha256", model.sha256]].findAll { it[1] }
        card.text = "<html><body style='font-family: sans-serif; margin: 8px'>$picture<table>" +
            facts.collect { "<tr><td><b>${it[0]}</b></td><td>${it[1]}</td></tr>" }.join() + "</table>$model.html</body></html>"
        card.caretPosition = 0
    }

    private void importOne() {
        def dialog = new OpenDialog("Import a model (.safetensors or bioimage.io .zip)", null)
        if (dialog.path == null) return
        def name = JOptionPane.showInputDialog(frame, "Name of the model; empty takes that of its card", "")
        if (name != null) change("action=import path=[$dialog.path] name=[$name]")
    }

    /** Runs the command as a macro would, so that it is recorded and its errors are told in the usual way. */
    private static void change(String options) {
        if (Recorder.record) Recorder.recordString("run(\"NanoSeg Models...\", \"${Recorder.fixPath(options)}\");\n")
        Thread.start("NanoSeg models") { IJ.run("NanoSeg Models...", options) }
    }
}
