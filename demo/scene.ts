import path from 'node:path';
import { POPUP_PAGE, type Tab } from '../test/e2e/browser.ts';
import { type Firefox, startFirefox } from '../test/e2e/firefox.ts';
import { displayEnv } from './find-firefox.ts';
import { say } from './print.ts';
import { REPO, type Stage } from './stage.ts';

export const EXTENSION = path.join(REPO, 'dist', 'extension', 'firefox');
// What the popup has in Firefox.
const POPUP_SIZE = [360, 480] as const;
// A theme that draws its own tab bar: the default one leaves that to the desktop, and a picture without a desktop has a hole there.
const PREFS = { 'extensions.activeThemeID': 'firefox-compact-light@mozilla.org' };
/** So that a person can follow what happens in a visible window. */
const LOOK_MS = 1_500;

/** A Firefox with the extension, and what its popup shows as a page of its own, where it can be clicked. */
export type Scene = {
  readonly firefox: Firefox;
  readonly isVisible: boolean;
  readonly popup: Tab;
  /** Gives whoever watches the window a moment. */
  readonly look: () => Promise<void>;
};

export async function openScene(stage: Stage, binary: string): Promise<Scene> {
  const { firefox, isVisible } = await openFirefox(stage, binary);
  const popup = await firefox.open(firefox.origin + POPUP_PAGE);
  await popup.resize(...POPUP_SIZE);
  const look = async () => {
    if (isVisible) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  };
  return { firefox, isVisible, popup, look };
}

type Opened = Pick<Scene, 'firefox' | 'isVisible'>;

async function openFirefox(stage: Stage, binary: string): Promise<Opened> {
  const { home, env, signal } = stage;
  const options = { home, extension: EXTENSION, binary, signal, prefs: PREFS };
  const display = displayEnv(process.env);
  if (display !== undefined) {
    try {
      const firefox = await startFirefox({ ...options, env: { ...env, ...display }, isVisible: true });
      return { firefox, isVisible: true };
    } catch (error) {
      if (signal.aborted) throw error;
      say('Firefox cannot open a window on this display, so it goes on without one.');
    }
  }
  return { firefox: await startFirefox({ ...options, env: { ...env } }), isVisible: false };
}
