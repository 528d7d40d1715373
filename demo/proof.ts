import type { Tab } from '../test/e2e/browser.ts';
import type { Firefox } from '../test/e2e/firefox.ts';
import { accountOf, consoleTab } from '../test/e2e/page.ts';
import type { ConsoleVisit } from '../test/fake-aws/state.ts';
import { ACCOUNTS } from './cast.ts';
import { savePicture } from './picture.ts';
import { heading, pairs, say, step, table } from './print.ts';
import type { Scene } from './scene.ts';
import type { Stage } from './stage.ts';
import { select, windowPicture } from './window.ts';

/** Loads both consoles anew, and asks for one in a plain tab beside them. */
export async function proveIsolation({ firefox, popup, look }: Scene, { aws }: Stage): Promise<void> {
  step('Both are still signed in');
  say(
    `Both consoles are loaded anew: the sandbox makes each page from the cookie that comes with the request. Then a plain
    tab, in no container, asks for the console too.`,
  );
  const earlier = aws.consoleVisits.length;
  const pictures: Record<string, string> = {};
  for (const profile of ['production', 'client'] as const) {
    const tab = await consoleTab(firefox, ACCOUNTS[profile]);
    await tab.go(await tab.url());
    await select(firefox, tab);
    await look();
    pictures[profile] = savePicture(`5-still-signed-in-${profile}`, await tab.screenshot());
  }
  const visits = aws.consoleVisits.slice(earlier);
  const plain = await firefox.open(`${aws.url}/console`);
  const isPlainSignedOut = await plain.evaluate<boolean>(`document.querySelector('#signed-out') !== null`);
  await plain.close();
  const containers = await containersOf(popup);
  await closeAllBut(firefox, Object.values(ACCOUNTS));
  pairs({ ...pictures, 'the window': savePicture('6-window', await windowPicture(await firefox.window())) });
  summarise({ visits, isPlainSignedOut, containers });
}

type Proof = {
  readonly visits: readonly ConsoleVisit[];
  readonly isPlainSignedOut: boolean;
  readonly containers: readonly string[];
};

/** What the sandbox saw, which is what counts: whose cookie came with which request. */
function summarise({ visits, isPlainSignedOut, containers }: Proof): void {
  const accounts = visits.map(({ account }) => account);
  const areBothThere = accounts.join() === [ACCOUNTS.production, ACCOUNTS.client].join();
  const sessions = new Set(visits.map(({ sessionId }) => sessionId));
  if (!areBothThere || sessions.size !== 2 || !isPlainSignedOut) throw new Error('the consoles were not kept apart');
  heading('What was kept apart, as AWS saw it');
  table([
    ['From', 'Session cookie', 'Signed in as'],
    ...visits.map(({ sessionId, account, identity }) => [
      account === ACCOUNTS.client ? 'client' : 'production',
      `${sessionId.slice(0, 8)}...`,
      `${account}  ${identity.split(':').at(-1)}`,
    ]),
    ['a plain tab', 'none', 'nobody'],
  ]);
  say(
    `One Firefox, two accounts, side by side: each container (${containers.join(', ')}) has cookies of its own. The access
    keys stayed in the vault: programs got credentials that end within the hour, the extension got sign-in URLs.`,
  );
}

/** Names of the containers that tabs are open in. */
async function containersOf(popup: Tab): Promise<string[]> {
  return popup.evaluate<string[]>(`(async () => {
    const [tabs, identities] = await Promise.all([browser.tabs.query({}), browser.contextualIdentities.query({})]);
    const used = identities.filter((one) => tabs.some((tab) => tab.cookieStoreId === one.cookieStoreId));
    return used.map(({ name }) => name);
  })()`);
}

async function closeAllBut(firefox: Firefox, accounts: readonly string[]): Promise<void> {
  for (const tab of await firefox.tabs()) {
    const account = await accountOf(tab);
    if (account === null || !accounts.includes(account)) await tab.close();
  }
}
