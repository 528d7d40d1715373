import fs from 'node:fs';
import path from 'node:path';
import type { World } from '../test/cli/world.ts';
import { type Browser, POPUP_PAGE } from '../test/e2e/browser.ts';
import { startChromium } from '../test/e2e/chromium.ts';
import { BROWSERS, type BrowserName, installHost } from '../test/e2e/desk.ts';
import { startFirefox } from '../test/e2e/firefox.ts';
import { PROFILE_COUNT, worldWithProfiles } from './people.ts';
import { baselineRow, heading, notMeasured, timeRow } from './report.ts';

const RUNS = 15;
const EMPTY_PAGE = '/bench/empty.html';
const STOPWATCH = '/bench/stopwatch.js';

/** In ms from the page's own start; `first`: the rows that are in view, `all`: every row. */
type Painted = { readonly first: number; readonly all: number };

/** The popup's page in a tab, from opening it until its rows are painted, against an empty page of the same extension. */
export async function benchPopup(): Promise<void> {
  heading(
    `Popup with ${PROFILE_COUNT} profiles, from opening to painted, median (least-most) of ${RUNS} runs in turn`,
    'The worker, in Firefox the event page, is stopped before each run.',
  );
  for (const name of BROWSERS) await benchBrowser(name).catch((error: unknown) => notMeasured(`${name}, popup`, error));
}

async function benchBrowser(name: BrowserName): Promise<void> {
  const world = await worldWithProfiles(PROFILE_COUNT);
  try {
    await installHost(world, name);
    const browser = await startBrowser(name, world);
    try {
      await benchPages(name, browser);
    } finally {
      await browser.close();
    }
  } finally {
    await world.close();
  }
}

async function startBrowser(name: BrowserName, { home, env }: World): Promise<Browser> {
  const options = { home, env, extension: measuredExtension(name, path.join(home, 'extension')) };
  return name === 'chromium' ? startChromium(options) : startFirefox(options);
}

async function benchPages(name: BrowserName, browser: Browser): Promise<void> {
  // The very first popup has no list yet: it waits for the host's. Chromium never starts a worker again that is stopped before then,
  // while the extension is still being installed.
  await paintTimes(browser, POPUP_PAGE);
  const rounds: { empty: Painted[]; popup: Painted[] } = { empty: [], popup: [] };
  for (let run = 0; run <= RUNS; run++) {
    const painted = { empty: await paintedIn(browser, EMPTY_PAGE), popup: await paintedIn(browser, POPUP_PAGE) };
    if (run === 0) continue; // for warming up
    rounds.empty.push(painted.empty);
    rounds.popup.push(painted.popup);
  }
  const samples = (page: keyof typeof rounds, moment: keyof Painted): number[] =>
    rounds[page].map((painted) => painted[moment]);
  baselineRow(`${name}, empty page, first paint`, samples('empty', 'first'));
  timeRow(`${name}, first screen of rows`, samples('popup', 'first'), {
    against: samples('empty', 'first'),
    target: { atMost: 100 },
  });
  baselineRow(`${name}, empty page, painted`, samples('empty', 'all'));
  timeRow(`${name}, all ${PROFILE_COUNT} rows`, samples('popup', 'all'), {
    against: samples('empty', 'all'),
    target: { atMost: 100 },
  });
}

async function paintedIn(browser: Browser, page: string): Promise<Painted> {
  await browser.stopWorker();
  return paintTimes(browser, page);
}

async function paintTimes(browser: Browser, page: string): Promise<Painted> {
  const tab = await browser.open(browser.origin + page);
  try {
    return await tab.evaluate<Painted>('globalThis.painted');
  } finally {
    await tab.close();
  }
}

/** A copy of the built extension whose popup, and an empty page beside it, hold a stopwatch of their own. */
function measuredExtension(name: BrowserName, target: string): string {
  fs.cpSync(path.resolve('dist/extension', name), target, { recursive: true });
  const popup = path.join(target, POPUP_PAGE);
  const script = `<script src="${STOPWATCH}"></script>`;
  fs.writeFileSync(popup, fs.readFileSync(popup, 'utf8').replace('<head>', `<head>${script}`));
  fs.mkdirSync(path.join(target, 'bench'));
  fs.writeFileSync(
    path.join(target, EMPTY_PAGE),
    `<!doctype html><html lang="en"><head>${script}<title>Empty</title></head><body><p class="row">Empty</p></body></html>`,
  );
  fs.writeFileSync(path.join(target, STOPWATCH), stopwatch());
  return target;
}

/**
 * Two frames after the rows are there, they have been painted: the first callback comes before that paint. The first screen is
 * the page's first contentful paint, because the other rows are made before a second callback could tell.
 */
function stopwatch(): string {
  return `
const wanted = location.pathname === '${EMPTY_PAGE}' ? 1 : ${PROFILE_COUNT};
const all = new Promise((resolve) => {
  const rows = document.getElementsByClassName('row');
  const observer = new MutationObserver(() => {
    if (rows.length < wanted) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
  });
  observer.observe(document, { childList: true, subtree: true });
});
const first = new Promise((resolve) => {
  new PerformanceObserver((list) => {
    const [paint] = list.getEntriesByName('first-contentful-paint');
    if (paint) resolve(paint.startTime);
  }).observe({ type: 'paint', buffered: true });
});
const patience = new Promise((_, reject) => setTimeout(() => reject(new Error('nothing was painted within 30 s')), 30_000));
globalThis.painted = Promise.race([Promise.all([first, all]).then(([first, all]) => ({ first, all })), patience]);
`;
}
