// [data-presets]: choosing a preset writes it into the field beside it, and typing another amount unchooses it.
document.addEventListener("change", (event) => {
  const box = event.target.closest("[data-presets]");
  if (!box || event.target.type !== "radio") return;
  const field = box.querySelector("input[inputmode]");
  const words = event.target.closest("label").textContent.trim();
  field.value = words.replace(/^Rp/, "");
});

document.addEventListener("input", (event) => {
  const box = event.target.closest("[data-presets]");
  if (!box || event.target.type !== "text") return;
  const typed = event.target.value.replace(/[^0-9]/g, "");
  for (const radio of box.querySelectorAll("input[type=radio]")) radio.checked = radio.value === typed;
});
