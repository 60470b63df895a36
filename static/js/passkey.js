// <form data-passkey="create|get" data-passkey-options="{…}">: asks the browser for a passkey, then sends its answer
// in the field [data-passkey-answer]. What goes wrong shows [data-passkey-problem].
const BINARY = { create: ["challenge", "user.id"], get: ["challenge"] };

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-passkey]");
  const answer = form?.querySelector("[data-passkey-answer]");
  if (!form || answer.value) return;
  event.preventDefault();
  const problem = form.querySelector("[data-passkey-problem]");
  problem.hidden = true;
  try {
    const options = JSON.parse(form.dataset.passkeyOptions).publicKey;
    const credential = await navigator.credentials[form.dataset.passkey]({ publicKey: decoded(options, form.dataset.passkey) });
    answer.value = JSON.stringify(encoded(credential));
    form.submit();
  } catch {
    problem.hidden = false;
  }
});

function decoded(options, act) {
  const copy = structuredClone(options);
  for (const path of BINARY[act]) {
    const names = path.split(".");
    const last = names.pop();
    const place = names.reduce((object, name) => object[name], copy);
    place[last] = bytes(place[last]);
  }
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    for (const known of copy[list] ?? []) known.id = bytes(known.id);
  }
  return copy;
}

function encoded(credential) {
  const { response } = credential;
  const answer = { clientDataJSON: text(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) answer[name] = text(response[name]);
  }
  if (response.getTransports) answer.transports = response.getTransports();
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: answer,
  };
}

function bytes(base64url) {
  const plain = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.codePointAt(0));
}

function text(buffer) {
  const plain = String.fromCodePoint(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
