import type { ListenOptions } from 'node:net';
import type { Credentials } from '../aws/credentials.ts';
import { asVaultError } from '../errors.ts';
import { rfc3339 } from '../rfc3339.ts';
import type { FreshCredentials } from './fresh-credentials.ts';
import { type Answer, type HttpServer, type Request, startHttpServer } from './http-server.ts';
import { MAX_TOKEN_SECONDS, type MetadataTokens, metadataTokens } from './metadata-token.ts';

export type MetadataOptions = {
  /** A socket that only the user can open: the address of the metadata service is led to it (metadata-proxy.ts). */
  readonly listen: ListenOptions;
  readonly credentials: FreshCredentials;
  readonly region: string | undefined;
  /** EC2's HttpTokens: `optional` lets requests in without a token, as version 1 of the service did. */
  readonly httpTokens: 'required' | 'optional';
  readonly now: () => Date;
  readonly log: (line: string) => void;
};

export const METADATA_ADDRESS = '169.254.169.254';

const TOKEN_HEADER = 'x-aws-ec2-metadata-token';
const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';
const ROLE_NAME = 'local-credentials';
const INSTANCE_ID = 'aws-vault';
const HOSTS = new Set([METADATA_ADDRESS, `${METADATA_ADDRESS}:80`]);

/**
 * Serves credentials as the metadata service of EC2 does: version 2, and version 1 when asked to.
 * @throws VaultError PROCESS_FAILED when it cannot listen
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
export function startMetadataServer(options: MetadataOptions): Promise<HttpServer> {
  const tokens = metadataTokens(options.now);
  return startHttpServer({
    listen: options.listen,
    isOwnHost: (host) => HOSTS.has(host),
    answer: (request) => answer(request, tokens, options),
    refuse: (status, message) => text(status, message),
    log: (line) => options.log(`metadata service: ${line}`),
  });
}

async function answer(request: Request, tokens: MetadataTokens, options: MetadataOptions): Promise<Answer> {
  const { method, headers } = request;
  // Whoever adds this header is a proxy, and what asked it is not a program of this machine. EC2 refuses it too.
  if (headers['x-forwarded-for'] !== undefined) return text(403, 'requests through a proxy are refused');
  const path = request.path.replace(/\/+$/, '');
  if (path === '/latest/api/token') return tokenAnswer(request, tokens);
  if (method !== 'GET' && method !== 'HEAD')
    return { ...text(405, `${method} is not supported`), headers: { Allow: 'GET, HEAD' } };
  const given = headers[TOKEN_HEADER];
  if (typeof given === 'string' ? !tokens.isGood(given) : options.httpTokens === 'required') {
    return text(
      401,
      given === undefined ? 'a token is required (PUT /latest/api/token)' : 'the token is not valid, or no longer',
    );
  }
  return resource(path, options);
}

function tokenAnswer({ method, headers }: Request, tokens: MetadataTokens): Answer {
  if (method !== 'PUT') return { ...text(405, 'a token is asked for with PUT'), headers: { Allow: 'PUT' } };
  const ttl = String(headers[TTL_HEADER] ?? '');
  const seconds = /^\d{1,5}$/.test(ttl) ? Number(ttl) : 0;
  if (seconds < 1 || seconds > MAX_TOKEN_SECONDS) {
    return text(400, `the header ${TTL_HEADER} must be 1 to ${MAX_TOKEN_SECONDS}`);
  }
  return { ...text(200, tokens.issue(seconds)), headers: { [TTL_HEADER]: String(seconds) } };
}

async function resource(path: string, options: MetadataOptions): Promise<Answer> {
  const [, version = '', ...rest] = path.split('/');
  if (version !== 'latest' && !/^\d{4}-\d\d-\d\d$/.test(version)) return notFound();
  const name = rest.join('/');
  if (name === `meta-data/iam/security-credentials/${ROLE_NAME}`) return credentialsAnswer(options);
  const leaves = leavesOf(options);
  const leaf = leaves.get(name);
  if (leaf !== undefined) return text(200, leaf);
  return listing(name, [...leaves.keys(), `meta-data/iam/security-credentials/${ROLE_NAME}`]);
}

/** What SDKs and their tools look up, besides the credentials. */
function leavesOf({ region, now }: MetadataOptions): Map<string, string> {
  const leaves = new Map([
    ['meta-data/instance-id', INSTANCE_ID],
    ['meta-data/iam/info', JSON.stringify({ Code: 'Success', LastUpdated: rfc3339(now()) })],
  ]);
  if (region === undefined) return leaves;
  // Every region has a zone `a`, and SDKs cut the letter off to get the region.
  const availabilityZone = `${region}a`;
  const document = { availabilityZone, instanceId: INSTANCE_ID, region, version: '2017-09-30' };
  return leaves
    .set('meta-data/placement/region', region)
    .set('meta-data/placement/availability-zone', availabilityZone)
    .set('dynamic/instance-identity/document', JSON.stringify(document));
}

/** What is below a name, one per line, with a slash after what has more below it. */
function listing(name: string, leaves: readonly string[]): Answer {
  const prefix = name === '' ? '' : `${name}/`;
  const below = leaves.filter((leaf) => leaf.startsWith(prefix)).map((leaf) => leaf.slice(prefix.length));
  const entries = new Set(below.map((rest) => (rest.includes('/') ? `${rest.split('/', 1)[0]}/` : rest)));
  return entries.size === 0 ? notFound() : text(200, [...entries].sort().join('\n'));
}

async function credentialsAnswer({ credentials, now }: MetadataOptions): Promise<Answer> {
  try {
    const body = JSON.stringify(asMetadata(await credentials.get(), now()), undefined, 2);
    return { status: 200, contentType: 'application/json', body };
  } catch (error) {
    return text(504, asVaultError(error).message);
  }
}

/** SDKs insist on an end; one that is a while away makes them ask again for what has none. */
const ENDLESS_MS = 3_600_000;

function asMetadata(credentials: Credentials, now: Date): Readonly<Record<string, string>> {
  return {
    Code: 'Success',
    LastUpdated: rfc3339(now),
    Type: 'AWS-HMAC',
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    Token: credentials.sessionToken ?? '',
    Expiration: rfc3339(credentials.expiresAt ?? new Date(now.getTime() + ENDLESS_MS)),
  };
}

function notFound(): Answer {
  return text(404, 'not found');
}

function text(status: number, body: string): Answer {
  return { status, contentType: 'text/plain', body };
}
