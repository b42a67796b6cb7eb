// A region that renews itself, such as the progress of a mailing.
//
//   <div data-poll-url="/mailings/3/progress/" data-poll-seconds="3" aria-live="polite">…</div>
//
// The address answers with the region's new HTML. It stops when the answer carries data-poll-done on its first
// element, when the address is gone or the login has run out, and rests while the tab is hidden.
//
//   <template data-poll-for="actions" data-poll-state="paused">…</template>
//
// in an answer is the new content of the element with that id, where its data-poll-state is another: buttons that go
// with what the region says.

const SLOWEST = 60; // seconds between tries when the server does not answer

/**
 * Renews what an answer has for other places; one in which somebody stands is left until they have gone.
 * @param {HTMLElement} fresh
 * @returns {boolean} whether none was left
 */
function renewOthers(fresh) {
  let all = true;
  for (const part of fresh.querySelectorAll("template[data-poll-for]")) {
    part.remove();
    const place = document.getElementById(part.dataset.pollFor);
    if (!place || place.dataset.pollState === part.dataset.pollState) continue;
    if (place.contains(document.activeElement)) {
      all = false;
      continue;
    }
    place.replaceChildren(...part.content.childNodes);
    place.dataset.pollState = part.dataset.pollState;
  }
  return all;
}

/**
 * Renews a region every few seconds.
 * @param {HTMLElement} region
 */
export function startPolling(region) {
  const every = Math.max(1, Number(region.dataset.pollSeconds) || 5);
  let wait = every;

  function next() {
    window.setTimeout(renew, wait * 1000);
  }

  async function renew() {
    if (document.visibilityState === "hidden") {
      next();
      return;
    }
    try {
      const answer = await fetch(region.dataset.pollUrl, {
        credentials: "same-origin",
        redirect: "manual",
        headers: { "X-Requested-With": "XMLHttpRequest" },
      });
      if (answer.type === "opaqueredirect" || [401, 403, 404, 410].includes(answer.status)) return;
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      const fresh = new DOMParser().parseFromString(text, "text/html").body;
      const all = renewOthers(fresh);
      if (!region.contains(document.activeElement) && fresh.innerHTML.trim() !== region.innerHTML.trim()) {
        region.replaceChildren(...fresh.childNodes);
      }
      if (all && region.querySelector("[data-poll-done]")) return;
      wait = every;
    } catch {
      wait = Math.min(SLOWEST, wait * 2);
    }
    next();
  }

  next();
}
