// [data-counter="18"]: says under a field how many of its characters are written. The server holds the limit.
function show(field) {
  let place = field.nextElementSibling;
  if (!place?.matches(".field__count")) {
    place = document.createElement("p");
    place.className = "field__hint field__count";
    place.setAttribute("aria-hidden", "true");
    field.after(place);
  }
  place.textContent = `${[...field.value].length} / ${field.dataset.counter}`;
}

function showAll() {
  document.querySelectorAll("[data-counter]").forEach(show);
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-counter]")) show(event.target);
});
document.addEventListener("htmx:afterSwap", showAll);
showAll();
