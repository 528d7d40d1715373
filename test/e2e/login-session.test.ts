import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { operations, type World } from '../cli/world.ts';
import type { LoginHandle } from '../fake-aws/login-set-up.ts';
import { BROWSERS, type Desk, openDesk } from './desk.ts';
import { click, consoleTab, row } from './page.ts';

let desk: Desk;
let login: LoginHandle;

afterEach(async () => {
  desk.world.aws.assertNoUnexpectedCalls();
  await desk.close();
});

/** A profile as `aws login` writes it, whose login has ended. */
function prepare({ aws, configFile }: World): void {
  login = aws.addConsoleUser(aws.addRole({ account: '222233334444', name: 'console', trusts: [] }));
  fs.appendFileSync(configFile, `[profile me]\nlogin_session = ${login.loginSession}\nregion = eu-west-1\n`);
}

describe.each(BROWSERS)('in %s', (name) => {
  it('a click on a profile of aws login opens its page in a tab, which closes itself, and then the console', async () => {
    desk = await openDesk(name, { prepare });
    const popup = await desk.popup();
    await click(popup, row('me'));
    await consoleTab(desk.browser, '222233334444');
    const calls = operations(desk.world);
    expect(calls.filter((one) => /OAuth2/.test(one))).toEqual(['AuthorizeOAuth2Access', 'CreateOAuth2Token']);
    await expect
      .poll(async () => {
        const urls = await Promise.all((await desk.browser.tabs()).map((tab) => tab.url().catch(() => '')));
        return urls.filter((url) => /\/v1\/authorize\?|\/oauth\/callback/.test(url));
      })
      .toEqual([]);
    const kept = path.join(desk.world.home, '.aws', 'login', 'cache', login.cacheFile().name);
    expect(fs.statSync(kept).mode & 0o777).toBe(0o600);
    if (name === 'chromium') return;
    const made = await popup.evaluate<{ name: string }[]>('browser.contextualIdentities.query({})');
    expect(made.map((one) => one.name)).toContain('AWS 222233334444');
  });
});
