import { randomBytes } from 'node:crypto';
import { arnResource, readArn } from '../aws/arn.ts';
import type { Credentials } from '../aws/credentials.ts';
import { asVaultError, type ErrorCode } from '../errors.ts';
import { rfc3339 } from '../rfc3339.ts';
import { FreshCredentials } from './fresh-credentials.ts';
import { type Answer, isLoopback, isSameSecret, type Request, startHttpServer } from './http-server.ts';

export type ContainerOptions = {
  /** Where to listen; port 0 is a free one. */
  readonly host: string;
  readonly port: number;
  /** The URI programs are told, where they come by another way than `host` and `port`, such as a forwarder. */
  readonly uri?: URL | undefined;
  readonly credentials: FreshCredentials;
  /** Credentials of a role that is assumed with the profile's. */
  readonly assumeRole: (roleArn: string) => Promise<Credentials>;
  /** ARNs of roles that may be asked for; `*` stands for any characters. */
  readonly allowedRoles: readonly string[];
  readonly now: () => Date;
  readonly log: (line: string) => void;
};

export type ContainerServer = {
  /** For AWS_CONTAINER_CREDENTIALS_FULL_URI: without a path, so that `$URI/role-arn/ARN` works. */
  readonly uri: string;
  /** For AWS_CONTAINER_AUTHORIZATION_TOKEN: 256 random bits. */
  readonly token: string;
  readonly close: () => void;
};

const ROLE_PATH = '/role-arn/';
/** A program that has the token can ask for as many roles as a pattern lets it; more than these are not kept. */
const MAX_ROLES = 100;

/**
 * Serves credentials as the agent of ECS does: to whoever shows the token, at any path; `/role-arn/ARN` is a role that is
 * assumed with them, if the user allowed it.
 * @throws VaultError PROCESS_FAILED when it cannot listen
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
export async function startContainerServer(options: ContainerOptions): Promise<ContainerServer> {
  const { host, port, uri, log } = options;
  const token = randomBytes(32).toString('base64url');
  const roles = new Map<string, FreshCredentials>();
  const hosts = new Set<string>();
  const { server, close } = await startHttpServer({
    listen: { host, port, exclusive: true },
    ...(isLoopback(host) && { mayConnect: isLoopback }),
    isOwnHost: (name) => hosts.has(name),
    answer: (request) => answer(request, { ...options, token, roles }),
    refuse: (status, message) => failure(status, message),
    log: (line) => log(`container credentials: ${line}`),
  });
  const address = server.address();
  const ownPort = typeof address === 'object' ? address?.port : undefined;
  const own = new URL(`http://${host.includes(':') ? `[${host}]` : host}:${ownPort}`);
  for (const { host: name, hostname } of uri === undefined ? [own] : [own, uri]) {
    hosts.add(name);
    // URL leaves the default port out, and so do clients.
    if (name === hostname) hosts.add(`${name}:80`);
  }
  return { uri: (uri ?? own).href.replace(/\/$/, ''), token, close };
}

type Serving = ContainerOptions & { readonly token: string; readonly roles: Map<string, FreshCredentials> };

async function answer({ method, path, headers }: Request, serving: Serving): Promise<Answer> {
  if (!hasToken(headers.authorization, serving.token)) return failure(403, 'invalid Authorization token');
  if (method !== 'GET' && method !== 'HEAD') {
    return { ...failure(405, `${method} is not supported`), headers: { Allow: 'GET, HEAD' } };
  }
  const source = sourceOf(path, serving);
  if (!(source instanceof FreshCredentials)) return source;
  try {
    return json(200, asContainerCredentials(await source.get(), serving.now()));
  } catch (error) {
    const { code, message } = asVaultError(error);
    return failure(STATUS[code] ?? 500, `failed to refresh cached credentials, ${message}`, code);
  }
}

/** SDKs send the variable as it is; some people and tools write `Bearer` before it. */
function hasToken(authorization = '', token: string): boolean {
  return isSameSecret(authorization.replace(/^Bearer +/i, ''), token);
}

/** Where the credentials of a path come from, or why there are none. */
function sourceOf(path: string, serving: Serving): FreshCredentials | Answer {
  if (path !== '/role-arn' && !path.startsWith(ROLE_PATH)) return serving.credentials;
  const roleArn = decoded(path.slice(ROLE_PATH.length));
  const arn = roleArn === undefined ? undefined : readArn(roleArn);
  const isRole = arn?.service === 'iam' && arn.accountId !== '' && arnResource(arn).type === 'role';
  if (roleArn === undefined || !isRole || arnResource(arn).name === '') {
    return failure(400, 'write the ARN of a role after /role-arn/, such as arn:aws:iam::123456789012:role/NAME');
  }
  if (serving.allowedRoles.some((pattern) => matches(pattern, roleArn))) return ofRole(roleArn, serving);
  return failure(403, `role ${roleArn} is not allowed; start the server with --allow-role ${roleArn}`);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // a percent sign that encodes nothing
  }
}

function ofRole(roleArn: string, { roles, assumeRole, now }: Serving): FreshCredentials {
  const known = roles.get(roleArn);
  if (known !== undefined) return known;
  const [oldest] = roles.keys();
  if (roles.size >= MAX_ROLES && oldest !== undefined) roles.delete(oldest);
  const credentials = new FreshCredentials({ fetch: () => assumeRole(roleArn), now });
  roles.set(roleArn, credentials);
  return credentials;
}

function matches(pattern: string, roleArn: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+^${}()|[\]\\?]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(roleArn);
}

// What an SDK tries again (5xx) and what it does not, and who can mend it.
const STATUS: { readonly [C in ErrorCode]?: number } = {
  AWS_REJECTED: 400,
  AWS_ACCESS_DENIED: 403,
  AWS_THROTTLED: 429,
  AWS_UNREACHABLE: 502,
  TIMEOUT: 504,
  CANCELLED: 503,
  MFA_REQUIRED: 503,
  MFA_REJECTED: 503,
  KEYRING_LOCKED: 503,
  SSO_LOGIN_REQUIRED: 503,
  SSO_LOGIN_EXPIRED: 503,
};

/** SDKs insist on an end; one that is a while away makes them ask again for what has none. */
const ENDLESS_SECONDS = 3600;

/** The agent's answer, in the order aws-vault writes it. */
function asContainerCredentials(credentials: Credentials, now: Date): Readonly<Record<string, string>> {
  return {
    AccessKeyId: credentials.accessKeyId,
    Expiration: rfc3339(credentials.expiresAt ?? new Date(now.getTime() + ENDLESS_SECONDS * 1000)),
    SecretAccessKey: credentials.secretAccessKey,
    Token: credentials.sessionToken ?? '',
  };
}

function failure(status: number, message: string, code?: ErrorCode): Answer {
  return json(status, { Message: message, ...(code !== undefined && { Code: code }) });
}

function json(status: number, value: unknown): Answer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}
