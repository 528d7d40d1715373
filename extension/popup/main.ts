import { afterPaint } from './after-paint.ts';

/** What first-paint.ts has put on the page is painted before anything else is even loaded. */
async function start(root: HTMLElement) {
  if (root.firstChild) await new Promise<void>(afterPaint);
  const { goLive } = await import('./live.tsx');
  await goLive(root);
}

const root = document.querySelector<HTMLElement>('#popup');
if (root) void start(root); // storage that cannot be read leaves the popup as it is and the browser's own report
