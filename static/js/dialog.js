// [data-dialog-open="id"] opens a native <dialog>, [data-dialog-close] closes the one it is in.
// A link that opens a dialog keeps its href: the page to go to without scripts.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) open(opener, event);
  else if (event.target.closest("[data-dialog-close]")) close(event);
  else if (event.target.matches("dialog[open]") && isOutside(event.target, event)) event.target.close();
});

function open(opener, event) {
  const dialog = document.getElementById(opener.dataset.dialogOpen);
  const wantsTab = event.ctrlKey || event.metaKey || event.shiftKey;
  if (!dialog || (wantsTab && opener.href)) return;
  event.preventDefault();
  if (!dialog.open) dialog.showModal();
}

function close(event) {
  const dialog = event.target.closest("dialog");
  if (!dialog) return;
  event.preventDefault();
  dialog.close();
}

// the backdrop belongs to the dialog, so a click on it is one on the dialog but outside its box
function isOutside(dialog, { clientX, clientY }) {
  const box = dialog.getBoundingClientRect();
  return clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom;
}
