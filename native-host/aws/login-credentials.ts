import { VaultError } from '../errors.ts';
import type { HttpAnswer } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { serviceError } from './service-error.ts';
import type { SigninOptions } from './signin-oauth.ts';

/** What the last request came to, which AWS's provider turns into words. */
type Last = { readonly answer: HttpAnswer } | { readonly error: unknown } | undefined;

const CALL = { service: 'Signin', operation: 'CreateOAuth2Token' } as const; // literals of the union
/** AWS's services take a clock that is five minutes off. */
const MAX_SKEW_MS = 300_000;

/**
 * The credentials of a login from the cache that AWS's tools share, renewed there by AWS's own provider when five minutes are left.
 * One caller at a time: a refresh token works once. The provider keeps the place and the form of the cache.
 * @throws VaultError LOGIN_REQUIRED when only a person can go on; AWS_*, CONFIG_INVALID, CANCELLED
 */
export async function loginCredentials(options: SigninOptions, loginSession: string): Promise<Required<Credentials>> {
  const [{ fromLoginCredentials }, { externalDataInterceptor }, { clientSettings }] = await Promise.all([
    import('@aws-sdk/credential-provider-login'),
    import('@smithy/shared-ini-file-loader'),
    import('./service-client.ts'),
  ]);
  let last: Last;
  const { requestHandler, ...settings } = clientSettings({ ...options, secrets: [] }, CALL.service);
  const observed = {
    ...requestHandler,
    async handle(request: Parameters<typeof requestHandler.handle>[0]) {
      try {
        const handled = await requestHandler.handle(request);
        last = { answer: handled.response };
        return handled;
      } catch (error) {
        last = { error };
        throw error;
      }
    },
  };
  // It reads its profile from a config file. Ours knows of include_profile and [default], and this name is no file's.
  const config = `keyturn-login:${loginSession}`;
  externalDataInterceptor.interceptFile(config, `[default]\nlogin_session = ${loginSession}\n`);
  externalDataInterceptor.interceptFile('keyturn-login:', '');
  const provider = fromLoginCredentials({
    ...{ profile: 'default', configFilepath: config, filepath: 'keyturn-login:' },
    clientConfig: { ...settings, requestHandler: observed },
  });
  try {
    const { accessKeyId, secretAccessKey, sessionToken = '', expiration = new Date(Number.NaN) } = await provider();
    options.signal.throwIfAborted();
    return { accessKeyId, secretAccessKey, sessionToken, expiresAt: expiration };
  } catch (error) {
    throw meaningOf(error, last, options);
  }
}

/** The provider's own errors have no codes: what AWS answered tells what they are. */
function meaningOf(error: unknown, last: Last, { signal }: SigninOptions): VaultError {
  const call = { ...CALL, secrets: [], skewMs: Number.NaN, isCancelled: signal.aborted };
  if (signal.aborted) return serviceError(error, call);
  if (last === undefined) return required('the cache of that login cannot be used');
  if ('error' in last) return serviceError(last.error, call);
  const { statusCode, headers } = last.answer;
  const { code, text } = refusalIn(last.answer);
  const said = Object.assign(new Error(text), {
    name: code ?? 'Unknown',
    $metadata: { httpStatusCode: statusCode, requestId: headers['x-amzn-requestid'] },
  });
  if (statusCode === 429 || statusCode >= 500 || code === undefined || code === 'INSUFFICIENT_PERMISSIONS') {
    return serviceError(said, call);
  }
  const skewMs = Date.parse(headers.date ?? '') - Date.now();
  if (Math.abs(skewMs) > MAX_SKEW_MS) {
    const minutes = Math.round(Math.abs(skewMs) / 60_000);
    const message = `operation error Signin: CreateOAuth2Token, AWS refused the proof of this machine (${code}), whose clock is ${minutes} minutes ${skewMs > 0 ? 'behind' : 'ahead of'} that of AWS: set this machine's clock`;
    return new VaultError('AWS_CLOCK_SKEW', message, { details: { operation: CALL.operation, awsCode: code } });
  }
  return required(REASONS[code] ?? `AWS no longer renews that login (${code})`, code);
}

const REASONS: Readonly<Record<string, string>> = {
  TOKEN_EXPIRED: 'that login has expired',
  USER_CREDENTIALS_CHANGED: 'the password was changed since that login',
};

function refusalIn({ body, headers }: HttpAnswer): { readonly code: string | undefined; readonly text: string } {
  const name = /^\w+/.exec(headers['x-amzn-errortype'] ?? '')?.[0];
  try {
    const { error, message } = JSON.parse(Buffer.from(body).toString('utf8')) as Record<string, unknown>; // checked below
    return { code: typeof error === 'string' && /^\w+$/.test(error) ? error : name, text: String(message ?? '') };
  } catch (failure) {
    if (failure instanceof SyntaxError) return { code: name, text: '' };
    throw failure;
  }
}

function required(reason: string, awsCode?: string): VaultError {
  return new VaultError('LOGIN_REQUIRED', reason, { details: awsCode === undefined ? {} : { awsCode } });
}
