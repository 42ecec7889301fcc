// Who was away may have missed a change, or could not fetch it: asks again on coming back.
const renovar = () => document.hidden || document.body.dispatchEvent(new Event("mudou"));
window.addEventListener("online", renovar);
document.addEventListener("visibilitychange", renovar);
// A product that was unified into another meanwhile: its page has to listen for that one.
document.addEventListener("htmx:after:swap", () => {
  const [antes, agora] = document.querySelectorAll("[data-produto]");
  if (agora && antes.dataset.produto !== agora.dataset.produto) location.reload();
});
// What stands there may be old: says so while the service cannot be reached.
const parada = document.getElementById("parada");
for (const [onde, evento, fora] of [
  [window, "offline", true], [window, "online", false],
  [document, "htmx:sse:error", true], [document, "htmx:error", true],
  [document, "htmx:sse:after:connection", false], [document, "htmx:after:request", false],
]) onde.addEventListener(evento, () => { parada.hidden = !fora; });
