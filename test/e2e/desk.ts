import fs from 'node:fs';
import path from 'node:path';
import { type People, populate, startWorld, type World } from '../cli/world.ts';
import { type Browser, POPUP_PAGE, type Tab } from './browser.ts';
import { startChromium } from './chromium.ts';
import { startFirefox } from './firefox.ts';

export const BROWSERS = ['firefox', 'chromium'] as const;
export type BrowserName = (typeof BROWSERS)[number];

/** A person's computer: a home, keys in the vault, the host installed for a browser that is running with the extension. */
export type Desk = {
  readonly world: World;
  readonly people: People;
  readonly browser: Browser;
  /** The popup's page in a tab, where it can be clicked. */
  readonly popup: () => Promise<Tab>;
  readonly close: () => Promise<void>;
};

const START = { firefox: startFirefox, chromium: startChromium };

export type DeskOptions = {
  readonly isHostInstalled?: boolean;
  readonly env?: Record<string, string>;
  readonly prepare?: (world: World, people: People) => Promise<void> | void;
};

export async function openDesk(
  name: BrowserName,
  { isHostInstalled = true, env = {}, prepare }: DeskOptions = {},
): Promise<Desk> {
  const world = await startWorld();
  try {
    const people = await populate(world);
    await prepare?.(world, people);
    if (isHostInstalled) await installHost(world, name);
    const browserEnv = { ...world.env, ...env };
    const extension = path.resolve('dist/extension', name);
    const browser = await START[name]({ home: world.home, env: browserEnv, extension });
    return {
      ...{ world, people, browser },
      popup: async () => {
        const popup = await browser.open(browser.origin + POPUP_PAGE);
        await popup.resize(380, 600);
        return popup;
      },
      close: async () => {
        await browser.close();
        await world.close();
      },
    };
  } catch (error) {
    await world.close();
    throw error;
  }
}

export async function installHost(world: World, name: BrowserName): Promise<void> {
  const { status, stderr } = await world.run(['host', 'install', '--browser', name]);
  if (status !== 0) throw new Error(`host install failed: ${stderr}`);
}

/** Waits for an element that `selector` finds, and answers its text. */
export async function seen(tab: Tab, selector: string, timeoutMs = 15_000): Promise<string> {
  return tab.evaluate<string>(`new Promise((resolve, reject) => {
    const find = () => document.querySelector(${JSON.stringify(selector)});
    const check = () => { const found = find(); if (found) { observer.disconnect(); resolve(found.innerText); } };
    const observer = new MutationObserver(check);
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    setTimeout(() => { observer.disconnect(); reject(new Error('not seen: ' + ${JSON.stringify(selector)} + ' in ' + document.body.innerText)); }, ${timeoutMs});
    check();
  })`);
}

export async function click(tab: Tab, selector: string): Promise<void> {
  await seen(tab, selector);
  await tab.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);
}

/** Puts text into a field as a person's typing or pasting does. */
export async function type(tab: Tab, selector: string, text: string): Promise<void> {
  await seen(tab, selector);
  await tab.evaluate(`(() => {
    const field = document.querySelector(${JSON.stringify(selector)});
    field.focus();
    field.value = ${JSON.stringify(text)};
    field.dispatchEvent(new InputEvent('input', { bubbles: true, data: ${JSON.stringify(text)} }));
  })()`);
}

export const CODE_FIELD = '[data-prompt=mfa][data-phase=asking] .code-field';

export function row(profile: string): string {
  return `[data-profile="${profile}"] .row-open`;
}

/** The console tab of an account, once it is there. */
export async function consoleTab({ browser }: Desk, account: string): Promise<Tab> {
  for (const deadline = Date.now() + 20_000; ; ) {
    for (const tab of await browser.tabs()) if ((await accountOf(tab)) === account) return tab;
    if (Date.now() > deadline) throw new Error(`no console tab of account ${account}: ${await urls(browser)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The account a tab is signed in to, from the page that the server made of its cookie. */
export async function accountOf(tab: Tab): Promise<string | undefined> {
  // A tab that is just loading has no page to ask yet.
  return tab.evaluate<string | undefined>(`document.querySelector('#account')?.innerText`).catch(() => undefined);
}

async function urls(browser: Browser): Promise<string> {
  const all = await Promise.all((await browser.tabs()).map((tab) => tab.url().catch(() => '?')));
  return all.join(' ');
}

/** Finds the small window that asks for a code. */
export async function promptWindow({ browser }: Desk): Promise<Tab> {
  for (const deadline = Date.now() + 20_000; ; ) {
    for (const tab of await browser.tabs()) {
      if ((await tab.url().catch(() => '')).endsWith('?prompt')) return tab;
    }
    if (Date.now() > deadline) throw new Error('no prompt window came');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function screenshot(name: string, png: Buffer): void {
  const dir = path.resolve('dist/screenshots');
  fs.mkdirSync(dir, { recursive: true });
  fs.writeFileSync(path.join(dir, `${name}.png`), png);
}
