/* What had the focus is gone once a part of the page is swapped. The focus goes on where the work does: to the chip in the
   removed one's place, to Filter after Apply, to the rows after another page. */
let used = null;

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.boosted) used = placeOf(detail.elt); // what a page asks for by itself moves nobody
});
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (!detail.boosted) return; // sums that come in while the next page is awaited are not that page
  tellCount();
  if (!used || (document.activeElement && document.activeElement !== document.body)) return;
  (find(used) ?? document.querySelector("#history [data-search]"))?.focus({ preventScroll: used.kind !== "rows" });
  used = null;
});

function placeOf(element) {
  if (element.closest(".pager")) return { kind: "rows" };
  const chip = element.closest(".chip");
  if (chip) return { kind: "chip", at: [...chip.parentElement.children].indexOf(chip) };
  if (element.matches("form.toolbar") && !document.activeElement?.matches("[data-search]")) return { kind: "filter" };
  return element.closest("#history") ? { kind: "search" } : null;
}

function find({ kind, at }) {
  const page = document.getElementById("history");
  if (kind === "rows") return page?.querySelector(".table-wrap");
  if (kind === "filter") return page?.querySelector("[data-filter] > summary");
  const chips = page ? [...page.querySelectorAll(".chip__remove")] : [];
  return kind === "chip" ? chips[Math.min(at, chips.length - 1)] : null;
}

// a live region that is swapped in with its text says nothing; the standing one does
function tellCount() {
  const count = document.querySelector("#results [data-count]");
  const place = document.getElementById("announce");
  if (used && count && place) place.textContent = count.textContent;
}
