import type { Browser, Tab } from './browser.ts';

/** For a browser on a machine that has other things to do, too. */
const PATIENCE_MS = 30_000;

/** Waits in the page until `selector` finds an element that is drawn, and answers its text. */
export async function seen(tab: Tab, selector: string): Promise<string> {
  // In a new row with content-visibility the browser has laid nothing out yet, and there its text is an empty string.
  const isDrawn = `found.innerText !== '' || found.textContent === ''`;
  return whenSeen<string>(tab, selector, 'found.innerText', isDrawn);
}

/** Clicks an element as soon as it is there, before the page can change again. */
export async function click(tab: Tab, selector: string): Promise<void> {
  await whenSeen(tab, selector, 'found.click()');
}

/** `then`: what to evaluate with the element as `found`, once it is there and `isReady` says yes. */
async function whenSeen<T>(tab: Tab, selector: string, then: string, isReady = 'true'): Promise<T> {
  const quoted = JSON.stringify(selector);
  return tab.evaluate<T>(`new Promise((resolve, reject) => {
    const check = () => {
      const found = document.querySelector(${quoted});
      if (!found || !(${isReady})) return;
      observer.disconnect();
      clearInterval(looking);
      resolve(${then});
    };
    const observer = new MutationObserver(check);
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    // What is drawn changes without the document, too.
    const looking = setInterval(check, 50);
    setTimeout(() => {
      clearInterval(looking);
      reject(new Error('nothing matches ' + ${quoted} + ' in: ' + document.body.innerText));
    }, ${PATIENCE_MS});
    check();
  })`);
}

/** Puts text into a field as a person's typing or pasting does. */
export async function type(tab: Tab, selector: string, text: string): Promise<void> {
  const quoted = JSON.stringify(text);
  const input = `new InputEvent('input', { bubbles: true, data: ${quoted} })`;
  await whenSeen(tab, selector, `(found.focus(), (found.value = ${quoted}), found.dispatchEvent(${input}))`);
}

/** The button of a profile in the popup's list. */
export function row(profile: string): string {
  return `[data-profile="${profile}"] .row-open`;
}

/** The account a tab is signed in to, from the page that the server made of its cookie. */
export async function accountOf(tab: Tab): Promise<string | null> {
  // A tab that is just loading has no page to ask yet.
  return tab.evaluate<string | null>(`document.querySelector('#account')?.innerText`).catch(() => null);
}

/** The console tab of an account, once it is there. */
export async function consoleTab(browser: Browser, account: string): Promise<Tab> {
  return waitForTab(browser, `a console of account ${account}`, async (tab) => (await accountOf(tab)) === account);
}

/** The first tab that `isMeant` says yes to, once there is one. */
export async function waitForTab(
  browser: Browser,
  what: string,
  isMeant: (tab: Tab) => Promise<boolean>,
): Promise<Tab> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; ) {
    for (const tab of await browser.tabs()) if (await isMeant(tab)) return tab;
    // The drivers tell nothing of a page's inside: it has to be looked at again.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not come up; the tabs are ${await urls(browser)}`);
}

async function urls(browser: Browser): Promise<string> {
  const all = await Promise.all((await browser.tabs()).map((tab) => tab.url().catch(() => '?')));
  return all.map((url) => url.split('?', 1)[0]).join(' ');
}
