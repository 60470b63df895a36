"""What is looked at on every page: axe, the width, the names, the focus, and what is left without scripts."""

from collections.abc import Iterator

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WIDTHS = {1440: 900, 900: 700, 390: 844}
SCHEMES = ("light", "dark")
AXE = "axe.run(document, {resultTypes: ['violations'], preload: false%s})"  # preloading asks at wrong addresses
RULES = {"light": AXE % "", "dark": AXE % ", runOnly: ['color-contrast', 'link-in-text-block']"}
"""All rules in light; in dark those about colours, for nothing else differs."""
WIDER = "document.documentElement.scrollWidth > innerWidth"

OUTLINE = """
() => {
  const problems = [];
  const headings = document.querySelectorAll("h1");
  if (headings.length !== 1) problems.push(`${headings.length} h1`);
  if (!headings[0]?.innerText.trim()) problems.push("an empty h1");
  if (!document.title.trim()) problems.push("no title");
  axe.setup(document);
  for (const control of document.querySelectorAll("input:not([type=hidden]), select, textarea, button, summary")) {
    if (control.checkVisibility() && !axe.commons.text.accessibleText(control).trim())
      problems.push(`no name: ${control.outerHTML.slice(0, 90)}`);
  }
  axe.teardown();
  return problems;
}
"""
"""One h1, a title, and a name for each control; axe must have been loaded."""

RINGS = """
() => {
  const problems = [];
  const tabbable = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const hasRing = (element, pseudo) => {
    const style = getComputedStyle(element, pseudo);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  };
  for (const element of document.querySelectorAll(tabbable)) {
    if (element.disabled || !element.checkVisibility({ visibilityProperty: true })) continue;
    element.focus();
    if (document.activeElement !== element) { problems.push(`no focus: ${element.outerHTML.slice(0, 90)}`); continue; }
    const around = [element, element.parentElement];  // a search box draws the ring of its field
    if (!around.some((one) => hasRing(one)) && !hasRing(element, "::after"))
      problems.push(`no ring: ${element.outerHTML.slice(0, 90)}`);
  }
  return problems;
}
"""
"""A ring of 2 px around whatever has the focus; the last key must have been Tab."""

NEEDS_SCRIPTS = """
() => {
  const problems = [];
  const dead = "button[type=button], a[href='#'], a:not([href]), [data-move], .needs-js";
  for (const control of document.querySelectorAll(dead)) {
    if (control.checkVisibility()) problems.push(`needs scripts: ${control.outerHTML.slice(0, 90)}`);
  }
  for (const form of document.forms) {
    const submits = [...form.elements].some((one) => ["submit", "image"].includes(one.type));
    if (!submits) problems.push(`cannot be sent: ${form.outerHTML.slice(0, 90)}`);
  }
  return problems;
}
"""
"""Controls that do nothing without scripts, and forms that nobody can send."""


def problems_of(page: Page, widths: tuple[int, ...] = (*WIDTHS,)) -> Iterator[str]:
    """Yield what axe finds at each width in both colour schemes, and where the page is wider than the window."""
    page.evaluate(Axe().axe_script)
    before = page.viewport_size
    for width in widths:
        page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for violation in page.evaluate(RULES[scheme])["violations"]:
                nodes = [f"{node['target']} {node['html'][:90]}" for node in violation["nodes"][:3]]
                yield f"{width} px, {scheme}: {violation['id']} {nodes}"
        if page.evaluate(WIDER):
            yield f"{width} px: the page scrolls sideways"
    page.set_viewport_size(before)


def outline_problems(page: Page) -> list[str]:
    """Return what is wrong with headings, title and names; axe must have looked before."""
    return page.evaluate(OUTLINE)


def focus_problems(page: Page) -> Iterator[str]:
    """Yield what is wrong for whoever has a keyboard alone: the way into the content, and the ring."""
    page.evaluate("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
    page.keyboard.press("Tab")
    if not page.evaluate("document.activeElement?.matches('.skip-link')"):
        yield "the first Tab does not offer to skip to the content"
        return
    page.keyboard.press("Enter")
    if page.evaluate("document.activeElement?.id") != "main":
        yield "the skip link does not lead to the content"
    page.keyboard.press("Tab")
    if not page.evaluate("document.activeElement?.closest('main') || !document.querySelector('main a, main button')"):
        yield "Tab from the start of the content leads out of it"
    yield from page.evaluate(RINGS)
