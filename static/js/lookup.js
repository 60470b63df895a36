/* #lookup, the box over everything: Ctrl K opens it, arrow keys choose one of its options, Enter opens that one. Without one
   (or before its options have come) Enter sends the form, and the server goes where a whole number leads. */
const box = document.getElementById("lookup");
const field = box?.querySelector("[role=combobox]");

if (box) {
  document.addEventListener("keydown", open);
  document.addEventListener("click", (event) => { if (event.target.closest("[data-dialog-open=lookup]") && box.open) begin(); });
  field.addEventListener("input", () => choose(null)); // what was found is about what stood there before
  field.addEventListener("keydown", move);
  box.addEventListener("htmx:beforeSwap", lead);
  box.addEventListener("htmx:afterSwap", tell);
}

function open(event) {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  if (document.querySelector("dialog:modal:not(#lookup)")) return;
  event.preventDefault();
  if (!box.open) box.showModal();
  begin();
}

function begin() {
  field.focus();
  field.select();
  if (!options().length) field.dispatchEvent(new Event("lookup"));
}

const options = () => [...box.querySelectorAll("[role=option]")];
const chosen = () => box.querySelector("[role=option][aria-selected=true]");

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) field.setAttribute("aria-activedescendant", option.id);
  else field.removeAttribute("aria-activedescendant");
}

function move(event) {
  if (event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const all = options();
  if (step && all.length) {
    event.preventDefault();
    const at = all.indexOf(chosen());
    choose(all.at(at < 0 && step < 0 ? -1 : (at + step) % all.length));
  } else if (event.key === "Enter" && chosen()) {
    event.preventDefault();
    chosen().click();
  }
}

// signed out meanwhile, or an error: as a whole page
function lead(event) {
  const { xhr } = event.detail;
  if (xhr.status < 400 && xhr.responseText.includes('id="lookup-found"')) return;
  event.preventDefault();
  window.location.assign(`${field.form.action}?q=${encodeURIComponent(field.value)}`);
}

// nothing is chosen of what came for an empty box: those are the pages, for whoever doesn't know what to type; nor of what
// came for other words than stand there by now
function tell(event) {
  const all = options();
  const asked = event.detail.requestConfig?.parameters?.[field.name];
  field.setAttribute("aria-expanded", String(all.length > 0));
  field.setAttribute("aria-controls", all.length ? "lookup-options" : "lookup-found");
  choose(field.value.trim() && asked === field.value ? all[0] : null);
  box.querySelector("[role=status]").textContent = box.querySelector("[data-lookup-says]")?.textContent.trim() ?? "";
}
