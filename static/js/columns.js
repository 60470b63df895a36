// <ol data-columns data-moved="{column}: place {place} of {count}">: [data-move] moves its row, and says where it is.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move]");
  const row = button?.closest("[data-column]");
  if (!row) return;
  const list = row.closest("[data-columns]");
  if (button.dataset.move === "up") row.previousElementSibling?.before(row);
  else row.nextElementSibling?.after(row);
  number(list);
  button.focus(); // a moved element loses it
  row.scrollIntoView({ block: "nearest" });
  announce(list, row);
});

function number(list) {
  [...list.children].forEach((row, index) => { row.querySelector("[name^=place_]").value = index + 1; });
}

function announce(list, row) {
  const place = document.getElementById("announce");
  if (!place) return;
  const at = [...list.children].indexOf(row) + 1;
  place.textContent = list.dataset.moved
    .replace("{column}", row.dataset.column).replace("{place}", at).replace("{count}", list.children.length);
}
