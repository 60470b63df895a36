// The sidebar: a drawer on small windows, collapsible on wide ones (remembered).
const root = document.documentElement;
const wide = matchMedia("(min-width: 56.25rem)");
const drawer = document.querySelector("[data-drawer]");
const opener = document.querySelector("[data-drawer-open]");
const collapser = document.querySelector("[data-sidebar-collapse]");

if (drawer && opener) {
  opener.setAttribute("role", "button");
  opener.setAttribute("aria-expanded", "false");
  opener.setAttribute("aria-controls", drawer.id);
  drawer.querySelector("[data-drawer-close]")?.setAttribute("role", "button");

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-drawer-open]")) {
      event.preventDefault();
      setDrawer(true);
    } else if (isOpen() && (event.target.closest("[data-drawer-close]") || !drawer.contains(event.target))) {
      event.preventDefault();
      setDrawer(false);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (!isOpen()) {
      if (event.key === " " && event.target === opener) { event.preventDefault(); setDrawer(true); }
    } else if (event.key === "Escape") setDrawer(false);
  });
  wide.addEventListener("change", () => { if (isOpen()) setDrawer(false); });
}

function isOpen() {
  return root.dataset.drawer === "open";
}

function setDrawer(open) {
  root.dataset.drawer = open ? "open" : "closed";
  opener.setAttribute("aria-expanded", String(open));
  // what the drawer covers must not take the focus; the header's own button lies in it too
  document.querySelectorAll("[data-drawer-rest]").forEach((rest) => { rest.inert = open; });
  if (open) drawer.querySelector("[data-drawer-close]")?.focus();
  else opener.focus();
}

if (drawer && collapser) {
  showCollapsed();
  collapser.addEventListener("click", () => setCollapsed(!isCollapsed()));
}

function isCollapsed() {
  return root.dataset.sidebar === "collapsed";
}

function setCollapsed(collapsed) {
  if (collapsed) root.dataset.sidebar = "collapsed";
  else delete root.dataset.sidebar;
  try {
    localStorage.setItem("sidebar", collapsed ? "collapsed" : "open");
  } catch {
    // not remembered, then
  }
  showCollapsed();
}

function showCollapsed() {
  collapser.setAttribute("aria-expanded", String(!isCollapsed()));
  drawer.querySelectorAll(".sidebar__label").forEach((label) => {
    const link = label.parentElement;
    if (isCollapsed()) link.title = label.textContent.trim();
    else link.removeAttribute("title");
  });
}
