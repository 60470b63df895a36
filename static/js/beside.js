/* <a data-beside hx-get hx-target> and <form data-beside hx-get …>: where there is room, what is asked for opens beside the
   list; where there is none, or the answer doesn't hold that part (a password is asked for first), it is a page. */
const room = matchMedia("(min-width: 80rem)");

const address = (element, submitter) => {
  if (element.href) return element.href;
  return `${element.action}?${new URLSearchParams(new FormData(element, submitter))}`;
};

document.addEventListener("htmx:confirm", (event) => {
  const { elt, triggeringEvent } = event.detail;
  if (!elt.matches("[data-beside]") || room.matches) return;
  event.preventDefault();
  if (triggeringEvent?.type !== "change") window.location.assign(address(elt, triggeringEvent?.submitter));
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, xhr } = event.detail;
  const elt = requestConfig?.elt;
  if (!elt?.matches("[data-beside]")) return;
  const part = elt.getAttribute("hx-select").slice(1);
  if (xhr.status < 400 && xhr.responseText.includes(`id="${part}"`)) return;
  event.preventDefault();
  window.location.assign(address(elt, requestConfig.triggeringEvent?.submitter));
});
