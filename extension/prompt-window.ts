import browser from 'webextension-polyfill';
import type { Prompt } from '../native-host/protocol.ts';
import { readSession, writeSession } from './storage.ts';

/** The popup's page, in the mode that shows prompts only and closes itself when none is left. */
const PAGE = 'extension/popup/popup.html?prompt';
const SIZE = { width: 376, height: 430 };

/**
 * Puts each new prompt before the user once: in the popup or prompt window that is already open, else in a small window.
 * Closing that window does not bring it back; the badge stays.
 */
export class PromptWindow {
  readonly #presented = new Set<string>();
  #lastOpening: Promise<unknown> = Promise.resolve();

  /** `isAskerOpen`: some page of ours is on screen and shows the prompts itself. */
  present(prompts: readonly Prompt[], isAskerOpen: boolean) {
    const fresh = prompts.filter(({ promptId }) => !this.#presented.has(promptId));
    this.#presented.clear();
    for (const { promptId } of prompts) this.#presented.add(promptId);
    if (fresh.length === 0 || isAskerOpen) return;
    const open = () => openOnce();
    this.#lastOpening = this.#lastOpening.then(open, open); // one at a time: two prompts at once share a window
  }
}

async function openOnce() {
  const { promptWindowId } = await readSession('promptWindowId');
  if (promptWindowId !== undefined && (await focusWindow(promptWindowId))) return;
  const { id } = await browser.windows.create({
    type: 'popup',
    url: browser.runtime.getURL(PAGE),
    focused: true,
    ...SIZE,
  });
  if (id !== undefined) await writeSession({ promptWindowId: id });
}

/** False when the window is no longer there. */
async function focusWindow(windowId: number): Promise<boolean> {
  try {
    const window = await browser.windows.get(windowId);
    if (window.type !== 'popup') return false; // the browser was restarted and gave the number to another window
    await browser.windows.update(windowId, { focused: true });
    return true;
  } catch {
    return false; // closed by the user
  }
}
