/* A form that was sent after its session had ended comes back with what was typed, once the same person has signed in
   again. Kept for this tab alone, for half an hour, and never a password, a code, a file, or what the server wrote itself. */
const KEY = "unsent";
const KEPT_FOR = 30 * 60 * 1000;
const NEVER = ["password", "hidden", "file", "submit", "button", "image", "reset", "fieldset", "output"];

const person = () => document.body.dataset.person;
const page = () => location.pathname + location.search;
const forms = () => [...document.querySelectorAll("main form[method=post]")];
const typed = (form) => [...form.elements].filter((field) => field.name && isSafe(field));

function isSafe(field) {
  return field.type && !NEVER.includes(field.type) && !/one-time-code|password|cc-/.test(field.autocomplete ?? "");
}

document.addEventListener("submit", ({ target }) => {
  const place = forms().indexOf(target);
  if (!person() || place < 0) return;
  const fields = typed(target).map((field) => [field.name, chosen(field)]);
  write({ person: person(), page: page(), place, fields, at: Date.now() });
});

function chosen(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked ? [field.value] : null;
  return field.multiple ? [...field.selectedOptions].map(({ value }) => value) : field.value;
}

function comeBack() {
  const kept = read();
  if (!kept) return;
  if (document.querySelector("[data-not-sent]")) return write({ ...kept, isLost: true });
  if (!person()) return; // on the way: the second step
  const isOurs = kept.isLost && kept.person === person() && Date.now() - kept.at < KEPT_FOR;
  if (isOurs && kept.page !== page()) return;
  forget();
  if (isOurs && fill(forms()[kept.place], kept.fields)) tell();
}

function fill(form, fields) {
  if (!form) return false;
  const here = typed(form);
  let differs = false;
  here.forEach((field, n) => {
    const [name, value] = fields[n] ?? [];
    if (name !== field.name || JSON.stringify(chosen(field)) === JSON.stringify(value)) return;
    put(field, value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    differs = true;
  });
  if (differs) form.dispatchEvent(new Event("change", { bubbles: true }));
  return differs;
}

function put(field, value) {
  if (field.type === "checkbox" || field.type === "radio") field.checked = value !== null;
  else if (field.multiple) [...field.options].forEach((option) => { option.selected = value.includes(option.value); });
  else field.value = value;
}

function tell() {
  const words = document.getElementById("unsent");
  document.getElementById("messages")?.append(words.content.cloneNode(true));
}

function write(kept) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // storage is closed to us, or the text is too long: the form simply comes back empty
  }
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function forget() {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // nothing is kept there
  }
}

comeBack();
