// input[type=date]: a browser writes days as its own language does, 04/03/2026; under the field the day is said as pages
// say days: = 3 April 2026. Nothing is said of what isn't a day yet.
function reading(field) {
  const [year, month, day] = field.value.split("-").map(Number);
  if (!day) return "";
  const at = new Date(2000, month - 1, day);
  at.setFullYear(year, month - 1, day); // new Date(26, …) would be 1926
  const language = document.documentElement.lang === "id" ? "id" : "en-GB";
  return `= ${at.toLocaleDateString(language, { day: "numeric", month: "long", year: "numeric" })}`;
}

function say(field) {
  let place = field.parentElement.querySelector(":scope > .field__reading");
  if (!place) {
    place = document.createElement("output");
    place.className = "field__reading";
    if (field.id) place.htmlFor.add(field.id);
    field.after(place);
  }
  const words = reading(field);
  if (place.textContent !== words) place.textContent = words;
}

const sayAll = () => document.querySelectorAll("input[type=date]").forEach(say);

document.addEventListener("input", ({ target }) => {
  if (target.matches("input[type=date]")) say(target);
});
document.addEventListener("htmx:afterSettle", sayAll);
window.addEventListener("pageshow", sayAll); // a browser puts back what was typed
sayAll();
