// Radios that reveal a question say so by being chosen: ARIA gives a radio no "expanded" state, yet the design's
// script sets one. This takes it away again, after that script has run.

function clear() {
  document.querySelectorAll('input[type="radio"][aria-expanded]').forEach((radio) => {
    radio.removeAttribute("aria-expanded");
  });
}

/** Keeps aria-expanded off radios. */
export function calmRadios() {
  clear();
  document.addEventListener("change", clear);
  window.addEventListener("pageshow", clear);
}
