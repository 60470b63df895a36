// form.toolbar: what is empty, or means the same as nothing, is no part of the address, so that equal views have equal addresses.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (!detail.elt.matches("form.toolbar")) return;
  for (const [name, value] of [...detail.formData]) {
    const field = detail.elt.querySelector(`[name="${CSS.escape(name)}"][data-default]`);
    if (value === "" || value === field?.dataset.default) detail.formData.delete(name);
  }
});

// a wrong filter stands in a panel that is closed: the link in the list of what is wrong opens it
document.addEventListener("click", (event) => {
  const link = event.target.closest(".errors a[href^='#']");
  const field = link && document.getElementById(link.hash.slice(1));
  if (!field?.closest("[data-filter]")) return;
  event.preventDefault();
  field.closest("[data-filter]").open = true;
  (field.matches("input, select") ? field : field.querySelector("input, select") ?? field).focus();
});
