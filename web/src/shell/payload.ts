/** Returns the data that the page holds for a script. Its type is that of the document that Python wrote. */
export function readPayload<T>(name: string): T | null {
  const text = document.getElementById(`payload-${name}`)?.textContent;
  return text == null ? null : (JSON.parse(text) as T);
}
