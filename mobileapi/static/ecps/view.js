/**
 * One screen at a time, each a <template data-screen> of the page. No text is written here:
 * sentences are taken from the page, where the server has translated them.
 */

const screen = document.querySelector("#screen");
const sentences = document.querySelector("#texts").content;

/** The sentence `key` of the page, its {placeholders} filled. */
export function text(key, values = {}) {
  const found = sentences.querySelector(`[data-text="${key}"]`);
  return (found?.textContent.trim() ?? "").replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const hasText = (key) => sentences.querySelector(`[data-text="${key}"]`) !== null;

/** Fills [data-field] with text; shows [data-if] where true and [data-when] where equal. */
export function fill(root, fields) {
  const elements = (attribute) =>
    [...root.querySelectorAll(`[data-${attribute}]`)].map((element) => [
      element,
      element.dataset[attribute],
    ]);
  for (const [element, key] of elements("field")) {
    if (key in fields) element.textContent = fields[key];
  }
  for (const [element, key] of elements("if")) {
    if (key in fields) element.hidden = !fields[key];
  }
  for (const [element, values] of elements("when")) {
    if ("when" in fields) element.hidden = !values.split(" ").includes(fields.when);
  }
}

/** Replaces the screen, tells assistive technology by moving to its heading. */
export function show(name, fields = {}) {
  screen.dispatchEvent(new Event("leave"));
  const { content } = document.querySelector(`template[data-screen="${name}"]`);
  const next = content.cloneNode(true);
  fill(next, fields);
  screen.replaceChildren(next);
  screen.dataset.screen = name;
  screen.removeAttribute("aria-busy");
  const heading = screen.querySelector("h1:not([hidden])");
  if (heading) {
    document.title = `${heading.textContent.trim()} · e-CPS`;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  scrollTo(0, 0);
}

export const isShown = (name) => screen.dataset.screen === name;

/** Runs `work` once when the screen shown now is replaced. */
export const onLeave = (work) => screen.addEventListener("leave", work, { once: true });

export const find = (selector) => screen.querySelector(selector);

/** Says on the present screen what went wrong, as an alert, and what to do. */
export function complain(sentence) {
  const place = find("[data-error]");
  if (!place) return;
  place.replaceChildren();
  place.hidden = !sentence;
  if (!sentence) return;
  const paragraph = document.createElement("p");
  paragraph.textContent = sentence;
  place.append(paragraph);
  place.scrollIntoView({ block: "nearest" });
}

/** A field that cannot be accepted as it is: marked, explained, focused. */
export function reject(field, sentence) {
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-errormessage", "error");
  complain(sentence);
  field.focus();
}

function accept() {
  complain("");
  for (const field of screen.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-errormessage");
  }
}

/** What a refusal means to the person: the server's sentence, ours where it has none. */
export function explain(error) {
  // A DOMException has a `code` too: an old number, 0 for the newer names.
  const key = `error-${typeof error.code === "string" ? error.code : error.name}`;
  if (error.message && error.status) return error.message;
  if (hasText(key)) return text(key);
  console.error(error);
  return text("error-unknown");
}

/** Runs `work` with the screen's controls held, so that nothing is sent twice. */
export async function hold(work) {
  if (screen.getAttribute("aria-busy") === "true") return;
  const name = screen.dataset.screen;
  const focused = document.activeElement;
  const controls = [...screen.querySelectorAll("button, input")];
  accept();
  screen.setAttribute("aria-busy", "true");
  controls.forEach((control) => (control.disabled = true));
  try {
    await work();
  } finally {
    if (isShown(name)) {
      screen.removeAttribute("aria-busy");
      controls.forEach((control) => (control.disabled = false));
      (find("[aria-invalid]") ?? focused)?.focus();
    }
  }
}

/** `work` when the control is used; a refusal is said on the screen. */
export const onPress = (selector, work) => whenPressed(find(selector), work);

export function whenPressed(control, work) {
  control?.addEventListener("click", () => attempt(work));
}

export function onSubmit(selector, work) {
  find(selector)?.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(work);
  });
}

/** Runs `work` as if a control had been used; `after` only where it was refused. */
export async function whenDone(work, after) {
  const name = screen.dataset.screen;
  await attempt(work);
  if (isShown(name)) after();
}

async function attempt(work) {
  try {
    await hold(work);
  } catch (error) {
    complain(explain(error));
  }
}
