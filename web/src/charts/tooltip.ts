/** What a mark says when the pointer is on it: lines of text, never markup. */

const MARGIN = 12;

/** Shows `value`, an object of labels and values, beside the pointer; hides the last one if it is empty. */
export function showTooltip(_handler: unknown, event: MouseEvent, _item: unknown, value: unknown): void {
  const box = tooltipBox();
  if (value === null || value === undefined || value === "") {
    box.hidden = true;
    return;
  }
  box.replaceChildren(...lines(value));
  box.hidden = false;
  const right = event.clientX + MARGIN + box.offsetWidth > innerWidth;
  const below = event.clientY + MARGIN + box.offsetHeight > innerHeight;
  box.style.left = `${Math.max(0, right ? event.clientX - MARGIN - box.offsetWidth : event.clientX + MARGIN)}px`;
  box.style.top = `${Math.max(0, below ? event.clientY - MARGIN - box.offsetHeight : event.clientY + MARGIN)}px`;
}

function lines(value: unknown): HTMLElement[] {
  if (typeof value !== "object" || value === null) return [text("div", String(value))];
  return Object.entries(value)
    .filter(([, entry]) => entry !== null && entry !== undefined && entry !== "")
    .map(([label, entry]) => {
      const line = document.createElement("div");
      line.append(text("span", label), text("b", String(entry)));
      return line;
    });
}

function text(name: "div" | "span" | "b", content: string): HTMLElement {
  const element = document.createElement(name);
  element.textContent = content;
  return element;
}

function tooltipBox(): HTMLElement {
  const found = document.getElementById("tooltip");
  if (found !== null) return found;
  const box = document.createElement("div");
  box.id = "tooltip";
  box.className = "tooltip";
  box.setAttribute("role", "tooltip");
  document.body.append(box);
  return box;
}
