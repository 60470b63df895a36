// tr[data-href]: a click anywhere on the row opens it, as its link would.
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
