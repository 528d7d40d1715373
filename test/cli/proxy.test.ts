import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeTestCertificates } from '../fake-aws/certificates.ts';
import { type FakeAws, startFakeAws } from '../fake-aws/fake-aws.ts';
import type { Partition } from '../fake-aws/hosts.ts';
import { HostProcess } from './host-process.ts';
import { addKey, populate, type Result, startWorld, type World } from './world.ts';

let world: World;
let aws: FakeAws;
let folder: string;
let caFile: string;
let connectsBefore = 0;
let freshMinutes = 15;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-tls-'));
  const tls = await makeTestCertificates(folder);
  caFile = tls.caFile;
  aws = await startFakeAws({ tls });
  const plain = await startWorld();
  world = { ...plain, aws };
  await populate(world);
  await plain.aws.close();
});
beforeEach(() => {
  connectsBefore = aws.connects.length;
});
afterAll(async () => {
  aws.assertNoUnexpectedCalls();
  await world.close();
  fs.rmSync(folder, { recursive: true });
});

const proxied = (): Record<string, string | undefined> => ({
  AWS_ENDPOINT_URL: undefined,
  AWS_ENDPOINT_URL_SIGNIN: undefined,
  HTTPS_PROXY: aws.proxyUrl,
  AWS_CA_BUNDLE: caFile,
});

/** Another duration each time, so that nothing comes from the cache. */
function exec(env: Record<string, string | undefined>, profile = 'reader'): Promise<Result> {
  freshMinutes += 1;
  return world.run(['exec', profile, '-d', `${freshMinutes}m`, '--', 'true'], { env: { ...proxied(), ...env } });
}

function targets(): string[] {
  return aws.connects.slice(connectsBefore).map(({ target }) => target);
}

describe('AWS’s real host names are reached through HTTPS_PROXY', () => {
  it('for STS in the region of the profile', async () => {
    expect(await exec({})).toMatchObject({ status: 0, stderr: '' });
    expect(targets()).toEqual(['sts.us-east-2.amazonaws.com:443']);
    expect(aws.calls.at(-1)).toMatchObject({ operation: 'AssumeRole', host: 'sts.us-east-2.amazonaws.com' });
  });

  it('for the global STS where the profile asks for it', async () => {
    expect((await exec({ AWS_STS_REGIONAL_ENDPOINTS: 'legacy' })).stderr).toBe('');
    expect(targets()).toEqual(['sts.amazonaws.com:443']);
  });

  it('with the proxy and the CA in other variables, or the CA in the config file', async () => {
    const config = path.join(world.home, 'with-ca');
    fs.writeFileSync(config, `${fs.readFileSync(world.configFile, 'utf8')}ca_bundle = ${caFile}\n`);
    const results = await Promise.all([
      exec({ HTTPS_PROXY: undefined, https_proxy: aws.proxyUrl }),
      exec({ AWS_CA_BUNDLE: undefined, SSL_CERT_FILE: caFile }),
      exec({ AWS_CA_BUNDLE: undefined, AWS_CONFIG_FILE: config }),
    ]);
    expect(results.map(({ status, stderr }) => ({ status, stderr }))).toEqual(
      results.map(() => ({ status: 0, stderr: '' })),
    );
    expect(targets()).toHaveLength(3);
  });

  it.each<[Partition, string, string, string, string]>([
    ['aws', 'eu-west-1', 'sts.eu-west-1.amazonaws.com', 'signin.aws.amazon.com', 'console.aws.amazon.com'],
    ['aws-cn', 'cn-north-1', 'sts.cn-north-1.amazonaws.com.cn', 'signin.amazonaws.cn', 'console.amazonaws.cn'],
    [
      'aws-us-gov',
      'us-gov-west-1',
      'sts.us-gov-west-1.amazonaws.com',
      'signin.amazonaws-us-gov.com',
      'console.amazonaws-us-gov.com',
    ],
  ])('for a console of %s', async (partition, region, sts, signin, console) => {
    const user = aws.addUser({ account: '222233334444', name: `grace-${partition}`, partition });
    await addKey(world, user.name, aws.addAccessKey(user));
    const { stdout, stderr } = await world.run(['login', '-s', '--region', region, user.name], { env: proxied() });
    expect(stderr).toBe('');
    const url = new URL(stdout.trim());
    expect(url.origin + url.pathname).toBe(`https://${signin}/federation`);
    expect(url.searchParams.get('Destination')).toBe(`https://${region}.${console}/console/home?region=${region}`);
    expect([...new Set(targets())]).toEqual([`${sts}:443`, `${signin}:443`]);
  });

  it('by the native host, which has the browser’s environment', async () => {
    const host = new HostProcess({ env: { ...world.env, ...proxied(), PATH: '' } });
    await host.hello();
    const { result, error } = await host.call('consoleUrl', { profile: 'reader', region: 'eu-west-1' });
    expect(error).toBeUndefined();
    expect(String(result?.url)).toMatch(/^https:\/\/signin\.aws\.amazon\.com\/federation\?/);
    expect([...new Set(targets())]).toEqual(['sts.eu-west-1.amazonaws.com:443', 'signin.aws.amazon.com:443']);
    await host.close();
  });
});

describe('NO_PROXY', () => {
  it('keeps the hosts it names away from the proxy, and loopback always is', async () => {
    // A region that is none: nothing but a proxy could know its host.
    const region = { AWS_REGION: 'xx-none-1' };
    const [direct, other] = await Promise.all([
      exec({ ...region, NO_PROXY: 'localhost,.amazonaws.com' }),
      exec({ AWS_ENDPOINT_URL: aws.httpsUrl }),
    ]);
    expect(direct.stderr).toMatch(/sts\.xx-none-1\.amazonaws\.com.*\[AWS_UNREACHABLE\]\n$/);
    expect(direct.stderr).not.toContain('proxy');
    expect(other).toMatchObject({ status: 0, stderr: '' });
    expect(targets()).toEqual([]);
    expect((await exec({ ...region, NO_PROXY: 'example.com' })).status).toBe(1);
    expect(aws.connects.at(-1)).toEqual({ target: 'sts.xx-none-1.amazonaws.com:443', isAllowed: false });
  });
});

describe('what goes wrong is said in one line:', () => {
  const line = ({ status, stderr }: Result): string => {
    expect(status).toBe(1);
    expect(stderr).toMatch(/^keyturn: error: exec: [^\n]+ \[[A-Z_]+\]\n$/);
    return stderr;
  };

  it('a CA that is not the one of the proxy', async () => {
    for (const env of [{ AWS_CA_BUNDLE: undefined }, { AWS_CA_BUNDLE: '/etc/ssl/certs/ca-certificates.crt' }]) {
      const message = line(await exec(env));
      expect(message).toMatch(/sts\.us-east-2\.amazonaws\.com.*AWS_CA_BUNDLE.*\[AWS_UNREACHABLE\]/);
    }
  });

  it('a CA file that is missing or holds none', async () => {
    const empty = path.join(folder, 'empty.pem');
    fs.writeFileSync(empty, 'no certificate');
    for (const file of ['/nonexistent/ca.pem', empty]) {
      expect(line(await exec({ AWS_CA_BUNDLE: file }))).toMatch(new RegExp(`${file}.*\\[CONFIG_INVALID\\]`));
    }
    expect(targets()).toEqual([]);
  });

  it('a proxy that is not there, without its password', async () => {
    const message = line(await exec({ HTTPS_PROXY: 'http://ada:hunter2@127.0.0.1:9' }));
    expect(message).toMatch(/proxy.*127\.0\.0\.1:9.*\[AWS_UNREACHABLE\]/);
    expect(message).not.toContain('hunter2');
    const typo = line(await exec({ HTTPS_PROXY: 'http://ada:hunter2@:x' }));
    expect(typo).toMatch(/HTTPS_PROXY.*\[CONFIG_INVALID\]/);
    expect(typo).not.toContain('hunter2');
  });

  it('the same, to a browser', async () => {
    const host = new HostProcess({ env: { ...world.env, ...proxied(), AWS_CA_BUNDLE: undefined, PATH: '' } });
    await host.hello();
    const { error } = await host.call('consoleUrl', { profile: 'reader', region: 'eu-west-2' });
    expect(error).toMatchObject({ code: 'AWS_UNREACHABLE', message: expect.stringContaining('AWS_CA_BUNDLE') });
    await host.close();
  });
});
