import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { VaultError } from '../errors.ts';
import type { Credentials } from './credentials.ts';
import { askNearby, credentialsIn, refused } from './nearby.ts';
import type { Env } from './profile.ts';

const RELATIVE = 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI';
const FULL = 'AWS_CONTAINER_CREDENTIALS_FULL_URI';
const TOKEN = 'AWS_CONTAINER_AUTHORIZATION_TOKEN';
const ECS_HOST = '169.254.170.2';
/** Where ECS and EKS answer; everywhere else but on loopback only TLS is trusted with the token. */
const CONTAINER_HOSTS = [ECS_HOST, '169.254.170.23', '[fd00:ec2::23]'];
const TITLE = 'the credential endpoint of the container';

/**
 * The credentials of the container this process runs in (ECS, EKS, or a local server of the same form), from where the
 * AWS_CONTAINER_* variables point.
 * @throws VaultError CREDENTIALS_NOT_FOUND without those variables, CONFIG_INVALID for a wrong one, AWS_UNREACHABLE, AWS_REJECTED
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
export async function containerCredentials(env: Env, signal: AbortSignal): Promise<Credentials> {
  const url = endpointOf(env);
  const token = await tokenOf(env);
  const headers = { accept: 'application/json', ...(token !== undefined && { authorization: token }) };
  const answer = await askNearby({ method: 'GET', url, headers }, { env, signal, title: TITLE });
  if (answer.statusCode !== 200) throw refused(answer, TITLE);
  return credentialsIn(answer, TITLE);
}

function endpointOf(env: Env): URL {
  const relative = env[RELATIVE];
  if (relative) {
    const text = `http://${ECS_HOST}${relative}`;
    // `.evil.example/` would make another host of it.
    if (relative.startsWith('/') && URL.canParse(text)) return new URL(text);
    throw invalid(RELATIVE, `${RELATIVE} must be a path that begins with /`);
  }
  const full = env[FULL];
  if (!full) {
    const message = `neither ${RELATIVE} nor ${FULL} is set: this process does not run in a container of ECS or EKS`;
    throw new VaultError('CREDENTIALS_NOT_FOUND', message);
  }
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isTrusted(url.hostname))) return url;
  throw invalid(FULL, `${FULL} must be an https URL, or http on loopback or on a container host (${CONTAINER_HOSTS})`);
}

function isTrusted(host: string): boolean {
  const isLoopback = host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
  return isLoopback || CONTAINER_HOSTS.includes(host);
}

async function tokenOf(env: Env): Promise<string | undefined> {
  const file = env[`${TOKEN}_FILE`];
  const text = file ? (await textOf(file)).trim() : env[TOKEN];
  if (!text) return undefined;
  if (/^[\x20-\x7e]+$/.test(text)) return text;
  throw invalid(TOKEN, `${file ? `${TOKEN}_FILE` : TOKEN} holds what cannot be sent as an Authorization header`);
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid(`${TOKEN}_FILE`, `${TOKEN}_FILE: unable to read file at ${file}: ${reason}`);
  }
}

function invalid(variable: string, message: string): VaultError {
  return new VaultError('CONFIG_INVALID', `${message}; correct or unset it`, { details: { flag: variable } });
}
