/** Makes a text field as high as its text, as far as its style lets it. */
export function growing(area: HTMLTextAreaElement | null): void {
  if (!area) return;
  area.style.height = 'auto';
  // Borders are not part of the height of what scrolls.
  area.style.height = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`;
}
