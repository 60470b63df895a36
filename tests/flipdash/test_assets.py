"""What browsers load of ours is built: one stylesheet and one script, named by their hash; pages are compressed."""

import gzip
import re
from io import BytesIO
from pathlib import Path

import brotli
import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import reverse
from fontTools.ttLib import TTFont

from flipdash import assets, fonts

JS = Path(finders.find("js/app.js")).parent


@pytest.fixture(scope="module")
def joined():
    return assets.joined_styles(), assets.joined_scripts()


def test_the_stylesheet_is_one_file_and_keeps_its_layers(joined):
    styles, _scripts = joined
    assert "@import" not in styles
    layers = list(dict.fromkeys(re.findall(r"@layer (\w+)", styles)))
    assert layers == ["reset", "tokens", "base", "layout", "components", "utilities"]


def test_addresses_in_styles_hold_wherever_they_are_joined(joined):
    styles, _scripts = joined
    assert [url for url in re.findall(r"url\(\"?([^)\"]+)", styles) if not url.startswith(("/static/", "data:"))] == []


def test_every_script_is_in_the_one_file_but_the_one_that_runs_first(joined):
    _styles, scripts = joined
    assert not re.search(r"^(import|export)\b", scripts, re.MULTILINE)
    for source in JS.glob("*.js"):
        if source.name not in {"app.js", "brief.js", "root.js"}:
            assert source.read_text() in scripts, source.name
    assert "var htmx=function" in scripts


def test_a_script_with_imports_of_its_own_is_refused(monkeypatch, tmp_path):
    (tmp_path / "app.js").write_text('import "./other.js";\n')
    (tmp_path / "other.js").write_text("export const nothing = 1;\n")
    monkeypatch.setattr(assets.finders, "find", lambda name: str(tmp_path / Path(name).name))
    with pytest.raises(ValueError, match=r"other\.js imports or exports"):
        assets.joined_scripts()


def test_a_script_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(assets, "SCRIPTS", "js/nothing.js")
    with pytest.raises(ValueError, match=r"no static file js/nothing\.js"):
        assets.joined_scripts()


def of_built(root, settings):
    """Return the settings of a site whose files collectstatic made."""
    return {
        "STATIC_ROOT": root,
        "STORAGES": {**settings.STORAGES, "staticfiles": {"BACKEND": "flipdash.assets.BuiltStorage"}},
    }


@pytest.fixture(scope="module")
def collected(tmp_path_factory) -> Path:
    """What collectstatic makes, once: it takes seconds."""
    root = tmp_path_factory.mktemp("built")
    with override_settings(**of_built(root, settings)):
        call_command("collectstatic", interactive=False, verbosity=0)
    return root


@pytest.fixture
def built(collected, settings) -> Path:
    """The site with its files as collectstatic makes them."""
    for name, value in of_built(collected, settings).items():
        setattr(settings, name, value)
    return collected


@pytest.mark.django_db
def test_collectstatic_names_the_joined_files_by_their_hash_and_makes_them_anew(built, client, settings):
    settings.DEBUG = True  # as `make run` has it
    page = client.get(reverse("account_login")).content.decode()
    names = re.findall(r'(?:href|src)="/static/((?:css|js)/[^"]+)"', page)
    assert [re.sub(r"\.[0-9a-f]{12}\.", ".#.", name) for name in names] == [
        "css/app.#.css",
        "js/root.#.js",
        "js/app.#.js",
    ]
    style = (built / names[0]).read_text()
    assert "@import" not in style
    images = [url for url in re.findall(r"url\(\"?([^)\"]+)\"?\)", style) if not url.startswith("data:")]
    assert images
    for image in images:
        assert re.search(r"\.[0-9a-f]{12}\.", image), image
        assert (built / image.removeprefix("/static/")).is_file(), image
    assert (built / f"{names[0]}.gz").is_file()


def test_what_browsers_ask_for_is_compressed_once_and_nothing_else(built, monkeypatch):
    """Sources that were joined, and names without a hash, stand in no page."""
    compressed = {str(path.relative_to(built)) for path in built.rglob("*.gz")}
    assert {re.sub(r"\.[0-9a-f]{12}\.", ".#.", name) for name in compressed if name.startswith(("css/", "js/"))} == {
        "css/app.#.css.gz",
        "css/brief.#.css.gz",
        "css/pdf.#.css.gz",
        "js/app.#.js.gz",
        "js/brief.#.js.gz",
        "js/root.#.js.gz",
    }
    assert all(assets.HASHED.fullmatch(name.removesuffix(".gz")) for name in compressed)
    assert any(name.startswith("admin/css/base.") for name in compressed)
    monkeypatch.setattr("whitenoise.storage.Compressor.compress", lambda *args: pytest.fail("compressed again"))
    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.mark.django_db
def test_what_strangers_load_is_brief_and_has_no_font(built, client):
    """A public page, its stylesheet and its two scripts are under 60 kB together, and so small even without Brotli."""
    page = client.get("/pay/no-such-link/").content
    names = re.findall(rb'(?:href|src)="/static/((?:css|js)/[^"]+)"', page)
    assert [re.sub(rb"\.[0-9a-f]{12}\.", b".#.", name).decode() for name in names] == [
        "css/brief.#.css",
        "js/root.#.js",
        "js/brief.#.js",
    ]
    sizes = [(built / f"{name.decode()}.gz").stat().st_size for name in names]
    assert sum(sizes) + len(page) < 60_000 / 2
    assert "font-face" not in (built / names[0].decode()).read_text()
    assert b"preload" not in page


def build(root: Path) -> assets.BuiltStorage:
    """Put what is joined, and nothing else, into a folder, as collectstatic does at its end."""
    storage = assets.BuiltStorage(location=root, base_url="/static/")
    storage.manifest_strict = False
    assert not [problem for _name, _hashed, problem in storage.post_process({}) if isinstance(problem, Exception)]
    return storage


def test_what_was_joined_before_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "joined_styles", lambda *_name: ".one{}")
    build(tmp_path)
    monkeypatch.setattr(assets, "joined_styles", lambda *_name: ".two{}")
    build(tmp_path)
    assert (tmp_path / "css" / "app.css").read_text().startswith(".two{}")


# --- The font ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_page_is_told_of_the_font_it_needs(built, client):
    page = client.get(reverse("account_login")).content.decode()
    link = r'<link rel="preload" href="/static/([^"]+)" as="font" type="font/woff2" crossorigin fetchpriority="low">'
    told = re.findall(link, page)
    assert [re.sub(r"\.[0-9a-f]{12}\.", ".#.", name) for name in told] == [
        "font/inter-latin-regular.#.woff2",
        "font/inter-latin-semibold.#.woff2",
    ]
    style = (built / re.search(r"/static/(css/app\.[^\"]+)", page)[1]).read_text()
    for name in told:
        assert (built / name).stat().st_size < 25_000
        assert f"/static/{name}" in style
    assert style.count("font-display:swap") == len(fonts.names()) == 4


@pytest.mark.django_db
def test_what_the_first_paint_needs_is_asked_for_first(built, client):
    """On a thin line the stylesheet came as late as the font and the scripts fetched beside it."""
    head = client.get(reverse("account_login")).content.decode().partition("</head>")[0]
    parts = r'<link rel="(stylesheet)|/static/js/(root)\.|/static/font/[^"]+\.(woff2)|/static/js/(app)\.'
    asked = re.findall(parts, head)
    assert ["".join(found) for found in asked] == ["stylesheet", "root", "woff2", "woff2", "app"]
    assert re.search(r'/static/js/app\.[^>]+ fetchpriority="low"', head)


@pytest.mark.parametrize(("part", "has", "lacks"), [("latin", "Rp −1,240.é’€", "ễ王"), ("latin-ext", "ễđŞ", "a")])
def test_each_file_has_the_letters_that_its_range_says(part, has, lacks):
    for name in fonts.names(part):
        letters = TTFont(BytesIO(fonts.made(name))).getBestCmap()
        assert {letter for letter in has if ord(letter) not in letters} == set()
        assert not any(ord(letter) in letters for letter in lacks)


def test_without_the_package_pages_are_set_in_the_systems_font(monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(fonts, "FOLDER", Path("/nowhere"))
    monkeypatch.setattr(assets, "joined_styles", lambda *_name: ".one{}")
    storage = build(tmp_path)
    assert "fonts-inter is not installed" in caplog.text
    assert not (tmp_path / "font").exists()
    assert "font-face" not in (tmp_path / "css" / "app.css").read_text()
    assert storage.preloaded() == []


def test_sources_name_no_font_that_is_not_built(client, db):
    assert b"preload" not in client.get(reverse("account_login")).content


# --- Pages are compressed ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_page_is_compressed_for_who_can_read_it(web):
    plain = web.get("/money-transfers/")
    small = web.get("/money-transfers/", headers={"accept-encoding": "gzip"})
    assert "Content-Encoding" not in plain
    assert small["Content-Encoding"] == "gzip"
    assert len(small.content) * 3 < len(plain.content)
    assert b"Transaction History" in gzip.decompress(small.content)
    assert "Accept-Encoding" in small["Vary"]


@pytest.mark.django_db
def test_a_page_is_smaller_still_for_who_reads_brotli(web):
    """Its size differs each time by more than the masked token: it tells nothing of what stands there."""
    pages = [web.get("/money-transfers/", headers={"accept-encoding": "gzip, deflate, br"}) for _more in range(8)]
    assert {page["Content-Encoding"] for page in pages} == {"br"}
    assert all("Accept-Encoding" in page["Vary"] for page in pages)
    assert all(int(page["Content-Length"]) == len(page.content) for page in pages)
    whole = [brotli.decompress(page.content).decode() for page in pages]
    assert all("Transaction History" in page for page in whole)
    assert len({len(page) for page in whole}) > 1
    gzipped = web.get("/money-transfers/", headers={"accept-encoding": "gzip, br;q=0"})
    assert gzipped["Content-Encoding"] == "gzip"
    assert max(len(page.content) for page in pages) < len(gzipped.content)


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(b"%PDF" * 200, content_type="application/pdf"),
        StreamingHttpResponse([b"<p>" * 200], content_type="text/html"),
        FileResponse([b"a,b" * 200], content_type="text/csv"),
    ],
)
def test_files_and_streams_are_not(rf, answer):
    request = rf.get("/", headers={"accept-encoding": "gzip, br"})
    assert "Content-Encoding" not in assets.CompressPages(lambda _request: answer)(request)
