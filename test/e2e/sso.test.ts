import fs from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { operations, type World } from '../cli/world.ts';
import type { SsoHandle } from '../fake-aws/sso-set-up.ts';
import { BROWSERS, type Desk, openDesk } from './desk.ts';
import { click, consoleTab, row, seen, waitForTab } from './page.ts';

let desk: Desk;
let sso: SsoHandle;

afterEach(async () => {
  desk.world.aws.assertNoUnexpectedCalls();
  await desk.close();
});

/** Two profiles of one IAM Identity Center. */
function prepare({ aws, configFile }: World): void {
  sso = aws.addSso();
  const accounts = { dev: '222233334444', prod: '333344445555' };
  fs.appendFileSync(configFile, `[sso-session corp]\nsso_start_url = ${sso.startUrl}\nsso_region = ${sso.region}\n`);
  for (const [name, account] of Object.entries(accounts)) {
    sso.assign({ account, permissionSet: 'Developer' });
    const role = `sso_account_id = ${account}\nsso_role_name = Developer\n`;
    fs.appendFileSync(configFile, `[profile ${name}]\nsso_session = corp\n${role}`);
  }
}

describe.each(BROWSERS)('in %s', (name) => {
  it('a click on an SSO profile opens its login in a tab and then the console; the next profile needs no login', async () => {
    desk = await openDesk(name, { prepare });
    await click(await desk.popup(), row('dev'));
    await consoleTab(desk.browser, '222233334444');
    const isLoginPage = async (tab: { evaluate: <T>(code: string) => Promise<T> }): Promise<boolean> =>
      tab.evaluate<boolean>(`document.body.innerText.includes('You can close this tab')`).catch(() => false);
    const page = await waitForTab(desk.browser, 'the end of the login', isLoginPage);
    expect(await page.url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/oauth\/callback/);
    await click(await desk.popup(), row('prod'));
    if (name === 'firefox') await consoleTab(desk.browser, '333344445555');
    await expect.poll(() => operations(desk.world).filter((one) => one === 'GetRoleCredentials')).toHaveLength(2);
    expect(operations(desk.world).filter((one) => one === 'authorize')).toHaveLength(1);
  });

  it('a refused login is told in the popup', async () => {
    desk = await openDesk(name, { prepare });
    sso.answerWith('deny');
    const popup = await desk.popup();
    await click(popup, row('dev'));
    expect(await seen(popup, '[data-error=SSO_LOGIN_DENIED]')).toContain('The login was refused');
  });
});
