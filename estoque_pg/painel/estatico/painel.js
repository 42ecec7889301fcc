// Who was away may have missed a change, or could not fetch it: asks again on coming back.
const renovar = () => document.hidden || document.body.dispatchEvent(new Event("mudou"));
window.addEventListener("online", renovar);
document.addEventListener("visibilitychange", renovar);
// A product that was unified into another meanwhile: its page has to listen for that one.
document.addEventListener("htmx:after:swap", () => {
  const [antes, agora] = document.querySelectorAll("[data-produto]");
  if (agora && antes.dataset.produto !== agora.dataset.produto) location.reload();
});
