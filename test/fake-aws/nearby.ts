import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Keys } from './test-clients.ts';

/** What a container or an EC2 instance is given its credentials by, on loopback: strict, and keeping a record. */
export type Nearby = AsyncDisposable & {
  readonly url: string;
  /** `METHOD path`, in order. */
  readonly requests: readonly string[];
};

type Answer = { readonly status: number; readonly body?: string | object };

async function start(answer: (message: IncomingMessage) => Answer): Promise<Nearby> {
  const requests: string[] = [];
  const server = createServer((message: IncomingMessage, response: ServerResponse) => {
    requests.push(`${message.method} ${message.url}`);
    const { status, body = '' } = answer(message);
    const isText = typeof body === 'string';
    response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json' });
    response.end(isText ? body : JSON.stringify(body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo; // a listening TCP server has an address of this form
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, requests, [Symbol.asyncDispose]: close };
}

function inOneHour(): string {
  return `${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)}Z`;
}

/**
 * The agent of ECS or EKS: credentials for whoever sends this token, any number of failures before.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
export function startContainerAgent(
  keys: Keys,
  { token, failures = 0 }: { readonly token: string; readonly failures?: number },
): Promise<Nearby> {
  let left = failures;
  return start(({ method, url, headers }) => {
    if (left-- > 0) return { status: 503 };
    if (method !== 'GET' || url !== '/v1/credentials?a=b') return { status: 404 };
    if (headers.authorization !== token) {
      return { status: 401, body: { code: 'AccessDenied', message: 'the token is not the one of this container' } };
    }
    const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token } = keys;
    return {
      status: 200,
      body: { RoleArn: 'TASK_ROLE', AccessKeyId, SecretAccessKey, Token, Expiration: inOneHour() },
    };
  });
}

/**
 * The metadata service of an EC2 instance. `tokens`: those of IMDSv2 are required (the default), or are not known here.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
export function startInstanceMetadata(
  keys: Keys,
  {
    tokens = 'required',
    role = 'web-server',
  }: { readonly tokens?: 'required' | 'unknown'; readonly role?: string } = {},
): Promise<Nearby> {
  const issued = new Set<string>();
  const credentials = () => {
    const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token } = keys;
    const LastUpdated = new Date().toISOString();
    return {
      Code: 'Success',
      LastUpdated,
      Type: 'AWS-HMAC',
      AccessKeyId,
      SecretAccessKey,
      Token,
      Expiration: inOneHour(),
    };
  };
  return start(({ method, url, headers }) => {
    if (url === '/latest/api/token' && tokens === 'required') {
      const ttl = Number(headers['x-aws-ec2-metadata-token-ttl-seconds']);
      if (method !== 'PUT') return { status: 405 };
      if (!(ttl >= 1 && ttl <= 21_600)) return { status: 400 };
      const token = randomBytes(42).toString('base64url');
      issued.add(token);
      return { status: 200, body: token };
    }
    if (tokens === 'required' && !issued.has(String(headers['x-aws-ec2-metadata-token']))) return { status: 401 };
    const roles = '/latest/meta-data/iam/security-credentials/';
    if (method === 'GET' && url === roles && role !== '') return { status: 200, body: role };
    if (method === 'GET' && url === `${roles}${role}` && role !== '') return { status: 200, body: credentials() };
    return { status: 404 };
  });
}
