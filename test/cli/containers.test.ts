import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Namespace, startNamespace } from './network-namespace.ts';
import { KEYTURN, operations, populate, startWorld, type World } from './world.ts';

/*
 * The recipes of docs/containers.md, without Docker: a container's network is a namespace of its own, joined to this one by a
 * bridge address as `docker network create` gives it one.
 */

let world: World;
let namespace: Namespace;

beforeEach(async () => {
  world = await startWorld();
  await populate(world);
  namespace = await startNamespace(world);
});
afterEach(async () => {
  namespace.close();
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const IDENTITY = 'aws sts get-caller-identity --query Arn --output text';

/** A script in a network of its own, at 169.254.170.3 of the bridge 169.254.170.2; AWS is at its loopback, too. */
function container(script: string): string {
  const relay = path.join(import.meta.dirname, 'drivers', 'namespace-relay.ts');
  const port = new URL(world.aws.url).port;
  const inside = [
    'ip link set lo up; ip address add 169.254.170.3/24 dev eth0; ip link set eth0 up',
    `'${process.execPath}' '${relay}' ${port} '${world.home}/aws.sock' > relay & while [ ! -s relay ]; do sleep 0.05; done`,
    script,
    'kill $!',
  ].join('\n');
  fs.writeFileSync(path.join(world.home, 'inside'), inside);
  const outside = `cd ${world.home}
unshare --net sh -c 'echo $$ > pid; while [ ! -e joined ]; do sleep 0.05; done; exec sh inside' &
while [ ! -s pid ]; do sleep 0.05; done
ip link set eth0 netns $(cat pid)
touch joined
wait $!
`;
  const file = path.join(world.home, 'outside');
  fs.writeFileSync(file, outside);
  return file;
}

describe('a container on a network whose gateway is 169.254.170.2', () => {
  beforeEach(async () => {
    for (const line of [
      'ip link add keyturn0 type veth peer name eth0',
      'ip address add 169.254.170.2/24 dev keyturn0',
      'ip link set keyturn0 up',
    ]) {
      expect(await namespace.run(line.split(' '))).toMatchObject({ status: 0 });
    }
  });

  it('gets the credentials from exec that listens there, and the person is told', async () => {
    const { uri } = { uri: '$AWS_CONTAINER_CREDENTIALS_FULL_URI' };
    const curl = `curl -s -o /dev/null -w '%{http_code}\\n'`;
    const script = container(
      [
        `${IDENTITY} --endpoint-url ${world.aws.url}`,
        `${curl} ${uri}`,
        `${curl} -H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" -H 'Host: evil.example' ${uri}`,
      ].join('\n'),
    );
    const words = [KEYTURN, 'exec', '--ecs-server', '--ecs-listen', '169.254.170.2', 'reader', '--', 'sh', script];
    const { stdout, stderr } = await namespace.run(words);
    expect(stdout).toMatch(/^arn:aws:sts::777788889999:assumed-role\/reader\/\d+\n403\n403\n$/);
    expect(stderr).toMatch(
      /^keyturn: credentials of 'reader' are served at http:\/\/169\.254\.170\.2:\d+ without encryption, also to other machines that reach it and know the token\n$/,
    );
    expect(operations(world)).toEqual(['AssumeRole', 'GetCallerIdentity']);
  });
});

describe('a container behind a forwarder at 169.254.170.2', () => {
  it('finds the server that listens on loopback under the address it was told', async () => {
    await namespace.run('ip address add 169.254.170.2/32 dev lo'.split(' '));
    // What `socat TCP-LISTEN:80,fork TCP:host.docker.internal:9911` does: it neither knows nor sees the token.
    const forwarder = `require('node:net').createServer((c) => {
      const s = require('node:net').connect(9911, '127.0.0.1');
      c.pipe(s).pipe(c); c.on('error', () => s.destroy()); s.on('error', () => c.destroy());
    }).listen(80, '169.254.170.2', () => process.stdout.write('ready'))`;
    const child = namespace.start([process.execPath, '-e', forwarder]);
    await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
    const flags = ['--ecs-server', '--ecs-listen', '127.0.0.1:9911', '--ecs-uri', 'http://169.254.170.2'];
    const command = ['sh', '-c', `${IDENTITY} --endpoint-url ${world.aws.url}`];
    const { stdout, stderr } = await namespace.run([KEYTURN, 'exec', ...flags, 'reader', '--', ...command]);
    expect(stdout).toContain('assumed-role/reader/');
    expect(stderr).toBe('');
    child.kill();
  });
});
