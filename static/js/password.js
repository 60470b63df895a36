// [data-show-password]: shows what stands in the password field before it, until it is pressed again or the form is sent.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show-password]");
  if (button) show(button, button.getAttribute("aria-pressed") !== "true");
});

// what keeps passwords knows them by the kind of their field
document.addEventListener("submit", (event) => {
  event.target.querySelectorAll("[data-show-password]").forEach((button) => show(button, false));
});

function show(button, is) {
  const field = document.getElementById(button.getAttribute("aria-controls"));
  field.type = is ? "text" : "password";
  button.setAttribute("aria-pressed", String(is));
}
