const NAME = 'screen';

/** As many rows as the popup can show. The others follow right after the first paint, which is what a person waits for. */
export const FIRST_ROWS = 11;

/** What first-paint.ts has put on the page, and what somebody has typed into it since. */
export type ShownScreen = { readonly hasRows: boolean; readonly query: string };

export function shownScreen(root: HTMLElement): ShownScreen {
  return { hasRows: root.querySelector('.row') !== null, query: root.querySelector('input')?.value ?? '' };
}

/** Keeps the list as it stands for the first paint of the next popup: names and what the AWS config says of them, nothing secret. */
export function keepScreen(root: HTMLElement) {
  const template = document.createElement('template');
  template.innerHTML = root.innerHTML;
  keep(template);
}

/** The next popup begins with nothing, because a list that cannot be used would only flash by. */
export function dropScreen() {
  storage()?.removeItem(NAME);
}

/** A profile whose console is being opened stands first next time. */
export function keepAsMostRecent(profile: string) {
  const clicked = rowOf(document, profile);
  const template = document.createElement('template');
  template.innerHTML = storage()?.getItem(NAME)?.slice(build().length) ?? '';
  const list = template.content.querySelector('.list');
  if (!(list && clicked?.dataset.status === 'idle')) return;
  const row = clicked.cloneNode(true) as HTMLElement; // a clone is what its original is
  for (const mark of row.querySelectorAll('mark')) mark.replaceWith(mark.textContent);
  rowOf(template.content, profile)?.remove();
  list.prepend(row);
  for (const button of list.querySelectorAll<HTMLElement>('.row-open')) {
    button.dataset.first = String(row.contains(button));
  }
  keep(template);
}

/** The row of a profile in the list. */
export function rowOf(place: ParentNode, profile: string): HTMLElement | undefined {
  return [...place.querySelectorAll<HTMLElement>('.row')].find((row) => row.dataset.profile === profile);
}

function keep(template: HTMLTemplateElement) {
  // Whether the vault is locked has to be heard from the host, and not from yesterday.
  template.content.querySelector('.lock')?.remove();
  const rows = [...template.content.querySelectorAll('.row')];
  for (const row of rows.slice(FIRST_ROWS)) row.remove();
  storage()?.setItem(NAME, build() + template.innerHTML);
}

/** first-paint.ts compares it: the page's module has another name in every build. */
function build(): string {
  return `${document.querySelector<HTMLScriptElement>('script[type="module"]')?.src}\n`;
}

/** Absent where the user lets pages keep nothing. */
function storage(): Storage | undefined {
  try {
    return localStorage ?? undefined; // Firefox has null for it
  } catch {
    return undefined; // Chromium throws
  }
}
