import fs from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { operations, type World } from '../cli/world.ts';
import type { SsoHandle } from '../fake-aws/sso-set-up.ts';
import type { Tab } from './browser.ts';
import { BROWSERS, type Desk, openDesk } from './desk.ts';
import { click, consoleTab, row, seen, waitForTab } from './page.ts';

let desk: Desk;
let sso: SsoHandle;
let other: SsoHandle;

afterEach(async () => {
  desk.world.aws.assertNoUnexpectedCalls();
  await desk.close();
});

/** Two profiles of one IAM Identity Center, and one of another. */
function prepare({ aws, configFile }: World): void {
  const add = (session: string, profiles: Record<string, string>): SsoHandle => {
    const handle = aws.addSso({ startUrl: `https://${session}.awsapps.com/start`, region: 'eu-central-1' });
    const lines = Object.entries(profiles).map(([name, account]) => {
      handle.assign({ account, permissionSet: 'Developer' });
      return `[profile ${name}]\nsso_session = ${session}\nsso_account_id = ${account}\nsso_role_name = Developer\n`;
    });
    const settings = `sso_start_url = ${handle.startUrl}\nsso_region = ${handle.region}\n`;
    fs.appendFileSync(configFile, `[sso-session ${session}]\n${settings}${lines.join('')}`);
    return handle;
  };
  sso = add('corp', { dev: '222233334444', prod: '333344445555' });
  other = add('acme', { shop: '555566667777' });
}

const authorizations = (): number => operations(desk.world).filter((one) => one === 'authorize').length;
const isAt = (host: RegExp) => async (tab: Tab) => host.test(await tab.url().catch(() => ''));
const loginTabs = async (): Promise<number> => {
  const urls = await Promise.all((await desk.browser.tabs()).map((tab) => tab.url().catch(() => '')));
  return urls.filter((url) => /\/authorize\?|\/oauth\/callback/.test(url)).length;
};

describe.each(BROWSERS)('in %s', (name) => {
  it('a click on an SSO profile opens its login in a tab, which closes itself, and then the console; the next profile needs no login', async () => {
    desk = await openDesk(name, { prepare });
    await click(await desk.popup(), row('dev'));
    await consoleTab(desk.browser, '222233334444');
    await expect.poll(loginTabs).toBe(0);
    await click(await desk.popup(), row('prod'));
    if (name === 'firefox') await consoleTab(desk.browser, '333344445555');
    await expect.poll(() => operations(desk.world).filter((one) => one === 'GetRoleCredentials')).toHaveLength(2);
    expect(authorizations()).toBe(1);
  });

  it('two organisations log in side by side, each in a container of its own that is found again', async () => {
    desk = await openDesk(name, { prepare });
    const popup = await desk.popup();
    await click(popup, row('dev'));
    await consoleTab(desk.browser, '222233334444');
    await click(popup, row('shop'));
    if (name === 'firefox') await consoleTab(desk.browser, '555566667777');
    await expect.poll(() => other.visitors()).toHaveLength(1);
    sso.revoke();
    await desk.world.run(['clear', 'dev']);
    await click(popup, row('dev'));
    await expect.poll(() => sso.visitors(), { timeout: 15_000 }).toHaveLength(2);
    const [first, second] = sso.visitors();
    expect(second).toBe(first);
    if (name === 'chromium') return expect(other.visitors()).toEqual([first]);
    expect(other.visitors()).not.toContain(first);
    const made = await popup.evaluate<{ name: string; icon: string }[]>('browser.contextualIdentities.query({})');
    const ours = made.filter(({ icon }) => icon === 'fence').map((one) => one.name);
    expect(ours.sort()).toEqual(['acme', 'corp']);
  });

  it('closing the tab of a login cancels it, and the popup asks anew at the next click', async () => {
    desk = await openDesk(name, { prepare });
    sso.answerWith('ask');
    const popup = await desk.popup();
    await click(popup, row('dev'));
    const page = await waitForTab(desk.browser, 'the login', isAt(/\/authorize\?/));
    await seen(popup, '[data-profile=dev][data-status=pending]');
    await page.close();
    await seen(popup, '[data-profile=dev][data-status=idle]');
    await click(popup, row('dev'));
    await click(await waitForTab(desk.browser, 'the next login', isAt(/\/authorize\?/)), '#cli_login_button');
    await consoleTab(desk.browser, '222233334444');
    await expect.poll(loginTabs).toBe(0);
  });

  it('cancelling in the popup closes the tab of the login', async () => {
    desk = await openDesk(name, { prepare });
    sso.answerWith('ask');
    const popup = await desk.popup();
    await click(popup, row('dev'));
    await waitForTab(desk.browser, 'the login', isAt(/\/authorize\?/));
    await click(popup, '[data-profile=dev] .row-cancel');
    await seen(popup, '[data-profile=dev][data-status=idle]');
    await expect.poll(loginTabs, { timeout: 5_000 }).toBe(0);
  });

  it('a refused login is told in the popup', async () => {
    desk = await openDesk(name, { prepare });
    sso.answerWith('deny');
    const popup = await desk.popup();
    await click(popup, row('dev'));
    expect(await seen(popup, '[data-error=SSO_LOGIN_DENIED]')).toContain('The login was refused');
  });
});
