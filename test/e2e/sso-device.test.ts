import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Result, World } from '../cli/world.ts';
import type { SsoHandle } from '../fake-aws/sso-set-up.ts';
import type { Tab } from './browser.ts';
import { BROWSERS, type BrowserName, type Desk, openDesk, screenshot } from './desk.ts';
import { click, consoleTab, row, seen, waitForTab } from './page.ts';

const PORTAL = 'https://corp.awsapps.com/start';
let desk: Desk;
let sso: SsoHandle;

afterEach(async () => {
  desk.world.aws.assertNoUnexpectedCalls();
  await desk.close();
});

function prepare({ aws, configFile }: World): void {
  sso = aws.addSso({ startUrl: PORTAL, region: 'eu-central-1', hasPortalPage: true });
  sso.assign({ account: '222233334444', permissionSet: 'Developer' });
  const session = `[sso-session corp]\nsso_start_url = ${PORTAL}\nsso_region = ${sso.region}\n`;
  const role = 'sso_session = corp\nsso_account_id = 222233334444\nsso_role_name = Developer\n';
  fs.appendFileSync(configFile, `${session}[profile dev]\n${role}`);
}

/** A desk whose browser starts its logins with a device code, and has a real page for it at AWS's own host name. */
async function open(name: BrowserName): Promise<void> {
  desk = await openDesk(name, { prepare, hasAwsHosts: true, env: { KEYTURN_SSO_FLOW: 'device' } });
}

/** Until the browser's host listens for terminals. */
async function hostListens(): Promise<void> {
  const stateDir = path.join(desk.world.home, '.local/state/keyturn');
  const sockets = (): string[] => (fs.existsSync(stateDir) ? fs.readdirSync(stateDir) : []);
  await expect.poll(() => sockets().some((name) => /^host-\d+\.sock$/.test(name)), { timeout: 20_000 }).toBe(true);
}

const portalTabs = async (): Promise<Tab[]> => {
  const all = await Promise.all(
    (await desk.browser.tabs()).map(async (tab) => ({ tab, url: await tab.url().catch(() => '') })),
  );
  return all.filter(({ url }) => url.startsWith(PORTAL)).map(({ tab }) => tab);
};
const devicePage = () =>
  waitForTab(desk.browser, 'the device page', async (tab) => (await tab.url().catch(() => '')).startsWith(PORTAL));
const steps = (): string[] =>
  desk.world.aws.calls.map(({ operation }) => operation).filter((one) => /UserCode$/.test(one));
/** Whether what the extension drew lies over the middle of the page. */
const isCovered = (page: Tab): Promise<boolean> =>
  page.evaluate(
    `document.elementFromPoint(innerWidth / 2, innerHeight / 2) === document.querySelector('[data-keyturn=warning]')`,
  );

async function allow(page: Tab): Promise<void> {
  await click(page, '#cli_verification_btn');
  await click(page, '#cli_login_button');
}

/** A terminal that logs in with a device code; `page` is where it says the person can allow it. */
function login(flags: readonly string[]): { readonly page: Promise<string>; readonly result: Promise<Result> } {
  const child = desk.world.start(['exec', '--sso-flow', 'device', ...flags, 'dev', '--', 'true']);
  const page = Promise.withResolvers<string>();
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    const url = /^https:\S+user_code=\S+$/m.exec(stderr)?.[0];
    if (url !== undefined) page.resolve(url);
  });
  const result = new Promise<Result>((resolve) => {
    child.once('close', (status) => resolve({ status, stdout: '', stderr }));
  });
  return { page: page.promise, result };
}

describe.each(BROWSERS)('the device page in %s', (name) => {
  it('shows a code that the popup shows too and the extension has checked, and closes itself when it is allowed', async () => {
    await open(name);
    const popup = await desk.popup();
    await click(popup, row('dev'));
    const page = await devicePage();
    await page.resize(1000, 700);
    await seen(page, '[data-keyturn=checked]');
    screenshot(`device-checked-${name}`, await page.screenshot());
    const code = await seen(page, '#code');
    expect(code).toMatch(/^[A-Z]{4}-[A-Z]{4}$/);
    expect(await seen(popup, '[data-profile=dev][data-status=pending] .row-login')).toContain(code);
    await allow(page);
    await consoleTab(desk.browser, '222233334444');
    await expect.poll(async () => (await portalTabs()).length).toBe(0);
    const kept = await popup.evaluate<string>(
      `(async () => { const { storage } = globalThis.browser ?? chrome; return JSON.stringify([await storage.local.get(null), await storage.session.get(null)]); })()`,
    );
    expect(kept).not.toContain(code);
  });

  it('is filled with the code of a login that is under way, where it came without', async () => {
    await open(name);
    await hostListens();
    const { page: address, result } = login(['-s', '--stdout']);
    const code = new URLSearchParams((await address).split('?')[1]).get('user_code');
    const page = await desk.browser.open(`${PORTAL}/#/device`);
    await seen(page, '[data-keyturn=checked]');
    expect(await page.evaluate(`document.querySelector('#verification_code').value`)).toBe(code);
    await allow(page);
    expect(await result).toMatchObject({ status: 0 });
  });

  it('is covered by a warning for a code that nobody here asked for, until the person goes on or closes it', async () => {
    await open(name);
    await hostListens();
    const attacker = 'BCDF-GHJK';
    const page = await desk.browser.open(`${PORTAL}/#/device?user_code=${attacker}`);
    await page.resize(1000, 700);
    await seen(page, '[data-keyturn=warning]');
    screenshot(`device-warning-${name}`, await page.screenshot());
    expect(await isCovered(page)).toBe(true);
    await page.evaluate(`document.querySelector('#cli_verification_btn').click()`);
    expect(steps()).toEqual([]);
    await page.press('Tab'); // from closing, which Enter would do, to going on
    await page.press('Enter');
    await expect.poll(() => page.evaluate(`document.querySelector('[data-keyturn]') === null`)).toBe(true);
    await click(page, '#cli_verification_btn');
    await expect.poll(steps).toEqual(['ConfirmUserCode']);

    const typed = await desk.browser.open(`${PORTAL}/#/device`);
    await seen(typed, '#verification_code');
    await typed.evaluate(
      `(() => { const field = document.querySelector('#verification_code'); field.value = 'bcdfghjk'; field.dispatchEvent(new Event('input')); document.querySelector('#cli_verification_btn').click(); })()`,
    );
    await seen(typed, '[data-keyturn=warning]');
    expect(steps()).toEqual(['ConfirmUserCode']);
    const before = (await portalTabs()).length;
    await typed.press('Enter').catch(() => undefined); // the page may be gone before the key is up
    await expect.poll(async () => (await portalTabs()).length).toBe(before - 1);
  });

  it('is covered too where no host can say whose the code is', async () => {
    desk = await openDesk(name, { prepare, hasAwsHosts: true, isHostInstalled: false });
    const page = await desk.browser.open(`${PORTAL}/#/device?user_code=BCDF-GHJK`);
    await seen(page, '[data-keyturn=warning]');
    expect(await isCovered(page)).toBe(true);
    await page.evaluate(`document.querySelector('#cli_verification_btn').click()`);
    expect(steps()).toEqual([]);
  });

  it('opens for a terminal in the container of the organisation, is checked, and closes itself', async () => {
    await open(name);
    await hostListens();
    const { page: address, result } = login([]);
    const page = await devicePage();
    expect(await page.url()).toBe(await address);
    await seen(page, '[data-keyturn=checked]');
    const popup = await desk.popup();
    const place = await popup.evaluate(`(async () => {
      const api = globalThis.browser ?? globalThis.chrome;
      if (!api.contextualIdentities) return (await api.tabGroups.query({})).map(({ title }) => title);
      const tabs = await api.tabs.query({});
      const all = await api.contextualIdentities.query({});
      return all.filter((one) => tabs.some((tab) => tab.cookieStoreId === one.cookieStoreId)).map((one) => one.name);
    })()`);
    expect(place).toEqual(['corp']);
    await allow(page);
    const { status, stderr } = await result;
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^The SSO authorization page is open in the browser with Keyturn .*\nhttps:\S+\nThe page must show this code: [A-Z]{4}-[A-Z]{4}\n$/,
    );
    await expect.poll(async () => (await portalTabs()).length).toBe(0);
  });

  it('of a terminal is known again, and still closes itself, after the extension’s worker was stopped', async () => {
    await open(name);
    await hostListens();
    const { page: address, result } = login([]);
    const page = await devicePage();
    await seen(page, '[data-keyturn=checked]');
    await desk.browser.stopWorker();
    await desk.popup(); // wakes it
    const look = async (): Promise<unknown> => {
      await page.go('about:blank');
      await page.go(await address);
      await seen(page, '[data-keyturn]');
      return page.evaluate(`document.querySelector('[data-keyturn]').dataset.keyturn`);
    };
    await expect.poll(look, { timeout: 20_000, interval: 500 }).toBe('checked');
    await allow(page);
    expect(await result).toMatchObject({ status: 0 });
    await expect.poll(async () => (await portalTabs()).length, { timeout: 5_000 }).toBe(0);
  });
});
