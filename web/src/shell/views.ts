/**
 * The switch between views, such as the targets of a check: it shows the elements with the chosen `data-view` and hides
 * those of the others. Without a script all views follow each other. Other scripts hear of a choice by `onView`.
 */

const CHOSEN = "npufit:view";

export function offerViews(): void {
  const switches = document.querySelector<HTMLFieldSetElement>("#views");
  show(0);
  if (switches === null) return;
  switches.hidden = false;
  switches.addEventListener("change", (event) => {
    chooseView(Number((event.target as HTMLInputElement).value));
  });
}

/** Shows the view with this number and tells everyone who listens. */
export function chooseView(view: number): void {
  const input = document.querySelector<HTMLInputElement>(`#views input[value="${view}"]`);
  if (input !== null) input.checked = true;
  show(view);
  document.dispatchEvent(new CustomEvent(CHOSEN, { detail: view }));
}

/** Calls `listener` with the number of each view that is chosen from now on. */
export function onView(listener: (view: number) => void): void {
  document.addEventListener(CHOSEN, (event) => listener((event as CustomEvent<number>).detail));
}

function show(view: number): void {
  for (const element of document.querySelectorAll<HTMLElement>("[data-view]")) {
    element.hidden = element.dataset.view !== String(view);
  }
}
