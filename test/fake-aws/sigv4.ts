import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Request } from './request.ts';

/** The parts of an `Authorization: AWS4-HMAC-SHA256 …` header. */
export type Authorization = {
  readonly accessKeyId: string;
  /** YYYYMMDD. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
};

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** @returns `undefined` when a part is missing or malformed */
export function parseAuthorization(header: string): Authorization | undefined {
  if (!header.startsWith(`${ALGORITHM} `)) return undefined;
  const parts = new Map(
    header
      .slice(ALGORITHM.length + 1)
      .split(',')
      .map((part) => part.trim().split('=', 2) as [string, string | undefined]), // split gives one or two pieces
  );
  const scope = (parts.get('Credential') ?? '').split('/');
  const [accessKeyId, date, region, service, terminator] = scope;
  const signedHeaders = parts.get('SignedHeaders')?.split(';') ?? [];
  const signature = parts.get('Signature') ?? '';
  if (scope.length !== 5 || terminator !== 'aws4_request' || !accessKeyId || !date || !region || !service)
    return undefined;
  if (signedHeaders.length === 0 || !/^[0-9a-f]{64}$/.test(signature)) return undefined;
  return { accessKeyId, date, region, service, signedHeaders, signature };
}

/** The moment of a `YYYYMMDDTHHMMSSZ` text. */
export function parseAmzDate(text: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** `YYYYMMDDTHHMMSSZ`. */
export function formatAmzDate(at: Date): string {
  return `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

function sha256(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** RFC 3986: everything but unreserved characters is escaped. */
function escapeUri(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .map(([name, value]) => `${escapeUri(name)}=${escapeUri(value)}`)
    .sort((left, right) => (left < right ? -1 : 1))
    .join('&');
}

/** S3 signs the path as it was sent; every other service escapes it once more. */
function canonicalPath(path: string, service: string): string {
  return service === 's3' ? path : path.split('/').map(escapeUri).join('/');
}

/**
 * The hash of the body as the client claims it in x-amz-content-sha256 (S3 requires the header; others leave it out).
 * @returns `undefined` when the claim is not true
 */
function payloadHash(request: Request): string | undefined {
  const actual = sha256(request.body);
  const claimed = request.headers['x-amz-content-sha256'];
  if (claimed === undefined || claimed === actual) return actual;
  return claimed === 'UNSIGNED-PAYLOAD' && request.isTls ? claimed : undefined;
}

function canonicalRequest(request: Request, authorization: Authorization, bodyHash: string): string {
  const headers = authorization.signedHeaders.map(
    (name) => `${name}:${(request.headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}\n`,
  );
  return [
    request.method,
    canonicalPath(request.path, authorization.service),
    canonicalQuery(request.query),
    headers.join(''),
    authorization.signedHeaders.join(';'),
    bodyHash,
  ].join('\n');
}

/**
 * Whether the request was signed with this secret key: recomputes the signature from what arrived.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function isSignedWith(request: Request, authorization: Authorization, secretAccessKey: string): boolean {
  const bodyHash = payloadHash(request);
  if (bodyHash === undefined) return false;
  const { date, region, service } = authorization;
  const stringToSign = [
    ALGORITHM,
    request.headers['x-amz-date'] ?? '',
    `${date}/${region}/${service}/aws4_request`,
    sha256(canonicalRequest(request, authorization, bodyHash)),
  ].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  const expected = hmac(key, stringToSign);
  return timingSafeEqual(expected, Buffer.from(authorization.signature, 'hex'));
}

/** Headers AWS insists are part of the signature: `host` and every `x-amz-…` that was sent. */
export function unsignedHeaders(request: Request, authorization: Authorization): string[] {
  const required = ['host', ...Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'))];
  return required.filter((name) => !authorization.signedHeaders.includes(name));
}
