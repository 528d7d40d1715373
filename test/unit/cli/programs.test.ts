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

it('takes a closed dialog for a cancel, and another failure for one', async () => {
  install('zenity', 'exit 1');
  await expect(ask('zenity')).rejects.toMatchObject({ code: 'CANCELLED' });
  install('zenity', 'exit 3');
  await expect(ask('zenity')).rejects.toMatchObject({
    code: 'PROCESS_FAILED',
    message: expect.stringContaining('zenity: exit status 3'),
  });
  await expect(ask('kdialog')).rejects.toMatchObject({
    code: 'PROCESS_FAILED',
    message: expect.stringContaining('--prompt'),
  });
});

it('keeps the passphrase of the vault from them', async () => {
  install('zenity', 'echo "[$AWS_VAULT_FILE_PASSPHRASE]"');
  expect(await ask('zenity')).toBe('[]');
});

it('is offered on the command line', () => {
  expect(GRAMMAR.globals.prompt.choices).toEqual(['terminal', 'browser', ...PROGRAM_PROMPTS]);
});
