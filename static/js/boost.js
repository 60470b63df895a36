/* Boosted links swap one part of the page. When the answer doesn't hold that part (signed out meanwhile, an error), open
   the address as a whole page instead, so that nobody looks at stale rows. Without a connection the page stays, and says
   so; while an answer is awaited, its place says that it is busy. */
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

const offline = (is) => { document.getElementById("offline").hidden = !is; };

document.addEventListener("htmx:beforeRequest", ({ detail }) => { if (detail.boosted) busy(true); });
document.addEventListener("htmx:afterRequest", ({ detail }) => { if (detail.boosted) busy(false); });
document.addEventListener("htmx:sendError", () => offline(true));
document.addEventListener("htmx:beforeSwap", () => offline(false));

function busy(is) {
  document.querySelector("#history .results")?.setAttribute("aria-busy", is);
}
