// Who was away may have missed a change, or could not fetch it: asks again on coming back.
const renovar = () => document.hidden || document.body.dispatchEvent(new Event("mudou"));
window.addEventListener("online", renovar);
document.addEventListener("visibilitychange", renovar);
