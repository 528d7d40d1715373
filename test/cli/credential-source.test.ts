import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startContainerAgent, startInstanceMetadata } from '../fake-aws/nearby.ts';
import { type Keys, roleKeys } from '../fake-aws/test-clients.ts';
import { startNamespace } from './network-namespace.ts';
import { KEYTURN, startWorld, type World, writeConfig } from './world.ts';

const ACCOUNT = '111122223333';
const CONTAINER = 'AWS_CONTAINER_CREDENTIALS';
const TOKEN = 'AWS_CONTAINER_AUTHORIZATION_TOKEN';
const METADATA = 'AWS_EC2_METADATA_SERVICE_ENDPOINT';

let world: World;
let task: Keys;
beforeEach(async () => {
  world = await startWorld();
  const user = world.aws.addUser({ account: ACCOUNT, name: 'infrastructure' });
  const role = world.aws.addRole({ account: ACCOUNT, name: 'task', trusts: [user.arn] });
  task = await roleKeys(world.aws, world.aws.addAccessKey(user), role);
  const deploy = world.aws.addRole({ account: '444455556666', name: 'deploy', trusts: [role.arn] });
  const profile = (name: string) => `[profile ${name}]\ncredential_source = ${name}\nrole_arn = ${deploy.arn}\n`;
  const sources = ['Environment', 'EcsContainer', 'Ec2InstanceMetadata'].map(profile).join('');
  writeConfig(world, `[default]\nregion = eu-west-1\n${sources}`);
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const exported = (profile: string, env: Record<string, string> = {}) => world.run(['export', profile], { env });

/** Calls with which the source's credentials assumed the role. */
function assumedBy({ accessKeyId }: Keys): number {
  return world.aws.calls.filter((call) => call.operation === 'AssumeRole' && call.accessKeyId === accessKeyId).length;
}

function environment({ accessKeyId, secretAccessKey, sessionToken = '' }: Keys): Record<string, string> {
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken };
}

describe('Environment', () => {
  test('the role is assumed with the credentials of the environment, and once', async () => {
    const first = await exported('Environment', environment(task));
    expect(first.status, first.stderr).toBe(0);
    expect(first.stdout).not.toContain(task.accessKeyId);
    expect(await exported('Environment', environment(task))).toEqual(first);
    expect(assumedBy(task)).toBe(1);
  });

  test("somebody else's credentials never get the session of the first", async () => {
    await exported('Environment', environment(task));
    const stranger = world.aws.addAccessKey(world.aws.addUser({ account: ACCOUNT, name: 'eve' }));
    const { status, stderr } = await exported('Environment', { ...environment(stranger), AWS_SESSION_TOKEN: '' });
    expect(status).toBe(1);
    expect(stderr).toContain('[AWS_ACCESS_DENIED]');
  });

  test.each([
    [{}, 'AWS_ACCESS_KEY_ID'],
    [{ AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE' }, 'AWS_SECRET_ACCESS_KEY'],
  ])('with %o the missing %s is named', async (env, missing) => {
    const { stderr } = await exported('Environment', env);
    expect(stderr).toContain(`profile "Environment" has credential_source Environment, but ${missing} is not set`);
    expect(stderr).toContain('[CREDENTIALS_NOT_FOUND]');
  });
});

describe('EcsContainer', () => {
  test('the role is assumed with the credentials of the container, past every proxy', async () => {
    await using agent = await startContainerAgent(task, { token: 'Bearer task-token' });
    const { status, stderr } = await exported('EcsContainer', {
      [`${CONTAINER}_FULL_URI`]: `${agent.url}/v1/credentials?a=b`,
      [TOKEN]: 'Bearer task-token',
      HTTP_PROXY: 'http://127.0.0.1:9',
      HTTPS_PROXY: 'http://127.0.0.1:9',
    });
    expect(status, stderr).toBe(0);
    expect(assumedBy(task)).toBe(1);
  });

  test('a relative URI is a path of the agent of Amazon ECS', async () => {
    const namespace = await startNamespace(world);
    try {
      await namespace.run(['ip', 'address', 'add', '169.254.170.2/32', 'dev', 'lo']);
      const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token } = task;
      const Expiration = new Date(Date.now() + 3_600_000).toISOString();
      const body = JSON.stringify({ AccessKeyId, SecretAccessKey, Token, Expiration });
      const script = `require('node:http').createServer((request, response) => {
        response.writeHead(request.url === '/v2/credentials/task' ? 200 : 404).end(${JSON.stringify(body)});
      }).listen(80, '169.254.170.2', () => console.log('ready'));`;
      const agent = namespace.start([process.execPath, '-e', script]);
      await once(agent.stdout ?? agent, 'data');
      const env = { [`${CONTAINER}_RELATIVE_URI`]: '/v2/credentials/task' };
      const { status, stderr } = await namespace.run([KEYTURN, 'export', 'EcsContainer'], { env });
      agent.kill();
      expect(status, stderr).toBe(0);
      expect(assumedBy(task)).toBe(1);
    } finally {
      namespace.close();
    }
  });

  test('the token is read from its file anew each time, which wins', async () => {
    await using agent = await startContainerAgent(task, { token: 'new-token' });
    const file = path.join(world.home, 'token');
    fs.writeFileSync(file, 'new-token\n');
    const uri = { [`${CONTAINER}_FULL_URI`]: `${agent.url}/v1/credentials?a=b` };
    const { status, stderr } = await exported('EcsContainer', { ...uri, [TOKEN]: 'old', [`${TOKEN}_FILE`]: file });
    expect(status, stderr).toBe(0);
  });

  test('an agent that is not ready yet is asked again', async () => {
    await using agent = await startContainerAgent(task, { token: 't', failures: 2 });
    const env = { [`${CONTAINER}_FULL_URI`]: `${agent.url}/v1/credentials?a=b`, [TOKEN]: 't' };
    const { status, stderr } = await exported('EcsContainer', env);
    expect(status, stderr).toBe(0);
    expect(agent.requests).toHaveLength(3);
  });

  test('a refusal is told in the words of the agent, without the token', async () => {
    await using agent = await startContainerAgent(task, { token: 'right' });
    const env = { [`${CONTAINER}_FULL_URI`]: `${agent.url}/v1/credentials?a=b`, [TOKEN]: 'canary-token' };
    const { status, stderr } = await exported('EcsContainer', env);
    expect(status).toBe(1);
    expect(stderr).toContain('it answered 401 AccessDenied: the token is not the one of this container');
    expect(stderr).not.toContain('canary');
  });

  test.each([
    [{}, `neither ${CONTAINER}_RELATIVE_URI nor ${CONTAINER}_FULL_URI is set`],
    [{ [`${CONTAINER}_FULL_URI`]: 'http://example.com/x' }, 'must be an https URL, or http on loopback'],
    [{ [`${CONTAINER}_FULL_URI`]: 'http://169.254.169.254/x' }, 'must be an https URL, or http on loopback'],
    [{ [`${CONTAINER}_FULL_URI`]: 'http://127.evil.example/x' }, 'must be an https URL, or http on loopback'],
    [{ [`${CONTAINER}_FULL_URI`]: 'file:///etc/passwd' }, 'must be an https URL, or http on loopback'],
    [{ [`${CONTAINER}_RELATIVE_URI`]: '.evil.example/' }, `${CONTAINER}_RELATIVE_URI must be a path`],
    [
      { [`${CONTAINER}_FULL_URI`]: 'http://127.0.0.1:9/x', [`${TOKEN}_FILE`]: '/nonexistent' },
      `${TOKEN}_FILE: unable to read file at /nonexistent`,
    ],
    [{ [`${CONTAINER}_FULL_URI`]: 'http://127.0.0.1:9/x', [TOKEN]: 'a\r\nb: c' }, `${TOKEN} holds what cannot be sent`],
    [{ [`${CONTAINER}_FULL_URI`]: 'http://127.0.0.1:9/x' }, 'cannot reach 127.0.0.1:9'],
  ])('%o is an error that says what is wrong', async (env, reason) => {
    const { status, stderr } = await exported('EcsContainer', env);
    expect(status).toBe(1);
    expect(stderr).toContain('profile "EcsContainer" has credential_source EcsContainer, but ');
    expect(stderr).toContain(reason);
    expect(world.aws.calls).toHaveLength(1);
  });
});

describe('Ec2InstanceMetadata', () => {
  const ROLES = '/latest/meta-data/iam/security-credentials/';

  test('the role is assumed with the credentials of the instance, by IMDSv2', async () => {
    await using metadata = await startInstanceMetadata(task);
    const { status, stderr } = await exported('Ec2InstanceMetadata', { [METADATA]: metadata.url });
    expect(status, stderr).toBe(0);
    expect(metadata.requests).toEqual(['PUT /latest/api/token', `GET ${ROLES}`, `GET ${ROLES}web-server`]);
    expect(assumedBy(task)).toBe(1);
  });

  test('a service that knows no tokens is asked without, unless that is forbidden', async () => {
    await using metadata = await startInstanceMetadata(task, { tokens: 'unknown' });
    const env = { [METADATA]: metadata.url };
    const refused = await exported('Ec2InstanceMetadata', { ...env, AWS_EC2_METADATA_V1_DISABLED: 'true' });
    expect(refused.stderr).toContain('asked for a token: it answered 404');
    const { status, stderr } = await exported('Ec2InstanceMetadata', env);
    expect(status, stderr).toBe(0);
  });

  test('an instance without a role says so', async () => {
    await using metadata = await startInstanceMetadata(task, { role: '' });
    const { stderr } = await exported('Ec2InstanceMetadata', { [METADATA]: metadata.url });
    expect(stderr).toContain('knows of no role; attach an instance profile');
    expect(stderr).toContain('[CREDENTIALS_NOT_FOUND]');
  });

  test.each([
    [{ AWS_EC2_METADATA_DISABLED: 'true' }, 'because AWS_EC2_METADATA_DISABLED is true', 'CONFIG_INVALID'],
    [{ [METADATA]: 'metadata' }, `${METADATA} must be an http or https URL`, 'CONFIG_INVALID'],
    [{ [METADATA]: 'http://127.0.0.1:9' }, 'cannot reach 127.0.0.1:9', 'AWS_UNREACHABLE'],
    [{ [METADATA]: 'http://127.0.0.1:9' }, '; this is no EC2 instance, or its metadata hop limit', 'AWS_UNREACHABLE'],
    // An address of a network that is kept for documentation: nothing answers there.
    [{ [METADATA]: 'http://192.0.2.1' }, 'the metadata service of the EC2 instance: ', 'AWS_UNREACHABLE'],
  ])(
    '%o is an error that says what is wrong, within seconds',
    async (env, reason, code) => {
      const { status, stderr } = await exported('Ec2InstanceMetadata', env);
      expect(status).toBe(1);
      expect(stderr).toContain(reason);
      expect(stderr).toContain(`[${code}]`);
    },
    10_000,
  );
});
