// [data-dialog-open="id"] opens a native <dialog>, [data-dialog-close] closes the one it is in.
// A link that opens a dialog keeps its href: the page to go to without scripts.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) open(opener, event);
  else if (event.target.closest("[data-dialog-close]")) close(event);
  else if (event.target.matches("dialog[open]") && isOutside(event.target, event)) shut(event.target);
});
document.addEventListener("cancel", (event) => showOpener(event.target), { capture: true });

// a dialog that the server has opened, above its form, becomes modal
for (const dialog of document.querySelectorAll("dialog[open][data-dialog-modal]")) {
  dialog.close();
  dialog.showModal();
}

function open(opener, event) {
  const dialog = document.getElementById(opener.dataset.dialogOpen);
  const wantsTab = event.ctrlKey || event.metaKey || event.shiftKey;
  if (!dialog || (wantsTab && opener.href)) return;
  event.preventDefault();
  if (dialog.open) return;
  dialog.showModal();
  // the page behind is inert; say so to tools that don't know it, for a button may be named like the dialog's own
  opener.setAttribute("aria-hidden", "true");
}

function close(event) {
  const dialog = event.target.closest("dialog");
  if (!dialog) return;
  event.preventDefault();
  shut(dialog);
}

// the opener is shown first: closing gives it the focus back
function shut(dialog) {
  showOpener(dialog);
  dialog.close();
}

function showOpener(dialog) {
  document.querySelector(`[data-dialog-open="${dialog.id}"][aria-hidden]`)?.removeAttribute("aria-hidden");
}

// the backdrop belongs to the dialog, so a click on it is one on the dialog but outside its box
function isOutside(dialog, { clientX, clientY }) {
  const box = dialog.getBoundingClientRect();
  return clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom;
}
