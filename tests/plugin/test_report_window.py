"""Reports inside QGIS, with QtWebKit and without."""

import base64
import importlib.util
import socket
import threading

import pytest
from qgis.PyQt.QtCore import QBuffer, QByteArray, QIODevice, QUrl
from qgis.PyQt.QtGui import QColor, QImage

from cropmap_plugin.widgets import report_window
from cropmap_plugin.widgets.report_text import plain_page
from cropmap_plugin.widgets.report_window import PlainView, ReportWindow, data_of, make_view

WEBKIT = importlib.util.find_spec("PyQt5.QtWebKitWidgets") is not None
VIEWS = [
    pytest.param(make_view, id="webkit", marks=pytest.mark.skipif(not WEBKIT, reason="this Qt has no QtWebKit")),
    pytest.param(PlainView, id="plain"),
]


def picture(colour="#cc0000", size=500):
    image = QImage(size, 40, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(bytes(content)).decode()


def page_of(body):
    return (
        f"<!DOCTYPE html><html><head><title>T</title><style>p {{ color: red }}</style></head><body>{body}</body></html>"
    )


@pytest.fixture(params=VIEWS)
def view(request, qgis_app):
    made = request.param()
    made.resize(700, 500)
    made.show()
    yield made
    made.close()
    made.deleteLater()


def shown(view, path, wait_for, words):
    view.open(path)
    wait_for(lambda: words in view.text())
    return view.text()


def test_words_and_pictures_of_a_report_are_shown(view, tmp_path, wait_for):
    path = tmp_path / "report.html"
    path.write_text(
        page_of(f"<h1>Crop map</h1><p>Corn &amp; soy: ü</p><img src='{picture()}' alt='x'>"), encoding="utf-8"
    )
    text = shown(view, path, wait_for, "Corn & soy: ü")
    assert "Crop map" in text
    assert "color: red" not in text

    def red():
        image = view.grab().toImage()
        return any(image.pixelColor(x, y) == QColor("#cc0000") for x in range(0, 600, 20) for y in range(0, 400, 5))

    wait_for(red)


def test_no_script_runs_and_nothing_is_fetched(view, tmp_path, wait_for):
    asked = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.8)

    def listen():
        try:
            connection, _ = server.accept()
        except OSError:
            return
        asked.append(connection.recv(100))
        connection.close()

    thread = threading.Thread(target=listen)
    thread.start()
    place = f"http://127.0.0.1:{server.getsockname()[1]}"
    body = f"""<p id="a">as it was</p><img src="{place}/a.png"><link rel="stylesheet" href="{place}/a.css">
        <iframe src="{place}/frame"></iframe><script src="{place}/a.js"></script>
        <script>document.getElementById("a").innerHTML = "changed"</script><p>the end</p>"""
    path = tmp_path / "report.html"
    path.write_text(page_of(body), encoding="utf-8")
    text = shown(view, path, wait_for, "the end")
    thread.join()
    server.close()
    assert "as it was" in text
    assert "changed" not in text
    assert asked == []


def test_links_to_the_web_open_in_the_browser_and_others_do_not(qgis_app, monkeypatch):
    opened = []
    monkeypatch.setattr(report_window.QDesktopServices, "openUrl", lambda address: opened.append(address.toString()))
    for address in ("https://doi.org/10.1", "file:///etc/passwd", "javascript:alert(1)", "smb://host/x"):
        report_window.follow(QUrl(address))
    assert opened == ["https://doi.org/10.1"]


def test_the_window_shows_one_report_after_another_and_says_if_one_is_missing(
    qgis_app, tmp_path, wait_for, monkeypatch
):
    opened = []
    monkeypatch.setattr(report_window, "open_file", opened.append)
    window = ReportWindow()
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        (tmp_path / run / "report.html").write_text(page_of(f"<p>the {run} report</p>"), encoding="utf-8")
        assert window.show_report(str(tmp_path / run / "report.html"))
        wait_for(lambda run=run: f"the {run} report" in window.view.text())
    assert "second" in window.windowTitle()
    window.browser.click()
    window.folder.click()
    assert opened == [str(tmp_path / "second" / "report.html"), str(tmp_path / "second")]
    window.larger.click()
    window.smaller.click()
    assert not window.show_report(str(tmp_path / "third" / "report.html"))
    window.close()
    window.deleteLater()


def test_a_qgis_without_webkit_shows_reports_all_the_same(qgis_app, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(report_window.importlib, "import_module", missing)
    assert isinstance(make_view(), PlainView)


BODY = """<section class="cards"><div class="card"><div class="label">Kappa</div><div class="value">0.9</div></div>
</section><section><h2>Classes</h2><table><tr><th class="n" style="x">n &lt; 3</th><td class="n">7</td></tr></table>
<i class="swatch" style="background:#ff0000"></i><details><summary>More</summary><p>inside</p></details>
<img src="https://a.b/c.png" alt="a picture"><img src="file:///etc/passwd" alt="a file">
<svg><text>drawn</text></svg><div class="scale"><span>1 km</span></div></section>
<a href="https://doi.org/1">doi</a></div></p>"""


def test_a_plain_page_keeps_words_tables_and_pictures_and_drops_the_rest():
    plain = plain_page(page_of(BODY))
    for kept in ("Kappa", "0.9", "<h2>Classes</h2>", "n &lt; 3", "#ff0000", "<h3>More</h3>", "inside", "a picture"):
        assert kept in plain
    for gone in ("style>", "drawn", "1 km", "c.png", "/etc/passwd", "<svg", "color: red"):
        assert gone not in plain
    assert plain.count("<table") == plain.count("</table>")
    assert plain.count("<td") == plain.count("</td>")


def test_a_plain_page_says_where_a_drawing_was_but_not_in_a_line_of_words():
    body = "<figure><svg><path/></svg></figure><div class='marks'><span>key</span></div><td><svg></svg>9</td>"
    plain = plain_page(page_of(body), "A drawing & more")
    assert plain.count("A drawing &amp; more") == 1
    assert "key" not in plain


def test_what_a_browser_hides_until_it_is_ticked_is_not_shown(tmp_path, wait_for, qgis_app):
    pytest.importorskip("qgis.PyQt.QtWebKitWidgets")
    box = "<div class='lines'><label><input type='checkbox' id='show-wide'{state}>95 % interval</label></div>"
    for state, words in (("", "median"), (" checked", "95 % interval")):
        path = tmp_path / f"report{len(state)}.html"
        ribbon = "<svg width='300' height='300'><rect class='wide' width='300' height='300' fill='#cc0000'/></svg>"
        path.write_text(page_of(f"<p>median</p>{box.format(state=state)}{ribbon}"), encoding="utf-8")
        view = make_view()
        view.resize(700, 600)
        view.show()
        assert ("95 % interval" in shown(view, path, wait_for, words)) == bool(state)
        wait_for(lambda view=view, state=state: has_red(view) == bool(state))
        view.close()
        view.deleteLater()


def has_red(view):
    image = view.grab().toImage()
    return any(
        QColor(image.pixel(x, y)).red() > 150 + QColor(image.pixel(x, y)).green() for x in (50, 150) for y in (150, 250)
    )


@pytest.mark.parametrize(
    ("address", "content"),
    [
        ("data:image/png;base64,YWJj", b"abc"),
        ("data:text/plain,a%20b", b"a b"),
        ("data:;base64,%59%57%4a%6a", b"abc"),
        ("data:;base64,Y", b""),
        ("data:nothing", b""),
    ],
)
def test_data_addresses_are_decoded(address, content):
    assert data_of(address) == content
