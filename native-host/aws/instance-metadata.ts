import { VaultError } from '../errors.ts';
import type { HttpAnswer } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { httpUrl } from './endpoint.ts';
import { askNearby, credentialsIn, objectIn, refused } from './nearby.ts';
import type { Env } from './profile.ts';

const ENDPOINT = 'AWS_EC2_METADATA_SERVICE_ENDPOINT';
const IPV4 = 'http://169.254.169.254';
const IPV6 = 'http://[fd00:ec2::254]';
const ROLE_PATH = '/latest/meta-data/iam/security-credentials/';
/** Seconds; for the two requests that follow at once. */
const TOKEN_TTL = '300';
/** What a place that speaks only the first version answers to the request for a token. */
const NO_TOKENS = [403, 404, 405];
const TITLE = 'the metadata service of the EC2 instance';

type Ask = (path: string, headers: Readonly<Record<string, string>>, method?: string) => Promise<HttpAnswer>;

/**
 * The credentials of the role of the EC2 instance this process runs on, by IMDSv2; the first version only where there is no
 * other and AWS_EC2_METADATA_V1_DISABLED does not forbid it.
 * @throws VaultError CONFIG_INVALID (turned off by AWS_EC2_METADATA_DISABLED), CREDENTIALS_NOT_FOUND (no role), AWS_UNREACHABLE,
 *   AWS_REJECTED
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
 */
export async function instanceCredentials(env: Env, signal: AbortSignal): Promise<Credentials> {
  const ask: Ask = (path, headers, method = 'GET') =>
    askNearby({ method, url: new URL(endpointOf(env) + path), headers }, { env, signal, title: TITLE });
  const headers = await tokenHeaders(ask, env).catch(explainSilence);
  const role = await roleOf(ask, headers);
  const answer = await ask(ROLE_PATH + encodeURIComponent(role), headers);
  const { Code } = objectIn(answer.body);
  if (answer.statusCode !== 200 || (Code !== undefined && Code !== 'Success')) throw refused(answer, TITLE);
  return credentialsIn(answer, TITLE);
}

function endpointOf(env: Env): string {
  if (isTrue(env.AWS_EC2_METADATA_DISABLED)) {
    const message = `${TITLE} is not to be asked, because AWS_EC2_METADATA_DISABLED is true; unset it, or choose another credential_source`;
    throw new VaultError('CONFIG_INVALID', message, { details: { flag: 'AWS_EC2_METADATA_DISABLED' } });
  }
  const text = env[ENDPOINT];
  if (text) return httpUrl(text, ENDPOINT);
  return env.AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE?.toLowerCase() === 'ipv6' ? IPV6 : IPV4;
}

/** The first request tells whether there is such a service at all, as far as one can tell. */
function explainSilence(error: unknown): never {
  if (!(error instanceof VaultError) || error.code !== 'AWS_UNREACHABLE') throw error;
  const message = `${error.message}; this is no EC2 instance, or its metadata hop limit keeps containers out`;
  throw new VaultError(error.code, message, { cause: error.cause });
}

async function tokenHeaders(ask: Ask, env: Env): Promise<Record<string, string>> {
  const answer = await ask('/latest/api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': TOKEN_TTL }, 'PUT');
  const token = textOf(answer);
  if (answer.statusCode === 200 && /^[\x21-\x7e]+$/.test(token)) return { 'x-aws-ec2-metadata-token': token };
  if (NO_TOKENS.includes(answer.statusCode) && !isTrue(env.AWS_EC2_METADATA_V1_DISABLED)) return {};
  throw refused(answer, `${TITLE}, asked for a token`);
}

async function roleOf(ask: Ask, headers: Readonly<Record<string, string>>): Promise<string> {
  const answer = await ask(ROLE_PATH, headers);
  const [role = ''] = textOf(answer).split(/\s/, 1);
  if (answer.statusCode === 200 && role !== '') return role;
  if (answer.statusCode !== 200 && answer.statusCode !== 404) throw refused(answer, TITLE);
  const message = `${TITLE} knows of no role; attach an instance profile, or choose another credential_source`;
  throw new VaultError('CREDENTIALS_NOT_FOUND', message);
}

function textOf({ body }: HttpAnswer): string {
  return Buffer.from(body).toString('utf8').trim();
}

function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === 'true';
}
