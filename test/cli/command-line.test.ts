import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { KEYTURN, populate, startWorld, type World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  await populate(world);
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

it('version prints where results go, --version and -v where aws-vault prints it', async () => {
  const [command, long, short] = await Promise.all([['version'], ['--version'], ['-v']].map((args) => world.run(args)));
  expect(command).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
  expect(long).toEqual({ status: 0, stdout: '', stderr: command?.stdout });
  expect(short).toEqual(long);
});

it('the man page has nothing that mandoc or groff complains of', async () => {
  const { stdout } = await world.run(['--help-man']);
  const page = path.join(world.home, 'keyturn.1');
  fs.writeFileSync(page, stdout);
  // It has no date, which would be that of the build.
  const complaints = lint(page).filter((line) => !line.includes('missing date'));
  expect(complaints).toEqual([]);
  const text = execFileSync('mandoc', ['-T', 'ascii', page], { encoding: 'utf8' }).replaceAll(/\s+/g, ' ');
  expect(text).toContain('A vault for AWS credentials, in the terminal and in the browser.');
  expect(text).toContain('Flags can be set for good in ~/.config/keyturn/config');
});

function lint(page: string): string[] {
  try {
    return execFileSync('mandoc', ['-T', 'lint', '-W', 'warning', page], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean);
  } catch (error) {
    // It ends with 2 after a warning.
    if (error instanceof Error && 'stdout' in error) return String(error.stdout).split('\n').filter(Boolean);
    throw error;
  }
}

it('a duration and the place of the SSO link can be set by variables', async () => {
  const { status } = await world.run(['export', 'reader'], {
    env: { AWS_VAULT_DURATION: '20m', AWS_VAULT_STDOUT: '1' },
  });
  expect(status).toBe(0);
  expect(world.aws.calls.at(-1)).toMatchObject({ operation: 'AssumeRole' });
  const { sessions } = JSON.parse((await world.run(['status', '--json'])).stdout);
  expect(sessions[0].secondsLeft).toBeGreaterThan(1100);
  expect(sessions[0].secondsLeft).toBeLessThanOrEqual(1200);
  const wrong = await world.run(['export', 'reader'], { env: { AWS_VAULT_DURATION: '1200' } });
  expect(wrong.stderr).toBe(
    'keyturn: error: time: missing unit in duration "1200" (in $AWS_VAULT_DURATION), try --help [USAGE]\n',
  );
});

it('a missing profile is found before a missing program, and both before anything is asked', async () => {
  const without = await world.run(['exec', '--', 'no-such-program']);
  expect(without.stderr).toBe("keyturn: error: required argument 'profile' not provided, try --help [USAGE]\n");
  const terminal = new PseudoTerminal(`'${KEYTURN}' exec -- no-such-program`, world.env);
  expect(await terminal.status()).toBe(1);
  expect(terminal.output).toContain('exec: "no-such-program": executable file not found in $PATH');
});

it('a word after -- is a profile where -- came before the command, as aws-vault has it', async () => {
  const { stdout } = await world.run(['--', 'exec', 'reader', 'sh', '-c', 'echo $AWS_VAULT']);
  expect(stdout).toBe('reader\n');
});

it('an empty --region, --mfa-token or --path is none, as in a script whose variable is not set', async () => {
  const bare = await world.run(['exec', '--region', '', '-t', '', 'reader', '--', 'sh', '-c', 'echo $AWS_REGION']);
  expect(bare).toEqual({ status: 0, stdout: 'us-east-2\n', stderr: '' });
  const asked = await world.run(['exec', '-t', '', 'admin', '--', 'true']);
  expect(asked.stderr).toContain('nobody could be asked for the MFA code');
  const { status } = await world.run(['login', '-s', '--path', '', 'reader']);
  expect(status).toBe(0);
  const elsewhere = await world.run(['--file-dir', '', 'list']);
  expect(elsewhere.stderr).toMatch(/--file-dir \[KEYRING_UNAVAILABLE\]\n$/);
});

it('a full disk below standard output is an error that says so, and below standard error ends as it would', () => {
  const shell = (command: string): string =>
    execFileSync('/bin/sh', ['-c', `${command}; echo "status $?"`], { env: world.env, encoding: 'utf8' });
  expect(shell(`'${KEYTURN}' list 2>&1 >/dev/full`)).toBe(
    'keyturn: error: list: cannot write to standard output: no space left on device; send it to a place that can take it [USAGE]\nstatus 1\n',
  );
  expect(shell(`'${KEYTURN}' bogus 2>/dev/full`)).toBe('status 1\n');
  expect(shell(`'${KEYTURN}' --debug exec reader -- echo done 2>/dev/full`)).toBe('done\nstatus 0\n');
});
