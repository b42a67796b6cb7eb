// Says, while a form is filled in, how many people its choices come to.
//
//   <form><div data-count-url="/newsletters/spring/audience/count/" role="status">…</div></form>
//
// The address is asked with the form's fields and answers with the region's new HTML. Without an answer the region
// stays as it is: the form's own button counts as well.

const WAIT = 400; // milliseconds after the last change
const NOT_ASKED = new Set(["csrfmiddlewaretoken", "version", "save_as"]);

/**
 * Counts again whenever the form around a region changes.
 * @param {HTMLElement} region
 */
export function startCounting(region) {
  const form = region.closest("form");
  if (!form) return;
  let timer = 0;
  let running = null;
  let asked = questionOf(form);

  async function count() {
    const question = questionOf(form);
    if (question === asked) return;
    asked = question;
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    try {
      const answer = await fetch(`${region.dataset.countUrl}?${question}`, {
        credentials: "same-origin",
        redirect: "manual",
        headers: { "X-Requested-With": "XMLHttpRequest" },
        signal,
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      if (signal.aborted) return;
      region.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
    } catch {
      if (!signal.aborted) asked = ""; // the next change asks again
    }
  }

  function soon() {
    window.clearTimeout(timer);
    timer = window.setTimeout(count, WAIT);
  }

  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
}

function questionOf(form) {
  return new URLSearchParams([...new FormData(form)].filter(([name]) => !NOT_ASKED.has(name))).toString();
}
