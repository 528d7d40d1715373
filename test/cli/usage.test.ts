import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GRAMMAR } from '../../cli/args.ts';
import { ERROR_CODES } from '../../native-host/errors.ts';
import { type PasswordStore, startPasswordStore } from '../contract/password-store.ts';
import { programs, yubikey } from './outside-programs.ts';
import { asPattern, codeBlock, examples, headings } from './usage-examples.ts';
import { finished, KEYTURN, startWorld, type World, writeConfig } from './world.ts';

let world: World;
let store: PasswordStore;

/** The people of USAGE.md: Ada with a YubiKey, Eve without, and the roles of the config it shows. */
beforeAll(async () => {
  world = await startWorld();
  const { aws, home, env } = world;
  const key = yubikey(world);
  const { bin } = programs(world);
  fs.symlinkSync(KEYTURN, path.join(bin, 'keyturn'));
  // Debian's AWS CLI does not read AWS_ENDPOINT_URL yet.
  const cli = '#!/bin/sh\nexec /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"\n';
  fs.writeFileSync(path.join(bin, 'aws'), cli, { mode: 0o755 });
  const ada = aws.addUser({ account: '111122223333', name: 'ada' });
  const device = aws.addMfaDevice(ada);
  key.put(device.serial, aws.mfaDevice(device.serial).secretBase32);
  const admin = aws.addRole({ account: '444455556666', name: 'admin', trusts: [ada.arn], requireMfa: true });
  aws.addRole({ account: '777788889999', name: 'reader', trusts: [ada.arn, admin.arn] });
  const sso = aws.addSso({ startUrl: 'https://example.awsapps.com/start' });
  const assignments = [
    ['444455556666', 'Production', 'Admin'],
    ['444455556666', 'Production', 'ReadOnly'],
    ['777788889999', 'Sandbox', 'Developer'],
  ] as const;
  for (const [account, accountName, permissionSet] of assignments) sso.assign({ account, accountName, permissionSet });
  // A browser in which she is logged in, and allows what she is asked.
  fs.writeFileSync(path.join(bin, 'xdg-open'), '#!/bin/sh\ncurl -sL -o /dev/null "$1"\n', { mode: 0o755 });
  const [adas, eves] = [ada, aws.addUser({ account: '111122223333', name: 'eve' })].map((user) =>
    aws.addAccessKey(user),
  );
  store = startPasswordStore();
  Object.assign(env, key.env, {
    AWS_VAULT_PASS_PASSWORD_STORE_DIR: store.dir,
    GNUPGHOME: store.env.GNUPGHOME ?? '',
    ADA_ID: adas?.accessKeyId ?? '',
    ADA_SECRET: adas?.secretAccessKey ?? '',
  });
  writeConfig(world, codeBlock('ini'));
  fs.writeFileSync(
    path.join(home, '.aws', 'credentials'),
    `[eve]\naws_access_key_id = ${eves?.accessKeyId}\naws_secret_access_key = ${eves?.secretAccessKey}\n`,
  );
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  store.close();
  await world.close();
});

describe('USAGE.md', () => {
  // In order, in one home: an example may build on those before it.
  it.each(examples().map((example) => ({ ...example, title: `line ${example.line}, ${example.section}` })))(
    'shows what happens: $title',
    async ({ command, output }) => {
      const child = spawn('sh', ['-c', `exec 2>&1\n${command}`], {
        env: world.env,
        cwd: world.home,
        stdio: ['ignore', 'pipe', 'ignore'],
        detached: true,
      });
      const { stdout } = await finished(child);
      expect(stdout.trimEnd()).toMatch(asPattern(output));
    },
    // Two codes in a row of a device whose codes have just been used are a minute and a half away.
    120_000,
  );

  it('has a section with an example for every command', () => {
    const names = Object.entries(GRAMMAR.commands).filter(([, command]) => !('hidden' in command));
    const withExample = new Set(examples().map(({ section }) => section));
    expect(names.map(([name]) => name).filter((name) => !headings().includes(name))).toEqual([]);
    expect(names.map(([name]) => name).filter((name) => !withExample.has(name))).toEqual([]);
  });

  it('lists every error code', () => {
    const text = fs.readFileSync('USAGE.md', 'utf8');
    expect(ERROR_CODES.filter((code) => !text.includes(`| \`${code}\` |`))).toEqual([]);
  });
});
