// Starts what makes pages quicker to use. Every page works without any of it.
import { initAll } from "../nhsuk/nhsuk-frontend.min.js";
import { startAutosave } from "./autosave.js";
import { startCounting } from "./counting.js";
import { startMarkup } from "./markup.js";
import { startPolling } from "./polling.js";
import { calmRadios } from "./radios.js";
import { guardSubmits } from "./submits.js";

initAll();
calmRadios();
document.querySelectorAll("form[data-autosave-url]").forEach(startAutosave);
document.querySelectorAll("[data-count-url]").forEach(startCounting);
document.querySelectorAll("textarea[data-markup]").forEach(startMarkup);
document.querySelectorAll("[data-poll-url]").forEach(startPolling);
document.querySelectorAll("form[data-prevent-double-click]").forEach(guardSubmits);
