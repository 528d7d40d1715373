import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { FOLLOWING, type SsoWorld, startSsoWorld } from './sso-world.ts';
import { addKey, finished, KEYTURN, operations, type Result } from './world.ts';

let world: SsoWorld;
beforeEach(async () => {
  world = await startSsoWorld();
  world.installBrowser(FOLLOWING);
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const populate = (...args: string[]): Promise<Result> => world.run(['sso', 'populate', 'corp', ...args]);
const config = (): string => fs.readFileSync(world.configFile, 'latin1');

describe('sso populate', () => {
  it('writes a profile for every role into a block, and then only what has changed', async () => {
    const before = config();
    world.sso.assign({ account: '444455556666', permissionSet: 'Read.Only', accountName: 'Prod (EU)' });
    const { status, stdout } = await populate('--yes', '--region', 'eu-central-1');
    expect(status).toBe(0);
    const block = `
# BEGIN keyturn sso populate corp
# 'keyturn sso populate' writes these profiles anew: what you change here is lost the next time.
[profile account-1111-Developer]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer
region = eu-central-1

[profile Prod-EU-Admin]
sso_session = corp
sso_account_id = 444455556666
sso_role_name = Admin
region = eu-central-1

[profile Prod-EU-Read.Only]
sso_session = corp
sso_account_id = 444455556666
sso_role_name = Read.Only
region = eu-central-1
# END keyturn sso populate corp
`;
    expect(config()).toBe(before + block);
    expect(stdout).toMatch(/^--- \S+\n\+\+\+ \S+\n\+\[profile account-1111-Developer\]\n\+sso_session = corp\n/);
    expect(stdout).toMatch(/\nWrote to \S+: 3 added, 0 changed, 0 removed, 0 as they were\n$/);
    // A profile of it works, and Debian's AWS CLI reads it as it is meant.
    const ask = ['configure', 'get', 'sso_account_id', '--profile', 'Prod-EU-Read.Only'];
    const asCliReadsIt = spawn('/usr/bin/aws', ask, { env: world.env, stdio: ['ignore', 'pipe', 'pipe'] });
    expect(await finished(asCliReadsIt)).toEqual({ status: 0, stdout: '444455556666\n', stderr: '' });
    const who = await world.run(['exec', 'Prod-EU-Read.Only', '--', 'sh', '-c', 'echo $AWS_REGION $AWS_ACCESS_KEY_ID']);
    expect(who.stdout).toMatch(/^eu-central-1 ASIA/);

    const again = await populate('--yes', '--region', 'eu-central-1');
    expect(again.stdout).toMatch(/: nothing to change, 3 profiles\n$/);
    expect(config()).toBe(before + block);

    // One is gone, one is new, one has been changed by hand, and what stands beside is the user's.
    world.sso.unassign({ account: '444455556666', permissionSet: 'Admin' });
    world.sso.assign({ account: '999900001111', permissionSet: 'Ops', accountName: 'Zoo' });
    const mine = '\n[profile mine]\n# caf\xe9 \xff\nregion=us-east-1';
    fs.writeFileSync(
      world.configFile,
      `; first\n${config().replace('Read.Only\nregion = eu-central-1', 'Read.Only\nregion = sa-east-1')}${mine}`,
      'latin1',
    );
    fs.chmodSync(world.configFile, 0o640);
    const dry = await populate('--dry-run', '--region', 'eu-central-1');
    expect(dry.stdout).toBe(`--- ${world.configFile}
+++ ${world.configFile}
-[profile Prod-EU-Admin]
-sso_session = corp
-sso_account_id = 444455556666
-sso_role_name = Admin
-region = eu-central-1
 [profile Prod-EU-Read.Only]
-region = sa-east-1
 sso_session = corp
 sso_account_id = 444455556666
 sso_role_name = Read.Only
+region = eu-central-1
+[profile Zoo-Ops]
+sso_session = corp
+sso_account_id = 999900001111
+sso_role_name = Ops
+region = eu-central-1
Would write to ${world.configFile}: 1 added, 1 changed, 1 removed, 1 as they were
`);
    const refused = await populate('--region', 'eu-central-1');
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(/use --yes to write it \[USAGE\]\n$/) });
    expect(config()).toContain('sa-east-1');
    expect((await populate('-y', '--region', 'eu-central-1')).status).toBe(0);
    expect(config().startsWith(`; first\n${before}\n# BEGIN`)).toBe(true);
    expect(config().endsWith(`# END keyturn sso populate corp\n${mine}`)).toBe(true);
    expect(config()).not.toContain('Prod-EU-Admin');
    expect(fs.statSync(world.configFile).mode & 0o777).toBe(0o640);

    // Without any role the block goes, and the rest stays.
    for (const [account, permissionSet] of [
      ['444455556666', 'Read.Only'],
      ['111122223333', 'Developer'],
      ['999900001111', 'Ops'],
    ] as const) {
      world.sso.unassign({ account, permissionSet });
    }
    expect((await populate('-y')).stdout).toMatch(/0 added, 0 changed, 3 removed/);
    expect(config()).toBe(`; first\n${before}\n${mine}`);
  });

  it('asks on the terminal, and writes nothing unless it is told yes', async () => {
    const before = config();
    for (const [answer, end] of [
      ['n', 'Nothing was written.'],
      ['y', '2 added'],
    ] as const) {
      const terminal = new PseudoTerminal(`${KEYTURN} sso populate corp --prefix p/`, world.env);
      await terminal.shows(`Write this to ${world.configFile}? (y|N) `);
      expect(terminal.output).toContain('+[profile p/account-1111-Developer]');
      expect(config()).toBe(before);
      terminal.type(`${answer}\r`);
      expect(await terminal.status()).toBe(0);
      expect(terminal.output).toContain(end);
    }
    expect(config()).toContain('[profile p/account-4444-Admin]');
  });

  it('takes what the settings file says for it', async () => {
    fs.mkdirSync(world.file('.config/keyturn'), { recursive: true });
    const settings = '[sso populate]\ntemplate = {account_id}:{role_name}\nprefix = corp:\nrole = dev*\nyes = true\n';
    fs.writeFileSync(world.file('.config/keyturn/config'), settings);
    expect((await populate()).stdout).toMatch(/: 1 added, /);
    expect(config()).toContain('\n[profile corp:111122223333:Developer]\n');
  });

  it('leaves names alone that are taken, in the file and in the vault', async () => {
    fs.appendFileSync(world.configFile, '[profile account-4444-Admin]\nregion = mine\n');
    await addKey(world, 'account-1111-Developer', { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' });
    fs.writeFileSync(world.configFile, config().replace('[profile account-1111-Developer]\n', ''), 'latin1');
    const line = config().split('\n').indexOf('[profile account-4444-Admin]') + 1;
    const { stdout, stderr } = await populate('--yes');
    expect(stderr).toContain(
      `left out "account-4444-Admin": ${world.configFile}:${line} has a profile of that name already\n`,
    );
    expect(stderr).toContain('left out "account-1111-Developer": the vault has a key of that name\n');
    expect(stdout).toMatch(/: nothing to change, 0 profiles\n$/);
  });

  it('takes the accounts and roles that match, and no slip for a wish to remove all', async () => {
    world.sso.assign({ account: '444455556666', permissionSet: 'ReadOnly', accountName: 'Prod' });
    await populate(
      '--yes',
      '--account',
      'pro*',
      '--account',
      '1111*',
      '--role',
      '*ly',
      '--template',
      '{role_name}@{account_id}',
    );
    expect(config().match(/^\[profile .*@.*/gm)).toEqual(['[profile ReadOnly@444455556666]']);
    const before = config();
    const slip = await populate('--yes', '--account', 'prd*');
    expect(slip).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/no account and role matches.*\[USAGE\]\n$/),
    });
    expect(config()).toBe(before);
  });

  it.each([
    [
      ['--template', '{role_name}'],
      /two or more roles would have one name: "Admin" \(Admin in 444455556666, Admin in 999900001111\); .*\{account_id\} \[USAGE\]\n$/,
    ],
    [['--template', '{account}-{role_name}'], /--template takes \{account_name\}, .* has \{account\} \[USAGE\]\n$/],
    [['--template', 'all'], /has none of them \[USAGE\]\n$/],
    [['--region', 'Frankfurt am Main'], /--region must be the name of an AWS region.*\[USAGE\]\n$/],
  ])('refuses %j', async (args, message) => {
    world.sso.assign({ account: '999900001111', permissionSet: 'Admin', accountName: 'Zoo' });
    const before = config();
    expect(await populate('--yes', ...args)).toMatchObject({ status: 1, stderr: expect.stringMatching(message) });
    expect(config()).toBe(before);
  });

  it('writes no setting that the name of a role might smuggle in', async () => {
    const before = config();
    world.sso.assign({ account: '111122223333', permissionSet: 'x\ncredential_process = evil' });
    const { status, stderr } = await populate('--yes');
    expect(stderr).toMatch(/ListAccountRoles.*\[AWS_\w+\]\n$/);
    expect(status).toBe(1);
    expect(config()).toBe(before);
  });

  it('does not touch a block that has lost one of its ends, or has a line behind it', async () => {
    await populate('--yes');
    const good = config();
    const damages = [
      [good.replace('# END keyturn sso populate corp\n', ''), /needs its BEGIN line and then its END line/],
      [
        `${good}output = json\n`,
        /config:\d+: "output" stands behind the block and so belongs to \[profile account-4444-Admin\]/,
      ],
    ] as const;
    for (const [damaged, message] of damages) {
      fs.writeFileSync(world.configFile, damaged, 'latin1');
      const { status, stderr } = await populate('--yes', '--prefix', 'x');
      expect(stderr).toMatch(message);
      expect(status).toBe(1);
      expect(config()).toBe(damaged);
    }
  });
});

it('2000 accounts are listed with a bar on the terminal, and at the pace that AWS allows', async () => {
  const { sso, aws } = world;
  for (let index = 0; index < 2000; index += 1) {
    sso.assign({ account: String(500_000_000_000 + index), permissionSet: 'Reader', accountName: `team ${index}` });
  }
  aws.limit({ operation: 'ListAccountRoles', perSecond: 200 });
  await world.run(['sso', 'login', 'corp']);
  const terminal = new PseudoTerminal(`${KEYTURN} sso populate corp -y > "$HOME/diff"`, world.env);
  expect(await terminal.status()).toBe(0);
  expect(terminal.output).toMatch(/\[=+ +\] \d+ of 2002 accounts/);
  expect(fs.readFileSync(world.file('diff'), 'utf8')).toMatch(/: 2002 added, 0 changed, 0 removed, 0 as they were\n$/);
  const answered = aws.calls.filter(({ operation, status }) => operation === 'ListAccountRoles' && status === 200);
  expect(answered).toHaveLength(2002);
  expect(aws.calls.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
  expect(operations(world).filter((operation) => operation === 'ListAccounts')).toHaveLength(21);
  // In a pipe there is no bar; a big file is edited, and the list is used, as a small one is.
  const again = await world.run(['sso', 'list', 'corp', '--json']);
  expect(again.stderr).toBe('');
  expect(JSON.parse(again.stdout).accounts).toHaveLength(2002);
});
