import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeTestCertificates, type TestCertificates } from '../fake-aws/certificates.ts';
import { type FakeAws, startFakeAws } from '../fake-aws/fake-aws.ts';
import { operations, populate, startWorld, type World } from './world.ts';

let directory: string;
let certificates: TestCertificates;
beforeAll(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-endpoints-'));
  certificates = await makeTestCertificates(directory);
});
afterAll(() => fs.rmSync(directory, { recursive: true }));

let world: World;
/** AWS under its own names, which only a proxy leads to. */
let named: FakeAws;
let way: Record<string, string>;
let callsBefore: number;
beforeEach(async () => {
  world = await startWorld();
  await populate(world);
  callsBefore = world.aws.calls.length;
  named = await startFakeAws({ tls: certificates });
  way = { HTTPS_PROXY: named.proxyUrl, AWS_CA_BUNDLE: certificates.caFile };
  delete world.env.AWS_ENDPOINT_URL;
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await Promise.all([world.close(), named.close()]);
});

/** A role profile `p` with these settings, and what `export` makes of it. */
async function exported(settings: string, env: Record<string, string> = {}) {
  const config = fs.readFileSync(world.configFile, 'utf8');
  const reader = config.slice(config.indexOf('[profile reader]')).replace('[profile reader]', '[profile p]');
  const [body = '', ...sections] = settings.split(/(?=\[)/);
  fs.writeFileSync(world.configFile, `${config}${reader}${body}\n${sections.join('')}\n`);
  return world.run(['export', 'p'], { env: { ...way, ...env } });
}

const askedHere = (): string[] => operations(world).slice(callsBefore);
const hosts = (): string[] => [...new Set(named.connects.map(({ target }) => target))];

test('without settings AWS is asked under its own name', async () => {
  await exported('');
  expect(hosts()).toEqual(['sts.us-east-2.amazonaws.com:443']);
  expect(askedHere()).toEqual([]);
});

test.each([
  ['the profile’s endpoint_url', () => `endpoint_url = ${world.aws.url}`],
  [
    'the profile’s services section',
    () => `services = mine\n[services mine]\nsts =\n  endpoint_url = ${world.aws.url}`,
  ],
])('%s leads elsewhere', async (_what, settings) => {
  const { status, stderr } = await exported(settings());
  expect(status, stderr).toBe(0);
  expect(askedHere()).toEqual(['AssumeRole']);
  expect(hosts()).toEqual([]);
});

test('the environment’s endpoint wins over the profile’s', async () => {
  const { status, stderr } = await exported('endpoint_url = http://127.0.0.1:9', { AWS_ENDPOINT_URL: world.aws.url });
  expect(status, stderr).toBe(0);
});

test.each([
  ['the profile', 'ignore_configured_endpoint_urls = true\nendpoint_url = http://127.0.0.1:9', {}],
  ['the environment', 'endpoint_url = http://127.0.0.1:9', { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }],
])('configured endpoints are ignored where %s says so', async (_where, settings, env) => {
  await exported(settings, env);
  expect(hosts()).toEqual(['sts.us-east-2.amazonaws.com:443']);
});

test.each([
  ['use_fips_endpoint = true', {}, 'sts-fips.us-east-2.amazonaws.com:443'],
  ['', { AWS_USE_FIPS_ENDPOINT: 'true' }, 'sts-fips.us-east-2.amazonaws.com:443'],
  ['use_dualstack_endpoint = true', {}, 'sts.us-east-2.api.aws:443'],
  ['use_fips_endpoint = true\nuse_dualstack_endpoint = true', {}, 'sts-fips.us-east-2.api.aws:443'],
  ['use_fips_endpoint = true', { AWS_REGION: 'us-gov-west-1' }, 'sts.us-gov-west-1.amazonaws.com:443'],
])('%j with %o in the environment asks %s', async (settings, env, host) => {
  await exported(settings, env);
  expect(hosts()).toEqual([host]);
});

test('FIPS where AWS has none is refused before anything is sent', async () => {
  const { status, stderr } = await exported('use_fips_endpoint = true', { AWS_REGION: 'eu-west-1' });
  expect(status).toBe(1);
  expect(stderr).toContain('AWS has no FIPS endpoint of STS in eu-west-1');
  expect(named.connects).toEqual([]);
});

test.each([
  ['sts_regional_endpoints = legacy', {}],
  ['', { AWS_STS_REGIONAL_ENDPOINTS: 'legacy' }],
])('%j with %o asks the global STS', async (settings, env) => {
  await exported(settings, env);
  expect(hosts()).toEqual(['sts.amazonaws.com:443']);
});

test('a ca_bundle of the profile is what counts for it', async () => {
  const { stderr } = await exported(`ca_bundle = ${certificates.caFile}`, { AWS_CA_BUNDLE: '' });
  // AWS's own answer, over a connection that is trusted: this stand-in does not know the key.
  expect(stderr).toContain('api error InvalidClientTokenId');
});
