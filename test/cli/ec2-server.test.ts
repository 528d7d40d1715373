import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PASSPHRASE } from './aws-vault-items.ts';
import { type Namespace, type NamespaceRunOptions, startNamespace } from './network-namespace.ts';
import { KEYTURN, operations, type People, populate, type Result, startWorld, type World } from './world.ts';

let world: World;
let people: People;
let namespace: Namespace;
let before: string;

const loopback = async (): Promise<string> => (await namespace.run(['ip', 'address', 'show', 'dev', 'lo'])).stdout;

beforeEach(async () => {
  world = await startWorld();
  people = await populate(world);
  namespace = await startNamespace(world);
  before = await loopback();
});
afterEach(async () => {
  expect(await loopback()).toBe(before);
  namespace.close();
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const BASE = 'http://169.254.169.254/latest';
const TOKEN = `T=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' ${BASE}/api/token)`;
const STATUS = `curl -s -o /dev/null -w '%{http_code} '`;

function served(flags: readonly string[], script: string, options?: NamespaceRunOptions): Promise<Result> {
  return namespace.run([KEYTURN, 'exec', '--ec2-server', ...flags, '--', 'sh', '-c', script], options);
}

describe('exec --ec2-server', () => {
  it('gives the AWS CLI its credentials and its region', async () => {
    const aws = `aws --endpoint-url ${world.aws.url}`;
    const env = { AWS_EC2_METADATA_DISABLED: 'true' };
    const script = `${aws} sts get-caller-identity --query Arn --output text; unset AWS_REGION AWS_DEFAULT_REGION; AWS_CONFIG_FILE=/dev/null aws configure list`;
    const { stdout, status, stderr } = await served(['reader'], script, { env });
    expect(stdout).toMatch(/^arn:aws:sts::777788889999:assumed-role\/reader\/\d+\n/);
    expect(stdout).toMatch(/access_key .* iam-role/);
    expect(stdout).toMatch(/region +us-east-2 +imds/);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(operations(world)).toEqual(['AssumeRole', 'GetCallerIdentity']);
  });

  it('answers at every path that SDKs ask, as EC2 does', async () => {
    const get = (route: string): string => `curl -s -H "X-aws-ec2-metadata-token: $T" ${BASE}/${route}; echo "|"`;
    const routes = [
      'meta-data/iam/security-credentials/',
      'meta-data/iam/security-credentials',
      'meta-data/instance-id/',
      'meta-data/placement/region',
      'meta-data/placement/availability-zone/',
      'meta-data/iam/',
      'meta-data/iam/security-credentials/other',
    ];
    const { stdout } = await served(['reader'], `${TOKEN}; ${routes.map(get).join('; ')}`);
    expect(stdout.split('|\n')).toEqual([
      ...['local-credentials', 'local-credentials', 'aws-vault', 'us-east-2', 'us-east-2a'],
      ...['info\nsecurity-credentials/', 'not found', ''],
    ]);
    const json = async (route: string): Promise<object> =>
      JSON.parse((await served(['reader'], `${TOKEN}; ${get(route)}`)).stdout.slice(0, -2));
    const [session] = world.aws.sessions();
    expect(await json('meta-data/iam/security-credentials/local-credentials')).toEqual({
      AccessKeyId: session?.accessKeyId,
      Code: 'Success',
      Expiration: `${session?.expiresAt.toISOString().slice(0, 19)}Z`,
      LastUpdated: expect.stringMatching(/^20\d\d-.*Z$/),
      SecretAccessKey: expect.any(String),
      Token: expect.any(String),
      Type: 'AWS-HMAC',
    });
    expect(await json('dynamic/instance-identity/document')).toMatchObject({ region: 'us-east-2' });
    expect(await json('meta-data/iam/info')).toMatchObject({ Code: 'Success' });
  });

  it('wants a token, which ends, unless version 1 is asked for', async () => {
    const path = `${BASE}/meta-data/instance-id`;
    const put = (header: string): string => `${STATUS} -X PUT ${header} ${BASE}/api/token`;
    const ttl = (value: string): string => `-H 'X-aws-ec2-metadata-token-ttl-seconds: ${value}'`;
    const short = `S=$(curl -s -X PUT ${ttl('1')} ${BASE}/api/token); sleep 1.2; ${STATUS} -H "X-aws-ec2-metadata-token: $S" ${path}`;
    const script = [
      ...[`${STATUS} ${path}`, `${STATUS} -H 'X-aws-ec2-metadata-token: x.y.z' ${path}`],
      ...[put(''), put(ttl('0')), put(ttl('21601')), put(ttl('21600')), `${STATUS} ${BASE}/api/token`],
      ...[TOKEN, `${STATUS} -H "X-aws-ec2-metadata-token: $T" ${path}`, short],
      `${STATUS} -H "X-aws-ec2-metadata-token: $T" -X POST ${path}`,
    ].join('; ');
    expect((await served(['reader'], script)).stdout).toBe('401 401 400 400 400 200 405 200 401 405 ');
    const wrong = `${STATUS} ${path}; ${STATUS} -H 'X-aws-ec2-metadata-token: x.y.z' ${path}`;
    expect((await served(['--ec2-http-tokens=optional', 'reader'], wrong)).stdout).toBe('200 401 ');
  });

  it('refuses other hosts, what came through a proxy, and other users of the machine', async () => {
    const get = `-H "X-aws-ec2-metadata-token: $T" ${BASE}/meta-data/instance-id`;
    const script = [
      ...[TOKEN, `${STATUS} -H 'Host: evil.example' ${get}`, `${STATUS} -H 'Host: 127.0.0.1' ${get}`],
      ...[`${STATUS} -H 'Host: 169.254.169.254:80' ${get}`, `${STATUS} -H 'X-Forwarded-For: 10.0.0.1' ${get}`],
      `setpriv --reuid=65533 --regid=65533 --clear-groups curl -s ${get}`,
    ].join('; ');
    expect((await served(['reader'], script)).stdout).toBe('403 403 200 403 access denied for another user');
  });

  it('answers with the life of a token, and gives none to what came through a proxy', async () => {
    const put = "-X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 90'";
    const script = [
      `curl -s -o /dev/null -D - ${put} ${BASE}/api/token | tr -d '\\r' | grep -i ttl`,
      `${STATUS} ${put} -H 'X-Forwarded-For: 10.0.0.1' ${BASE}/api/token`,
      `${STATUS} ${put} -H 'X-Forwarded-For;' ${BASE}/api/token`,
    ].join('; ');
    const { stdout } = await served(['reader'], script);
    expect(stdout).toMatch(/^x-aws-ec2-metadata-token-ttl-seconds: 90\n403 403 $/i);
  });

  it('gives nothing to another machine that has a way here', async () => {
    const far = [
      'ip address add 10.9.9.2/24 dev far; ip link set far up; ip route add 169.254.169.254 via 10.9.9.1',
      `curl -s -m 20 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' ${BASE}/api/token`,
    ].join('; ');
    const script = [
      'unshare --net sleep 100 & M=$!; until [ "$(readlink /proc/$M/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done',
      'ip link add near type veth peer name far; ip link set far netns $M',
      'ip address add 10.9.9.1/24 dev near; ip link set near up',
      `nsenter --net=/proc/$M/ns/net sh -c "${far}"; kill $M`,
    ].join('; ');
    expect((await served(['reader'], script)).stdout).toBe('access denied from another machine');
  });

  it('keeps the status of the program, and leaves the loopback interface as it was', async () => {
    const { status, stdout } = await served(['reader'], 'ip address show dev lo; exit 7');
    expect(status).toBe(7);
    expect(stdout).toContain('inet 169.254.169.254/32 scope host lo:keyturn');
  });

  it('gets nothing before the first request with --lazy, and tells the program what failed', async () => {
    world.aws.deleteAccessKey(people.key.accessKeyId);
    const script = `${TOKEN}; curl -s -w ' %{http_code}' -H "X-aws-ec2-metadata-token: $T" ${BASE}/meta-data/iam/security-credentials/local-credentials`;
    expect((await served(['--lazy', 'reader'], script)).stdout).toMatch(/AssumeRole.* 504$/);
    const { status, stderr } = await served(['reader'], script);
    expect(status).toBe(1);
    expect(stderr).toContain('[AWS_CREDENTIALS_INVALID]');
  });

  it('says with --debug what was asked, without the token', async () => {
    const { stderr, stdout } = await served(['--debug', 'reader'], `${TOKEN}; echo $T`);
    expect(stderr).toContain('metadata service: PUT "/latest/api/token": 200');
    expect(stderr).not.toContain(stdout.trim().slice(0, 20));
  });
});

describe('the address of the metadata service', () => {
  const listen = (host: string): string[] => [
    process.execPath,
    '-e',
    `require('node:net').createServer((s) => s.end()).listen(80, '${host}', () => console.log('listening'))`,
  ];
  const started = async (words: readonly string[]) => {
    const child = namespace.start(words);
    await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
    return child;
  };

  it.each([
    ['a program that listens on every address', '0.0.0.0', []],
    ['a metadata service that is there already', '169.254.169.254', ['ip address add 169.254.169.254/32 dev lo']],
  ] as const)('is left alone where %s has it', async (_, host, [command]) => {
    if (command !== undefined) await namespace.run(command.split(' '));
    const here = await loopback();
    const other = await started(listen(host));
    const { status, stderr } = await served(['reader'], 'echo started');
    expect(status).toBe(1);
    expect(stderr).toContain('Another process is already bound to 169.254.169.254:80');
    expect(await loopback()).toBe(here);
    other.kill();
    if (command !== undefined) await namespace.run(command.replace(' add ', ' del ').split(' '));
  });

  it('serves one exec at a time, and the second says so', async () => {
    const second = `env -u AWS_VAULT AWS_VAULT_FILE_PASSPHRASE='${PASSPHRASE}' ${KEYTURN} exec --ec2-server reader -- echo started`;
    const { stdout, stderr } = await served(['reader'], `${second}; echo $?`);
    expect(stdout).toBe('1\n');
    expect(stderr).toContain('another exec --ec2-server of yours is running');
  });

  it('is taken away when exec is killed, and when the proxy was killed, by the next one', async () => {
    const first = namespace.start([
      KEYTURN,
      'exec',
      '--ec2-server',
      'reader',
      '--',
      'sh',
      '-c',
      'echo $PPID; sleep 60',
    ]);
    const pid = await new Promise<string>((resolve) =>
      first.stdout?.once('data', (text) => resolve(String(text).trim())),
    );
    expect(await loopback()).not.toBe(before);
    process.kill(Number(pid), 'SIGKILL');
    await expect.poll(loopback).toBe(before);
    await served(['reader'], 'kill -9 $(pgrep -f "[p]roxy --worker capability --state-dir $HOME/")');
    expect(await loopback()).not.toBe(before);
    expect((await served(['reader'], 'exit 3')).status).toBe(3);
  });

  it('is taken away by a guardian where the system cannot leave the worker the right to', async () => {
    const script = `${TOKEN}; test -n "$T" && ps -eo args | grep -c "^/bin/sh -c cat > /dev/null; exec"`;
    const hidden = '/usr/bin/setpriv';
    expect(await served(['reader'], script, { hidden })).toMatchObject({ status: 0, stdout: '1\n', stderr: '' });
  });
});
