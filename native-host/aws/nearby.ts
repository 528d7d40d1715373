import { VaultError } from '../errors.ts';
import { repeatedly } from './attempts.ts';
import { type HttpAnswer, type HttpRequest, send } from './connection.ts';
import type { Credentials } from './credentials.ts';
import type { Env } from './profile.ts';

export type NearbyCall = {
  readonly env: Env;
  readonly signal: AbortSignal;
  /** What is asked, as an error calls it. */
  readonly title: string;
};

const TIMEOUT_MS = 1000;
const PROXY_VARIABLE = /^(https?|no)_proxy$/i;

/**
 * One request to a place on this machine or its own link that gives credentials to whoever can reach it: never through a
 * proxy, and soon given up, because where there is no such place nothing answers at all.
 * @throws VaultError AWS_UNREACHABLE, CONFIG_INVALID (certificates), CANCELLED
 */
export async function askNearby(request: HttpRequest, { env, signal, title }: NearbyCall): Promise<HttpAnswer> {
  const direct = Object.fromEntries(Object.entries(env).filter(([name]) => !PROXY_VARIABLE.test(name)));
  return repeatedly(async () => {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    return send(request, { env: direct, signal: limited }).catch((error: unknown) => {
      if (signal.aborted || !(error instanceof VaultError) || error.code === 'CONFIG_INVALID') throw error;
      throw unreachable(error, title, request.url);
    });
  }, signal);
}

function unreachable({ code, message, cause }: VaultError, title: string, { host }: URL): VaultError {
  if (code !== 'CANCELLED') return new VaultError('AWS_UNREACHABLE', `${title}: ${message}`, { cause });
  const late = Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
  const reason = `no answer from ${host} within ${TIMEOUT_MS / 1000} s`;
  return new VaultError('AWS_UNREACHABLE', `${title}: ${reason}`, { cause: late });
}

/** An answer that is not what was asked for, in the words of whoever gave it, as far as those can be shown. */
export function refused({ statusCode, reason, body }: HttpAnswer, title: string): VaultError {
  const { Message, message, Code, code } = objectIn(body);
  const words = [Code ?? code, Message ?? message].filter((word) => typeof word === 'string').join(': ');
  const said = `${statusCode} ${words || reason}`.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 300);
  return new VaultError('AWS_REJECTED', `${title}: it answered ${said.trim()}`);
}

/**
 * The credentials in an answer of these places. Their expiry is left out: they are asked for anew each time, which costs
 * nothing, and must not be kept, because tomorrow the same place may give those of somebody else.
 * @throws VaultError AWS_REJECTED; never with the answer in it
 */
export function credentialsIn({ body }: HttpAnswer, title: string): Credentials {
  const { AccessKeyId, SecretAccessKey, Token } = objectIn(body);
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string' || !AccessKeyId || !SecretAccessKey) {
    throw new VaultError('AWS_REJECTED', `${title}: its answer holds no AccessKeyId and SecretAccessKey`);
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    ...(typeof Token === 'string' && Token !== '' && { sessionToken: Token }),
  };
}

/** The JSON object a body is; an empty one for anything else. */
export function objectIn(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
