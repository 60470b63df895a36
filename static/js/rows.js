// tr[data-href]: a click anywhere on the row opens it, as its link would. The rows together are one stop of the Tab key:
// the arrow keys (and j, k: shortcuts.js) lead from one to the next.
const CONTROLS = "a, button, input, select, textarea, label, summary, [role=button]";

document.addEventListener("click", (event) => open(event));
document.addEventListener("auxclick", (event) => { if (event.button === 1) open(event); });

function open(event) {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.defaultPrevented || event.target.closest(CONTROLS) || isSelecting(row)) return;
  if (event.button === 1 || event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
  else location.assign(row.dataset.href);
}

function isSelecting(row) {
  const selection = getSelection();
  return !selection.isCollapsed && selection.containsNode(row, true);
}

const links = () => [...document.querySelectorAll("#history tr[data-href] a[href]")];

function oneStop(stop = links().find((link) => link.matches(":focus, tr.is-current a")) ?? links()[0]) {
  for (const link of links()) link.tabIndex = link === stop ? 0 : -1;
}

oneStop();
document.addEventListener("htmx:afterSettle", () => oneStop());
document.addEventListener("focusin", (event) => { if (links().includes(event.target)) oneStop(event.target); });
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const at = step && links().indexOf(event.target);
  if (at === undefined || at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  links()[at + step]?.focus();
});
