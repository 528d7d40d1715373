import type { CodeVerdict } from './questions.ts';

// Styles stand on the elements themselves: a style sheet is what the page's policy could forbid.
const FONT = 'font: 15px/22px system-ui, -apple-system, "Segoe UI", sans-serif; color-scheme: light dark;';
const HEADING = 'margin: 0; font-family: inherit; font-size: 20px; line-height: 28px; font-weight: 650;';
const TEXT = 'color: light-dark(#1b1c20, #ececf1);';
const PAGE = 'background: light-dark(#ffffff, #1f2025);';
const LINE = 'border: 1px solid light-dark(#e3e5ea, #363941);';
const BUTTON = `all: unset; box-sizing: border-box; padding: 9px 16px; border-radius: 8px; font-weight: 550; cursor: pointer; text-align: center; outline-offset: 2px;`;
const CODE =
  'font: 600 24px/32px ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; letter-spacing: 0.06em;';

const WARNINGS = {
  foreign: {
    title: 'This computer did not ask for this code',
    text: 'Whoever gets you to allow it gets your access to AWS. If a message, a call or a web page brought you here, close this page.',
    unless:
      'Go on only if you have just begun a login yourself with another program or on another computer, and it shows this very code.',
  },
  unknown: {
    title: 'This code could not be checked',
    text: 'Keyturn does not answer, so nobody knows whether this computer asked for the code. If a message, a call or a web page brought you here, close this page.',
    unless: 'Go on only if you have just begun a login yourself, and it shows this very code.',
  },
} as const;

export type WarningButtons = { readonly onClose: () => void; readonly onGoOn: () => void };

let shown: HTMLElement | undefined;

/** Lies over the whole page until the person has decided. */
export function warn(code: string, verdict: Exclude<CodeVerdict, 'asked'>, { onClose, onGoOn }: WarningButtons) {
  const { title, text, unless } = WARNINGS[verdict];
  const heading = element('h1', `${HEADING} color: light-dark(#a8201a, #ff9d94);`, title);
  const close = button(
    'Close this page',
    'background: light-dark(#a8201a, #ff9d94); color: light-dark(#ffffff, #2b0f0d);',
    onClose,
  );
  const goOn = button('I began this login: go on', `${LINE} color: light-dark(#5d616b, #a4a8b3);`, onGoOn);
  const box = element(
    'dialog',
    `${FONT} ${TEXT} ${PAGE} ${LINE} width: min(520px, calc(100vw - 32px)); box-sizing: border-box; padding: 28px; border-radius: 14px; background: linear-gradient(light-dark(#a8201a, #ff9d94) 6px, light-dark(#ffffff, #1f2025) 6px); box-shadow: 0 0 0 200vmax rgb(20 22 28 / 78%);`,
    heading,
    paragraph(text),
    element('p', `${CODE} margin: 18px 0; text-align: center;`, spelled(code)),
    paragraph(unless),
    element('div', 'display: flex; flex-wrap: wrap; gap: 10px; margin-top: 22px;', close, goOn),
    element(
      'p',
      'margin: 18px 0 0; font-size: 13px; color: light-dark(#5d616b, #a4a8b3);',
      'Keyturn, your browser extension',
    ),
  ) as HTMLDialogElement; // made two lines above
  box.addEventListener('cancel', (event) => event.preventDefault()); // Escape is no answer
  draw(box);
  box.showModal();
  close.focus();
}

/** Says that the code is right, out of the way. */
export function confirmQuietly(code: string) {
  const mark = element('span', 'color: light-dark(#2c9a48, #5fcf7c); font-weight: 700;', '✓');
  const own = element('b', 'font-weight: 600; letter-spacing: 0.04em;', spelled(code));
  draw(
    element(
      'div',
      `${FONT} ${TEXT} ${PAGE} ${LINE} position: fixed; z-index: 2147483647; inset: 16px 16px auto auto; display: flex; gap: 9px; max-width: calc(100vw - 32px); padding: 10px 16px; border-radius: 10px; box-shadow: 0 6px 24px rgb(0 0 0 / 16%);`,
      mark,
      element('span', '', 'Keyturn on this computer asked for the code ', own),
    ),
  );
}

export function clear() {
  shown?.remove();
  shown = undefined;
}

/** In a closed shadow, where the page's styles and scripts do not reach. */
function draw(content: HTMLElement) {
  clear();
  shown = document.createElement('div');
  shown.dataset.keyturn = content.localName === 'dialog' ? 'warning' : 'checked';
  shown.attachShadow({ mode: 'closed' }).append(content);
  document.documentElement.append(shown);
}

/** As AWS writes it. */
function spelled(code: string): string {
  return code.length === 8 ? `${code.slice(0, 4)}-${code.slice(4)}` : code;
}

function paragraph(text: string): HTMLElement {
  return element('p', 'margin: 10px 0 0;', text);
}

function button(label: string, style: string, onClick: () => void): HTMLElement {
  const made = element('button', `${BUTTON} ${style}`, label);
  made.setAttribute('type', 'button');
  made.addEventListener('click', onClick);
  return made;
}

function element(name: string, style: string, ...content: (HTMLElement | string)[]): HTMLElement {
  const made = document.createElement(name);
  made.style.cssText = style;
  made.append(...content);
  return made;
}
