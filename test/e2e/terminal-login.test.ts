import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Result } from '../cli/world.ts';
import type { Tab } from './browser.ts';
import { BROWSERS, type Desk, openDesk, promptWindow } from './desk.ts';
import { accountOf, click, consoleTab, type, waitForTab } from './page.ts';

let desk: Desk;

afterEach(async () => {
  desk.world.aws.assertNoUnexpectedCalls();
  await desk.close();
});

/** Until the browser's host listens for terminals. */
async function hostListens(): Promise<void> {
  const stateDir = path.join(desk.world.home, '.local/state/keyturn');
  const sockets = (): string[] => (fs.existsSync(stateDir) ? fs.readdirSync(stateDir) : []);
  await expect.poll(() => sockets().some((name) => /^host-\d+\.sock$/.test(name))).toBe(true);
}

/** A default browser that writes down what it is to open, and opens it. */
function installOpener(): { readonly PATH: string; readonly opened: () => string[] } {
  const bin = path.join(desk.world.home, 'bin');
  const log = path.join(desk.world.home, 'opened');
  fs.mkdirSync(bin);
  const script = `#!/bin/sh\necho "$1" >> ${log}\nexec curl -s -o /dev/null "$1"\n`;
  fs.writeFileSync(path.join(bin, 'xdg-open'), script, { mode: 0o755 });
  const opened = (): string[] => (fs.existsSync(log) ? fs.readFileSync(log, 'utf8').trim().split('\n') : []);
  return { PATH: `${bin}:/usr/bin:/bin`, opened };
}

const DONE: Result = { status: 0, stdout: '', stderr: '' };

/** What the browser shows a console tab of `account` in: its container's name, or its tab group's. */
function placeOf(popup: Tab, profile: string): Promise<unknown> {
  return popup.evaluate(`(async () => {
    const api = globalThis.browser ?? globalThis.chrome;
    if (!api.contextualIdentities) return (await api.tabGroups.query({})).map(({ title }) => title);
    const [container] = await api.contextualIdentities.query({ name: ${JSON.stringify(profile)} });
    return (await api.tabs.query({ cookieStoreId: container.cookieStoreId })).map(() => container.name);
  })()`);
}

describe.each(BROWSERS)('login from a terminal while %s runs', (name) => {
  it('opens the page in the profile’s own place, signed in, and no other browser', async () => {
    desk = await openDesk(name);
    await hostListens();
    const { PATH, opened } = installOpener();
    expect(await desk.world.run(['login', 'reader', 's3'], { env: { PATH } })).toEqual(DONE);
    await consoleTab(desk.browser, '777788889999');
    expect(desk.world.aws.consoleVisits.map((visit) => visit.path)).toEqual(['/s3/home']);
    const popup = await desk.popup();
    // The tab joins its group when it is there already.
    await expect.poll(() => placeOf(popup, 'reader')).toEqual(['reader']);
    expect(opened()).toEqual([]);
  });

  it('asks for a code in the terminal only, and takes the flags along', async () => {
    desk = await openDesk(name);
    await hostListens();
    const code = desk.people.device.freshCode();
    const flags = ['-t', code, '-d', '20m', '--region', 'eu-west-3', '--browser', name];
    expect(await desk.world.run(['login', 'admin', ...flags])).toEqual(DONE);
    await consoleTab(desk.browser, '444455556666');
    const calls = desk.world.aws.calls.filter(({ service }) => service === 'sts');
    expect(calls.map(({ operation, parameters }) => [operation, parameters.DurationSeconds])).toEqual([
      ['GetSessionToken', '28800'],
      ['AssumeRole', '1200'],
    ]);
    const urls = await Promise.all((await desk.browser.tabs()).map((tab) => tab.url()));
    expect(urls.filter((url) => url.endsWith('?prompt'))).toEqual([]);
  });

  it('says in the terminal that a user’s console is without MFA', async () => {
    desk = await openDesk(name);
    await hostListens();
    const env = { AWS_REGION: 'eu-west-1', AWS_CONSOLE_SESSION_TTL: '2h' };
    const { status, stderr } = await desk.world.run(['login', 'ada'], { env });
    expect(stderr).toContain('the console session of "ada" is without MFA');
    expect(status).toBe(0);
    await consoleTab(desk.browser, '111122223333');
    const token = desk.world.aws.calls.find(({ operation }) => operation === 'GetFederationToken');
    expect(token?.parameters.DurationSeconds).toBe('7200');
  });

  it('lets the browser ask for the passphrase of a vault that only the terminal has open', async () => {
    desk = await openDesk(name, {
      prepare: (world) => {
        delete world.env.AWS_VAULT_FILE_PASSPHRASE;
      },
    });
    await hostListens();
    const result = desk.world.run(['login', 'reader'], { env: { AWS_VAULT_FILE_PASSPHRASE: 'correct horse' } });
    const prompt = await promptWindow(desk);
    await type(prompt, '[data-prompt=passphrase][data-phase=asking] input', 'correct horse');
    await click(prompt, '[data-prompt=passphrase] button[type=submit]');
    expect(await result).toMatchObject({ status: 0, stdout: '' });
    await consoleTab(desk.browser, '777788889999');
  });

  it('never opens another account because of the terminal’s own config file', async () => {
    desk = await openDesk(name);
    await hostListens();
    const { PATH, opened } = installOpener();
    const { world, people } = desk;
    const config = path.join(world.home, 'other-config');
    fs.writeFileSync(
      config,
      `[profile reader]\nregion = us-east-2\nsource_profile = ada\nrole_arn = ${people.reader.arn}x\n`,
    );
    world.aws.addRole({ account: '777788889999', name: 'readerx', trusts: [people.user.arn] });
    const env = { PATH, AWS_CONFIG_FILE: config };
    const other = await world.run(['login', 'reader'], { env });
    expect(other.stderr).toMatch(/^keyturn: opening the default browser: the browser's Keyturn has other settings/);
    expect(other.status).toBe(0);
    expect(opened()).toHaveLength(1);
    const strict = await world.run(['login', 'reader', '--browser', name], { env });
    expect(strict.stderr).toMatch(/has other settings .*\[CONFIG_INVALID\]\n$/);
    const elsewhere = name === 'firefox' ? 'chromium' : 'firefox';
    const missing = await world.run(['login', 'reader', '--browser', elsewhere]);
    expect(missing.stderr).toMatch(
      new RegExp(`no ${elsewhere} with the Keyturn extension.*\\[BROWSER_NOT_CONNECTED\\]\\n$`),
    );
    expect(await world.run(['login', 'reader', '--browser', 'default'], { env: { PATH } })).toEqual(DONE);
    expect(opened()).toHaveLength(2);
    const accounts = await Promise.all((await desk.browser.tabs()).map(accountOf));
    expect(accounts.filter((account) => account !== null && account !== undefined)).toEqual([]);
  });

  it('works after the extension’s worker was stopped, signs out first, and logout ends it', async () => {
    desk = await openDesk(name);
    await hostListens();
    expect(await desk.world.run(['login', 'reader'])).toEqual(DONE);
    const tab = await consoleTab(desk.browser, '777788889999');
    await desk.browser.stopWorker();
    await desk.popup(); // wakes it
    await hostListens();
    await expect
      .poll(async () => (await desk.world.run(['login', 'reader', '--logout', '--browser', name])).status)
      .toBe(0);
    await expect.poll(() => desk.world.aws.consoleVisits.length).toBe(2);
    const [first, second] = desk.world.aws.consoleVisits;
    expect(second?.sessionId).not.toBe(first?.sessionId);
    expect(await desk.world.run(['logout', 'reader'])).toEqual({ ...DONE, stderr: 'Cleared 1 sessions.\n' });
    await waitForTab(desk.browser, 'the sign-out page', async (one) => (await one.url()).includes('Action=logout'));
    await tab.go(await tab.url());
    expect((await accountOf(tab)) ?? null).toBeNull();
    // Nobody was ever signed in there: no container is made for signing out.
    expect(await desk.world.run(['logout', 'ada'])).toEqual(DONE);
    const count = `(globalThis.browser?.contextualIdentities?.query({ name: 'ada' }) ?? Promise.resolve([])).then((all) => all.length)`;
    expect(await (await desk.popup()).evaluate(count)).toBe(0);
  });
});
