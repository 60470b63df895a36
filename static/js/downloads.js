// <a data-downloads>: what a page waited for, and brings in by htmx once it is there, is downloaded by itself.
document.addEventListener("htmx:load", (event) => {
  const link = event.detail.elt.querySelector?.("a[data-downloads]");
  if (link) window.location.assign(link.href);
});
