import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Namespace, startNamespace } from './network-namespace.ts';
import { finished, KEYTURN, populate, startWorld, type World } from './world.ts';

/** Ordinary users of the machine, who own nothing: the one whose home this is, and another. */
const USER = 65534;
const OTHER = 65533;

let world: World;
let namespace: Namespace;
let before: string;
let stateDir: string;

const loopback = async (): Promise<string> => (await namespace.run(['ip', 'address', 'show', 'dev', 'lo'])).stdout;

beforeEach(async () => {
  world = await startWorld();
  await populate(world);
  stateDir = path.join(world.home, '.local', 'state', 'keyturn');
  fs.mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  namespace = await startNamespace(world);
  chown(world.home);
  before = await loopback();
});
afterEach(async () => {
  expect(await loopback()).toBe(before);
  namespace.close();
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

function chown(directory: string): void {
  const words = ['chown', '-R', `${USER}:${USER}`, directory];
  const [file = '', ...args] = process.getuid?.() === 0 ? words : ['sudo', '-n', ...words];
  execFileSync(file, args);
}

/** A line of a process's status, as the kernel has it. */
function statusOf(pid: string, line: string): string {
  return new RegExp(`^${line}:[ \\t]*(.*)$`, 'm').exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
}

async function workerPid(): Promise<string> {
  const { stdout } = await namespace.run(['pgrep', '-f', `proxy --worker .*--state-dir ${stateDir}`]);
  return stdout.trim().split('\n').at(-1) ?? '';
}

const stop = (uid?: number) => {
  const words = [KEYTURN, 'proxy', '--stop', '--state-dir', stateDir];
  if (uid === undefined) return namespace.run(words);
  // The other user has no way into this home, and another one.
  return namespace.run(words, uid === OTHER ? { uid, env: { HOME: '/' } } : { uid });
};

const IDENTITY = ['aws', 'sts', 'get-caller-identity', '--query', 'Arn', '--output', 'text'];

describe('a proxy that root started for a user', () => {
  const start = () => namespace.run([KEYTURN, 'proxy', '--state-dir', stateDir]);

  it('goes on as that user, who can do nothing with it but take an address away', async () => {
    expect(await start()).toEqual({ status: 0, stdout: '', stderr: '' });
    const pid = await workerPid();
    expect(statusOf(pid, 'Uid')).toBe(`${USER}\t${USER}\t${USER}\t${USER}`);
    expect(statusOf(pid, 'Gid')).toBe(`${USER}\t${USER}\t${USER}\t${USER}`);
    expect(statusOf(pid, 'Groups').trim()).toBe('');
    // Bit 12 is CAP_NET_ADMIN.
    for (const set of ['CapPrm', 'CapEff', 'CapBnd']) expect(statusOf(pid, set)).toBe('0000000000001000');
    expect(statusOf(pid, 'NoNewPrivs')).toBe('1');
    const { stdout } = await namespace.run(['pgrep', '-u', '0', '-f', `proxy .*${stateDir}`]);
    expect(stdout).toBe('');
    expect((await stop(USER)).status).toBe(0);
    expect(await workerPid()).toBe('');
  });

  it('goes on as that user where root has to take the address away, too', async () => {
    const hidden = '/usr/bin/setpriv';
    const started = await namespace.run([KEYTURN, 'proxy', '--state-dir', stateDir], { hidden });
    expect(started).toEqual({ status: 0, stdout: '', stderr: '' });
    const pid = await workerPid();
    expect(statusOf(pid, 'Uid')).toBe(`${USER}\t${USER}\t${USER}\t${USER}`);
    expect(statusOf(pid, 'CapEff')).toBe('0000000000000000');
    expect((await stop(USER)).status).toBe(0);
  });

  it('serves one exec after another, and is stopped by its user or root, not by others', async () => {
    await start();
    for (let times = 0; times < 2; times += 1) {
      const exec = [KEYTURN, 'exec', '--ec2-server', 'reader', '--', ...IDENTITY, '--endpoint-url', world.aws.url];
      expect((await namespace.run(exec, { uid: USER })).stdout).toContain('assumed-role/reader/');
    }
    const nobody = await namespace.run(['curl', '-s', '-w', ' %{http_code}', 'http://169.254.169.254/'], { uid: USER });
    expect(nobody.stdout).toBe('no exec --ec2-server is running 503');
    const refused = await stop(OTHER);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/cannot reach the proxy .*EACCES/);
    const port80 = await namespace.run(['curl', '-s', 'http://169.254.169.254/stop'], { uid: OTHER });
    expect(port80.stdout).toBe('access denied for another user');
    expect(await workerPid()).not.toBe('');
    expect((await stop()).status).toBe(0);
    const again = await stop(USER);
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('no proxy of yours is running');
  });

  it('is found by sudo, which has another home, and says how to end it', async () => {
    const env = { HOME: '/root', SUDO_UID: `${USER}`, SUDO_GID: `${USER}`, XDG_STATE_HOME: path.dirname(stateDir) };
    const { stderr, status } = await namespace.run([KEYTURN, 'proxy'], { env });
    expect(stderr).toBe('169.254.169.254 leads to exec --ec2-server from now on; end it with: keyturn proxy --stop\n');
    expect(status).toBe(0);
    const exec = [KEYTURN, 'exec', '--ec2-server', '--lazy', 'reader', '--', 'sh', '-c', 'exit 4'];
    expect((await namespace.run(exec, { uid: USER })).status).toBe(4);
    expect(await namespace.run([KEYTURN, 'proxy', '--stop'], { env })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect((await namespace.run([KEYTURN, 'server', '--stop'], { env })).stderr).toContain(
      'no proxy of yours is running',
    );
  });

  it('ends in peace if somebody has taken the address away before', async () => {
    await start();
    await namespace.run(['ip', 'address', 'del', '169.254.169.254/32', 'dev', 'lo']);
    expect(await stop(USER)).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('is not started twice, and not by a user', async () => {
    await start();
    const second = await start();
    expect(second.status).toBe(1);
    expect(second.stderr).toContain('Another process is already bound to 169.254.169.254:80');
    expect((await stop(USER)).status).toBe(0);
    const user = await namespace.run([KEYTURN, 'proxy'], { uid: USER });
    expect(user.status).toBe(1);
    expect(user.stderr).toContain(`only root can add the address 169.254.169.254; run: sudo ${KEYTURN} proxy`);
  });
});

describe('a proxy that root started for itself', () => {
  it('is found in the home directory that root has at the time', async () => {
    const home = (await namespace.run(['mktemp', '-d'])).stdout.trim();
    const env = { HOME: home, XDG_STATE_HOME: undefined, AWS_CONFIG_FILE: world.configFile };
    const dir = { AWS_VAULT_FILE_DIR: world.vaultDir };
    expect(await namespace.run([KEYTURN, 'proxy'], { env })).toEqual({
      status: 0,
      stdout: '',
      stderr: expect.stringContaining('leads to'),
    });
    const exec = [KEYTURN, 'exec', '--ec2-server', '--lazy', 'reader', '--', 'sh', '-c', 'exit 4'];
    expect(await namespace.run(exec, { env: { ...env, ...dir } })).toEqual({ status: 4, stdout: '', stderr: '' });
    expect(await namespace.run([KEYTURN, 'proxy', '--stop'], { env })).toEqual({ status: 0, stdout: '', stderr: '' });
    await namespace.run(['rm', '-r', home]);
  });
});

describe('exec --ec2-server of an ordinary user', () => {
  it('starts the proxy with sudo and ends it without', async () => {
    // What sudo does, by a root that waits outside: the words come through one file, the status through another.
    const bin = path.join(world.home, 'bin');
    const asked = path.join(world.home, 'asked');
    const answer = path.join(world.home, 'answer');
    fs.mkdirSync(bin);
    const sudo = `#!/bin/sh\nenv > ${asked}.env\necho "$@" > ${asked}.new; mv ${asked}.new ${asked}\nwhile [ ! -s ${answer} ]; do sleep 0.05; done\nexit $(cat ${answer})\n`;
    fs.writeFileSync(path.join(bin, 'sudo'), sudo, { mode: 0o755 });
    chown(world.home);
    const env = { PATH: `${bin}:${world.env.PATH}`, AWS_SECRET_ACCESS_KEY: 'canary' };
    const words = [KEYTURN, 'exec', '--ec2-server', 'reader', '--', ...IDENTITY, '--endpoint-url', world.aws.url];
    const exec = finished(namespace.start(words, { uid: USER, env }));
    await expect.poll(() => fs.existsSync(asked)).toBe(true);
    const command = fs.readFileSync(asked, 'utf8').trim();
    expect(command).toBe(`${KEYTURN} proxy --state-dir ${stateDir}`);
    expect(fs.readFileSync(`${asked}.env`, 'utf8')).not.toMatch(/PASSPHRASE|canary/);
    const asRoot = { HOME: '/root', SUDO_UID: String(USER), SUDO_GID: String(USER) };
    const started = await namespace.run(command.split(' '), { env: asRoot });
    expect(started.status).toBe(0);
    fs.writeFileSync(answer, `${started.status}\n`);
    const { status, stdout, stderr } = await exec;
    expect(status).toBe(0);
    expect(stdout).toContain('assumed-role/reader/');
    expect(stderr).toBe('keyturn: root has to add the address 169.254.169.254 first; sudo may ask for your password\n');
    expect(await workerPid()).toBe('');
  });

  it('says what to do where there is no sudo, and what became of one that refused', async () => {
    const exec = [KEYTURN, 'exec', '--ec2-server', 'reader', '--', '/bin/true'];
    const missing = await namespace.run(exec, { uid: USER, env: { PATH: '/nonexistent' } });
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain(
      `there is no sudo; run this as root, then try again: ${KEYTURN} proxy --state-dir ${stateDir}`,
    );
    const bin = path.join(world.home, 'bin');
    fs.mkdirSync(bin);
    fs.writeFileSync(path.join(bin, 'sudo'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const refused = await namespace.run(exec, { uid: USER, env: { PATH: `${bin}:/usr/bin:/bin` } });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('the proxy of 169.254.169.254 did not start (exit status 1)');
  });
});
