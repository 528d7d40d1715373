import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { addKey, KEYTURN, operations, type People, populate, startWorld, type World } from './world.ts';

let world: World;
let people: People;

beforeAll(async () => {
  world = await startWorld();
  people = await populate(world);
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const missing = "keyturn: error: required argument 'profile' not provided, try --help [USAGE]\n";
const terminal = (command: string, env: Record<string, string> = {}): PseudoTerminal =>
  new PseudoTerminal(`'${KEYTURN}' ${command}`, { ...world.env, TERM: 'xterm', ...env });
const storedKeys = async (): Promise<string[]> =>
  (await world.run(['list', '--credentials'])).stdout.trim().split('\n');

describe('a command that changes a key, without a name', () => {
  it.each([[['rotate']], [['rotate', '-n']], [['remove', '-f']], [['remove', '-s']], [['add']], [['add', '--env']]])(
    '%j says what is missing where nobody can be asked',
    async (args) => {
      for (const AWS_PROFILE of [undefined, '']) {
        const result = await world.run(args, { env: { AWS_PROFILE } });
        expect(result).toEqual({ status: 1, stdout: '', stderr: missing });
      }
    },
  );

  it('rotates the key of AWS_PROFILE, and says whose it is', async () => {
    const { status, stdout, stderr } = await world.run(['rotate', '-n'], { env: { AWS_PROFILE: 'reader' } });
    expect(stderr).toBe(
      'keyturn: rotating the key of profile "reader" (from AWS_PROFILE), which is stored for profile "ada"\n',
    );
    expect(stdout).toContain("Rotating credentials stored for profile 'ada'");
    expect(status).toBe(0);
    const all = await world.run(['rotate', '--all', '--dry-run', '-n'], { env: { AWS_PROFILE: 'reader' } });
    expect(all).toMatchObject({ status: 0, stderr: '' });
  });

  it('adds and removes the key of AWS_PROFILE, and says whose it is', async () => {
    const { accessKeyId, secretAccessKey } = people.key;
    const env = { AWS_PROFILE: 'spare', AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    const said = 'keyturn: profile "spare" (from AWS_PROFILE)\n';
    const added = await world.run(['add', '--env', '--no-verify', '--no-add-config'], { env });
    expect(added).toEqual({ status: 0, stdout: 'Added credentials to profile "spare" in vault\n', stderr: said });
    const removed = await world.run(['remove', '-f'], { env: { AWS_PROFILE: 'spare' } });
    expect(removed).toEqual({ status: 0, stdout: 'Deleted credentials.\n', stderr: said });
  });
});

describe('on a terminal', () => {
  it('rotate asks whether AWS_PROFILE is meant, and does nothing without a yes', async () => {
    const before = operations(world).filter((name) => name === 'CreateAccessKey').length;
    const screen = terminal('rotate -n', { AWS_PROFILE: 'ada' });
    await screen.shows('Rotate the key of profile "ada" (from AWS_PROFILE)? (y|N) ');
    screen.type('\r');
    expect(await screen.status()).not.toBe(0);
    expect(screen.output).toContain('keyturn: error: rotate: cancelled; nothing was changed [CANCELLED]');
    const yes = terminal('rotate -n', { AWS_PROFILE: 'ada' });
    await yes.shows('(y|N) ');
    yes.type('y\r');
    expect(await yes.status()).toBe(0);
    expect(operations(world).filter((name) => name === 'CreateAccessKey')).toHaveLength(before + 1);
    const typed = terminal('rotate -n ada', { AWS_PROFILE: 'reader' });
    expect(await typed.status()).toBe(0);
    expect(typed.output).not.toContain('(y|N)');
  });

  it('remove and rotate let one choose among the profiles that have a key, and ask whether it is meant', async () => {
    await addKey(world, 'old', people.key);
    const screen = terminal('remove');
    await screen.shows('old');
    expect(screen.output).not.toContain('reader');
    screen.type('old');
    await screen.shows('❯ old');
    screen.type('\r');
    await screen.shows('Delete credentials for profile "old" (from the list)? (y|N) ');
    screen.type('y\r');
    expect(await screen.status()).toBe(0);
    expect(await storedKeys()).toEqual(['ada']);
    const rotate = terminal('rotate -n');
    await rotate.shows('❯ ada');
    rotate.type('\r');
    await rotate.shows('Rotate the key of profile "ada" (from the list)? (y|N) ');
    rotate.type('n\r');
    expect(await rotate.status()).not.toBe(0);
  });

  it('add asks for the name, and before a key of AWS_PROFILE is replaced', async () => {
    const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } = people.key;
    const env = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
    const screen = terminal('add --env --no-verify', env);
    await screen.shows('Enter the name of the profile: ');
    screen.type('typed\r');
    expect(await screen.status()).toBe(0);
    expect(await storedKeys()).toEqual(['ada', 'typed']);
    const replaced = terminal('add --env --no-verify', { ...env, AWS_PROFILE: 'typed' });
    await replaced.shows('The vault has a key for profile "typed" already. Replace it? (y|N) ');
    replaced.type('\r');
    expect(await replaced.status()).toBe(0);
    expect(replaced.output).toContain('nothing was changed');
    const nothing = terminal('add --env');
    await nothing.shows('Enter the name of the profile: ');
    nothing.type('\r');
    expect(await nothing.status()).toBe(1);
    expect(nothing.output).toContain(missing.trim());
  });

  it('nothing is offered where the vault is empty', async () => {
    const screen = terminal('remove', { AWS_VAULT_FILE_DIR: '/nowhere' });
    expect(await screen.status()).toBe(1);
    expect(screen.output).toContain("the vault holds no key to choose; run 'keyturn add NAME' first");
  });
});
