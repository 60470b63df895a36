/* Boosted links swap one part of the page. When the answer doesn't hold that part (signed out meanwhile, an
   error, no connection), open the address as a whole page instead, so that nobody looks at stale rows. */
const open = (event) => {
  const { boosted, requestConfig, pathInfo } = event.detail;
  if (!(boosted || requestConfig?.boosted)) return;
  event.preventDefault();
  window.location.assign(pathInfo?.finalRequestPath ?? requestConfig.path);
};

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  const part = requestConfig?.elt?.closest("[hx-select]")?.getAttribute("hx-select");
  if (xhr.status >= 400 || (part && !xhr.responseText.includes(`id="${part.slice(1)}"`))) open(event);
});
document.addEventListener("htmx:sendError", open);
