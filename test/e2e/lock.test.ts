import { afterEach, describe, expect, it } from 'vitest';
import { BROWSERS, type Desk, openDesk, screenshot } from './desk.ts';
import { click, consoleTab, row, seen, type } from './page.ts';

const PASSPHRASE_FIELD = '[data-prompt=passphrase][data-phase=asking] .text-field';
const PASSPHRASE = 'correct horse';

let desk: Desk;

afterEach(async () => {
  desk.world.aws.assertNoUnexpectedCalls();
  await desk.close();
});

const withoutPassphrase = (name: (typeof BROWSERS)[number]): Promise<Desk> =>
  openDesk(name, {
    prepare: ({ env }) => {
      delete env.AWS_VAULT_FILE_PASSPHRASE;
    },
  });

const exec = () => desk.world.run(['exec', 'reader', '--', 'true']);

describe.each(BROWSERS)('in %s', (name) => {
  it('a vault is unlocked once in the popup, for the terminal too, and locked there', async () => {
    desk = await withoutPassphrase(name);
    const popup = await desk.popup();
    expect(await seen(popup, '[data-lock=locked]')).toMatch(/Vault locked\s+Unlock/);
    expect((await exec()).stderr).toContain('[KEYRING_LOCKED]');

    await click(popup, '[aria-label="Unlock the vault"]');
    await type(popup, PASSPHRASE_FIELD, 'wrong');
    await click(popup, '[data-prompt=passphrase] [type=submit]');
    expect(await seen(popup, '[data-phase=asking] .field-message:not(:empty)')).toContain('passphrase is wrong');
    await type(popup, PASSPHRASE_FIELD, PASSPHRASE);
    await click(popup, '[data-prompt=passphrase] [type=submit]');
    expect(await seen(popup, '[data-lock=unlocked]')).toMatch(/Vault unlocked · locks after 15 min unused\s+Lock/);
    screenshot(`${name}-unlocked`, await popup.screenshot());
    expect(await exec()).toEqual({ status: 0, stdout: '', stderr: '' });

    await click(popup, '[aria-label="Lock the vault"]');
    await seen(popup, '[data-lock=locked]');
    expect((await exec()).stderr).toContain('[KEYRING_LOCKED]');
  });

  it('what a terminal unlocks opens a console without a question, and a popup of later knows', async () => {
    desk = await withoutPassphrase(name);
    const first = await desk.popup();
    await seen(first, '[data-lock=locked]');
    const env = { AWS_VAULT_FILE_PASSPHRASE: PASSPHRASE };
    expect(await desk.world.run(['unlock', '--lock-after', '2h'], { env })).toMatchObject({ status: 0 });
    expect(await seen(first, '[data-lock=unlocked]')).toContain('locks after 2 h unused');
    const second = await desk.popup();
    await seen(second, '[data-lock=unlocked]');
    await click(second, row('reader'));
    await consoleTab(desk.browser, '777788889999');
    expect(await desk.world.run(['lock'])).toMatchObject({ status: 0 });
    await seen(first, '[data-lock=locked]');
  });

  it('shows no lock where the environment has the passphrase', async () => {
    desk = await openDesk(name);
    const popup = await desk.popup();
    await seen(popup, row('reader'));
    expect(await popup.evaluate(`document.querySelector('.lock')`)).toBeNull();
  });
});
