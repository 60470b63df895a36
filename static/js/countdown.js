// [data-countdown="seconds"]: counts down from what the server said was left, whatever this computer's clock says.
const PERIOD = 1000;

const ends = new WeakMap();

function show(place) {
  if (!ends.has(place)) ends.set(place, performance.now() + Number(place.dataset.countdown) * 1000);
  const left = Math.max(0, Math.round((ends.get(place) - performance.now()) / 1000));
  const parts = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
  place.textContent = parts.map((part) => String(part).padStart(2, "0")).join(":");
}

function showAll() {
  document.querySelectorAll("[data-countdown]").forEach(show);
}

showAll();
setInterval(showAll, PERIOD);
document.addEventListener("htmx:afterSwap", showAll);
