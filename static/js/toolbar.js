// form.toolbar: what is empty, or means the same as nothing, is no part of the address, so that equal views have equal addresses.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (!detail.elt.matches("form.toolbar")) return;
  for (const [name, value] of [...detail.formData]) {
    const field = detail.elt.querySelector(`[name="${CSS.escape(name)}"][data-default]`);
    if (value === "" || value === field?.dataset.default) detail.formData.delete(name);
  }
});
