import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { GRAMMAR } from '../../../cli/args.ts';
import { askProgram, PROGRAM_PROMPTS, type ProgramPrompt } from '../../../cli/ask/programs.ts';

let bin: string;
beforeEach(() => {
  bin = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-programs-'));
});
afterEach(() => fs.rmSync(bin, { recursive: true }));

/** A program of that name that records its arguments and behaves as told. */
function install(name: string, body: string): void {
  fs.writeFileSync(path.join(bin, name), `#!/bin/sh\nprintf '%s\\n' "$@" > ${bin}/args\n${body}\n`, { mode: 0o755 });
}

function ask(prompt: ProgramPrompt, env: Record<string, string> = {}): Promise<string> {
  return askProgram(prompt, {
    ...{ message: 'Enter MFA code for "it": ', mfaSerial: 'arn:aws:iam::111111111111:mfa/ada', title: 'keyturn' },
    signal: new AbortController().signal,
    timeoutMs: 10_000,
    env: { PATH: `${bin}:/usr/bin:/bin`, AWS_VAULT_FILE_PASSPHRASE: 'secret', ...env },
  });
}

const given = (): string[] => fs.readFileSync(path.join(bin, 'args'), 'utf8').split('\n').slice(0, -1);

it.each<[ProgramPrompt, Record<string, string>, string[]]>([
  ['zenity', {}, ['--entry', '--title', 'keyturn', '--text', 'Enter MFA code for "it": ']],
  ['kdialog', {}, ['--inputbox', 'Enter MFA code for "it": ', '--title', 'keyturn']],
  ['ykman', {}, ['oath', 'accounts', 'code', '--single', 'arn:aws:iam::111111111111:mfa/ada']],
  [
    'ykman',
    { AWS_VAULT_YKMAN_VERSION: '3', YKMAN_OATH_CREDENTIAL_NAME: 'aws', YKMAN_OATH_DEVICE_SERIAL: '42' },
    ['--device', '42', 'oath', 'code', '--single', 'aws'],
  ],
])('asks %s as aws-vault does (%j)', async (prompt, env, expected) => {
  install(prompt, 'echo " 123456 "');
  expect(await ask(prompt, env)).toBe('123456');
  expect(given()).toEqual(expected);
});

it('quotes what it says to osascript', async () => {
  install('osascript', 'echo 123456');
  await ask('osascript');
  expect(given()[1]).toContain('display dialog "Enter MFA code for \\"it\\": " default answer ""');
});

it.each([
  ['zenity', 'exit 1'],
  ['zenity', 'echo "Gtk-WARNING: unknown theme" >&2; exit 1'],
  ['kdialog', 'exit 1'],
  ['osascript', 'echo "0:60: execution error: User canceled. (-128)" >&2; exit 1'],
] as const)('takes the Cancel of a dialog for one (%s: %s)', async (prompt, body) => {
  install(prompt, body);
  await expect(ask(prompt)).rejects.toMatchObject({ code: 'CANCELLED' });
});

it.each([
  ['zenity', 'exit 3', 'zenity: exit status 3'],
  ['zenity', 'echo "Unable to init server" >&2; echo "cannot open display: " >&2; exit 1', 'cannot open display:'],
  ['kdialog', 'echo "could not connect to display" >&2; kill -ABRT $$', 'kdialog: signal: SIGABRT: could not connect'],
  ['osascript', 'echo "execution error: No user interaction allowed. (-1713)" >&2; exit 1', '(-1713)'],
  ['ykman', 'exit 1', 'ykman: exit status 1'],
  ['zenity', 'true', 'zenity: it printed no code'],
] as const)('takes another end for a failure, with its reason (%s: %s)', async (prompt, body, reason) => {
  install(prompt, body);
  await expect(ask(prompt)).rejects.toMatchObject({ code: 'PROCESS_FAILED', message: expect.stringContaining(reason) });
});

it('is a failure where the program is missing', async () => {
  await expect(ask('kdialog')).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
});

it('shows the window of Windows with everything in variables and nothing of it in the arguments', async () => {
  install(
    'powershell.exe',
    'printenv KEYTURN_PROMPT_MESSAGE KEYTURN_PROMPT_TITLE KEYTURN_PROMPT_USER > $(dirname "$0")/told; echo 123456',
  );
  const root = path.join(bin, 'root');
  // What a path of Windows is here: one file name with backslashes in it.
  fs.copyFileSync(path.join(bin, 'powershell.exe'), `${root}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe`);
  expect(await ask('wincredui', { SystemRoot: root })).toBe('123456');
  expect(fs.readFileSync(path.join(bin, 'told'), 'utf8')).toBe(
    'Enter MFA code for "it": \nEnter MFA code for keyturn\narn:aws:iam::111111111111:mfa/ada\n',
  );
  expect(given().slice(0, -1)).toEqual(['-NoLogo', '-NoProfile', '-NonInteractive', '-Sta', '-EncodedCommand']);
  const script = Buffer.from(given().at(-1) ?? '', 'base64').toString('utf16le');
  expect(script).toContain('CredUIPromptForCredentialsW');
  expect(script).not.toContain('111111111111');
});

it.each([
  [3, 'CANCELLED'],
  [1, 'PROCESS_FAILED'],
])('knows the Cancel of that window: exit status %s is %s', async (status, code) => {
  const root = path.join(bin, 'root');
  const script = `#!/bin/sh\nexit ${status}\n`;
  fs.writeFileSync(`${root}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe`, script, { mode: 0o755 });
  await expect(ask('wincredui', { SystemRoot: root })).rejects.toMatchObject({ code });
});

it('keeps the passphrase of the vault from them', async () => {
  install('zenity', 'echo "[$AWS_VAULT_FILE_PASSPHRASE]"');
  expect(await ask('zenity')).toBe('[]');
});

it('is offered on the command line', () => {
  expect(GRAMMAR.globals.prompt.choices).toEqual(['terminal', 'browser', ...PROGRAM_PROMPTS]);
});
