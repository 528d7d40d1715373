import { render } from 'preact';
import { readLocal, readSession } from '../storage.ts';
import { App } from './app.tsx';
import { rowOf, shownScreen } from './kept-screen.ts';

/** Makes the page live: the list that is known already, until the first state of the background takes over from there. */
export async function goLive(root: HTMLElement) {
  const [{ profiles, recent = {} }, { signIns = {} }] = await Promise.all([
    readLocal('profiles', 'recent'),
    readSession('signIns'),
  ]);
  const mode = location.search === '?prompt' ? 'prompt' : 'popup';
  const { clicked } = root.dataset;
  render(<App mode={mode} cached={profiles} recent={recent} signIns={signIns} shown={shownScreen(root)} />, root);
  if (clicked) rowOf(root, clicked)?.querySelector<HTMLElement>('.row-open')?.click();
}
