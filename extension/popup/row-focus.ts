type Move = (at: number, last: number) => number;

/** Index -1 is the filter; its Enter opens the first row, so the arrow down from it goes on to the second. */
const moves: Readonly<Record<string, Move>> = {
  ArrowDown: (at, last) => Math.min(at === -1 ? 1 : at + 1, last),
  ArrowUp: (at) => Math.max(at - 1, -1),
  PageDown: (at, last) => Math.min(Math.max(at, 0) + 7, last),
  PageUp: (at) => Math.max(at - 7, 0),
};

/** The row that Enter in the filter opens: the one that is marked, even while it is busy, never the one below it. */
export function firstOf(place: ParentNode): HTMLElement | null {
  return place.querySelector<HTMLElement>('.row-open[data-first="true"]');
}

/** Moves the focus through filter and rows; false when the key is not one of ours. */
export function moveInList(key: string, list: HTMLElement, filter: HTMLElement): boolean {
  const move = moves[key];
  if (!move) return false;
  const rows = [...list.querySelectorAll<HTMLElement>('.row-open')];
  const at = rows.findIndex((row) => row.closest('.row')?.contains(document.activeElement));
  const target = rows[move(at, rows.length - 1)] ?? filter;
  target.focus();
  target.scrollIntoView({ block: 'nearest' });
  return true;
}

/** A key that writes or deletes a character, wherever the focus is: type-to-filter. Space presses the focused button. */
export function typesText({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  return !ctrlKey && !metaKey && !altKey && key !== ' ' && (key.length === 1 || key === 'Backspace');
}
