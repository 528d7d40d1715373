import { createHash, createPublicKey, verify } from 'node:crypto';
import type { Request } from './request.ts';
import type { State } from './state.ts';

const MAX_AGE_MS = 300_000;

/**
 * The thumbprint of the key that a request is proven with; `undefined` where its DPoP header proves nothing: the signature, the
 * method, the address and the time have to be right, and no proof is good twice.
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-4.3
 */
export function provenKey(state: State, request: Request): string | undefined {
  const proof = request.headers.dpop ?? '';
  const [head = '', body = '', signature = '', ...rest] = proof.split('.');
  const [header, payload] = [parsed(head), parsed(body)];
  const jwk = parsed(Buffer.from(JSON.stringify(header?.jwk ?? null)).toString('base64url'));
  if (rest.length > 0 || header === undefined || payload === undefined || jwk === undefined) return undefined;
  const isRightKind = header.typ === 'dpop+jwt' && header.alg === 'ES256' && jwk.kty === 'EC' && jwk.crv === 'P-256';
  if (!isRightKind || 'd' in jwk) return undefined;
  const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: String(jwk.x), y: String(jwk.y) }, format: 'jwk' });
  const isSigned = verify(
    'sha256',
    Buffer.from(`${head}.${body}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  const url = `${request.isTls ? 'https' : 'http'}://${request.host}${request.path}`;
  const isForThis = payload.htm === request.method && payload.htu === url;
  const age = state.now().getTime() - Number(payload.iat) * 1000;
  const id = String(payload.jti ?? '');
  if (!isSigned || !isForThis || !(Math.abs(age) < MAX_AGE_MS) || id === '' || state.logins.usedProofs.has(id)) {
    return undefined;
  }
  state.logins.usedProofs.add(id);
  const canonical = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
  return createHash('sha256').update(canonical).digest('base64url');
}

function parsed(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
