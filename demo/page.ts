import type { Browser, Tab } from '../test/e2e/browser.ts';
import type { Firefox } from '../test/e2e/firefox.ts';

const PATIENCE_MS = 15_000;

/** Waits in the page until `selector` finds an element. */
export async function seen(tab: Tab, selector: string): Promise<void> {
  const quoted = JSON.stringify(selector);
  await tab.evaluate(`new Promise((resolve, reject) => {
    const check = () => document.querySelector(${quoted}) && (observer.disconnect(), resolve());
    const observer = new MutationObserver(check);
    observer.observe(document, { subtree: true, childList: true, attributes: true });
    setTimeout(() => reject(new Error('nothing matches ' + ${quoted} + ' in: ' + document.body.innerText)), ${PATIENCE_MS});
    check();
  })`);
}

export async function click(tab: Tab, selector: string): Promise<void> {
  await seen(tab, selector);
  await tab.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);
}

/** Puts text into a field as a person's typing does. */
export async function type(tab: Tab, selector: string, text: string): Promise<void> {
  await seen(tab, selector);
  await tab.evaluate(`(() => {
    const field = document.querySelector(${JSON.stringify(selector)});
    field.focus();
    field.value = ${JSON.stringify(text)};
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  })()`);
}

/** The account that the console in a tab says it is signed in to. */
export async function accountOf(tab: Tab): Promise<string | null> {
  return tab.evaluate<string | null>(`document.querySelector('#account')?.innerText`);
}

/** The console tab of an account, once it is there. */
export async function consoleTab(browser: Browser, account: string): Promise<Tab> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; ) {
    for (const tab of await browser.tabs()) {
      // A tab that is just loading has no page to ask yet.
      if ((await accountOf(tab).catch(() => null)) === account) return tab;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no console of account ${account} came up`);
}

/** A picture of Firefox's window, tab bar and all, as PNG. */
export async function windowPicture(window: Tab): Promise<Buffer> {
  const url = await window.evaluate<string>(`(async () => {
    const picture = await window.browsingContext.currentWindowGlobal.drawSnapshot(null, 1, 'white');
    const canvas = document.createElementNS('http://www.w3.org/1999/xhtml', 'canvas');
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.getContext('2d').drawImage(picture, 0, 0);
    return canvas.toDataURL('image/png');
  })()`);
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
}

/** Brings a tab to the front. */
export async function select(firefox: Firefox, tab: Tab): Promise<void> {
  const url = JSON.stringify(await tab.url());
  const window = await firefox.window();
  await window.evaluate(
    `void (gBrowser.selectedTab = gBrowser.tabs.find((tab) => tab.linkedBrowser.currentURI.spec === ${url}))`,
  );
}

/** The button of a profile in the popup's list. */
export function row(profile: string): string {
  return `[data-profile="${profile}"] .row-open`;
}
