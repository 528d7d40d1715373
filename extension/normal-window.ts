import browser, { type Windows } from 'webextension-polyfill';
import { VaultError } from '../native-host/errors.ts';
import { readSession, writeSession } from './storage.ts';

/** A private window has neither containers nor a place in history; a popup window has no tab bar. */
function isNormal(window: Windows.Window): boolean {
  return window.type === 'normal' && !window.incognito;
}

/** Remembers the window the user was last in, because a prompt window or a private one may have the focus later. */
export async function noteFocus(windowId: number) {
  if (windowId === browser.windows.WINDOW_ID_NONE) return;
  const window = await findWindow(windowId);
  if (window && isNormal(window)) await writeSession({ normalWindowId: windowId });
}

/** The id of the normal, non-private window where a console tab belongs: the last focused one, or a new one. */
export async function normalWindowId(): Promise<number> {
  const { normalWindowId: noted } = await readSession('normalWindowId');
  const remembered = noted === undefined ? undefined : await findWindow(noted);
  const open = (await browser.windows.getAll({ windowTypes: ['normal'] })).filter(isNormal);
  const chosen = open.find(({ focused }) => focused) ?? open.find(({ id }) => id === remembered?.id) ?? open[0];
  const window = chosen ?? (await browser.windows.create({ focused: true }));
  if (window.id === undefined) throw new VaultError('INTERNAL', 'the browser opened no window; open one and try again');
  return window.id;
}

async function findWindow(windowId: number): Promise<Windows.Window | undefined> {
  try {
    return await browser.windows.get(windowId);
  } catch {
    return undefined; // closed in the meantime
  }
}
