import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { operations, type World } from '../cli/world.ts';
import { POPUP_PAGE, type Tab } from './browser.ts';
import { BROWSERS, type BrowserName, type Desk, type DeskOptions, installHost, openDesk } from './desk.ts';
import { consoleTab, row, seen } from './page.ts';

let desk: Desk;

afterEach(async () => {
  desk.world.aws.assertNoUnexpectedCalls();
  await desk.close();
});

/** A popup that has shown its list and kept it for the next one. */
async function popupWithKeptScreen(): Promise<Tab> {
  const popup = await desk.popup();
  await seen(popup, row('reader'));
  await expect.poll(() => kept(popup)).toContain('reader');
  return popup;
}

function kept(popup: Tab): Promise<string | null> {
  return popup.evaluate<string | null>(`localStorage.getItem('screen')`);
}

/** What a person does as soon as a list is on the page, before any of its modules has run. */
type Act = { readonly click: string } | { readonly enter: string };

/** Runs in the popup before all its own scripts: does the act that is asked for, and notes which screens are on the page. */
const PROBE = `
globalThis.shown = [];
const act = JSON.parse(localStorage.getItem('act') ?? 'null');
localStorage.removeItem('act');
let hasActed = false;
new MutationObserver(() => {
  const kind = ['.host-screen', '.old', '.row', '.skeleton'].find((selector) => document.querySelector(selector));
  if (kind !== undefined && shown.at(-1) !== kind) shown.push(kind);
  if (!act || hasActed || kind !== '.row') return;
  hasActed = true;
  if (act.click) return document.querySelector(act.click).click();
  const filter = document.querySelector('input');
  filter.value = act.enter;
  filter.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
}).observe(document, { subtree: true, childList: true });
`;

/** A copy of the built extension with the probe in its popup. */
function probedExtension({ home }: World, name: BrowserName): string {
  const target = path.join(home, 'extension');
  fs.cpSync(path.resolve('dist/extension', name), target, { recursive: true });
  fs.writeFileSync(path.join(target, 'probe.js'), PROBE);
  const page = path.join(target, POPUP_PAGE);
  fs.writeFileSync(page, fs.readFileSync(page, 'utf8').replace('<head>', '<head><script src="/probe.js"></script>'));
  return target;
}

function openProbedDesk(name: BrowserName, options: DeskOptions = {}): Promise<Desk> {
  return openDesk(name, { ...options, extension: (world) => probedExtension(world, name) });
}

/** Another popup, in which `act` is done before it is live. */
async function nextPopup(popup: Tab, act?: Act): Promise<Tab> {
  if (act) await popup.evaluate(`localStorage.setItem('act', ${JSON.stringify(JSON.stringify(act))})`);
  return desk.popup();
}

function shownBy(popup: Tab): Promise<readonly string[]> {
  return popup.evaluate<readonly string[]>('shown');
}

describe.each(BROWSERS)('in %s, the list that the popup showed last time', (name) => {
  it('takes an Enter, and a click, before the popup is live', async () => {
    desk = await openProbedDesk(name);
    const popup = await popupWithKeptScreen();
    await nextPopup(popup, { enter: 'read' });
    await consoleTab(desk.browser, '777788889999');
    await nextPopup(popup, { click: row('ada') });
    if (name === 'firefox') await consoleTab(desk.browser, '111122223333');
    await expect.poll(() => operations(desk.world)).toContain('GetFederationToken');
  });

  it('is not shown by another build of the popup, whose markup is another', async () => {
    desk = await openProbedDesk(name);
    const popup = await popupWithKeptScreen();
    await popup.evaluate(`localStorage.setItem('screen', 'popup-of-before.js\\n<div class="old">Old</div>')`);
    const next = await nextPopup(popup);
    await seen(next, row('reader'));
    expect(await shownBy(next)).toEqual(['.row']);
    await expect.poll(() => kept(popup)).toContain('reader');
  });

  it('shows how the sign-in failed of a profile that is gone, so that it can be put aside', async () => {
    desk = await openProbedDesk(name);
    const popup = await popupWithKeptScreen();
    await popup.evaluate(`(async () => {
      const { local } = (globalThis.browser ?? globalThis.chrome).storage;
      const { profiles } = await local.get('profiles');
      await local.set({ profiles: [...profiles, { name: 'gone', kind: 'user' }] });
      localStorage.setItem('screen', localStorage.getItem('screen').replaceAll('reader', 'gone'));
    })()`);
    const inside = await nextPopup(popup, { click: row('gone') });
    expect(await seen(inside, '[data-profile="gone"] [data-error=PROFILE_NOT_FOUND]')).toContain('no longer');
    await inside.evaluate(`document.querySelector('[data-profile="gone"] .error .plain').click()`);
    await expect.poll(() => inside.evaluate(`document.querySelectorAll('[data-profile="gone"]').length`)).toBe(0);
  });

  it('does not flash by while there is no host, and the popup goes on once there is one', async () => {
    desk = await openProbedDesk(name, { isHostInstalled: false });
    const popup = await desk.popup();
    await seen(popup, '.host-screen');
    await popup.evaluate(`(globalThis.browser ?? globalThis.chrome).storage.local.set({
      profiles: [{ name: 'reader', kind: 'role' }],
    })`);
    for (const isWorkerNew of [false, true]) {
      if (isWorkerNew) await desk.browser.stopWorker();
      const next = await nextPopup(popup);
      // An attempt of its own is over.
      await seen(next, '.host-screen .primary:not([disabled])');
      expect(await shownBy(next)).toEqual(['.host-screen']);
      await next.close();
    }
    await installHost(desk.world, name);
    await popup.evaluate(`document.querySelector('.host-screen .primary').click()`);
    await seen(popup, row('reader'));
    await expect.poll(() => kept(popup)).toContain('reader');
    const after = await nextPopup(popup);
    await seen(after, row('reader'));
    expect(await shownBy(after)).toEqual(['.row']);
  });
});
