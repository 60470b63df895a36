/* A history remembers where one was: who comes back from a row, by Back or by the breadcrumb, finds that row marked, at
   the height at which it stood. Kept for this tab alone. */
const list = () => document.querySelector("#history .table-wrap");
const key = () => `place ${location.pathname}${location.search}`;

document.addEventListener("click", remember, true);
document.addEventListener("auxclick", remember, true);
document.addEventListener("keydown", (event) => { if (event.key === "Enter") remember(event); }, true);
window.addEventListener("pageshow", comeBack);

function remember(event) {
  const row = event.target.closest?.("tr[data-href]") ?? document.querySelector("tr.is-current[data-href]");
  if (!row || !list()?.contains(row)) return;
  keep(JSON.stringify({ row: row.dataset.href, top: list().scrollTop, page: window.scrollY }));
}

function comeBack() {
  const place = read();
  if (!place || !list() || !isReturn(place)) return;
  const row = [...list().querySelectorAll("tr[data-href]")].find((each) => each.dataset.href === place.row);
  if (!row) return;
  list().scrollTop = place.top;
  window.scrollTo(0, place.page);
  row.classList.add("is-current");
  row.scrollIntoView({ block: "nearest" });
  row.querySelector("a[href]")?.focus({ preventScroll: true });
}

function isReturn(place) {
  const how = performance.getEntriesByType("navigation")[0]?.type;
  const from = document.referrer && new URL(document.referrer);
  return how === "back_forward" || isRow(from, place);
}

// the breadcrumb of the row itself, or of a neighbour that one went on to
function isRow(from, place) {
  const opened = new URL(place.row, location.href);
  return from && from.origin === opened.origin && from.pathname.startsWith(location.pathname) && from.pathname !== location.pathname;
}

function keep(place) {
  try {
    sessionStorage.setItem(key(), place);
  } catch {
    // storage is closed to us: the list simply starts at its top
  }
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(key()));
  } catch {
    return null;
  }
}
