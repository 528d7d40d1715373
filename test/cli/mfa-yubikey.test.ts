import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SERIAL, startMfaWorld, typeCodes } from './mfa-world.ts';
import { yubikey } from './outside-programs.ts';
import type { World } from './world.ts';

let start: Awaited<ReturnType<typeof startMfaWorld>>;
let world: World;

beforeEach(async () => {
  start = await startMfaWorld();
  world = start.world;
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

describe('mfa add --yubikey', () => {
  it('puts the secret on the key through stdin, and needs nobody', async () => {
    const key = yubikey(world);
    const { status, stdout, stderr } = await world.run(['mfa', 'add', 'ada', '--yubikey', '--debug'], { env: key.env });
    expect({ status, stdout: stdout.split('\n')[0] }).toEqual({
      status: 0,
      stdout: `Enabled MFA device ${SERIAL} for user ada, on the YubiKey`,
    });
    expect(stderr).toMatch(/^Waiting \d+ s for the next code of the YubiKey/m);
    expect(stderr).toContain('do not name the device, so they do without it: "admin"');
    const { secretBase32 } = world.aws.mfaDevice(SERIAL);
    expect(key.accounts()).toEqual({ [SERIAL]: secretBase32 });
    expect(key.calls()[0]).toBe(`oath accounts add --touch --force ${SERIAL}`);
    expect(key.calls().join()).not.toContain(secretBase32);
    expect(stdout + stderr).not.toContain(secretBase32);
    const files = fs
      .readdirSync(world.home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile());
    const holders = files.filter(({ parentPath, name }) =>
      fs.readFileSync(`${parentPath}/${name}`).includes(secretBase32),
    );
    expect(holders.map(({ name }) => name)).toEqual(['yubikey.json']);
    expect(start.configText()).toContain(`mfa_serial = ${SERIAL}`);
  });

  it('deletes the device again when the key is not there, or has another account of that name', async () => {
    const key = yubikey(world);
    const missing = await world.run(['mfa', 'add', 'ada', '--yubikey'], { env: { ...key.env, YKMAN_FAILS: 'add' } });
    expect(missing.stderr).toMatch(
      /ykman: exit status 1: .*No YubiKey detected!; .*was deleted again \[PROCESS_FAILED\]\n$/,
    );
    key.put('mine', 'JBSWY3DPEHPK3PXP');
    const env = { ...key.env, YKMAN_OATH_CREDENTIAL_NAME: 'mine' };
    const taken = await world.run(['mfa', 'add', 'ada', '--yubikey', '--no-touch'], { env });
    expect(taken.stderr).toMatch(/An account called mine already exists.*was deleted again \[PROCESS_FAILED\]\n$/);
    expect(key.accounts()).toEqual({ mine: 'JBSWY3DPEHPK3PXP' });
    expect(key.calls().at(-1)).toBe('oath accounts add mine');
    expect(world.aws.mfaSerials()).toEqual([]);
  });

  it('takes the account off the key again when the device cannot be enabled', async () => {
    const key = yubikey(world);
    const env = { ...key.env, YKMAN_FAILS: 'code' };
    const { status, stderr } = await world.run(['mfa', 'add', 'ada', '--yubikey'], { env });
    expect(status).toBe(1);
    expect(stderr).toMatch(/was deleted again \[PROCESS_FAILED\]\n$/);
    expect(key.accounts()).toEqual({});
    expect(world.aws.mfaSerials()).toEqual([]);
  });
});

describe('mfa resync', () => {
  it('makes a device whose clock is off work again, without needing a code of it', async () => {
    world.aws.addMfaDevice(start.user);
    start.useDevice(SERIAL);
    expect((await world.run(['exec', 'ada', '-t', start.code(30), '--', 'true'])).stderr).toContain('[MFA_REJECTED]');
    const screen = start.terminal('mfa resync ada');
    await typeCodes(
      screen,
      () => start.code(31),
      () => start.code(32),
    );
    expect(await screen.status()).toBe(0);
    expect(screen.output).toContain(`Resynchronised MFA device ${SERIAL} of user ada`);
    expect((await world.run(['exec', 'ada', '-t', start.code(33), '--', 'true'])).status).toBe(0);
  });

  it('needs to know the device', async () => {
    for (const flags of [[], ['--serial', '']]) {
      const { stderr } = await world.run(['mfa', 'resync', 'ada', ...flags]);
      expect(stderr).toMatch(/profile "ada" has no mfa_serial; name the device with --serial \[USAGE\]\n$/);
    }
    const unknown = start.terminal(`mfa resync ada --serial ${SERIAL}`);
    await typeCodes(
      unknown,
      () => '111111',
      () => '222222',
    );
    expect(await unknown.status()).toBe(1);
    expect(unknown.output).toContain('[AWS_REJECTED]');
  });
});
