// A form that is pressed twice is sent once.

/**
 * Lets a form be submitted once; coming back to the page frees it again.
 * @param {HTMLFormElement} form
 */
export function guardSubmits(form) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return; // it is sent in a moment: see autosave.js
    if (sent) {
      event.preventDefault();
      return;
    }
    sent = true;
    form.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    sent = false;
    form.removeAttribute("aria-busy");
  });
}
