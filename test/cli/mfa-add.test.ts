import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { yubikey } from './outside-programs.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { addKey, KEYTURN, operations, startWorld, type World, writeConfig } from './world.ts';

const SERIAL = 'arn:aws:iam::111122223333:mfa/ada';
const SECOND_SCREEN = '\x1b[?1049h';
const FIRST_SCREEN = '\x1b[?1049l';

let world: World;
let user: ReturnType<World['aws']['addUser']>;

beforeEach(async () => {
  world = await startWorld();
  const { aws } = world;
  user = aws.addUser({ account: '111122223333', name: 'ada', path: '/team/' });
  const role = (name: string) => aws.addRole({ account: '444455556666', name, trusts: [user.arn] }).arn;
  writeConfig(
    world,
    `# mine\n[default]\nregion = eu-west-1\n\n[profile ada]\noutput = json # so\n\n# roles\n[profile admin]\nsource_profile = ada\nrole_arn = ${role('admin')}\n[profile other]\nsource_profile = ada\nrole_arn = ${role('other')}\nmfa_serial = GAHT12345678\n`,
  );
  await addKey(world, 'ada', aws.addAccessKey(user));
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const configText = (): string => fs.readFileSync(world.configFile, 'utf8');

function terminal(command: string, env: Record<string, string> = {}): PseudoTerminal {
  return new PseudoTerminal(`stty rows 40 cols 100; ${KEYTURN} ${command}`, { ...world.env, TERM: 'xterm', ...env });
}

/** A code of the device, counted in half minutes from now. */
function code(steps: number, serial = SERIAL): string {
  return world.aws.mfaDevice(serial).code(new Date(Date.now() + steps * 30_000));
}

async function typeCodes(screen: PseudoTerminal, first: string, second: string): Promise<void> {
  const from = screen.output.lastIndexOf('First code') + 1;
  await screen.shows('First code', from);
  screen.type(`${first}\r`);
  await screen.shows('next code', screen.output.lastIndexOf('First code'));
  screen.type(`${second}\r`);
}

describe('mfa add', () => {
  it('shows a QR code, enables the device with two codes, writes mfa_serial and drops the weaker sessions', async () => {
    expect((await world.run(['exec', 'ada', '--', 'true'])).status).toBe(0);
    const before = configText();
    const screen = terminal('mfa add ada --roles none');
    await screen.shows('First code');
    const { secretBase32, owner } = world.aws.mfaDevice(SERIAL);
    await typeCodes(screen, code(-1), code(0));
    expect(await screen.status()).toBe(0);
    const [shown = '', after = ''] = screen.output.slice(screen.output.indexOf(SECOND_SCREEN)).split(FIRST_SCREEN);
    expect(shown).toMatch(/█▀▀▀▀▀█.*█▀▀▀▀▀█/);
    expect(after.trim().split('\r\n')).toEqual([
      `Enabled MFA device ${SERIAL} for user ada`,
      `Wrote mfa_serial to profile "ada" in ${world.configFile}`,
      'Deleted 1 sessions that were made without it.',
    ]);
    expect(screen.output).not.toContain(secretBase32);
    expect(owner()).toBe('ada');
    expect(configText()).toBe(before.replace('json # so\n', `json # so\nmfa_serial = ${SERIAL}\n`));
    const { stderr } = await world.run(['exec', 'ada', '-t', code(0), '--', 'true']);
    expect(stderr).toContain('sent to AWS already');
    expect((await world.run(['exec', 'ada', '-t', code(1), '--', 'true'])).status).toBe(0);
  });

  it('takes a role for the user behind it, and writes to its roles without a device when told yes', async () => {
    const screen = terminal('mfa add --name ada-phone', { AWS_PROFILE: 'admin' });
    const serial = `${SERIAL}-phone`;
    await screen.shows('First code');
    await typeCodes(screen, code(-1, serial), code(0, serial));
    await screen.shows('without another device, too: "admin"? (y|N) ');
    screen.type('y\r');
    expect(await screen.status()).toBe(0);
    expect(screen.output).toContain('Wrote mfa_serial to profiles "ada", "admin"');
    expect(
      configText()
        .split('\n')
        .filter((line) => line.startsWith('mfa_serial')),
    ).toEqual([`mfa_serial = ${serial}`, `mfa_serial = ${serial}`, 'mfa_serial = GAHT12345678']);
  });

  it('asks again after a slip and after codes that AWS does not take', async () => {
    const screen = terminal('mfa add ada --roles none');
    await screen.shows('First code');
    screen.type('12345\r');
    await screen.shows('an MFA code has six digits');
    await typeCodes(screen, code(-2), code(-2));
    await screen.shows('that is the first code again; the device shows the next one in ');
    screen.type(`${code(0)}\r`);
    await screen.shows('AWS does not take these for two codes in a row');
    await typeCodes(screen, code(-1), code(1));
    await screen.shows('AWS does not take these', screen.output.lastIndexOf('First code'));
    await typeCodes(screen, code(2), code(3));
    expect(await screen.status()).toBe(0);
    expect(world.aws.mfaDevice(SERIAL).owner()).toBe('ada');
  });

  it.each([
    ['the person stops it', '\x03', 130, '[CANCELLED]'],
    ['all codes are wrong', '000000\r000001\r000002\r000003\r000004\r000005\r', 1, '[MFA_REJECTED]'],
  ])('leaves nothing behind when %s', async (_, keys, status, shown) => {
    const before = configText();
    const screen = terminal('mfa add ada');
    await screen.shows('First code');
    screen.type(keys);
    expect(await screen.status()).toBe(status);
    expect(screen.output).toContain(`the MFA device ${SERIAL} was deleted again ${shown}`);
    expect(screen.output.lastIndexOf(FIRST_SCREEN)).toBeGreaterThan(screen.output.lastIndexOf(SECOND_SCREEN));
    expect(world.aws.mfaSerials()).toEqual([]);
    expect(configText()).toBe(before);
  });

  it('says what is left where even that fails', async () => {
    world.aws.fail({ operation: 'DeleteVirtualMFADevice', status: 403, code: 'AccessDenied', message: 'no' });
    const screen = terminal('mfa add ada');
    await screen.shows('First code');
    screen.type('\x03');
    expect(await screen.status()).toBe(130);
    expect(screen.output).toMatch(
      /not all could be taken back \(.*DeleteVirtualMFADevice.*\): look for the MFA device/,
    );
  });

  it.each([
    ['a terminal that is too small', 'stty rows 20 cols 100', 'does not fit into 100 columns and 20 rows', {}],
    ['a locale without UTF-8', 'true', 'The locale is not UTF-8', { LANG: 'C' }],
    ['a terminal without a second screen', 'true', 'whoever reads this can make your codes', { TERM: 'dumb' }],
  ])('shows the secret as text for %s', async (_, prepare, shown, env: Record<string, string>) => {
    const screen = new PseudoTerminal(`${prepare}; ${KEYTURN} mfa add ada`, { ...world.env, TERM: 'xterm', ...env });
    await screen.shows(shown);
    await screen.shows('First code');
    expect(screen.output).toContain(world.aws.mfaDevice(SERIAL).secretBase32);
    screen.type('\x03');
    await screen.status();
  });

  it('shows both on request', async () => {
    const screen = terminal('mfa add --show-secret ada');
    await screen.shows('First code');
    expect(screen.output).toContain(world.aws.mfaDevice(SERIAL).secretBase32);
    expect(screen.output).toContain('█▀▀▀▀▀█');
    screen.type('\x03');
    await screen.status();
  });

  it('refuses before anything is made', async () => {
    const refusal = async (args: string[], env: Record<string, string> = {}): Promise<string> => {
      const { status, stderr } = await world.run(['mfa', 'add', ...args], { env });
      expect(status).toBe(1);
      return stderr;
    };
    expect(await refusal(['ada'])).toMatch(/no terminal .*--yubikey \[USAGE\]/);
    expect(await refusal([])).toMatch(/required argument 'profile' not provided.*\[USAGE\]/);
    expect(await refusal(['nobody', '--yubikey'])).toContain('[PROFILE_NOT_FOUND]');
    expect(await refusal(['ada', '--yubikey'])).toMatch(/ykman is not installed.*\[PROCESS_FAILED\]/);
    expect(await refusal(['ada', '--yubikey', '--name', 'a b'])).toContain('cannot be the name of an MFA device');
    const { env } = yubikey(world);
    const long = ['ada', '--yubikey', '--name', 'x'.repeat(40)];
    expect(await refusal(long, env)).toMatch(/64 bytes.*YKMAN_OATH_CREDENTIAL_NAME/);
    expect(operations(world).filter((name) => name !== 'GetCallerIdentity')).toEqual([]);
  });

  it('tells a device that is there from one that was left over', async () => {
    world.aws.addMfaDevice(user);
    const mine = terminal('mfa add ada');
    expect(await mine.status()).toBe(1);
    expect(mine.output).toMatch(
      /has an MFA device \S+ already; it is enabled for ada: choose another --name.*\[USAGE\]/,
    );
    const bob = world.aws.addUser({ account: '111122223333', name: 'bob' });
    world.aws.addMfaDevice(bob);
    const theirs = terminal('mfa add ada --name bob');
    expect(await theirs.status()).toBe(1);
    expect(theirs.output).toMatch(/it is not enabled for ada: .*delete-virtual-mfa-device/);
  });

  it('replaces a device only when told to, and signs with a session of the old one', async () => {
    const old = world.aws.addMfaDevice(user);
    fs.writeFileSync(world.configFile, configText().replace('json # so\n', `json # so\nmfa_serial = ${old.serial}\n`));
    const refused = terminal(`mfa add ada -t ${old.freshCode()}`);
    expect(await refused.status()).toBe(1);
    expect(refused.output).toMatch(/has the MFA device \S+ already; use --replace.*\[USAGE\]/);
    const screen = terminal('mfa add ada --replace --name ada-2 --roles all');
    await screen.shows('First code');
    const serial = `${SERIAL}-2`;
    await typeCodes(screen, code(-1, serial), code(0, serial));
    expect(await screen.status()).toBe(0);
    expect(screen.output).toContain(`the old device ${old.serial} still works`);
    const made = world.aws.calls.find(({ operation }) => operation === 'CreateVirtualMFADevice');
    expect(made?.accessKeyId).toMatch(/^ASIA/);
  });
});

describe('mfa add --yubikey', () => {
  it('puts the secret on the key through stdin, and needs nobody', async () => {
    const key = yubikey(world);
    const { status, stdout, stderr } = await world.run(['mfa', 'add', 'ada', '--yubikey'], { env: key.env });
    expect({ status, stdout: stdout.split('\n')[0] }).toEqual({
      status: 0,
      stdout: `Enabled MFA device ${SERIAL} for user ada, on the YubiKey`,
    });
    expect(stderr).toMatch(/^Waiting \d+ s for the next code of the YubiKey/);
    expect(stderr).toContain('do not name the device, so they do without it: "admin"');
    const { secretBase32 } = world.aws.mfaDevice(SERIAL);
    expect(key.accounts()).toEqual({ [SERIAL]: secretBase32 });
    expect(key.calls()[0]).toBe(`oath accounts add --touch --force ${SERIAL}`);
    expect(key.calls().join()).not.toContain(secretBase32);
    expect(stdout + stderr).not.toContain(secretBase32);
    expect(configText()).toContain(`mfa_serial = ${SERIAL}`);
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
    world.aws.addMfaDevice(user);
    fs.writeFileSync(world.configFile, configText().replace('json # so\n', `json # so\nmfa_serial = ${SERIAL}\n`));
    expect((await world.run(['exec', 'ada', '-t', code(30), '--', 'true'])).stderr).toContain('[MFA_REJECTED]');
    const screen = terminal('mfa resync ada');
    await typeCodes(screen, code(31), code(32));
    expect(await screen.status()).toBe(0);
    expect(screen.output).toContain(`Resynchronised MFA device ${SERIAL} of user ada`);
    expect((await world.run(['exec', 'ada', '-t', code(33), '--', 'true'])).status).toBe(0);
  });

  it('needs to know the device', async () => {
    const { stderr } = await world.run(['mfa', 'resync', 'ada']);
    expect(stderr).toMatch(/profile "ada" has no mfa_serial; name the device with --serial \[USAGE\]\n$/);
    const unknown = terminal(`mfa resync ada --serial ${SERIAL}`);
    await typeCodes(unknown, '111111', '222222');
    expect(await unknown.status()).toBe(1);
    expect(unknown.output).toContain('[AWS_REJECTED]');
  });
});
