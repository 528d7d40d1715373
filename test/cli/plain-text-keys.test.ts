import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations, populate, startWorld, type World } from './world.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  await populate(world);
  const role = 'role_arn = arn:aws:iam::777788889999:role/reader\n';
  fs.appendFileSync(
    world.configFile,
    `[profile plain]\n[profile role-of-plain]\nsource_profile = plain\n${role}[profile inline]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = ${SECRET}\n`,
  );
  const keys = `aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = ${SECRET}\n`;
  fs.writeFileSync(credentialsFile(), `[plain]\n${keys}[unconfigured]\n${keys}[ada]\n${keys}`);
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const credentialsFile = (): string => path.join(world.home, '.aws', 'credentials');

describe('a key that lies in ~/.aws/credentials', () => {
  it.each([
    ['exec', ['exec', 'plain', '--', 'true'], 'plain'],
    ['exec without a section', ['exec', 'unconfigured', '--', 'true'], 'unconfigured'],
    ['export', ['export', 'plain'], 'plain'],
    ['login', ['login', '-s', 'plain'], 'plain'],
    ['exec of a role that has it as its source', ['exec', 'role-of-plain', '--', 'true'], 'plain'],
  ])('is named by %s as what it is, with the way into the vault', async (_, args, key) => {
    const { status, stdout, stderr } = await world.run(args);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(
      `profile "${key}": its key lies in plain text in ${credentialsFile()} and is not in the vault`,
    );
    expect(stderr).toMatch(new RegExp(`'keyturn add (--from-file )?${key}'`));
    expect(stderr).toMatch(/\[CREDENTIALS_NOT_FOUND\]\n$/);
    expect(stderr).not.toContain(SECRET);
    expect(stderr).not.toContain('AKIA');
  });

  it('is found in the file that AWS_SHARED_CREDENTIALS_FILE names, and in the config file', async () => {
    const other = path.join(world.home, 'elsewhere');
    fs.copyFileSync(credentialsFile(), other);
    const { stderr } = await world.run(['exec', 'plain', '--', 'true'], {
      env: { AWS_SHARED_CREDENTIALS_FILE: other },
    });
    expect(stderr).toContain(`in plain text in ${other}`);
    const inline = await world.run(['exec', 'inline', '--', 'true']);
    expect(inline.stderr).toContain(`in plain text in ${world.configFile}`);
  });

  it('is taken from the config file as well, and what is no key of its own is not offered', async () => {
    const inline = await world.run(['add', '--no-verify', '--from-file', 'inline']);
    expect(inline.stdout).toBe('Added credentials to profile "inline" in vault\n');
    expect(inline.stderr).toMatch(
      new RegExp(`^The key is still in plain text in ${world.configFile}: remove lines \\d+ and`),
    );
    expect((await world.run(['list'])).stderr).toContain(
      `the key of 'inline' is in the vault, but still in plain text in`,
    );
    expect((await world.run(['remove', '-f', 'inline'])).status).toBe(0);
    const file = path.join(world.home, 'temporary');
    fs.writeFileSync(
      file,
      '[temp]\naws_access_key_id=a\naws_secret_access_key=b\naws_session_token=c\n[half]\naws_access_key_id=a\n',
    );
    for (const profile of ['temp', 'half']) {
      const env = { AWS_SHARED_CREDENTIALS_FILE: file };
      const { stderr } = await world.run(['exec', profile, '--', 'true'], { env });
      expect(stderr).not.toContain('--from-file');
    }
  });

  it('is not looked at where the vault has one', async () => {
    const { status } = await world.run(['exec', '-n', 'ada', '--', 'true']);
    expect(status).toBe(0);
  });

  it('is not what a file that cannot be read is blamed for', async () => {
    const broken = path.join(world.home, 'broken');
    fs.writeFileSync(broken, `[x]\n${SECRET}\n`);
    const { stderr } = await world.run(['exec', 'tpyo', '--debug', '--', 'true'], {
      env: { AWS_SHARED_CREDENTIALS_FILE: broken },
    });
    expect(stderr).toMatch(/"tpyo" is neither .*\[PROFILE_NOT_FOUND\]\n$/);
    expect(stderr).toContain(`looking for keys in plain text: ${broken}:2: `);
    expect(stderr).not.toContain('wJalrXUtnFEMI/K7MDENG');
  });

  it('costs no call', () => {
    expect(operations(world)).toEqual([]);
  });
});
