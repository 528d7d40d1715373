import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MANIFEST_FILE } from '../../installers/host-manifest.ts';
import { startPrompter } from '../contract/prompter.ts';
import { type SessionBus, startSessionBus } from '../contract/session-bus.ts';
import { fastestMs } from './duration.ts';
import { operations, populate, type Result, startWorld, type World, writeConfig } from './world.ts';

type Finding = {
  readonly area: string;
  readonly subject: string;
  readonly level: string;
  readonly text: string;
  readonly remedy?: string;
};

let world: World;

beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

async function doctor(env: Record<string, string | undefined> = {}, args: readonly string[] = []) {
  const result = await world.run(['doctor', '--json', ...args], { env });
  const { findings, broken } = JSON.parse(result.stdout) as { findings: Finding[]; broken: number };
  const one = (subject: string): Finding | undefined => findings.find((finding) => finding.subject === subject);
  return { ...result, findings, broken, one };
}

const stateFiles = (): string[] =>
  fs.readdirSync(world.home, { recursive: true, encoding: 'utf8' }).filter((name) => !name.startsWith('.local'));

describe('doctor', () => {
  it('finds nothing broken where all is well, in columns, and says which vault is in use and why', async () => {
    await populate(world);
    const { status, stdout, stderr } = await world.run(['doctor']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Vault\n {2}ok {6}in use {10}file: AWS_VAULT_BACKEND says so\n/);
    expect(stdout).toContain(`file            ${world.vaultDir}/, with 1 key; AWS_VAULT_FILE_PASSPHRASE opens it\n`);
    expect(stdout).toMatch(/ {2}ok {6}clock {2}agrees with 127\.0\.0\.1/);
    expect(stdout).toMatch(/\nNothing is broken\.\n$/);
    expect(operations(world)).toContain('FrontDoor');
  });

  it('changes nothing for somebody who has never used the program, and is done within 3 s', async () => {
    const unused = { AWS_VAULT_BACKEND: undefined, AWS_VAULT_FILE_PASSPHRASE: undefined };
    expect(await fastestMs(3000, () => doctor(unused))).toBeLessThan(3000);
    const { status, one } = await doctor(unused);
    expect([status, one('in use')?.text]).toEqual([0, 'file: the first that can be used; no choice was made yet']);
    expect([one('secret-service')?.level, one('pass')?.remedy]).toEqual([
      'off',
      expect.stringContaining("'pass init'"),
    ]);
    expect(stateFiles()).toEqual([]);
  });

  it('tells how far the clock is from AWS’s, and calls it broken where AWS refuses signatures', async () => {
    world.aws.setClockOffsetSeconds(-400);
    const ahead = await doctor();
    expect([ahead.status, ahead.one('clock')]).toEqual([
      1,
      expect.objectContaining({ level: 'broken', text: expect.stringMatching(/^this machine is 7 min ahead of 127/) }),
    ]);
    world.aws.setClockOffsetSeconds(90);
    const behind = await doctor();
    expect([behind.status, behind.one('clock')]).toEqual([
      0,
      expect.objectContaining({
        level: 'note',
        text: expect.stringMatching(/^this machine is (89|9[01]) s behind 127/),
      }),
    ]);
    const before = operations(world).length;
    const offline = await doctor({}, ['--offline']);
    expect([offline.one('clock')?.level, operations(world).length]).toEqual(['off', before]);
  });

  it('takes a network that is not there, or says nothing, for no fault of the machine', async () => {
    const refused = await doctor({ AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
    expect([refused.status, refused.one('clock')?.level]).toEqual([0, 'note']);
    const hold = world.aws.hold({ operation: 'FrontDoor' });
    const silent = await doctor();
    hold.release();
    expect([silent.status, silent.one('clock')?.text]).toEqual([
      0,
      'AWS did not answer within 2 s, so its clock is not known',
    ]);
  });

  it('says what others may read or change, and how to take it from them', async () => {
    await populate(world);
    const credentials = path.join(world.home, '.aws', 'credentials');
    fs.writeFileSync(credentials, '[x]\naws_access_key_id = AKIAX\naws_secret_access_key = plain/secret\n');
    fs.chmodSync(credentials, 0o644);
    fs.chmodSync(world.configFile, 0o666);
    fs.chmodSync(world.vaultDir, 0o755);
    fs.chmodSync(path.dirname(credentials), 0o770);
    const logins = path.join(world.home, '.aws', 'login', 'cache');
    fs.mkdirSync(logins, { recursive: true });
    fs.writeFileSync(path.join(logins, 'open.json'), '{}', { mode: 0o644 });
    fs.writeFileSync(path.join(logins, 'own.json'), '{}', { mode: 0o600 });
    const { status, findings, stdout } = await doctor();
    expect(status).toBe(1);
    const broken = findings.filter(({ area, level }) => area === 'files' && level === 'broken');
    expect(broken.map(({ text, remedy }) => [text, remedy])).toEqual([
      [`other users may read ${world.vaultDir}/ (755)`, `chmod 700 ${world.vaultDir}/`],
      [`other users may change ${world.configFile} (666)`, `chmod go-w ${world.configFile}`],
      [`other users may read ${credentials} (644)`, `chmod 600 ${credentials}`],
      [`other users may read ${logins}/open.json (644)`, `chmod 600 ${logins}/open.json`],
    ]);
    expect(findings.find(({ text }) => text.startsWith('its group may change'))?.level).toBe('note');
    const plain = findings.find(({ subject }) => subject === 'plain text');
    expect(plain?.text).toBe(`${credentials} has a key in plain text: x`);
    expect(stdout).not.toContain('plain/secret');
    const { stdout: imported } = await world.run(['import', '--remove-plaintext']);
    expect(imported).toContain('Took 1 key');
    const after = await doctor();
    expect(after.one('plain text')).toBeUndefined();
    expect(after.one('copy')?.remedy).toMatch(/^when all works: rm .*keyturn-backup-/);
  });

  it('names every profile that cannot be used, with the reason', async () => {
    const { admin } = await populate(world);
    fs.appendFileSync(
      world.configFile,
      `[profile base]\nregion = eu-west-3\n[profile uses-base]\ninclude_profile = base\nsource_profile = ada\nrole_arn = ${admin.arn}\n` +
        `[profile lost]\nsource_profile = nobody\nrole_arn = ${admin.arn}\n[profile keyless]\n` +
        '[profile one]\nsource_profile = two\n[profile two]\nsource_profile = one\n',
    );
    const { status, one, findings } = await doctor();
    expect(status).toBe(1);
    expect(one('lost')).toMatchObject({ level: 'broken', text: expect.stringContaining('source_profile "nobody"') });
    expect(one('two')).toMatchObject({ level: 'broken', text: expect.stringContaining('run in a circle') });
    expect(one('keyless')).toMatchObject({ level: 'note', remedy: expect.stringContaining("'keyturn add keyless'") });
    for (const fine of ['base', 'uses-base', 'ada', 'admin', 'default']) expect(one(fine)).toBeUndefined();
    expect(one('config')?.area).toBe('files');
    expect(findings.find(({ area, subject }) => area === 'config' && subject === 'config')?.text).toMatch(
      /10 profiles, of which 3 cannot be used$/,
    );
    writeConfig(world, '[profile x]\nnonsense\n');
    const broken = (await doctor()).findings.find(({ area, level }) => area === 'config' && level === 'broken');
    expect(broken?.text).toContain(`${world.configFile}:2: `);
  });

  it('says that a passphrase does not open the vault, and that a chosen backend is not there', async () => {
    await populate(world);
    const wrong = await doctor({ AWS_VAULT_FILE_PASSPHRASE: 'wrong' });
    expect([wrong.status, wrong.one('file')]).toEqual([
      1,
      expect.objectContaining({ level: 'broken', text: expect.stringContaining('the passphrase is wrong') }),
    ]);
    const absent = await doctor({ AWS_VAULT_BACKEND: 'secret-service' });
    expect([absent.status, absent.one('secret-service')]).toEqual([
      1,
      expect.objectContaining({ level: 'broken', text: expect.stringContaining('there is no session bus') }),
    ]);
  });

  it('says who chose the vault, and that GnuPG cannot open the password store', async () => {
    const store = path.join(world.home, '.password-store');
    fs.mkdirSync(store);
    fs.writeFileSync(path.join(store, '.gpg-id'), 'nobody@example.com\n');
    const env = { AWS_VAULT_BACKEND: undefined, AWS_VAULT_FILE_PASSPHRASE: undefined };
    const pass = await doctor(env);
    expect(pass.one('pass')).toMatchObject({
      level: 'broken',
      text: expect.stringContaining('no secret key "nobody@example.com"'),
    });
    expect(fs.existsSync(path.join(world.home, '.gnupg'))).toBe(false);
    const settings = path.join(world.home, '.config/keyturn/config');
    fs.mkdirSync(path.dirname(settings), { recursive: true });
    fs.writeFileSync(settings, 'backend = file\n');
    expect((await doctor(env)).one('in use')?.text).toBe(`file: ${settings} says so`);
    fs.rmSync(settings);
    const choice = path.join(world.home, '.local/state/keyturn/backend');
    fs.mkdirSync(path.dirname(choice), { recursive: true });
    fs.writeFileSync(choice, 'file\n');
    expect((await doctor(env)).one('in use')?.text).toBe(`file: the choice remembered in ${choice}`);
    fs.writeFileSync(choice, 'bogus\n');
    expect((await doctor(env)).one('in use')).toMatchObject({
      level: 'broken',
      text: expect.stringMatching(/^bogus: .*, but this system has none$/),
    });
    const imported = await world.run(['import'], { env });
    expect([imported.status, imported.stdout]).toEqual([1, '']);
  });

  it('names variables that put something in the place of a profile, without their values', async () => {
    const { status, one, stdout } = await doctor({
      AWS_SECRET_ACCESS_KEY: 'canary/secret',
      AWS_MFA_SERIAL: 'arn:aws:iam::111122223333:mfa/x',
      AWS_CA_BUNDLE: '/nowhere/ca.pem',
    });
    expect(one('AWS_SECRET_ACCESS_KEY')?.level).toBe('note');
    expect(one('AWS_MFA_SERIAL')?.text).toBe("comes before the profile's own setting");
    expect([status, one('AWS_CA_BUNDLE')?.level]).toEqual([1, 'broken']);
    expect(stdout).not.toMatch(/canary|correct horse|mfa\/x/);
    const inside = await doctor({ AWS_VAULT: 'ada', AWS_ACCESS_KEY_ID: 'ASIAX', AWS_REGION: 'eu-west-1' });
    expect(inside.one('AWS_VAULT')?.remedy).toContain("'exit'");
    expect([inside.one('AWS_ACCESS_KEY_ID'), inside.one('AWS_REGION')]).toEqual([undefined, undefined]);
  });

  it('sees a host manifest whose launcher is gone, and a completion that is set up', async () => {
    const install = (): Promise<Result> => world.run(['host', 'install', '--browser', 'firefox']);
    expect((await install()).status).toBe(0);
    fs.writeFileSync(path.join(world.home, '.bashrc'), '# eval\neval "$(keyturn shell-init bash)"\n');
    const fine = await doctor({ SHELL: '/bin/bash' });
    expect([fine.status, fine.one('Firefox')?.level, fine.one('completion')?.level]).toEqual([0, 'ok', 'ok']);
    const file = path.join(world.home, '.mozilla/native-messaging-hosts', MANIFEST_FILE);
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('keyturn-host', 'gone-host'));
    const gone = await doctor({ SHELL: '/bin/bash' });
    expect([gone.status, gone.one('Firefox')]).toEqual([
      1,
      expect.objectContaining({ level: 'broken', text: expect.stringContaining('gone-host') }),
    ]);
  });
});

describe('doctor, where a Secret Service runs', () => {
  let bus: SessionBus;
  beforeEach(async () => {
    bus = await startSessionBus();
    const { DBUS_SESSION_BUS_ADDRESS = '', XDG_RUNTIME_DIR = '' } = bus.env;
    Object.assign(world.env, { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR, AWS_VAULT_BACKEND: 'secret-service' });
  });
  afterEach(() => bus.stop());

  it('counts the keys of an open collection', async () => {
    await bus.createCollection();
    await populate(world);
    const { status, one } = await doctor();
    expect([status, one('secret-service')?.text]).toEqual([0, 'opens, with 1 key']);
  });

  it('asks nobody to unlock one, and blames no profile for a key it cannot see', async () => {
    await bus.createCollection();
    await populate(world);
    await bus.lockCollection();
    const prompter = await startPrompter(bus.socketPath, 'cancels');
    const { status, one, findings } = await doctor();
    expect([status, one('secret-service')]).toEqual([
      0,
      expect.objectContaining({ level: 'note', text: expect.stringContaining('is locked') }),
    ]);
    expect(findings.filter(({ area, level }) => area === 'config' && level !== 'ok')).toEqual([]);
    expect(prompter.asked).toBe(0);
    prompter.close();
  });

  it('waits no longer than two seconds for a service that does not answer', async () => {
    await bus.createCollection();
    bus.pauseService();
    const waits = async (): Promise<void> => {
      const { status, one } = await doctor();
      expect([status, one('secret-service')?.level]).toEqual([1, 'broken']);
    };
    expect(await fastestMs(3000, waits)).toBeLessThan(3000);
    bus.resumeService();
  });
});
