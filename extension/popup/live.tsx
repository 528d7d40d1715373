import { render } from 'preact';
import { hostFailure, initialState } from '../popup-state.ts';
import { readLocal, readSession } from '../storage.ts';
import { App } from './app.tsx';
import { rowOf, shownScreen } from './kept-screen.ts';
import { firstOf } from './row-focus.ts';

/** Makes the page live: the list that is known already, until the first state of the background takes over from there. */
export async function goLive(root: HTMLElement) {
  const [{ profiles, recent = {} }, { signIns = {}, hostError }] = await Promise.all([
    readLocal('profiles', 'recent'),
    readSession('signIns', 'hostError'),
  ]);
  const mode = location.search === '?prompt' ? 'prompt' : 'popup';
  const { clicked, entered } = root.dataset;
  const known = { ...initialState, signIns, ...(hostError && { host: hostFailure(hostError) }) };
  render(<App mode={mode} cached={profiles} recent={recent} known={known} shown={shownScreen(root)} />, root);
  if (clicked) rowOf(root, clicked)?.querySelector<HTMLElement>('.row-open')?.click();
  else if (entered !== undefined) firstOf(root)?.click();
}
