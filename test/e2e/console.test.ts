import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { finished, operations } from '../cli/world.ts';
import type { Tab } from './browser.ts';
import { BROWSERS, CODE_FIELD, type Desk, installHost, openDesk, promptWindow, screenshot } from './desk.ts';
import { accountOf, click, consoleTab, row, seen, type } from './page.ts';

let desk: Desk;

afterEach(async () => {
  desk.world.aws.assertNoUnexpectedCalls();
  await desk.close();
});

/** Everything the extension keeps, as text. */
async function storageOf(popup: Tab): Promise<string> {
  return popup.evaluate<string>(`(async () => {
    const api = globalThis.browser ?? globalThis.chrome;
    const areas = await Promise.all(['local', 'session', 'sync'].map((name) => api.storage[name].get(null)));
    return JSON.stringify(areas) + JSON.stringify({ ...localStorage });
  })()`);
}

async function firstRow(popup: Tab): Promise<string> {
  return popup.evaluate<string>(`document.querySelector('.row')?.dataset.profile`);
}

describe.each(BROWSERS)('in %s', (name) => {
  it('one click on a profile opens its console, signed in', async () => {
    desk = await openDesk(name);
    const popup = await desk.popup();
    await click(popup, row('reader'));
    const tab = await consoleTab(desk.browser, '777788889999');
    expect((await seen(tab, '#identity')).replaceAll(/\s/g, '')).toContain('assumed-role/reader/');
    expect(await seen(tab, '#issuer')).toBe('keyturn');
    screenshot(`${name}-popup`, await popup.screenshot());
    screenshot(`${name}-console`, await tab.screenshot());
    const kept = await storageOf(popup);
    expect(kept).toContain('reader');
    expect(kept).not.toMatch(/SigninToken|ASIA|AKIA/);
  });

  it('has the list of last time on the page from the start, the profile opened last at its top', async () => {
    desk = await openDesk(name);
    const first = await desk.popup();
    await seen(first, row('reader'));
    await expect.poll(() => first.evaluate(`localStorage.getItem('screen')`)).toContain('reader');
    expect(await firstRow(first)).not.toBe('reader');
    await click(first, row('reader'));
    await consoleTab(desk.browser, '777788889999');
    const second = await desk.popup();
    // What stood there before any module ran is what the page's own first script finds.
    const shown = `(() => {
      const page = document.createElement('template');
      page.innerHTML = localStorage.getItem('screen');
      return [...page.content.querySelectorAll('.row')].map(({ dataset }) => dataset.profile);
    })()`;
    expect(await second.evaluate(shown)).toEqual(['reader', 'ada', 'admin']);
    await seen(second, '.row');
    expect(await firstRow(second)).toBe('reader');
    expect(await second.evaluate(`document.activeElement?.matches('input')`)).toBe(true);
  });

  it('typing narrows the list and Enter opens the first', async () => {
    desk = await openDesk(name);
    const popup = await desk.popup();
    await type(popup, 'input', 'rea');
    await expect.poll(() => popup.evaluate(`document.querySelectorAll('[data-profile]').length`)).toBe(1);
    await popup.evaluate(
      `document.querySelector('input').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))`,
    );
    await consoleTab(desk.browser, '777788889999');
  });

  it('asks for the MFA code in the popup, takes a pasted one, and lets a wrong one be corrected', async () => {
    desk = await openDesk(name);
    const popup = await desk.popup();
    await click(popup, row('admin'));
    await type(popup, CODE_FIELD, '000000');
    expect(await seen(popup, `[data-prompt=mfa][data-phase=asking] .field-message:not(:empty)`)).toMatch(/MFA|code/i);
    screenshot(`${name}-mfa-wrong`, await popup.screenshot());
    const code = await desk.people.device.freshCode();
    await type(popup, CODE_FIELD, `${code.slice(0, 3)} ${code.slice(3)}`);
    await consoleTab(desk.browser, '444455556666');
    expect(operations(desk.world).filter((operation) => operation === 'GetSessionToken')).toHaveLength(2);
  });

  it('stops when the question is cancelled, and can be tried again', async () => {
    desk = await openDesk(name);
    const popup = await desk.popup();
    await click(popup, row('admin'));
    await seen(popup, CODE_FIELD);
    await click(popup, '[data-prompt=mfa] button[type=button]');
    await seen(popup, '[data-profile="admin"]');
    expect(operations(desk.world)).toEqual([]);
    await click(popup, row('admin'));
    await type(popup, CODE_FIELD, await desk.people.device.freshCode());
    await consoleTab(desk.browser, '444455556666');
  });

  it('answers a terminal that asks for a code', async () => {
    desk = await openDesk(name);
    const { world, people } = desk;
    await seen(await desk.popup(), row('admin')); // the host runs and listens
    for (const tab of await desk.browser.tabs()) if ((await tab.url()).includes('/popup.html')) await tab.close();
    const child = world.start([
      'exec',
      '--prompt',
      'browser',
      'admin',
      '--',
      'sh',
      '-c',
      'echo got $AWS_ACCESS_KEY_ID',
    ]);
    const result = finished(child);
    const prompt = await promptWindow(desk);
    const asked = await seen(prompt, '[data-requester=terminal]');
    expect(asked).toContain('sh asks from a terminal');
    expect(asked).toContain(String(child.pid));
    expect(await seen(prompt, '.panel-title')).toContain('admin');
    screenshot(`${name}-terminal-mfa`, await prompt.screenshot());
    await type(prompt, CODE_FIELD, await people.device.freshCode());
    expect(await result).toMatchObject({ status: 0, stdout: expect.stringMatching(/^got ASIA/) });
  });

  it('takes a cancel in the browser back to the terminal', async () => {
    desk = await openDesk(name);
    await seen(await desk.popup(), row('admin'));
    const result = finished(
      desk.world.start(['exec', 'admin', '--', 'true'], { env: { AWS_VAULT_PROMPT: 'browser' } }),
    );
    const popup = (await desk.browser.tabs()).at(-1);
    if (popup === undefined) throw new Error('no popup');
    await seen(popup, CODE_FIELD);
    await click(popup, '[data-prompt=mfa] button[type=button]');
    const { status, stderr } = await result;
    expect(stderr).toMatch(/cancelled in the browser.*\[CANCELLED\]/);
    expect(status).toBe(130);
  });

  it('shares one question between the popup and a terminal that needs the same session', async () => {
    desk = await openDesk(name);
    const { world, people } = desk;
    const popup = await desk.popup();
    await click(popup, row('admin'));
    await seen(popup, CODE_FIELD);
    const terminal = world.start(['exec', 'admin', '--', 'sh', '-c', 'echo got $AWS_ACCESS_KEY_ID']);
    const waits = new Promise<string>((resolve) => terminal.stderr?.once('data', (text) => resolve(String(text))));
    const result = finished(terminal);
    expect(await waits).toContain('Waiting for another process');
    await type(popup, CODE_FIELD, await people.device.freshCode());
    await consoleTab(desk.browser, '444455556666');
    expect(await result).toMatchObject({ status: 0, stdout: expect.stringMatching(/^got ASIA/) });
    expect(operations(world).filter((operation) => operation === 'GetSessionToken')).toHaveLength(1);
    expect(operations(world).filter((operation) => operation === 'AssumeRole')).toHaveLength(1);
  });

  it('works on after its worker was stopped, also in the middle of a question', async () => {
    desk = await openDesk(name);
    const popup = await desk.popup();
    await click(popup, row('admin'));
    await seen(popup, CODE_FIELD);
    await desk.browser.stopWorker();
    await click(popup, row('admin'));
    await type(popup, CODE_FIELD, await desk.people.device.freshCode());
    await consoleTab(desk.browser, '444455556666');
    await desk.browser.stopWorker();
    await click(popup, row('admin')); // the same one: Chromium's cookie jar holds one session only
    await expect.poll(() => desk.world.aws.consoleVisits.length).toBe(2);
  });

  it('finds the host again after it was killed', async () => {
    desk = await openDesk(name);
    const popup = await desk.popup();
    await seen(popup, row('reader'));
    execFileSync('pkill', ['-KILL', '-f', `${process.cwd()}/dist/lib/host.cjs`]);
    await seen(popup, '[data-host=stopped]');
    screenshot(`${name}-host-stopped`, await popup.screenshot());
    await click(popup, '[data-host=stopped] .primary:enabled');
    await click(popup, row('reader'));
    await consoleTab(desk.browser, '777788889999');
  });

  it('says that there is no host, and goes on once it is installed', async () => {
    desk = await openDesk(name, { isHostInstalled: false });
    const popup = await desk.popup();
    expect(await seen(popup, '[data-host=missing]')).toContain('keyturn host install');
    screenshot(`${name}-host-missing`, await popup.screenshot());
    await installHost(desk.world, name);
    await click(popup, '[data-host=missing] .primary:enabled');
    await seen(popup, row('reader'));
  });

  it('asks for the passphrase of a file vault that nothing else opens', async () => {
    desk = await openDesk(name, {
      prepare: (world) => {
        delete world.env.AWS_VAULT_FILE_PASSPHRASE;
      },
    });
    const popup = await desk.popup();
    await click(popup, row('reader'));
    const field = '[data-prompt=passphrase][data-phase=asking] input';
    await type(popup, field, 'wrong');
    await click(popup, '[data-prompt=passphrase] button[type=submit]');
    await seen(popup, '[data-prompt=passphrase][data-phase=asking] .field-message:not(:empty)');
    await type(popup, field, 'correct horse');
    await click(popup, '[data-prompt=passphrase] button[type=submit]');
    await consoleTab(desk.browser, '777788889999');
  });
});

const WORK_CONTAINERS = `browser.contextualIdentities.query({ name: 'Work' }).then((all) => all.map((one) => one.cookieStoreId))`;

describe('Firefox containers', () => {
  it('keep three accounts signed in side by side, one container each, found again next time', async () => {
    desk = await openDesk('firefox', {
      prepare: async (world, people) => {
        const third = world.aws.addRole({ account: '123412341234', name: 'third', trusts: [people.user.arn] });
        fs.appendFileSync(world.configFile, `[profile Work]\nsource_profile = ada\nrole_arn = ${third.arn}\n`);
      },
    });
    const popup = await desk.popup();
    // Firefox comes with a container of this name, which is the user's own.
    const own = await popup.evaluate<string[]>(WORK_CONTAINERS);
    expect(own).toHaveLength(1);
    const accounts = { ada: '111122223333', reader: '777788889999', Work: '123412341234' };
    const tabs = new Map<string, Tab>();
    for (const [profile, account] of Object.entries(accounts)) {
      await click(popup, row(profile));
      tabs.set(account, await consoleTab(desk.browser, account));
    }
    for (const [account, tab] of tabs) {
      await tab.go(await tab.url());
      expect(await accountOf(tab)).toBe(account);
    }
    await click(popup, row('reader'));
    await expect
      .poll(async () => (await consoleAccounts()).filter((account) => account === '777788889999'))
      .toHaveLength(2);
    const containers = await popup.evaluate<{ name: string; icon: string; color: string }[]>(
      `browser.contextualIdentities.query({})`,
    );
    for (const profile of Object.keys(accounts)) {
      expect(containers.filter(({ name, icon }) => name === profile && icon === 'circle')).toHaveLength(1);
    }
    expect(await popup.evaluate<string[]>(WORK_CONTAINERS)).toEqual([...own, expect.any(String)]);
    expect(new Set(desk.world.aws.consoleVisits.map(({ sessionId }) => sessionId)).size).toBe(4);
  });

  it('are found again by an add-on that was installed anew, whatever their colour', async () => {
    // Hashed to turquoise, which Firefox calls cyan once it is made.
    const profile = 'data';
    desk = await openDesk('firefox', {
      prepare: (world, people) => {
        const lines = `[profile ${profile}]\nsource_profile = ada\nrole_arn = ${people.reader.arn}\n`;
        fs.appendFileSync(world.configFile, lines);
      },
    });
    const popup = await desk.popup();
    const containers = `browser.contextualIdentities.query({ name: '${profile}' })`;
    for (const visits of [1, 2]) {
      await click(popup, row(profile));
      await expect.poll(() => desk.world.aws.consoleVisits.length).toBe(visits);
      const found = await popup.evaluate<{ color: string }[]>(containers);
      expect(found).toEqual([expect.objectContaining({ color: 'cyan' })]);
      await popup.evaluate(`browser.storage.local.remove('containers')`);
    }
  });

  async function consoleAccounts(): Promise<(string | null)[]> {
    return Promise.all((await desk.browser.tabs()).map(accountOf));
  }
});

describe('Chromium', () => {
  it('opens the tab in a group named after the profile, and says what that does not isolate', async () => {
    desk = await openDesk('chromium');
    const popup = await desk.popup();
    expect(await seen(popup, '[data-note=isolation]')).toMatch(/no container/i);
    await click(popup, row('reader'));
    await consoleTab(desk.browser, '777788889999');
    const groups = () =>
      popup.evaluate<string[]>(`chrome.tabGroups.query({}).then((all) => all.map((one) => one.title))`);
    await expect.poll(groups).toEqual(['reader']);
  });
});
