// The keyboard: / searches, f filters, j and k move through rows, Enter opens, c copies, n and p turn the page, Escape
// leaves, ? lists all this.
const FIELDS = "input, select, textarea, [contenteditable]";
const CONTROLS = "a, button, summary";
const ACTS = { "/": search, "?": help, f: filter, j: next, k: previous, Enter: openRow, c: copy, n: older, p: newer, Escape: leave };

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("[data-search]") && event.key === "Escape") return leaveSearch(event);
  if (event.target.closest(FIELDS) || document.querySelector("dialog:modal")) return;
  if (Object.hasOwn(ACTS, event.key)) ACTS[event.key](event);
});

function search(event) {
  const field = document.querySelector("[data-search]");
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
}

function help(event) {
  const dialog = document.getElementById("shortcuts");
  if (!dialog) return;
  event.preventDefault();
  dialog.showModal();
}

function filter(event) {
  const panel = document.querySelector("[data-filter]");
  if (!panel) return;
  event.preventDefault();
  panel.open = true;
  panel.querySelector("a[href], button, input, select")?.focus();
}

function older(event) { turn(event, "next"); }
function newer(event) { turn(event, "prev"); }

function turn(event, way) {
  const link = document.querySelector(`main nav a[rel=${way}]`);
  if (!link) return;
  event.preventDefault();
  link.click();
}

function copy(event) {
  const button = document.querySelector("tr.is-current [data-copy]");
  if (!button) return;
  event.preventDefault();
  button.click();
}

function next(event) { move(event, 1); }
function previous(event) { move(event, -1); }

// the current row is asked of the page each time, since htmx may have swapped it
function move(event, step) {
  const rows = [...document.querySelectorAll("main tr[data-href]")];
  if (!rows.length) return;
  event.preventDefault();
  const at = rows.findIndex((row) => row.classList.contains("is-current"));
  const row = rows[at < 0 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1)];
  clearRow();
  row.classList.add("is-current");
  row.scrollIntoView({ block: "nearest" });
  // focus makes a screen reader read the row, and Enter follow its link
  row.querySelector("a[href]")?.focus({ preventScroll: true });
}

function openRow(event) {
  const row = document.querySelector("tr.is-current[data-href]");
  if (!row || event.target.closest(CONTROLS)) return;
  event.preventDefault();
  location.assign(row.dataset.href);
}

function leave() {
  clearRow();
}

function clearRow() {
  document.querySelectorAll("tr.is-current").forEach((row) => row.classList.remove("is-current"));
}

// the first Escape empties the search, the second leaves it
function leaveSearch(event) {
  if (event.target.value) return;
  event.preventDefault();
  event.target.blur();
}
