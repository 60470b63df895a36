// <button data-copy="text">: copies the text and says so.
const SHOWN_FOR = 1600;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  event.preventDefault();
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    copyWithoutClipboard(button.dataset.copy);
  }
  announce(button);
});

// navigator.clipboard is missing on plain http, where a self-hosted trial may run
function copyWithoutClipboard(text) {
  const box = document.createElement("textarea");
  box.value = text;
  box.className = "visually-hidden";
  document.body.append(box);
  const before = document.activeElement;
  box.select();
  document.execCommand("copy");
  box.remove();
  before?.focus();
}

function announce(button) {
  const place = document.getElementById("announce");
  const said = place?.dataset.copied ?? "Copied";
  const word = button.childElementCount === 0 ? button.textContent.trim() : "";
  button.classList.add("is-copied");
  if (word && !button.dataset.word) {
    button.dataset.word = word;
    button.textContent = said;
  }
  if (place) {
    // a second copy must be news too
    place.textContent = "";
    requestAnimationFrame(() => { place.textContent = said; });
  }
  clearTimeout(button.copiedTimer);
  button.copiedTimer = setTimeout(() => {
    button.classList.remove("is-copied");
    if (button.dataset.word) {
      button.textContent = button.dataset.word;
      delete button.dataset.word;
    }
    if (place?.textContent === said) place.textContent = "";
  }, SHOWN_FOR);
}
