import type { Credentials } from '../aws/credentials.ts';
import { VaultError } from '../errors.ts';
import type { Source } from './credentials.ts';
import { outputOf } from './profile-program.ts';

const OUTPUT = { some: 'credentials', none: 'no credentials', maxBytes: 256 * 1024 };
const VERSION = 1;

/**
 * What a profile's `credential_process` prints, run by the shell as the SDKs and aws-vault do. `SessionToken` and `Expiration`
 * are optional: without them the key is a static one.
 * @throws VaultError PROCESS_FAILED, TIMEOUT, CANCELLED; never with the command's words or output in it, which
 *   may hold secrets
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 */
export const credentialProcess: Source<'credential-process'> = async ({ profile, command }, { context }) => {
  const setting = 'credential_process';
  const output = await outputOf({ setting, command, profile: profile.name, output: OUTPUT }, context);
  const title = `the ${setting} of profile ${JSON.stringify(profile.name)}`;
  return credentialsIn(output, { title, profile: profile.name, now: context.now() });
};

type Reading = { readonly title: string; readonly profile: string; readonly now: Date };

function credentialsIn(output: string, reading: Reading): Credentials {
  const answer = parseObject(output, reading);
  // The AWS CLI wants one; aws-vault does not look at it, so there are programs that print none.
  if (answer.Version !== undefined && answer.Version !== VERSION) {
    throw unusable(reading, `its JSON is of another Version than ${VERSION}: this must be the number ${VERSION}`);
  }
  const missing = ['AccessKeyId', 'SecretAccessKey'].filter((key) => !isText(answer[key]));
  if (missing.length > 0) {
    throw unusable(reading, `JSON credential is missing the following fields: [${missing.join(' ')}]`);
  }
  const { AccessKeyId, SecretAccessKey, SessionToken } = answer;
  const expiresAt = expiryIn(answer.Expiration, reading);
  return {
    accessKeyId: String(AccessKeyId),
    secretAccessKey: String(SecretAccessKey),
    ...(isText(SessionToken) && { sessionToken: SessionToken }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

function parseObject(output: string, reading: Reading): Record<string, unknown> {
  try {
    const answer: unknown = JSON.parse(output);
    if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return { ...answer };
  } catch (error) {
    // The parser quotes the text, which holds the secret: neither its message nor the error itself goes further.
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw unusable(reading, 'invalid JSON format: it must print one JSON object and nothing else');
}

/** ISO 8601 with a time zone. Without one the moment is anybody's guess, and a guess hours off is a stale session. */
function expiryIn(value: unknown, reading: Reading): Date | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const text = String(value).replace(/([+-]\d\d)(\d\d)$/, '$1:$2');
  const isMoment = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i.test(text);
  const expiresAt = new Date(isMoment ? text : Number.NaN);
  if (Number.isNaN(expiresAt.getTime())) {
    throw unusable(reading, 'its Expiration is no moment such as 2030-01-31T12:00:00Z');
  }
  if (expiresAt <= reading.now) {
    throw unusable(reading, `its credentials expired at ${expiresAt.toISOString()}`);
  }
  return expiresAt;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function unusable({ title, profile }: Reading, reason: string): VaultError {
  return new VaultError('PROCESS_FAILED', `${title}: ${reason}; correct the program or the profile`, {
    details: { profile },
  });
}
