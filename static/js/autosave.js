// Saves a form's draft while it is being filled in.
//
//   <form method="post" data-autosave-url="/reviews/7/draft/">
//     <p data-autosave-status role="status"></p>
//
// The form's fields are posted as they stand. The server answers 200 or 204 where it kept them, 409 where somebody else
// changed them meanwhile, 403 or a redirect where the login has run out, 400 or 422 where it cannot keep them yet.
// An answer in JSON may say so in its own words and set hidden fields: {"message": "…", "fields": {"version": 4}}.

const WAIT = 1500; // milliseconds after the last key
const LONGEST_WAIT = 15000; // milliseconds that somebody who never pauses goes unsaved
const PATIENCE = 5000; // milliseconds that a form waits for a draft that is on its way
const RETRIES = [2000, 5000, 15000, 30000, 60000]; // milliseconds before each next try

const clock = new Intl.DateTimeFormat("en-GB", { hour: "numeric", minute: "2-digit", hour12: true });

function timeOfDay(date) {
  return clock.format(date).replace(/\s/g, "").toLowerCase();
}

function dataOf(form) {
  const data = new FormData(form);
  for (const [name, value] of [...data]) {
    if (value instanceof File) data.delete(name); // files go with the form itself
  }
  return data;
}

function asText(data) {
  return new URLSearchParams([...data].filter(([name]) => name !== "csrfmiddlewaretoken")).toString();
}

async function bodyOf(answer) {
  if (!(answer.headers.get("content-type") || "").includes("application/json")) return {};
  try {
    return (await answer.json()) || {};
  } catch {
    return {};
  }
}

/** Whether a field says something else than the page came with: typed before this script was there, or put back. */
function isTouched(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field instanceof HTMLSelectElement) {
    const chosen = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(chosen, 0);
  }
  return "defaultValue" in field && field.type !== "hidden" && field.value !== field.defaultValue;
}

/**
 * Watches a form and saves its draft.
 * @param {HTMLFormElement} form
 */
export function startAutosave(form) {
  const url = form.dataset.autosaveUrl;
  const status = form.querySelector("[data-autosave-status]") || document.querySelector("[data-autosave-status]");
  let saved = [...form.elements].some(isTouched) ? "" : asText(dataOf(form));
  let timer = 0;
  let firstChange = 0;
  let failures = 0;
  let saving = null;
  let held = false;
  let stopped = false;
  let submitting = false;

  function say(words, state) {
    if (!status) return;
    status.dataset.state = state;
    status.textContent = words;
  }

  function isDirty() {
    return asText(dataOf(form)) !== saved;
  }

  function later(delay) {
    window.clearTimeout(timer);
    if (!stopped) timer = window.setTimeout(save, delay);
  }

  function changed() {
    if (!isDirty()) return;
    const now = Date.now();
    firstChange = firstChange || now;
    later(Math.max(0, Math.min(WAIT, firstChange + LONGEST_WAIT - now)));
  }

  function tryAgain(words) {
    const delay = RETRIES[Math.min(failures, RETRIES.length - 1)];
    failures += 1;
    say(words, "problem");
    later(delay);
  }

  function keep(fields) {
    for (const [name, value] of Object.entries(fields || {})) {
      const input = form.elements.namedItem(name);
      if (input instanceof HTMLInputElement && input.type === "hidden") input.value = String(value);
    }
  }

  function stop(words) {
    stopped = true;
    say(words, "problem");
  }

  async function settle(answer, sent) {
    const body = await bodyOf(answer);
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
      // The page's own server says what to press where it takes the words without a login.
      stop(
        body.message ||
          "Not saved: you are no longer logged in. Your words are still here. Log in again in another tab, then save.",
      );
    } else if (answer.ok) {
      const untouched = asText(dataOf(form)) === sent;
      keep(body.fields);
      saved = untouched ? asText(dataOf(form)) : sent;
      firstChange = 0;
      failures = 0;
      say(body.message || `Draft saved at ${timeOfDay(new Date())}`, "saved");
      if (!untouched) changed();
    } else if (answer.status === 409) {
      stop(body.message || "Not saved: this was changed in another window. Your words are still here. Save to compare.");
    } else if (answer.status === 400 || answer.status === 422) {
      say(body.message || "Not saved yet: something needs changing first. Your words are still here.", "problem");
    } else if (answer.status === 404 || answer.status === 410) {
      stop("Not saved: this page is no longer open to you. Copy your words before you leave.");
    } else {
      tryAgain("Not saved yet. We will try again. Your words are still here.");
    }
  }

  function save() {
    if (saving || stopped || submitting || !isDirty()) return;
    saving = send().finally(() => {
      saving = null;
    });
  }

  async function send() {
    const data = dataOf(form);
    const sent = asText(data);
    try {
      const answer = await fetch(url, {
        method: "POST",
        body: data,
        credentials: "same-origin",
        redirect: "manual",
        headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" },
      });
      await settle(answer, sent);
    } catch {
      tryAgain("Not saved: you seem to be offline. Your words are still here. We will try again.");
    }
  }

  function flush() {
    if (stopped || submitting || !isDirty()) return;
    const data = dataOf(form);
    // The token travels in the body, so a beacon is as good as a post and outlives the page.
    if (navigator.sendBeacon && navigator.sendBeacon(url, data)) saved = asText(data);
  }

  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", (event) => {
    submitting = true;
    window.clearTimeout(timer);
    if (saving && !held) {
      // What is on its way says less than the form does, and must not come after it.
      held = true;
      const patience = new Promise((resolve) => window.setTimeout(resolve, PATIENCE));
      Promise.race([saving, patience]).then(() => {
        saving = null;
        form.requestSubmit(event.submitter);
      });
    }
    if (saving) event.preventDefault();
  });
  window.addEventListener("online", () => later(0));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") save();
  });
  window.addEventListener("pagehide", flush);
  window.addEventListener("pageshow", () => {
    submitting = false;
    held = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (submitting || !isDirty()) return;
    flush();
    if (stopped || isDirty()) event.preventDefault();
  });
  changed();
}
