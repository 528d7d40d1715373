import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { getUser } from '../../native-host/aws/iam.ts';
import { getSigninToken as askSigninToken } from '../../native-host/aws/signin.ts';
import { getCallerIdentity, type ServiceOptions } from '../../native-host/aws/sts.ts';
import { makeTestCertificates, type TestCertificates } from '../fake-aws/certificates.ts';
import { type FakeAws, startFakeAws } from '../fake-aws/fake-aws.ts';
import { failureOf, listening, silentServer } from './aws-edge-sockets.ts';

let directory: string;
let certificates: TestCertificates;
let otherCa: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyturn-aws-edge-'));
  await mkdir(join(directory, 'ours'));
  await mkdir(join(directory, 'other'));
  certificates = await makeTestCertificates(join(directory, 'ours'));
  otherCa = (await makeTestCertificates(join(directory, 'other'))).caFile;
});
afterAll(async () => rm(directory, { recursive: true }));

let aws: FakeAws;
let users = 0;
beforeEach(async () => {
  aws = await startFakeAws({ tls: certificates });
});
afterEach(async () => {
  await aws.close();
});

function optionsFor(env: Record<string, string>, changes: Partial<ServiceOptions> = {}): ServiceOptions {
  const partition = changes.region?.startsWith('cn-') ? 'aws-cn' : 'aws';
  const user = aws.addUser({ account: '111122223333', name: `ann${++users}`, partition });
  const signal = new AbortController().signal;
  return { region: 'eu-west-1', credentials: aws.addAccessKey(user), env, signal, ...changes };
}

async function getSigninToken(options: ServiceOptions): Promise<string> {
  return (await askSigninToken({ ...options, partition: 'aws' })).token;
}

function throughProxy(changes: Partial<ServiceOptions> = {}): ServiceOptions {
  return optionsFor({ HTTPS_PROXY: aws.proxyUrl, AWS_CA_BUNDLE: certificates.caFile }, changes);
}

function overTls(env: Record<string, string>, changes: Partial<ServiceOptions> = {}): ServiceOptions {
  return optionsFor({ ...env, AWS_ENDPOINT_URL: aws.httpsUrl ?? '' }, changes);
}

const targets = (): string[] => aws.connects.map(({ target }) => target);

describe('AWS under its own names, through a proxy', () => {
  test('STS is asked in the region of the profile, IAM and sign-in in its partition', async () => {
    const options = throughProxy();
    await getCallerIdentity(options);
    await getUser(options);
    await failureOf(getSigninToken(options));
    expect(targets()).toEqual([
      'sts.eu-west-1.amazonaws.com:443',
      'iam.amazonaws.com:443',
      'signin.aws.amazon.com:443',
    ]);
    aws.assertNoUnexpectedCalls();
  });

  test('another partition has its own hosts', async () => {
    const options = throughProxy({ region: 'cn-northwest-1' });
    await getCallerIdentity(options);
    await getUser(options);
    expect(targets()).toEqual(['sts.cn-northwest-1.amazonaws.com.cn:443', 'iam.cn-north-1.amazonaws.com.cn:443']);
  });

  test('legacy STS is the global host for the regions it serves and the regional one for the others', async () => {
    await getCallerIdentity(throughProxy({ usesLegacySts: true }));
    await getCallerIdentity(throughProxy({ usesLegacySts: true, region: 'eu-south-1' }));
    expect(targets()).toEqual(['sts.amazonaws.com:443', 'sts.eu-south-1.amazonaws.com:443']);
  });

  test('a chain of calls uses one connection', async () => {
    const options = throughProxy();
    await getCallerIdentity(options);
    await getCallerIdentity(options);
    expect(targets()).toHaveLength(1);
  });

  test('what NO_PROXY lists is not asked through the proxy', async () => {
    const options = throughProxy({ endpoint: 'https://sts.keyturn.invalid' });
    const error = await failureOf(getCallerIdentity({ ...options, env: { ...options.env, NO_PROXY: '.invalid' } }));
    expect(error).toMatchObject({ code: 'AWS_UNREACHABLE', details: { operation: 'GetCallerIdentity' } });
    expect(error.message).toMatch(/^cannot reach sts\.keyturn\.invalid \((ENOTFOUND|EAI_AGAIN)\)/);
    expect(targets()).toEqual([]);
  });

  test('a host the proxy does not reach is told with the proxy and its variable', async () => {
    const error = await failureOf(getCallerIdentity(throughProxy({ endpoint: 'https://sts.keyturn.invalid' })));
    expect(error.code).toBe('AWS_UNREACHABLE');
    expect(error.message).toMatch(
      /^cannot reach sts\.keyturn\.invalid through the proxy 127\.0\.0\.1:\d+ of HTTPS_PROXY/,
    );
    expect(error.message).toContain('the proxy answered 403 Forbidden: check HTTPS_PROXY and NO_PROXY');
  });

  test('an http endpoint is asked through HTTP_PROXY by its whole URL', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer((message, answer) => {
      asked.push(`${message.method} ${message.url}`);
      answer.end('{"SigninToken":"t"}');
    });
    await using proxy = await listening(server);
    const env = { HTTP_PROXY: proxy.url, AWS_ENDPOINT_URL_SIGNIN: 'http://signin.keyturn.invalid' };
    expect(await getSigninToken(optionsFor(env))).toBe('t');
    expect(asked[0]).toBe('POST http://signin.keyturn.invalid/federation');
  });

  test('a proxy gets its user and password, and they are in no error', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer().on('connect', (message: IncomingMessage, socket: Socket) => {
      asked.push(message.headers['proxy-authorization']);
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    });
    await using proxy = await listening(server);
    const env = { HTTPS_PROXY: `http://ann:canary%40word@127.0.0.1:${proxy.port}` };
    const error = await failureOf(getCallerIdentity(optionsFor(env)));
    expect(asked[0]).toBe(`Basic ${Buffer.from('ann:canary@word').toString('base64')}`);
    expect(error.message).toContain('the proxy answered 407 Proxy Authentication Required');
    expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/canary|YW5uOmNhbmFye/);
  });

  test('a proxy that is not there is AWS_UNREACHABLE with its variable', async () => {
    const error = await failureOf(getCallerIdentity(optionsFor({ https_proxy: 'http://127.0.0.1:1' })));
    expect(error.code).toBe('AWS_UNREACHABLE');
    expect(error.message).toMatch(/ECONNREFUSED.* or https_proxy and NO_PROXY$/);
  });

  test('an abort ends a call whose proxy says nothing', async () => {
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    await using proxy = await listening(silentServer(resolve));
    const controller = new AbortController();
    const options = optionsFor({ HTTPS_PROXY: proxy.url }, { signal: controller.signal });
    const call = failureOf(getCallerIdentity(options));
    await arrived;
    const abortedAt = performance.now();
    controller.abort();
    expect(await call).toMatchObject({ code: 'CANCELLED' });
    expect(performance.now() - abortedAt).toBeLessThan(1000);
  });
});

describe('certificate authorities', () => {
  test('AWS_CA_BUNDLE, ca_bundle, SSL_CERT_FILE and SSL_CERT_DIR each make a private authority known', async () => {
    const { caFile } = certificates;
    await getCallerIdentity(overTls({ AWS_CA_BUNDLE: caFile }));
    await getCallerIdentity(overTls({}, { caBundle: caFile }));
    await getCallerIdentity(overTls({ SSL_CERT_FILE: caFile }));
    await getCallerIdentity(overTls({ SSL_CERT_DIR: `/nowhere:${join(directory, 'ours')}` }));
    await getCallerIdentity(overTls({ SSL_CERT_FILE: otherCa, SSL_CERT_DIR: join(directory, 'ours') }));
    expect(aws.calls).toHaveLength(5);
  });

  test.each([
    ['nothing set', () => ({})],
    ['another AWS_CA_BUNDLE', () => ({ AWS_CA_BUNDLE: otherCa, SSL_CERT_FILE: certificates.caFile })],
    ['another SSL_CERT_FILE', () => ({ SSL_CERT_FILE: otherCa })],
  ])('with %s a private authority is not trusted, and the way out is told', async (_, env) => {
    const error = await failureOf(getCallerIdentity(overTls(env())));
    expect(error.code).toBe('AWS_UNREACHABLE');
    expect(error.message).toMatch(
      /^cannot reach 127\.0\.0\.1:\d+ \([A-Z_]+\), the certificate is not trusted: .*AWS_CA_BUNDLE/,
    );
    expect(aws.calls).toHaveLength(0);
  });

  test('AWS_CA_BUNDLE wins over ca_bundle', async () => {
    await getCallerIdentity(overTls({ AWS_CA_BUNDLE: certificates.caFile }, { caBundle: otherCa }));
    const error = await failureOf(
      getCallerIdentity(overTls({ AWS_CA_BUNDLE: otherCa }, { caBundle: certificates.caFile })),
    );
    expect(error.code).toBe('AWS_UNREACHABLE');
  });

  test('the sign-in endpoint is reached with the same settings', async () => {
    const env = { AWS_ENDPOINT_URL_SIGNIN: aws.httpsUrl ?? '' };
    const trusted = optionsFor({ ...env, AWS_CA_BUNDLE: certificates.caFile });
    expect(await failureOf(getSigninToken(trusted))).toMatchObject({
      message: expect.stringContaining('400 Bad Request'),
    });
    expect(await failureOf(getSigninToken(optionsFor(env)))).toMatchObject({ code: 'AWS_UNREACHABLE' });
  });

  test('a file that is not there or holds no certificate is CONFIG_INVALID with setting and file', async () => {
    const garbage = join(directory, 'garbage.pem');
    const damaged = join(directory, 'damaged.pem');
    await writeFile(garbage, 'hello');
    await writeFile(damaged, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    for (const file of [garbage, damaged, join(directory, 'missing.pem'), directory]) {
      for (const setting of ['AWS_CA_BUNDLE', 'SSL_CERT_FILE']) {
        const error = await failureOf(getCallerIdentity(overTls({ [setting]: file })));
        expect(error).toMatchObject({ code: 'CONFIG_INVALID', details: { file, flag: setting } });
        expect(error.message).toContain(`${setting} cannot be used, correct or unset it: ${file}`);
      }
    }
    const fromProfile = await failureOf(getCallerIdentity(overTls({}, { caBundle: garbage })));
    expect(fromProfile).toMatchObject({ code: 'CONFIG_INVALID', details: { flag: 'ca_bundle' } });
  });

  test('without TLS no certificate file is read', async () => {
    await getCallerIdentity(optionsFor({ AWS_CA_BUNDLE: '/nowhere', AWS_ENDPOINT_URL: aws.url }));
    expect(aws.calls).toHaveLength(1);
  });

  test('a certificate for another host is refused', async () => {
    await using server = await listening(createTlsServer(certificates), '127.0.0.2');
    const env = { AWS_CA_BUNDLE: certificates.caFile, AWS_ENDPOINT_URL: `https://127.0.0.2:${server.port}` };
    const error = await failureOf(getCallerIdentity(optionsFor(env)));
    expect(error.message).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID.*certificate is for another host/);
  });
});

describe('hosts that do not behave', () => {
  test('a refused connection names the host', async () => {
    const error = await failureOf(getCallerIdentity(optionsFor({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' })));
    expect(error).toMatchObject({ code: 'AWS_UNREACHABLE', details: { operation: 'GetCallerIdentity' } });
    expect(error.message).toContain('cannot reach 127.0.0.1:1 (ECONNREFUSED)');
  });

  test('a host that takes the connection and says nothing is given up after five seconds', async () => {
    await using server = await listening(silentServer());
    const env = { AWS_ENDPOINT_URL_SIGNIN: server.url.replace('http:', 'https:') };
    const error = await failureOf(getSigninToken(optionsFor(env)));
    expect(error).toMatchObject({
      code: 'AWS_UNREACHABLE',
      message: expect.stringContaining('no connection within 5 s'),
    });
  });

  test('a host that does not speak TLS is told so', async () => {
    const env = { AWS_ENDPOINT_URL: aws.url.replace('http:', 'https:') };
    expect((await failureOf(getCallerIdentity(optionsFor(env)))).message).toContain('it does not speak TLS there');
  });

  test('an endless answer is not read to its end', async () => {
    const server = createServer((_, answer) => {
      const more = (): void => {
        while (!answer.destroyed && answer.write('x'.repeat(65_536)));
      };
      answer.on('drain', more);
      more();
    });
    await using endless = await listening(server);
    const error = await failureOf(getSigninToken(optionsFor({ AWS_ENDPOINT_URL_SIGNIN: endless.url })));
    expect(error).toMatchObject({ code: 'AWS_UNREACHABLE', message: expect.stringContaining('longer than') });
  });

  test('a kept connection that the other side closed meanwhile is replaced without a word', async () => {
    let connections = 0;
    const server = createServer((message, answer) => {
      if (message.socket === first) message.socket.destroy();
      else answer.end('{"SigninToken":"t"}');
      first ??= message.socket;
    });
    let first: Socket | undefined;
    server.on('connection', () => {
      connections += 1;
    });
    await using host = await listening(server);
    const options = optionsFor({ AWS_ENDPOINT_URL_SIGNIN: host.url });
    expect([await getSigninToken(options), await getSigninToken(options)]).toEqual(['t', 't']);
    expect(connections).toBe(2);
  });
});
