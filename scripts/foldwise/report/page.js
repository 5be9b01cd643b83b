// Plots: a dialog shows one at full size; arrow keys step through them, Escape closes.
const viewer = document.getElementById("viewer");
const openers = Array.from(document.querySelectorAll("button.enlarge"));
let current = 0;

function show(index) {
  current = (index + openers.length) % openers.length;
  const small = openers[current].querySelector("img");
  const large = viewer.querySelector("img");
  large.src = small.src;
  large.alt = small.alt;
  viewer.querySelector("p").textContent = small.alt;
}

openers.forEach((opener, index) => opener.addEventListener("click", () => {
  show(index);
  viewer.showModal();
}));
viewer.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (event.target === viewer || (button && "close" in button.dataset)) viewer.close();
  else if (button) show(current + Number(button.dataset.step));
});
viewer.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step) show(current + step);
});
viewer.addEventListener("close", () => openers[current].focus());

// A printed page cannot be unfolded: everything is open before it is printed.
window.addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details:not([open])")) {
    folded.open = true;
    folded.dataset.printed = "";
  }
});
window.addEventListener("afterprint", () => {
  for (const folded of document.querySelectorAll("details[data-printed]")) {
    folded.open = false;
    delete folded.dataset.printed;
  }
});
