import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asks, SERIAL, startMfaWorld, typeCodes } from './mfa-world.ts';
import { yubikey } from './outside-programs.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { KEYTURN, operations, type World } from './world.ts';

const SECOND_SCREEN = '\x1b[?1049h';
const FIRST_SCREEN = '\x1b[?1049l';

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

describe('mfa add', () => {
  it('shows a QR code, enables the device with two codes, writes mfa_serial and drops the weaker sessions', async () => {
    expect((await world.run(['exec', 'ada', '--', 'true'])).status).toBe(0);
    const before = start.configText();
    const screen = start.terminal('mfa add ada --roles none');
    await typeCodes(
      screen,
      () => start.code(-1),
      () => start.code(0),
    );
    expect(await screen.status()).toBe(0);
    const { secretBase32, owner } = world.aws.mfaDevice(SERIAL);
    const [shown = '', after = ''] = screen.output.slice(screen.output.indexOf(SECOND_SCREEN)).split(FIRST_SCREEN);
    expect(shown).toMatch(/█▀▀▀▀▀█.*█▀▀▀▀▀█/);
    expect(after.trim().split('\r\n')).toEqual([
      `Enabled MFA device ${SERIAL} for user ada`,
      `Wrote mfa_serial to profile "ada" in ${world.configFile}`,
      'Deleted 1 sessions that were made without it.',
    ]);
    expect(screen.output).not.toContain(secretBase32);
    expect(owner()).toBe('ada');
    expect(start.configText()).toBe(before.replace('json # so\n', `json # so\nmfa_serial = ${SERIAL}\n`));
    const { stderr } = await world.run(['exec', 'ada', '-t', start.code(0), '--', 'true']);
    expect(stderr).toContain('sent to AWS already');
    expect((await world.run(['exec', 'ada', '-t', start.code(1), '--', 'true'])).status).toBe(0);
  });

  it('takes a role for the user behind it, and writes to its roles without a device when told yes', async () => {
    const screen = start.terminal('mfa add --name ada-phone', { AWS_PROFILE: 'admin' });
    const serial = `${SERIAL}-phone`;
    await typeCodes(
      screen,
      () => start.code(-1, serial),
      () => start.code(0, serial),
    );
    await screen.shows('without another device, too: "admin"? (y|N) ');
    screen.type('y\r');
    expect(await screen.status()).toBe(0);
    expect(screen.output).toContain('Wrote mfa_serial to profile "ada"');
    expect(screen.output).toContain('Wrote mfa_serial to profile "admin"');
    expect(
      start
        .configText()
        .split('\n')
        .filter((line) => line.startsWith('mfa_serial')),
    ).toEqual([`mfa_serial = ${serial}`, `mfa_serial = ${serial}`, 'mfa_serial = GAHT12345678']);
  });

  it('asks again after a slip and after codes that AWS does not take', async () => {
    const screen = start.terminal('mfa add ada --roles none');
    await asks(screen, 'First code');
    screen.type('12345\r');
    await screen.shows('an MFA code has six digits');
    await typeCodes(
      screen,
      () => start.code(-2),
      () => start.code(-2),
    );
    await screen.shows('that is the first code again; the device shows the next one in ');
    screen.type(`${start.code(0)}\r`);
    await asks(screen, 'AWS does not take these for two codes in a row');
    await typeCodes(
      screen,
      () => start.code(-1),
      () => start.code(1),
    );
    await asks(screen, 'AWS does not take these');
    await typeCodes(
      screen,
      () => start.code(2),
      () => start.code(3),
    );
    expect(await screen.status()).toBe(0);
    expect(world.aws.mfaDevice(SERIAL).owner()).toBe('ada');
  });

  it.each([
    ['the person stops it', '\x03', 130, '[CANCELLED]'],
    ['all codes are wrong', '000000\r000001\r000002\r000003\r000004\r000005\r', 1, '[MFA_REJECTED]'],
  ])('leaves nothing behind when %s', async (_, keys, status, shown) => {
    const before = start.configText();
    const screen = start.terminal('mfa add ada');
    await screen.shows('First code');
    screen.type(keys);
    expect(await screen.status()).toBe(status);
    expect(screen.output).toContain(`the MFA device ${SERIAL} was deleted again ${shown}`);
    expect(screen.output.lastIndexOf(FIRST_SCREEN)).toBeGreaterThan(screen.output.lastIndexOf(SECOND_SCREEN));
    expect(world.aws.mfaSerials()).toEqual([]);
    expect(start.configText()).toBe(before);
  });

  it('says what is left where even that fails', async () => {
    world.aws.fail({ operation: 'DeleteVirtualMFADevice', status: 403, code: 'AccessDenied', message: 'no' });
    const screen = start.terminal('mfa add ada');
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
    const screen = start.terminal('mfa add --show-secret ada');
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
    world.aws.addMfaDevice(start.user);
    const mine = start.terminal('mfa add ada');
    expect(await mine.status()).toBe(1);
    expect(mine.output).toMatch(
      /has an MFA device \S+ already; it is enabled for ada: choose another --name.*\[USAGE\]/,
    );
    const bob = world.aws.addUser({ account: '111122223333', name: 'bob' });
    world.aws.addMfaDevice(bob);
    const theirs = start.terminal('mfa add ada --name bob');
    expect(await theirs.status()).toBe(1);
    expect(theirs.output).toMatch(/it is not enabled for ada: .*delete-virtual-mfa-device/);
  });

  it('replaces a device only when told to, and signs with a session of the old one', async () => {
    const old = world.aws.addMfaDevice(start.user);
    start.useDevice(old.serial);
    const refused = start.terminal(`mfa add ada -t ${old.freshCode()}`);
    expect(await refused.status()).toBe(1);
    expect(refused.output).toMatch(/has the MFA device \S+ already; use --replace.*\[USAGE\]/);
    const screen = start.terminal('mfa add ada --replace --name ada-2 --roles all');
    await screen.shows('First code');
    const serial = `${SERIAL}-2`;
    await typeCodes(
      screen,
      () => start.code(-1, serial),
      () => start.code(0, serial),
    );
    expect(await screen.status()).toBe(0);
    expect(screen.output).toContain('Wrote mfa_serial to profiles "ada", "admin"');
    expect(screen.output).toContain(`the old device ${old.serial} still works`);
    const made = world.aws.calls.find(({ operation }) => operation === 'CreateVirtualMFADevice');
    expect(made?.accessKeyId).toMatch(/^ASIA/);
  });
});
