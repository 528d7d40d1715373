import { render } from 'preact';
import { readLocal, readSession } from '../storage.ts';
import { App } from './app.tsx';

/** The list of last time is on screen before the background is even awake; the first state it sends takes over from there. */
async function start(root: HTMLElement) {
  const [{ profiles, recent = {} }, { signIns = {} }] = await Promise.all([
    readLocal('profiles', 'recent'),
    readSession('signIns'),
  ]);
  const mode = location.search === '?prompt' ? 'prompt' : 'popup';
  render(<App mode={mode} cached={profiles} recent={recent} signIns={signIns} />, root);
}

const root = document.querySelector<HTMLElement>('#popup');
if (root) void start(root); // storage that cannot be read leaves an empty popup and the browser's own report
